//! Where updates come from.

/// One module's partition of the offsets topic, or one module's ensemble. [`crate::model::Order`]s compare only
/// within one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId(pub(super) u32);

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A partition of the offsets topic.
    OffsetsTopic,
    /// An ensemble.
    ZooKeeper,
}

impl SourceId {
    /// The source of a number. There is one in each partition that a group has committed, so the lowest bit has to
    /// do for the origin.
    pub(super) fn new(number: usize, origin: Origin) -> Self {
        let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_mul(2);
        match origin {
            Origin::OffsetsTopic => Self(number),
            Origin::ZooKeeper => Self(number | 1),
        }
    }

    pub(super) const fn origin(self) -> Origin {
        if self.0 & 1 == 0 { Origin::OffsetsTopic } else { Origin::ZooKeeper }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_what_it_is() {
        let sources = [Origin::OffsetsTopic, Origin::ZooKeeper].map(|origin| SourceId::new(7, origin));
        assert_eq!(sources.map(SourceId::origin), [Origin::OffsetsTopic, Origin::ZooKeeper]);
        assert_ne!(sources[0], sources[1]);
    }
}
