//! `/metrics`: a plain page is made for each client, a compressed one for all requests within a second.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::{Notify, OnceCell, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::http::ObserveFn;
use crate::http::ScrapeFn;
use crate::http::bodies::blocking_work;
use crate::http::bodies::chunk_writer::ChunkWriter;
use crate::http::bodies::page_rendering::{PageError, PagePart, PageRendering};
use crate::http::bodies::page_stream::PageStream;
use crate::http::bodies::response::ResponseContent;
use crate::http::bodies::work_permits::WorkPermits;
use crate::http::serving::limits::HttpLimits;
use crate::metrics::Format;

/// Concurrent compressions: one per format. A compression waits only for one whose client has gone.
const COMPRESSIONS: u32 = 2;

/// The pages of one server.
pub(crate) struct ScrapeHandler {
    scrape: ScrapeFn,
    observe: ObserveFn,
    limits: Arc<HttpLimits>,
    /// Permits for plain pages.
    permits: WorkPermits,
    /// Permits for compressed pages, which no client can hold up.
    compressions: Arc<Semaphore>,
    /// The newest compressed page of each format.
    shared_pages: Mutex<Vec<Arc<SharedPage>>>,
    /// Notified when a compressed page has been made.
    page_made: Notify,
    ended: CancellationToken,
}

/// A compressed page that is made once for several requests.
struct SharedPage {
    format: Format,
    /// When its values were read.
    begun: Mutex<Option<Instant>>,
    page: OnceCell<Arc<Vec<Bytes>>>,
}

impl SharedPage {
    /// When the page becomes stale. `None` until its making has begun.
    fn stale_at(&self, keep: Duration) -> Option<Instant> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).map(|begun| begun + keep)
    }
}

impl ScrapeHandler {
    pub fn new(scrape: ScrapeFn, observe: ObserveFn, limits: Arc<HttpLimits>) -> Self {
        Self {
            scrape,
            observe,
            permits: WorkPermits::new(limits.pages, limits.stall),
            compressions: Arc::new(Semaphore::new(usize::try_from(COMPRESSIONS).unwrap_or(1))),
            limits,
            shared_pages: Mutex::new(Vec::new()),
            page_made: Notify::new(),
            ended: CancellationToken::new(),
        }
    }

    /// A page for one client. Waits for a permit. `cut` closes the client's connection.
    pub async fn plain(&self, format: Format, cut: CancellationToken) -> Result<ResponseContent, PageError> {
        let asked = Instant::now();
        let place = Arc::new(self.permits.acquire(cut.clone()).await.ok_or(PageError::Stopping)?);
        let rendering = PageRendering::begin(&self.scrape, (format, asked), &place).await?;
        place.record_taken();
        let observe = Arc::clone(&self.observe);
        Ok(ResponseContent::Stream(PageStream::new(rendering, place, cut, observe)))
    }

    /// A page that requests of one format within a second share. The first request makes it, and the others wait for
    /// it.
    pub async fn compressed(&self, format: Format) -> Result<ResponseContent, PageError> {
        let shared = self.shared_page(format, Instant::now());
        let page = shared.page.get_or_try_init(|| self.compress(Arc::clone(&shared))).await?;
        Ok(ResponseContent::Shared { chunks: Arc::clone(page), next: 0 })
    }

    fn shared_page(&self, format: Format, now: Instant) -> Arc<SharedPage> {
        let mut kept = self.shared_pages.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|shared| shared.stale_at(self.limits.keep).is_none_or(|stale| now < stale));
        if let Some(shared) = kept.iter().find(|shared| shared.format == format) {
            return Arc::clone(shared);
        }
        let shared = Arc::new(SharedPage { format, begun: Mutex::new(None), page: OnceCell::new() });
        kept.push(Arc::clone(&shared));
        shared
    }

    /// Makes a compressed page. If the client whose request makes it goes away, the next waiting request starts over.
    async fn compress(&self, shared: Arc<SharedPage>) -> Result<Arc<Vec<Bytes>>, PageError> {
        let permit = Arc::clone(&self.compressions).acquire_owned().await.map_err(|_| PageError::Stopping)?;
        let permit = Arc::new(permit);
        let (begun, ended) = (Instant::now(), self.ended.clone());
        *shared.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        let rendering = PageRendering::begin(&self.scrape, (shared.format, begun), &permit).await?;
        let page = blocking_work::run(move || {
            let page = gzip(rendering, &ended);
            drop(permit);
            page
        })
        .await??;
        (self.observe)(begun.elapsed());
        self.page_made.notify_one();
        Ok(Arc::new(page))
    }

    /// Drops pages when they become stale, so that they do not take memory until the next request. Never returns.
    pub async fn drop_stale_forever(&self) {
        loop {
            match self.drop_stale(Instant::now()) {
                Some(next) => tokio::time::sleep_until(next).await,
                None => self.page_made.notified().await,
            }
        }
    }

    fn drop_stale(&self, now: Instant) -> Option<Instant> {
        let mut kept = self.shared_pages.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|shared| shared.stale_at(self.limits.keep).is_none_or(|stale| now < stale));
        kept.iter().filter_map(|shared| shared.stale_at(self.limits.keep)).min()
    }

    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.shared_pages.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Ends the work in progress, which no client waits for any more.
    pub async fn close(&self) {
        self.ended.cancel();
        self.permits.close(self.limits.pages).await;
        // Fails only if it is already closed, and then there is nothing to wait for.
        let _ = self.compressions.acquire_many(COMPRESSIONS).await;
        self.compressions.close();
    }
}

fn gzip(mut rendering: PageRendering, ended: &CancellationToken) -> Result<Vec<Bytes>, PageError> {
    let mut encoder = GzEncoder::new(ChunkWriter::default(), Compression::fast());
    loop {
        let piece = match rendering.next_blocking() {
            Some(PagePart::Piece(piece)) => piece,
            Some(PagePart::End(_)) => break,
            None => return Err(PageError::BrokenOff),
        };
        if ended.is_cancelled() {
            return Err(PageError::Stopping);
        }
        encoder.write_all(&piece).map_err(PageError::Compress)?;
    }
    encoder.finish().map(ChunkWriter::into_chunks).map_err(PageError::Compress)
}
