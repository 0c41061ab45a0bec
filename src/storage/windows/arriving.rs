//! A commit that is being taken in, with where it comes from.

use crate::model::{Commit, Partition};

use crate::storage::sources::source::SourceId;
use crate::storage::windows::share_progress::ShareProgress;
use crate::storage::windows::standing::CommittedPosition;

/// A commit that is being taken in.
#[derive(Clone, Debug)]
pub(crate) struct ArrivingCommit {
    pub source: SourceId,
    pub partition: Partition,
    pub commit: Commit,
    /// The state of the partition, for a share group.
    pub progress: Option<ShareProgress>,
}

impl ArrivingCommit {
    pub fn position(&self) -> CommittedPosition {
        let share = self.progress.as_ref().map(CommittedPosition::of);
        share.unwrap_or(CommittedPosition { committed: self.commit.offset, done: Some(0) })
    }
}
