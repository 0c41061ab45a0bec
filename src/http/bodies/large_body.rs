//! The body of a large answer, which is freed piece by piece.

use bytes::Bytes;

use crate::http::bodies::work_permits::WorkPermit;

/// A large answer that is being sent.
pub(crate) struct LargeBody {
    chunks: std::vec::IntoIter<Bytes>,
    left: usize,
    /// Freed with the last piece.
    permit: Option<WorkPermit>,
}

impl LargeBody {
    pub fn new(chunks: Vec<Bytes>, place: WorkPermit) -> Self {
        place.record_taken();
        let left = chunks.iter().map(Bytes::len).sum();
        Self { chunks: chunks.into_iter(), left, permit: Some(place) }
    }

    /// Number of bytes that are still to be sent.
    pub const fn left(&self) -> usize {
        self.left
    }

    pub fn next(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.next()?;
        self.left = self.left.saturating_sub(chunk.len());
        match &self.permit {
            Some(place) if self.left > 0 => place.record_taken(),
            Some(_) | None => self.permit = None,
        }
        Some(chunk)
    }
}
