//! Renders a page on a thread for blocking work, a few pieces ahead of the client or the compressor that takes them.
//! Rendering and sending overlap, and neither holds up other connections.

use std::collections::TryReserveError;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::http::PagePieces;
use crate::http::ScrapeFn;
use crate::http::bodies::blocking_work::{BlockingWork, WorkError};
use crate::metrics::Format;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("the server stops")]
    Stopping,
    #[error("no memory for the numbers of the page")]
    NoMemory(#[source] TryReserveError),
    #[error("cannot compress the page")]
    Compress(#[source] io::Error),
    #[error("cannot render the page")]
    Undone(#[from] WorkError),
    /// A bug. The page has already begun.
    #[error("rendering the page broke off")]
    BrokenOff,
}

/// Number of pieces that may wait to be taken: some megabytes per page, about as much as sockets buffer.
const AHEAD: usize = 8;

/// A page that is being rendered. Dropping it ends the work after the current piece.
pub(crate) struct PageRendering {
    steps: mpsc::Receiver<PagePart>,
}

/// The next part of a page.
pub(crate) enum PagePart {
    Piece(Vec<u8>),
    /// The page is complete. The time is what it took to make, without waiting.
    End(Duration),
}

impl PageRendering {
    /// Reads the values of a page and renders its pieces. `hold` is kept until rendering ends, even if the pieces are
    /// no longer taken.
    ///
    /// # Errors
    /// No thread can be started, the server stops, there is no memory for the values, or the work panicked, which is a
    /// bug.
    pub async fn begin<T: Send + Sync + 'static>(
        scrape: &ScrapeFn,
        (format, asked): (Format, Instant),
        hold: &Arc<T>,
    ) -> Result<Self, PageError> {
        let (send, steps) = mpsc::channel(AHEAD);
        let (tell, read) = oneshot::channel();
        let (scrape, hold) = (Arc::clone(scrape), Arc::clone(hold));
        let work = BlockingWork::start(move || {
            let begun = Instant::now();
            let pieces = scrape(format, asked.into_std());
            let worked = begun.elapsed();
            let (pieces, read) = match pieces {
                Ok(pieces) => (Some(pieces), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Fails if the request has been given up.
            if let (Ok(()), Some(pieces)) = (tell.send(read), pieces) {
                render(pieces, worked, &send);
            }
            drop(hold);
        })?;
        match read.await {
            Ok(Ok(())) => Ok(Self { steps }),
            Ok(Err(error)) => Err(PageError::NoMemory(error)),
            Err(_) => Err(work.result().await.map_or_else(PageError::Undone, |()| PageError::Stopping)),
        }
    }

    /// Returns the next step. `None` means that rendering broke off, which is a bug.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<PagePart>> {
        self.steps.poll_recv(cx)
    }

    /// Like [`Self::poll_next`], for a thread that may block.
    pub fn next_blocking(&mut self) -> Option<PagePart> {
        self.steps.blocking_recv()
    }
}

fn render(mut pieces: PagePieces, mut worked: Duration, to: &mpsc::Sender<PagePart>) {
    loop {
        let begun = Instant::now();
        let piece = pieces.next();
        worked += begun.elapsed();
        let (step, over) = piece.map_or((PagePart::End(worked), true), |piece| (PagePart::Piece(piece), false));
        // Fails if the pieces are no longer taken.
        if to.blocking_send(step).is_err() || over {
            return;
        }
    }
}
