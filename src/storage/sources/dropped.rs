//! The reasons for which commits are dropped.

/// Why a commit was dropped: the label `reason` of `warrener_dropped_commits_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// It is older than `expire-group`.
    Expired,
    /// It is older than every commit of a full window.
    Late,
    /// Another source holds a newer commit of the same group and partition.
    Superseded,
    /// It is not newer than the topic, which was deleted and created again.
    Recreated,
    /// Its group is refused, because a limit of storage is reached.
    Limited,
    /// The name of the group or topic is too long. This counts every record that has such a name, not only commits.
    Name,
}

impl DropReason {
    /// All reasons.
    pub const ALL: [Self; 6] =
        [Self::Expired, Self::Late, Self::Superseded, Self::Recreated, Self::Limited, Self::Name];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Late => "late",
            Self::Superseded => "superseded",
            Self::Recreated => "recreated",
            Self::Limited => "limited",
            Self::Name => "name",
        }
    }
}
