//! Groups whose partition of the offsets topic is another one since the topic has grown
//! (docs/src/reference/storage-rules.md, When partitions are added to the offsets topic).

use std::sync::{Arc, PoisonError};

use hashbrown::HashMap;

use crate::model::{Name, Partition, Timestamp};
use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::lock;
use crate::storage::groups::group::Group;
use crate::storage::sources::places::{PlaceHash, SourcePlaces};
use crate::storage::sources::source::{SourceId, SourceKind};

/// How much newer than a ghost, in milliseconds, the commit has to be that ends it.
const DAY: i64 = 86_400_000;

/// What a partition has of a group that it does not hold.
struct Ghost {
    group: Box<[u8]>,
    source: SourceId,
    /// The time of its newest record.
    newest: Timestamp,
    /// The partition that holds the group.
    right: SourceId,
    /// The numbers of partitions with which the group would be where the ghost is.
    older: Vec<i32>,
}

/// By the source that holds groups and an older number of partitions, the time of the newest commit that brokers with
/// that number would have written to another partition.
type Evidence = HashMap<SourceId, HashMap<i32, Timestamp>>;

impl Cluster {
    /// Sets the number of partitions of the offsets topic that a module reads. 0 is no number: it is not known yet.
    pub fn set_offsets_partitions(&self, module: &str, partitions: usize) {
        let Some(partitions) = i32::try_from(partitions).ok().filter(|partitions| *partitions > 0) else { return };
        if self.places().partitions(module) == Some(partitions) {
            return;
        }
        self.change_places(|places| places.set(module, partitions, []));
        let sources: Vec<_> = {
            let sources = lock(&self.sources);
            let own = sources.iter().filter(|((name, kind, _), _)| name == module && *kind == SourceKind::OffsetsTopic);
            own.map(|((.., partition), source)| (Partition(*partition), *source)).collect()
        };
        self.change_places(|places| places.set(module, partitions, sources));
        let places = self.places();
        self.shards.retain(|_, group| group.place_again(&places));
    }

    /// Which partitions of the offsets topic hold which groups.
    pub(super) fn places(&self) -> Arc<SourcePlaces> {
        Arc::clone(&self.places.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change_places(&self, change: impl FnOnce(&mut SourcePlaces)) {
        change(Arc::make_mut(&mut self.places.write().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Adds a partition of the offsets topic that a module reads.
    pub(super) fn add_place(&self, module: &str, partition: Partition, source: SourceId) {
        if self.places().find(source).is_none() {
            self.change_places(|places| places.add(module, partition, source));
        }
    }

    /// Removes ghosts that are older by a day than a commit in the partition that holds their group. The commit has to
    /// be one that brokers would have written elsewhere if they still placed groups as the ghost's.
    pub(super) fn remove_old_ghosts(&self, now: ExpiryTime) {
        let places = self.places();
        let ghosts = self.ghosts(&places);
        if ghosts.is_empty() {
            return;
        }
        let evidence = self.evidence(&ghosts, &places, now);
        for ghost in ghosts.iter().filter(|ghost| ghost.is_over(&evidence)) {
            let mut shard = self.shards.of(Name(&ghost.group));
            let Some(held) = shard.groups.get_mut(&ghost.group) else { continue };
            // It may have got a record in the meantime.
            let is_same = held.ghosts(&places).contains(&(ghost.source, ghost.newest));
            if is_same && !held.remove_source(ghost.source) {
                shard.groups.remove(&ghost.group);
            }
            if is_same && !shard.refused.is_empty() {
                let hash = self.shards.hasher().group(Name(&ghost.group));
                shard.refused.forget_sources(hash, |source| source == ghost.source);
            }
        }
    }

    fn ghosts(&self, places: &SourcePlaces) -> Vec<Ghost> {
        let mut ghosts = Vec::new();
        for shard in self.shards.iter() {
            for (name, group) in shard.iter().filter(|(_, group)| group.placement.has_ghosts) {
                let found = group.ghosts(places).into_iter();
                ghosts.extend(found.filter_map(|ghost| Ghost::new(name, group.placement.hash, ghost, places)));
            }
        }
        ghosts
    }

    /// What commits say about the numbers of partitions that ghosts would need.
    fn evidence(&self, ghosts: &[Ghost], places: &SourcePlaces, now: ExpiryTime) -> Evidence {
        let mut evidence = Evidence::new();
        for ghost in ghosts {
            let wanted = evidence.entry(ghost.right).or_default();
            wanted.extend(ghost.older.iter().map(|partitions| (*partitions, Timestamp(i64::MIN))));
        }
        for shard in self.shards.iter() {
            for group in shard.values().filter(|group| group.placement.is_right) {
                add_evidence(&mut evidence, group, places, now);
            }
        }
        evidence
    }
}

fn add_evidence(evidence: &mut Evidence, group: &Group, places: &SourcePlaces, now: ExpiryTime) {
    let hash = group.placement.hash;
    for slot in group.topics.iter().flat_map(|topic| topic.partitions.iter()) {
        let Some(wanted) = evidence.get_mut(&slot.source) else { continue };
        let Some(place) = places.find(slot.source).filter(|place| place.holds(hash)) else { continue };
        let at = slot.window.newest().timestamp;
        // A time ahead of the clock says nothing.
        if at <= now.time {
            let elsewhere = |partitions: i32| hash.partition(partitions) != Some(place.partition);
            let ended = wanted.iter_mut().filter(|(partitions, _)| elsewhere(**partitions));
            ended.for_each(|(_, newest)| *newest = at.max(*newest));
        }
    }
}

impl Ghost {
    /// `None` if the partition that holds the group is not read, or no older number of partitions explains the ghost:
    /// then the number that is known may be wrong.
    fn new(
        group: &[u8],
        hash: PlaceHash,
        (source, newest): (SourceId, Timestamp),
        places: &SourcePlaces,
    ) -> Option<Self> {
        let (place, right) = (places.find(source)?, places.right_source(source, hash)?);
        // Each partition costs far more than a step of this loop: a client asks for its log end every few seconds.
        let Partition(number) = place.partition;
        let numbers = number.saturating_add(1)..place.partitions;
        let older: Vec<i32> =
            numbers.filter(|partitions| hash.partition(*partitions) == Some(place.partition)).collect();
        (!older.is_empty()).then(|| Self { group: group.into(), source, newest, right, older })
    }

    fn is_over(&self, evidence: &Evidence) -> bool {
        let Some(found) = evidence.get(&self.right) else { return false };
        let ends = |newest: &Timestamp| newest.0 >= self.newest.0.saturating_add(DAY);
        self.older.iter().all(|partitions| found.get(partitions).is_some_and(ends))
    }
}
