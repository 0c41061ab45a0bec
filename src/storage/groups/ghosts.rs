//! What a group has from partitions of the offsets topic that do not hold it, since the topic has grown: see
//! [`crate::storage::sources::places`].

use crate::model::Timestamp;

use crate::storage::groups::group::{Group, UpdateStream};
use crate::storage::groups::placement::{GroupPlacement, Placed};
use crate::storage::sources::places::SourcePlaces;
use crate::storage::sources::source::SourceId;

impl Group {
    /// Decides whether an update is applied, by the partition that it comes from. The first record of the partition that
    /// holds the group ends what other partitions have of it.
    pub fn place_update(&mut self, is_tombstone: bool, stream: &UpdateStream<'_>) -> Placed {
        let Some(place) = stream.place else { return Placed::Applied };
        let GroupPlacement { hash, is_right, has_ghosts } = self.placement;
        if !place.holds(hash) {
            self.placement.has_ghosts |= !is_right && !is_tombstone;
            return if is_right { Placed::Ghost } else { Placed::Applied };
        }
        if is_right || is_tombstone {
            return Placed::Applied;
        }
        self.placement.is_right = true;
        if has_ghosts {
            self.remove_ghosts(stream.places);
        }
        Placed::First
    }

    /// Decides whether what was read of the group from the beginning of a partition is taken over. If the partition is
    /// the one that holds the group, this ends what other partitions have of it.
    pub fn place_build(&mut self, build: &Self, places: &SourcePlaces) -> Placed {
        if build.placement.has_ghosts && self.placement.is_right {
            return Placed::Ghost;
        }
        if build.placement.is_right && self.placement.has_ghosts {
            self.remove_ghosts(places);
        }
        if build.placement.is_right { Placed::First } else { Placed::Applied }
    }

    /// Places the group again, after the number of partitions has changed. Returns whether it still holds anything.
    pub fn place_again(&mut self, places: &SourcePlaces) -> bool {
        let hash = self.placement.hash;
        let (is_right, has_ghosts) = self.record_sources().fold((false, false), |(right, ghosts), source| {
            (right || places.is_right(source, hash), ghosts || places.is_ghost(source, hash))
        });
        self.placement = GroupPlacement { hash, is_right, has_ghosts };
        if is_right && has_ghosts { self.remove_ghosts(places) } else { !self.is_empty() }
    }

    /// Removes what partitions have of the group that do not hold it. Returns whether it still holds anything.
    pub fn remove_ghosts(&mut self, places: &SourcePlaces) -> bool {
        let hash = self.placement.hash;
        if let Some(source) = self.meta.record_source().filter(|source| places.is_ghost(*source, hash)) {
            self.meta.remove_source(source);
        }
        self.placement.has_ghosts = false;
        self.retain(|_, slot| !places.is_ghost(slot.source, hash))
    }

    /// The times of the newest records of the group in partitions that do not hold it.
    pub fn ghosts(&self, places: &SourcePlaces) -> Vec<(SourceId, Timestamp)> {
        let slots = self.topics.iter().flat_map(|topic| topic.partitions.iter());
        let commits = slots.map(|slot| (slot.source, slot.window.newest().timestamp));
        let records = self.meta.record_source().zip(self.meta.record_time());
        let mut ghosts: Vec<(SourceId, Timestamp)> = Vec::new();
        for (source, at) in commits.chain(records).filter(|(source, _)| places.is_ghost(*source, self.placement.hash)) {
            match ghosts.iter_mut().find(|(held, _)| *held == source) {
                Some((_, newest)) => *newest = at.max(*newest),
                None => ghosts.push((source, at)),
            }
        }
        ghosts
    }

    fn record_sources(&self) -> impl Iterator<Item = SourceId> {
        let slots = self.topics.iter().flat_map(|topic| topic.partitions.iter());
        slots.map(|slot| slot.source).chain(self.meta.record_source())
    }
}
