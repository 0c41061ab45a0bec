//! How a new module takes the place of an old one without a gap in what is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Passed to a module that replaces another one. The new module reads beside the old one and shows nothing. Once it has
/// read everything it says so; the old module is stopped; then the new one shows what it has read.
///
/// A module that replaces nothing gets one that is open from the start.
#[derive(Clone, Debug)]
pub struct Handover {
    stage: Arc<AtomicU8>,
    /// Whether the new module reads the same records as the old one, so that what is shown stays valid until it is
    /// replaced.
    continues: bool,
}

const READING: u8 = 0;
const COMPLETE: u8 = 1;
const OPEN: u8 = 2;

impl Handover {
    /// For a module that replaces nothing.
    #[must_use]
    pub fn open() -> Self {
        Self { stage: Arc::new(AtomicU8::new(OPEN)), continues: true }
    }

    /// For a module that replaces another one. `continues` says whether it reads the same records.
    #[must_use]
    pub fn waiting(continues: bool) -> Self {
        Self { stage: Arc::new(AtomicU8::new(READING)), continues }
    }

    /// Whether the new module reads the same records as the old one.
    #[must_use]
    pub const fn continues(&self) -> bool {
        self.continues
    }

    /// Whether the module may show what it reads.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage.load(Ordering::Acquire) == OPEN
    }

    /// Records that the module has read everything. No effect once it may show it.
    pub fn record_complete(&self) {
        // An error means that it was complete before.
        let _ = self.stage.compare_exchange(READING, COMPLETE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether the module has read everything, and waits.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stage.load(Ordering::Acquire) == COMPLETE
    }

    /// Lets the module show what it has read. The old module must have ended.
    pub fn let_show(&self) {
        self.stage.store(OPEN, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_until_it_is_let() {
        let handover = Handover::waiting(true);
        assert!(!handover.is_open() && !handover.is_complete());
        handover.record_complete();
        assert!(!handover.is_open() && handover.is_complete());
        handover.let_show();
        handover.record_complete();
        assert!(handover.is_open() && !handover.is_complete());
    }
}
