//! What an update brings, made before its group is looked at: under a shard's lock nothing is copied, sorted or freed
//! that grows with the record. What was held goes out with it.

use crate::model::{Name, Offset};

use super::SourceId;
use super::epochs;
use super::meta::{Classic, Registered};
use super::owners::Known;
use super::progress;
use super::update::Update;

/// See the module.
#[derive(Debug)]
pub(super) enum Made {
    /// The update is small.
    Nothing,
    Generation(Option<Classic>),
    Registered(Option<Registered>),
    Fact(epochs::Made),
    /// Records of a share group that are finished, in order.
    Finished(Vec<(Offset, Offset)>),
}

/// An assignment names more topics that the metadata does not name than are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The group.
    pub group: String,
    /// How many are not kept.
    pub topics: usize,
}

impl Cut {
    pub(super) fn of(group: Name<'_>, topics: usize) -> Option<Self> {
        (topics > 0).then(|| Self { group: group.to_string(), topics })
    }
}

impl Made {
    /// Tells of an assignment that is not kept as a whole.
    pub fn of(update: &Update<'_>, source: SourceId, known: Known<'_>) -> (Self, Option<Cut>) {
        let (made, cut) = match update {
            Update::Members(members) => {
                let (generation, cut) = Classic::of(members, known);
                (Self::Generation(Some(generation)), cut)
            }
            Update::Registered { members, .. } => {
                let (registered, cut) = Registered::of(members, source, known);
                (Self::Registered(registered), cut)
            }
            Update::Fact { fact, .. } => (Self::Fact(epochs::Made::of(fact)), 0),
            Update::Share(share) => {
                let finished = share.state.as_ref().map(|state| progress::in_order(&state.finished));
                (Self::Finished(finished.unwrap_or_default()), 0)
            }
            Update::Commit { .. } | Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => {
                (Self::Nothing, 0)
            }
        };
        (made, Cut::of(update.group(), cut))
    }
}
