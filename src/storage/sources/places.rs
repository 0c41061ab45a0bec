//! Which partition of the offsets topic holds a group.
//!
//! When partitions are added to the offsets topic, groups have another partition. Their records in the old one stay
//! until Kafka expires them: they are **ghosts** (docs/src/reference/storage-rules.md, When partitions are added to the
//! offsets topic).

use hashbrown::HashMap;

use crate::model::{self, Partition};

use crate::storage::sources::source::SourceId;

/// The hash by which Kafka places a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaceHash(i32);

impl PlaceHash {
    pub fn of(group: &[u8]) -> Self {
        Self(model::java_string_hash(group))
    }

    /// The partition that holds the group where there are this many. `None` where there are none.
    pub fn partition(self, partitions: i32) -> Option<Partition> {
        model::offsets_partition_of_hash(self.0, partitions)
    }
}

/// A partition of the offsets topic, as read by a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourcePlace {
    pub partition: Partition,
    /// The number of partitions of the topic.
    pub partitions: i32,
}

impl SourcePlace {
    /// Whether this is the partition that holds a group.
    pub fn holds(self, group: PlaceHash) -> bool {
        group.partition(self.partitions) == Some(self.partition)
    }
}

/// The partitions of the offsets topic that modules read.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourcePlaces {
    modules: HashMap<Box<str>, ModulePlaces>,
    places: HashMap<SourceId, (Box<str>, SourcePlace)>,
}

#[derive(Clone, Debug, Default)]
struct ModulePlaces {
    partitions: i32,
    sources: HashMap<Partition, SourceId>,
}

impl SourcePlaces {
    /// The number of partitions that a module reads.
    pub fn partitions(&self, module: &str) -> Option<i32> {
        self.modules.get(module).map(|held| held.partitions)
    }

    /// Sets the number of partitions that a module reads, of which these have been read.
    pub fn set(&mut self, module: &str, partitions: i32, sources: impl IntoIterator<Item = (Partition, SourceId)>) {
        self.places.retain(|_, (name, _)| **name != *module);
        self.modules.insert(module.into(), ModulePlaces { partitions, sources: HashMap::new() });
        sources.into_iter().for_each(|(partition, source)| self.add(module, partition, source));
    }

    /// Adds a partition, if the number of the module's partitions is known.
    pub fn add(&mut self, module: &str, partition: Partition, source: SourceId) {
        if let Some(held) = self.modules.get_mut(module) {
            held.sources.insert(partition, source);
            let place = SourcePlace { partition, partitions: held.partitions };
            self.places.insert(source, (module.into(), place));
        }
    }

    /// The place of a source. `None` if it is no partition of the offsets topic, or their number is not known.
    pub fn find(&self, source: SourceId) -> Option<SourcePlace> {
        self.places.get(&source).map(|(_, place)| *place)
    }

    /// Whether a source is the partition that holds a group.
    pub fn is_right(&self, source: SourceId, group: PlaceHash) -> bool {
        self.find(source).is_some_and(|place| place.holds(group))
    }

    /// Whether what a source has of a group are ghosts.
    pub fn is_ghost(&self, source: SourceId, group: PlaceHash) -> bool {
        self.find(source).is_some_and(|place| !place.holds(group))
    }

    /// The partition that holds a group, among those that the module of `source` has read.
    pub fn right_source(&self, source: SourceId, group: PlaceHash) -> Option<SourceId> {
        let (module, place) = self.places.get(&source)?;
        self.modules.get(module)?.sources.get(&group.partition(place.partitions)?).copied()
    }
}
