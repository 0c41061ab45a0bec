//! The body of a plain page, which is rendered while the client takes it.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::http::ObserveFn;
use crate::http::bodies::page_rendering::{PagePart, PageRendering};
use crate::http::bodies::work_permits::WorkPermit;

/// A plain page that is being sent to its client.
pub(crate) struct PageStream {
    rendering: PageRendering,
    /// Freed with the last piece.
    permit: Option<Arc<WorkPermit>>,
    /// Cuts the client's connection.
    cut: CancellationToken,
    observe: ObserveFn,
}

impl PageStream {
    pub const fn new(
        rendering: PageRendering,
        permit: Arc<WorkPermit>,
        cut: CancellationToken,
        observe: ObserveFn,
    ) -> Self {
        Self { rendering, permit: Some(permit), cut, observe }
    }

    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(permit) = &self.permit else { return Poll::Ready(None) };
        match ready!(self.rendering.poll_next(cx)) {
            Some(PagePart::Piece(piece)) => {
                permit.record_taken();
                Poll::Ready(Some(Bytes::from(piece)))
            }
            Some(PagePart::End(worked)) => {
                self.permit = None;
                (self.observe)(worked);
                Poll::Ready(None)
            }
            // An incomplete page must not look complete.
            None => {
                self.cut.cancel();
                Poll::Pending
            }
        }
    }
}
