//! A page in the making: rendered on a thread for blocking work, a few pieces ahead of whoever takes them, be it a
//! client or the compressor. So the two work at the same time, and neither holds up other connections.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::http::Pieces;
use crate::http::Scrape;
use crate::http::bodies::work::Work;
use crate::http::routes::scrape::NoPage;
use crate::metrics::Format;

/// How many pieces may wait to be taken: some megabytes a page, as much as sockets hold.
const AHEAD: usize = 8;

/// See the module. Dropped, it ends the work with the piece at hand.
pub(crate) struct Rendering {
    steps: mpsc::Receiver<Step>,
}

/// What comes next of a page.
pub(crate) enum Step {
    Piece(Vec<u8>),
    /// It is complete; it took so long to make, without the waiting.
    End(Duration),
}

impl Rendering {
    /// Reads the numbers of a page and goes on with its pieces. `hold` is kept for as long as that lasts, even if nobody
    /// waits for it any more.
    ///
    /// # Errors
    /// There is no thread or no time left for it, or the numbers cannot be read, which is a bug of ours.
    pub async fn begin<T: Send + Sync + 'static>(
        scrape: &Scrape,
        (format, asked): (Format, Instant),
        hold: &Arc<T>,
    ) -> Result<Self, NoPage> {
        let (send, steps) = mpsc::channel(AHEAD);
        let (tell, read) = oneshot::channel();
        let (scrape, hold) = (Arc::clone(scrape), Arc::clone(hold));
        let work = Work::begin(move || {
            let begun = Instant::now();
            let pieces = scrape(format, asked.into_std());
            let worked = begun.elapsed();
            let (pieces, read) = match pieces {
                Ok(pieces) => (Some(pieces), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Fails when nobody waits any more.
            if let (Ok(()), Some(pieces)) = (tell.send(read), pieces) {
                render(pieces, worked, &send);
            }
            drop(hold);
        })?;
        match read.await {
            Ok(Ok(())) => Ok(Self { steps }),
            Ok(Err(error)) => Err(NoPage::NoMemory(error)),
            Err(_) => Err(work.done().await.map_or_else(NoPage::Undone, |()| NoPage::Stopping)),
        }
    }

    /// The next step; `None` when the work broke off, which is a bug of ours.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.steps.poll_recv(cx)
    }

    /// The same, for a thread that may block.
    pub fn next_blocking(&mut self) -> Option<Step> {
        self.steps.blocking_recv()
    }
}

fn render(mut pieces: Pieces, mut worked: Duration, to: &mpsc::Sender<Step>) {
    loop {
        let begun = Instant::now();
        let piece = pieces.next();
        worked += begun.elapsed();
        let (step, over) = piece.map_or((Step::End(worked), true), |piece| (Step::Piece(piece), false));
        // Fails when nobody takes pieces any more.
        if to.blocking_send(step).is_err() || over {
            return;
        }
    }
}
