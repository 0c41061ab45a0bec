//! Where updates come from, and how they relate to the past of their source.

/// A source: a partition of the offsets topic, a partition of the topic with the state of share groups, or a ZooKeeper
/// ensemble, as read by one module.
///
/// [`crate::model::Order`]s are comparable only within one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId(pub(crate) u32);

/// The kind of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SourceKind {
    /// A partition of the offsets topic.
    OffsetsTopic,
    /// A partition of the topic with the state of share groups.
    ShareState,
    /// A ZooKeeper ensemble.
    ZooKeeper,
}

/// How a stream of updates relates to the past of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastState {
    /// The past has been read, or is not wanted.
    Read,
    /// This stream is the live one, and the past is read later. Tombstones are remembered until then.
    Ahead,
    /// This stream is the past, which is read behind the live stream.
    Behind,
}

impl SourceId {
    /// Creates the source with this number.
    ///
    /// The two lowest bits hold the origin: each partition that a group has committed holds a source, so it has to be
    /// small.
    pub(crate) fn new(number: usize, origin: SourceKind) -> Self {
        let id = u32::try_from(number).unwrap_or(u32::MAX).saturating_mul(4);
        match origin {
            SourceKind::OffsetsTopic => Self(id),
            SourceKind::ZooKeeper => Self(id | 1),
            SourceKind::ShareState => Self(id | 2),
        }
    }

    pub(crate) const fn kind(self) -> SourceKind {
        match self.0 & 3 {
            1 => SourceKind::ZooKeeper,
            2 => SourceKind::ShareState,
            _ => SourceKind::OffsetsTopic,
        }
    }

    /// Whether it holds the state of share groups.
    pub(crate) const fn is_share(self) -> bool {
        matches!(self.kind(), SourceKind::ShareState)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_what_it_is() {
        let origins = [SourceKind::OffsetsTopic, SourceKind::ShareState, SourceKind::ZooKeeper];
        let sources = origins.map(|origin| SourceId::new(7, origin));
        assert_eq!(sources.map(SourceId::kind), origins);
        assert!(sources[0] != sources[1] && sources[0] != sources[2] && sources[1] != sources[2]);
    }
}
