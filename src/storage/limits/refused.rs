//! The groups that are refused, and the records that are lost with them.
//!
//! A refused group is not held, but of each of its records that is lost, the key is noted. So it is known when nothing
//! of the group is left in Kafka, and when everything that was lost has been written again. There may be very many such
//! groups, so names and keys are noted as hashes, and their memory is bounded.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::Order;

use crate::storage::limits::budget::Budget;
use crate::storage::limits::record_key::{GroupHash, RecordKey};
use crate::storage::lists::allocation::{list, map_entries, signed};
use crate::storage::sources::source::SourceId;

/// The largest number of refused groups that are noted, over all clusters.
pub(crate) const MOST_NAMES: i64 = 1_000_000;
/// The largest number of records that are noted of one group.
const MOST_RECORDS: usize = 10_000;

/// What is not known of a group, because records of it were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostRecords {
    /// Commits, or states of a share group: partitions may be missing.
    pub commits: bool,
    /// Records about the group itself: its type, state, members or assignments may be others.
    pub members: bool,
}

impl LostRecords {
    /// Nothing is lost.
    pub const NONE: Self = Self { commits: false, members: false };

    /// Whether anything is lost.
    #[must_use]
    pub const fn any(self) -> bool {
        self.commits || self.members
    }
}

/// What a lost record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LostKind {
    Commit,
    Member,
    /// A tombstone that has to be remembered, because the past is read later.
    Tombstone,
}

/// A record that was refused, and that no newer one has replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LostRecord {
    pub key: RecordKey,
    pub order: Order,
    pub source: SourceId,
    pub kind: LostKind,
}

/// How a record that arrives relates to earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub key: RecordKey,
    pub order: Order,
    /// Whether it is of the past, which is read behind the live stream: a newer record of the same key may be lost.
    pub is_past: bool,
    /// Whether it says only what has changed, so that it means nothing without the record before it.
    pub is_change: bool,
}

/// What is noted of one group.
#[derive(Debug, Default)]
struct Refusal {
    /// Sorted by key.
    records: Vec<LostRecord>,
    unnoted: Unnoted,
}

/// Whether records of a group are lost that are not noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Unnoted {
    #[default]
    None,
    Of(SourceId),
    OfSeveral,
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct RefusedGroups {
    budget: Arc<Budget>,
    groups: HashMap<GroupHash, Refusal>,
    /// Sources of which groups were refused that are not noted.
    unnoted: Vec<SourceId>,
}

impl Unnoted {
    fn add(&mut self, source: SourceId) {
        *self = match *self {
            Self::None => Self::Of(source),
            Self::Of(held) if held == source => *self,
            Self::Of(_) | Self::OfSeveral => Self::OfSeveral,
        };
    }

    const fn any(self) -> bool {
        !matches!(self, Self::None)
    }
}

impl Refusal {
    fn lost(&self) -> LostRecords {
        let any = |kind| self.unnoted.any() || self.records.iter().any(|lost| lost.kind == kind);
        LostRecords { commits: any(LostKind::Commit), members: any(LostKind::Member) }
    }

    fn find(&self, key: RecordKey) -> Result<usize, usize> {
        self.records.binary_search_by_key(&key, |lost| lost.key)
    }

    fn bytes(&self) -> usize {
        list::<LostRecord>(self.records.capacity())
    }

    fn is_over(&self) -> bool {
        self.records.is_empty() && !self.unnoted.any()
    }
}

impl RefusedGroups {
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), groups: HashMap::new(), unnoted: Vec::new() }
    }

    /// Whether nothing was ever refused, or all of it has been read since.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.unnoted.is_empty()
    }

    /// What is lost of a group that is held.
    pub fn lost(&self, group: GroupHash) -> LostRecords {
        self.groups.get(&group).map_or(LostRecords::NONE, Refusal::lost)
    }

    /// The number of groups of which records are lost.
    pub fn len(&self) -> usize {
        self.groups.values().filter(|refusal| refusal.lost().any()).count()
    }

    /// Whether a record must not be applied, because of what is lost. `held` says whether the group is held.
    pub fn blocks(&self, group: GroupHash, arrival: &Arrival, held: bool) -> bool {
        let doubtful = arrival.is_past || arrival.is_change;
        let Some(refusal) = self.groups.get(&group) else { return doubtful && !held && !self.unnoted.is_empty() };
        if refusal.unnoted.any() {
            return doubtful;
        }
        let lost = refusal.find(arrival.key).ok().and_then(|place| refusal.records.get(place));
        lost.is_some_and(|lost| arrival.is_change || arrival.order < lost.order)
    }

    /// Notes a record that was refused.
    pub fn add(&mut self, group: GroupHash, record: LostRecord) {
        if !self.groups.contains_key(&group) && !self.has_room_for_names() {
            if !self.unnoted.contains(&record.source) {
                self.unnoted.push(record.source);
            }
            return;
        }
        let budget = Arc::clone(&self.budget);
        let refusal = self.entry(group);
        let before = refusal.bytes();
        match refusal.find(record.key) {
            Ok(place) => {
                if let Some(held) = refusal.records.get_mut(place).filter(|held| held.order < record.order) {
                    *held = record;
                }
            }
            Err(place) if refusal.records.len() < MOST_RECORDS && budget.has_room_for_notes() => {
                refusal.records.insert(place, record);
            }
            Err(_) => refusal.unnoted.add(record.source),
        }
        budget.add_notes(signed(refusal.bytes()).saturating_sub(signed(before)));
    }

    /// Notes that a new group of a source is held. Where groups are refused that are not noted, it may be one of them.
    pub fn record_admitted(&mut self, group: GroupHash, source: SourceId) {
        if !self.unnoted.is_empty() && !self.groups.contains_key(&group) {
            self.entry(group).unnoted.add(source);
        }
    }

    /// Notes that a record was applied: what was lost of its key does not matter any more.
    pub fn record_applied(&mut self, group: GroupHash, arrival: &Arrival) {
        self.change(group, |refusal| {
            if let Ok(place) = refusal.find(arrival.key)
                && refusal.records.get(place).is_some_and(|lost| lost.order <= arrival.order)
            {
                refusal.records.remove(place);
            }
        });
    }

    /// Forgets a group that was removed.
    pub fn forget(&mut self, group: GroupHash) {
        self.change(group, |refusal| *refusal = Refusal::default());
    }

    /// Forgets what is lost of a group from sources that do not count for it any more.
    pub fn forget_sources(&mut self, group: GroupHash, gone: impl Fn(SourceId) -> bool) {
        self.change(group, |refusal| {
            refusal.records.retain(|lost| !gone(lost.source));
            if matches!(refusal.unnoted, Unnoted::Of(source) if gone(source)) {
                refusal.unnoted = Unnoted::None;
            }
        });
    }

    /// Forgets what is lost of a source, which was lost itself or has been read again.
    pub fn remove_source(&mut self, source: SourceId) {
        self.unnoted.retain(|held| *held != source);
        self.retain(|refusal| {
            refusal.records.retain(|lost| lost.source != source);
            if refusal.unnoted == Unnoted::Of(source) {
                refusal.unnoted = Unnoted::None;
            }
        });
    }

    /// Forgets the tombstones of a source whose past has been read.
    pub fn drop_tombstones(&mut self, source: SourceId) {
        self.retain(|refusal| {
            refusal.records.retain(|lost| lost.source != source || lost.kind != LostKind::Tombstone);
        });
    }

    /// Takes over what another reading has noted.
    pub fn merge(&mut self, mut other: Self) {
        for source in std::mem::take(&mut other.unnoted) {
            if !self.unnoted.contains(&source) {
                self.unnoted.push(source);
            }
        }
        for (group, refusal) in other.groups.drain() {
            other.budget.add_notes(signed(note_bytes(&refusal)).saturating_neg());
            other.budget.add_names(-1);
            refusal.records.iter().for_each(|record| self.add(group, *record));
            if let Unnoted::Of(source) = refusal.unnoted {
                self.entry(group).unnoted.add(source);
            } else if refusal.unnoted == Unnoted::OfSeveral {
                self.entry(group).unnoted = Unnoted::OfSeveral;
            }
        }
    }

    /// Divides what is noted into parts. `place` gives the number of the part of a group.
    pub fn divide(mut self, parts: &mut [Self], place: impl Fn(GroupHash) -> usize) {
        parts.iter_mut().for_each(|part| part.unnoted.clone_from(&self.unnoted));
        for (group, refusal) in self.groups.drain() {
            match parts.get_mut(place(group)) {
                Some(part) => drop(part.groups.insert(group, refusal)),
                None => crate::invariant::broken("a refused group has a shard"),
            }
        }
    }

    fn has_room_for_names(&self) -> bool {
        self.budget.noted_names() < MOST_NAMES
    }

    fn entry(&mut self, group: GroupHash) -> &mut Refusal {
        let budget = &self.budget;
        self.groups.entry(group).or_insert_with(|| {
            let refusal = Refusal::default();
            budget.add_names(1);
            budget.add_notes(signed(note_bytes(&refusal)));
            refusal
        })
    }

    fn change(&mut self, group: GroupHash, change: impl FnOnce(&mut Refusal)) {
        let Some(refusal) = self.groups.get_mut(&group) else { return };
        let before = refusal.bytes();
        change(refusal);
        self.budget.add_notes(signed(refusal.bytes()).saturating_sub(signed(before)));
        if refusal.is_over()
            && let Some(refusal) = self.groups.remove(&group)
        {
            self.budget.add_notes(signed(note_bytes(&refusal)).saturating_neg());
            self.budget.add_names(-1);
        }
    }

    fn retain(&mut self, change: impl Fn(&mut Refusal)) {
        let groups: Vec<GroupHash> = self.groups.keys().copied().collect();
        groups.into_iter().for_each(|group| self.change(group, &change));
    }
}

fn note_bytes(refusal: &Refusal) -> usize {
    map_entries::<GroupHash, Refusal>(1).saturating_add(refusal.bytes())
}

impl Drop for RefusedGroups {
    fn drop(&mut self) {
        for refusal in self.groups.values() {
            self.budget.add_notes(signed(note_bytes(refusal)).saturating_neg());
            self.budget.add_names(-1);
        }
    }
}
