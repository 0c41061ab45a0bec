//! A commit that is being taken in, with where it comes from.

use crate::model::{Commit, Partition};

use crate::storage::sources::source::SourceId;
use crate::storage::windows::progress::Progress;
use crate::storage::windows::standing::Standing;

/// A commit that is being taken in.
#[derive(Clone, Debug)]
pub(crate) struct Arriving {
    pub source: SourceId,
    pub partition: Partition,
    pub commit: Commit,
    /// The state of the partition, for a share group.
    pub progress: Option<Progress>,
}

impl Arriving {
    pub fn position(&self) -> Standing {
        let share = self.progress.as_ref().map(Standing::of);
        share.unwrap_or(Standing { committed: self.commit.offset, done: Some(0) })
    }
}
