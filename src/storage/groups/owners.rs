//! The members of a group, and what is assigned to them.
//!
//! Members choose the content of an assignment, up to the largest record that a broker accepts. So it is prepared from
//! a record while no lock is held, and then replaces the previous one as a whole: a scrape sees all of the old one or
//! all of the new one.
//!
//! A topic that only an assignment names is not a topic of the cluster. Only its name is kept, as bytes. It is shown
//! once the metadata names it, or the group commits to it.

use std::ops::{Deref, Range};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::invariant::broken;
use crate::model::{Name, Partition};

use crate::storage::groups::member::Member;
use crate::storage::lists::allocation;
use crate::storage::lists::name_buffer::NamedRanges;
use crate::storage::lists::work_counter;
use crate::storage::topics::Topics;
use crate::storage::topics::names::{COUNTS, TopicName, TopicNames};

/// A partition that is assigned to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionOwner {
    /// The partition.
    pub partition: Partition,
    /// The index of the member in the list of its group's members.
    pub member: usize,
}

/// The largest number of topics of an assignment that are kept without being named by the metadata.
///
/// Before the first metadata all topics are kept, because it is unknown which ones it will name.
const MOST_UNNAMED: usize = 10_000;

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// The members.
    pub members: Arc<[Member]>,
    /// The assigned partitions. Each topic has a range of this list, sorted by partition.
    list: Arc<[PartitionOwner]>,
    /// Topics that the metadata names, sorted by name.
    named: Vec<(Arc<TopicName>, Range<usize>)>,
    /// Topics that the metadata does not name.
    unnamed: NamedRanges,
    /// The memory that it takes, shared as it is. 0 for an empty one.
    bytes: usize,
}

/// The assigned partitions of one topic, sorted by partition.
#[derive(Clone, Debug, Default)]
pub struct TopicAssignment {
    list: Arc<[PartitionOwner]>,
    part: Range<usize>,
}

impl Deref for TopicAssignment {
    type Target = [PartitionOwner];

    fn deref(&self) -> &[PartitionOwner] {
        part_of(&self.list, &self.part)
    }
}

/// The text for [`broken`] where a topic has no assigned partitions.
const PART: &str = "assigned partitions of a topic are in the list of its assignment";

fn part_of<'a>(list: &'a [PartitionOwner], part: &Range<usize>) -> &'a [PartitionOwner] {
    list.get(part.clone()).unwrap_or_else(|| {
        broken(PART);
        &[]
    })
}

/// Finds topics by name, among those that the metadata names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicLookup<'a> {
    pub topics: &'a Topics,
    pub names: &'a TopicNames,
}

impl TopicLookup<'_> {
    pub fn find(self, name: Name<'_>) -> Option<Arc<TopicName>> {
        self.names.find(name).filter(|name| self.topics.exists(name))
    }

    /// The number of topics that may be kept without being named by the metadata.
    const fn max_unnamed(self) -> usize {
        if self.topics.brokers.is_some() { MOST_UNNAMED } else { usize::MAX }
    }
}

/// The assigned partitions by topic, before topics are looked up in the metadata.
#[derive(Debug, Default)]
pub(crate) struct UnresolvedAssignments<'a> {
    /// The partitions of one topic, or of several that share them. Sorted by partition.
    parts: Vec<Vec<PartitionOwner>>,
    /// Each topic once, in no particular order.
    topics: Vec<UnresolvedTopic<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct UnresolvedTopic<'a> {
    topic: Name<'a>,
    part: usize,
    /// The length of the part's beginning that belongs to the topic.
    len: usize,
}

impl<'a> UnresolvedAssignments<'a> {
    /// Collects what is assigned to each member. Members are given by index.
    pub fn of<'p>(assigned: impl Iterator<Item = (usize, Name<'a>, &'p [Partition])>) -> Self {
        let mut places: HashMap<Name<'a>, usize> = HashMap::new();
        let mut topics: Vec<(Name<'a>, Vec<PartitionOwner>)> = Vec::new();
        for (member, topic, partitions) in assigned.filter(|(_, _, partitions)| !partitions.is_empty()) {
            let place = *places.entry(topic).or_insert_with(|| {
                topics.push((topic, Vec::new()));
                topics.len().saturating_sub(1)
            });
            if let Some((_, list)) = topics.get_mut(place) {
                list.extend(partitions.iter().map(|partition| PartitionOwner { partition: *partition, member }));
            }
        }
        let mut claims = Self::default();
        for (topic, list) in topics {
            let part = claims.add(list);
            claims.assign_part(topic, part, None);
        }
        claims
    }

    /// Adds the partitions of one topic, or of several that share them. Returns the index of the part.
    pub fn add(&mut self, mut list: Vec<PartitionOwner>) -> usize {
        work_counter::count(list.len());
        list.sort_unstable();
        list.dedup();
        self.parts.push(list);
        self.parts.len().saturating_sub(1)
    }

    /// Assigns a part to a topic, limited to the number of its partitions if that is known.
    pub fn assign_part(&mut self, topic: Name<'a>, part: usize, partitions: Option<usize>) {
        let Some(list) = self.parts.get(part) else { return broken(PART) };
        let there = |one: &PartitionOwner| {
            partitions.is_none_or(|count| usize::try_from(one.partition.0).is_ok_and(|number| number < count))
        };
        let len = list.partition_point(there);
        work_counter::count(1);
        if len > 0 {
            self.topics.push(UnresolvedTopic { topic, part, len });
        }
    }
}

/// Copies the parts that are needed into one list, each once.
struct PartCopier {
    parts: Vec<Vec<PartitionOwner>>,
    starts: Vec<Option<usize>>,
    list: Vec<PartitionOwner>,
}

impl PartCopier {
    fn copy_part(&mut self, claim: UnresolvedTopic<'_>) -> Range<usize> {
        let Self { parts, starts, list } = self;
        let (Some(part), Some(laid)) = (parts.get_mut(claim.part), starts.get_mut(claim.part)) else {
            broken(PART);
            return 0..0;
        };
        let start = *laid.get_or_insert_with(|| {
            let start = list.len();
            work_counter::count(part.len());
            list.append(part);
            start
        });
        start..start.saturating_add(claim.len)
    }
}

impl Owners {
    /// Creates the owners. Returns also the number of topics that were not kept because they are too many.
    pub fn new(members: Arc<[Member]>, claims: UnresolvedAssignments<'_>, known: TopicLookup<'_>) -> (Self, usize) {
        let UnresolvedAssignments { parts, mut topics } = claims;
        topics.sort_by_key(|claim| claim.topic);
        topics.dedup_by_key(|claim| claim.topic);
        let mut laying = PartCopier { starts: vec![None; parts.len()], parts, list: Vec::new() };
        let mut owners = Self { members, ..Self::default() };
        let mut cut = 0_usize;
        for claim in topics {
            match known.find(claim.topic) {
                Some(name) => owners.named.push((name, laying.copy_part(claim))),
                None if owners.unnamed.len() < known.max_unnamed() => {
                    owners.unnamed.push(claim.topic, &laying.copy_part(claim))
                }
                None => cut = cut.saturating_add(1),
            }
        }
        owners.unnamed.shrink();
        owners.list = laying.list.into();
        (owners.measured(), cut)
    }

    /// Looks up topics again that the metadata did not name. Returns the new owners and the number of topics that were
    /// not kept. `None` if nothing changes.
    ///
    /// No two topics may share a part.
    pub fn resolved(&self, known: TopicLookup<'_>) -> Option<(Self, usize)> {
        let found: Vec<_> = self.unnamed.iter().map(|(name, _)| known.find(name)).collect();
        let missing = found.iter().filter(|name| name.is_none()).count();
        let cut = missing.saturating_sub(known.max_unnamed());
        if missing == found.len() && cut == 0 {
            return None;
        }
        let mut owners = self.without_unnamed();
        for ((topic, part), name) in self.unnamed.iter().zip(found) {
            match name {
                Some(name) => owners.named.push((name, part)),
                None if owners.unnamed.len() < known.max_unnamed() => owners.unnamed.push(topic, &part),
                None => {}
            }
        }
        owners.named.sort_by(|(one, _), (other, _)| one.label.name().cmp(&other.label.name()));
        owners.unnamed.shrink();
        if cut > 0 {
            owners.compact();
        }
        Some((owners.measured(), cut))
    }

    /// Returns the owners without a topic. `None` if the topic is not among those that the metadata names.
    pub fn without(&self, topic: Name<'_>) -> Option<Self> {
        let place = self.index_of(topic)?;
        let mut owners = self.without_unnamed();
        owners.named.remove(place);
        self.unnamed.iter().for_each(|(name, part)| owners.unnamed.push(name, &part));
        owners.unnamed.shrink();
        Some(owners.measured())
    }

    /// The memory that it takes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn measured(mut self) -> Self {
        let members = self.members.iter().map(Member::heap_bytes).fold(0, usize::saturating_add);
        let parts = [
            allocation::allocation(size_of::<Self>().saturating_add(COUNTS)),
            allocation::list::<Member>(self.members.len()),
            members,
            allocation::list::<PartitionOwner>(self.list.len()),
            allocation::list::<(Arc<TopicName>, Range<usize>)>(self.named.capacity()),
            self.unnamed.heap_bytes(),
        ];
        self.bytes = parts.into_iter().fold(0, usize::saturating_add);
        self
    }

    fn without_unnamed(&self) -> Self {
        let Self { members, list, named, .. } = self;
        Self {
            members: Arc::clone(members),
            list: Arc::clone(list),
            named: named.clone(),
            unnamed: NamedRanges::default(),
            bytes: 0,
        }
    }

    /// Frees the parts of the list that belong to no topic any more.
    fn compact(&mut self) {
        let mut list = Vec::new();
        let mut lay = |part: &Range<usize>| {
            let start = list.len();
            list.extend_from_slice(part_of(&self.list, part));
            start..list.len()
        };
        self.named.iter_mut().for_each(|(_, part)| *part = lay(part));
        let mut unnamed = NamedRanges::default();
        self.unnamed.iter().for_each(|(name, part)| unnamed.push(name, &lay(&part)));
        unnamed.shrink();
        (self.unnamed, self.list) = (unnamed, list.into());
    }

    /// Whether it has topics that the metadata does not name.
    pub const fn has_unnamed(&self) -> bool {
        self.unnamed.len() > 0
    }

    /// Topics that the metadata has named, sorted by name, with their assigned partitions.
    pub fn named(&self) -> impl Iterator<Item = (&Arc<TopicName>, TopicAssignment)> {
        self.named.iter().inspect(|_| work_counter::count(1)).map(|(name, part)| (name, self.assignment(part.clone())))
    }

    pub const fn has_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// The topic of this name, if the metadata has named it, with its assigned partitions.
    pub fn assignment_of(&self, topic: Name<'_>) -> Option<(&Arc<TopicName>, TopicAssignment)> {
        let (name, part) = self.named.get(self.index_of(topic)?)?;
        Some((name, self.assignment(part.clone())))
    }

    fn index_of(&self, topic: Name<'_>) -> Option<usize> {
        self.named.binary_search_by(|(name, _)| name.label.name().cmp(&topic)).ok()
    }

    /// The assigned partitions of a topic that the metadata has not named.
    pub fn assignment_of_unnamed(&self, topic: Name<'_>) -> TopicAssignment {
        self.unnamed.find(topic).map(|part| self.assignment(part)).unwrap_or_default()
    }

    fn assignment(&self, part: Range<usize>) -> TopicAssignment {
        TopicAssignment { list: Arc::clone(&self.list), part }
    }
}
