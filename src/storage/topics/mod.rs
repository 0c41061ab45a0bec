//! Topics of one cluster, from metadata and from refreshes of log ends.

pub(crate) mod list_offsets;
pub(crate) mod log_ends;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod partition;
pub(crate) mod time_index;

use std::sync::Arc;

use hashbrown::HashMap;

use crate::lag::OffsetBounds;
use crate::model::{Partition, Timestamp, TopicId};

use crate::storage::lists::allocation;
use crate::storage::topics::list_offsets::{LogBounds, TimeLookupAnswer};
use crate::storage::topics::metadata::{Broker, ClusterFacts, TopicMetadata};
use crate::storage::topics::names::{COUNTS, TopicKey, TopicName};
use crate::storage::topics::partition::{LogEndRefresh, PartitionState};

/// Number of metadata refreshes in a row without a topic after which it is hidden (docs/src/reference/storage-rules.md,
/// Topics that the metadata does not name).
const UNNAMED_REFRESHES: u8 = 2;

/// All topics at one moment. Readers keep it while they read. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    /// Live brokers, sorted by id. `None` before the first metadata, and while the metadata is too old.
    pub brokers: Option<Arc<[Broker]>>,
    /// Facts that the cluster reports beside its metadata.
    pub facts: Arc<ClusterFacts>,
    /// By [`TopicName::index`].
    list: Vec<Option<Arc<Topic>>>,
    /// By topic id, the index in `list`.
    ids: HashMap<TopicId, usize>,
    /// Whether the metadata is too old to be shown.
    is_outdated: bool,
}

/// A topic.
///
/// When the metadata does not name it, its partitions have no leaders, log starts and log ends.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The name.
    pub name: Arc<TopicName>,
    /// The partitions. The index is the partition's number.
    pub partitions: Vec<PartitionState>,
    pub(crate) id: Option<TopicId>,
    unnamed_refreshes: u8,
    /// Whether any metadata has named it.
    was_named: bool,
    /// When the metadata last named it.
    named_at: Timestamp,
    /// The time up to which the name belonged to an older topic. Commits up to it are not to this topic.
    previous_until: Option<Timestamp>,
}

impl Topics {
    /// The topic of this name, if any metadata has been read since the name is known.
    #[must_use]
    pub fn get(&self, name: &TopicName) -> Option<&Topic> {
        self.list.get(name.index)?.as_deref()
    }

    /// Topics that the newest metadata names, in no particular order.
    pub fn named(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.list.iter().flatten().filter(|topic| topic.unnamed_refreshes == 0 && !self.is_outdated)
    }

    /// The name of the topic that has this id, by the newest metadata that gives an id for the topic.
    #[must_use]
    pub fn name_by_id(&self, id: TopicId) -> Option<Arc<TopicName>> {
        self.name_ref_by_id(id).cloned()
    }

    pub(crate) fn name_ref_by_id(&self, id: TopicId) -> Option<&Arc<TopicName>> {
        let topic = self.list.get(*self.ids.get(&id)?)?.as_ref()?;
        (topic.id == Some(id)).then_some(&topic.name)
    }

    /// Whether a topic is hidden: two refreshes in a row did not name it.
    #[must_use]
    pub fn is_hidden(&self, name: &TopicName) -> bool {
        self.get(name).is_some_and(|topic| topic.unnamed_refreshes >= UNNAMED_REFRESHES)
    }

    /// Topics that the newest metadata does not name, in no particular order.
    pub fn unnamed(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.list.iter().flatten().filter(|topic| topic.unnamed_refreshes > 0)
    }

    /// Whether the topic exists: the metadata has named it, and since then has not left it out twice in a row.
    pub(crate) fn exists(&self, name: &TopicName) -> bool {
        let topic = self.get(name).filter(|topic| topic.name.key() == name.key());
        topic.is_some_and(|topic| topic.was_named && topic.unnamed_refreshes < UNNAMED_REFRESHES)
    }

    /// Log start and log end of a partition, each if known.
    #[must_use]
    pub fn bounds(&self, name: &TopicName, partition: Partition) -> OffsetBounds {
        self.partition(name, partition).map_or_else(OffsetBounds::default, |state| state.bounds)
    }

    /// The time up to which the name belonged to an older topic, if it ever did.
    #[must_use]
    pub fn previous_until(&self, name: &TopicName) -> Option<Timestamp> {
        self.get(name)?.previous_until
    }

    pub(crate) fn partition(&self, name: &TopicName, partition: Partition) -> Option<&PartitionState> {
        self.get(name)?.state(partition)
    }

    /// Applies a topic of a metadata answer that was requested at `at`.
    ///
    /// If the name has come back under another id, returns the time at which the old topic was last known to exist.
    pub(crate) fn apply_topic(
        &mut self,
        name: Arc<TopicName>,
        found: &TopicMetadata,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let topic = self.topic(name);
        let changed = matches!((topic.id, found.id), (Some(old), Some(new)) if old != new);
        let old_until = changed.then_some(topic.named_at);
        if changed {
            topic.partitions.clear();
            topic.previous_until = old_until;
        }
        // An answer without the id may already be about a newer topic.
        if found.id.is_some() || topic.id.is_none() {
            topic.named_at = at;
        }
        topic.id = found.id.or(topic.id);
        topic.unnamed_refreshes = 0;
        topic.was_named = true;
        topic.partitions.resize_with(found.partitions.len(), PartitionState::default);
        for (state, metadata) in topic.partitions.iter_mut().zip(&found.partitions) {
            state.apply_metadata(metadata);
        }
        topic.partitions.shrink_to_fit();
        let (id, index) = (topic.id, topic.name.index);
        if let Some(id) = id {
            self.ids.insert(id, index);
        }
        old_until
    }

    /// Notes that a metadata answer does not name a topic. Its leaders, log starts and log ends become unknown.
    pub(crate) fn record_unnamed(&mut self, name: Arc<TopicName>) {
        let topic = self.topic(name);
        topic.unnamed_refreshes = topic.unnamed_refreshes.saturating_add(1).min(UNNAMED_REFRESHES);
        for state in &mut topic.partitions {
            state.bounds = OffsetBounds::default();
            state.leader = None;
        }
    }

    /// Hides a topic that is no longer kept. Its leaders, log starts and log ends become unknown.
    pub(crate) fn hide(&mut self, name: &Arc<TopicName>) {
        if self.get(name).is_some() {
            (0..UNNAMED_REFRESHES).for_each(|_| self.record_unnamed(Arc::clone(name)));
        }
    }

    /// Sets the brokers of a metadata answer, before its topics are applied.
    pub(crate) fn set_brokers(&mut self, brokers: Vec<Broker>) {
        self.brokers = Some(brokers.into());
        self.is_outdated = false;
    }

    /// Makes unknown what the metadata said, because no broker has answered for long.
    pub(crate) fn forget_metadata(&mut self) {
        self.brokers = None;
        self.facts = Arc::default();
        self.is_outdated = true;
    }

    /// Removes hidden topics for which `gone` holds. Their names can be freed then.
    pub(crate) fn remove_hidden(&mut self, gone: impl Fn(&Topic) -> bool) {
        for place in &mut self.list {
            if place.as_ref().is_some_and(|topic| topic.unnamed_refreshes >= UNNAMED_REFRESHES && gone(topic)) {
                *place = None;
            }
        }
        let Self { list, ids, .. } = self;
        ids.retain(|id, index| list.get(*index).and_then(Option::as_deref).is_some_and(|topic| topic.id == Some(*id)));
    }

    /// Applies the log start and log end of one partition.
    ///
    /// If a topic without an id was created again, as a log end below the last one shows, returns the time at which the
    /// old topic was last read.
    pub(crate) fn apply_bounds(
        &mut self,
        name: &TopicName,
        found: &LogBounds<'_>,
        read: LogEndRefresh,
    ) -> Option<Timestamp> {
        let topic = Arc::make_mut(self.list.get_mut(name.index)?.as_mut()?);
        let has_id = topic.id.is_some();
        let Topic { partitions, previous_until: since, .. } = topic;
        let state = partitions.get_mut(usize::try_from(found.partition.0).ok()?)?;
        let old_until = state.last_read_if_shrunk(found).filter(|_| !has_id);
        if old_until.is_some() {
            state.forget_log();
        }
        state.apply_bounds(found, read);
        *since = old_until.or(*since);
        old_until
    }

    /// Applies the answer to a time lookup, unless the topic was created again since.
    pub(crate) fn apply_time_answer(&mut self, found: &TimeLookupAnswer, now: Timestamp) {
        let Some(Some(topic)) = self.list.get_mut(found.topic.index) else { return };
        let topic = Arc::make_mut(topic);
        let place = usize::try_from(found.partition.0).ok();
        if topic.id == found.id
            && let Some(state) = place.and_then(|place| topic.partitions.get_mut(place))
        {
            state.apply_time_answer(&found.answer, now);
        }
    }

    /// Thins the time indexes that are too large, except those for which `keep` returns true.
    pub(crate) fn thin_time_indexes(&mut self, keep: impl Fn(TopicKey, Partition) -> bool, now: Timestamp) {
        for topic in self.list.iter_mut().flatten() {
            let thinned = |number: i32, state: &PartitionState| {
                state.is_index_full() && !keep(topic.name.key(), Partition(number))
            };
            let full: Vec<usize> = (0..)
                .zip(&topic.partitions)
                .enumerate()
                .filter(|(_, (number, state))| thinned(*number, state))
                .map(|(place, _)| place)
                .collect();
            if full.is_empty() {
                continue;
            }
            let topic = Arc::make_mut(topic);
            for place in full {
                if let Some(state) = topic.partitions.get_mut(place) {
                    state.thin(now);
                }
            }
        }
    }

    /// The memory of the topics.
    pub(crate) fn heap_bytes(&self) -> usize {
        let add = usize::saturating_add;
        let topic = |topic: &Arc<Topic>| {
            let states = topic.partitions.iter().map(PartitionState::heap_bytes);
            let own = allocation::allocation(size_of::<Topic>().saturating_add(COUNTS));
            states.fold(own.saturating_add(allocation::list::<PartitionState>(topic.partitions.capacity())), add)
        };
        let ids = allocation::map_entries::<TopicId, usize>(self.ids.len());
        let lists = ids.saturating_add(allocation::list::<Option<Arc<Topic>>>(self.list.capacity()));
        self.list.iter().flatten().map(topic).fold(lists, add)
    }

    fn topic(&mut self, name: Arc<TopicName>) -> &mut Topic {
        if self.list.len() <= name.index {
            self.list.resize_with(name.index.saturating_add(1), || None);
        }
        let fresh = || Topic {
            name: Arc::clone(&name),
            partitions: Vec::new(),
            id: None,
            unnamed_refreshes: 0,
            was_named: false,
            named_at: Timestamp(i64::MIN),
            previous_until: None,
        };
        #[expect(clippy::indexing_slicing, reason = "the vector was made long enough just above")]
        Arc::make_mut(self.list[name.index].get_or_insert_with(|| Arc::new(fresh())))
    }
}

impl Topic {
    /// The partition of this number.
    #[must_use]
    pub fn state(&self, partition: Partition) -> Option<&PartitionState> {
        self.partitions.get(usize::try_from(partition.0).ok()?)
    }

    /// Whether the newest metadata names it.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.unnamed_refreshes == 0
    }
}

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
