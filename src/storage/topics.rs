//! Topics of one cluster: what the metadata and the log-end refreshes tell.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::lag::Bounds;
use crate::model::{BrokerId, Offset, Partition, Timestamp, TopicId};

use super::log_ends::LogEnds;
use super::names::TopicName;
use super::update::{Broker, LogBounds, PartitionMetadata, TopicMetadata};

/// After how many refreshes without an answer a log end is not known any more (METRICS.md, rule 2).
const FAILED_REFRESHES: u8 = 3;
/// How many metadata refreshes in a row must not name a topic until it is hidden (RULES.md).
const UNNAMED_REFRESHES: u8 = 2;

/// A picture of all topics, that readers hold on to while they read. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    /// Live brokers, by id; `None` before the first metadata.
    pub brokers: Option<Arc<[Broker]>>,
    slots: Vec<Option<Arc<Topic>>>,
    /// Whether the metadata is too old to be shown.
    lost: bool,
}

/// A topic. Only one that the newest metadata names has partitions.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: Arc<TopicName>,
    /// Its partitions, the index is the partition's number.
    pub partitions: Vec<PartitionState>,
    id: Option<TopicId>,
    unnamed: u8,
    /// When the metadata named it last.
    named_at: Timestamp,
    /// Until when the name stood for an older topic: commits up to then are not this one's.
    since: Option<Timestamp>,
}

/// A partition of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionState {
    /// Log start and log end, as far as they are known.
    pub bounds: Bounds,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The preferred leader: the first of the replicas.
    pub preferred: Option<BrokerId>,
    /// How many replicas it has.
    pub replicas: usize,
    /// How many of them are in sync.
    pub in_sync: usize,
    /// The first log end that was read: it settles the lag of commits that came before it.
    first_end: Option<Offset>,
    /// The last log end that was read, kept when it is not known any more.
    last_end: Option<Offset>,
    last_read: Option<Timestamp>,
    ends: LogEnds,
    failures: u8,
    start_failures: u8,
}

impl Topics {
    /// The topic of a name, if any metadata has been seen since the name came up.
    #[must_use]
    pub fn get(&self, name: &TopicName) -> Option<&Topic> {
        self.slots.get(name.slot)?.as_deref()
    }

    /// Topics that the newest metadata names, in no order.
    pub fn named(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.slots.iter().flatten().filter(|topic| topic.unnamed == 0 && !self.lost)
    }

    /// Whether a topic stands on no page: two refreshes in a row did not name it.
    #[must_use]
    pub fn hides(&self, name: &TopicName) -> bool {
        self.get(name).is_some_and(|topic| topic.unnamed >= UNNAMED_REFRESHES)
    }

    /// What is known of a partition's log.
    #[must_use]
    pub fn bounds(&self, name: &TopicName, partition: Partition) -> Bounds {
        self.partition(name, partition).map_or_else(Bounds::default, |state| state.bounds)
    }

    /// Until when the name stood for an older topic, if it ever did.
    #[must_use]
    pub fn since(&self, name: &TopicName) -> Option<Timestamp> {
        self.get(name)?.since
    }

    fn partition(&self, name: &TopicName, partition: Partition) -> Option<&PartitionState> {
        self.get(name)?.partitions.get(usize::try_from(partition.0).ok()?)
    }

    /// Takes in that the metadata asked for at `at` names a topic. When the name has come back under
    /// another id, tells until when the old one is known to have been there.
    pub(super) fn name(&mut self, name: Arc<TopicName>, found: &TopicMetadata, at: Timestamp) -> Option<Timestamp> {
        let topic = self.topic(name);
        let changed = matches!((topic.id, found.id), (Some(old), Some(new)) if old != new);
        let old_until = changed.then_some(topic.named_at);
        if changed {
            topic.partitions.clear();
            topic.since = old_until;
        }
        // An answer that could not tell the id may be about a newer topic already.
        if found.id.is_some() || topic.id.is_none() {
            topic.named_at = at;
        }
        topic.id = found.id.or(topic.id);
        topic.unnamed = 0;
        topic.partitions.resize_with(found.partitions.len(), PartitionState::default);
        for (state, metadata) in topic.partitions.iter_mut().zip(&found.partitions) {
            state.describe(metadata);
        }
        topic.partitions.shrink_to_fit();
        old_until
    }

    /// Takes in that a metadata answer does not name a topic: its log ends are not known then.
    pub(super) fn unname(&mut self, name: Arc<TopicName>) {
        let topic = self.topic(name);
        topic.unnamed = topic.unnamed.saturating_add(1).min(UNNAMED_REFRESHES);
        for state in &mut topic.partitions {
            state.bounds = Bounds::default();
            state.leader = None;
        }
    }

    /// Takes in who the brokers are, from an answer that is about to be taken in.
    pub(super) fn begin(&mut self, brokers: Vec<Broker>) {
        self.brokers = Some(brokers.into());
        self.lost = false;
    }

    /// Nobody has answered for long: what the metadata said is not known any more.
    pub(super) fn forget_metadata(&mut self) {
        self.brokers = None;
        self.lost = true;
    }

    /// Drops the topics that only this picture still refers to; their names can then be swept.
    pub(super) fn forget(&mut self, gone: impl Fn(&Topic) -> bool) {
        for slot in &mut self.slots {
            if slot.as_ref().is_some_and(|topic| topic.unnamed >= UNNAMED_REFRESHES && gone(topic)) {
                *slot = None;
            }
        }
    }

    /// Takes in what a refresh tells of one partition. When the log end shows that a topic without an id
    /// was created anew (it lies below the last one seen), tells when the old one was read last. `keep` is how many
    /// log ends are kept.
    pub(super) fn bound(
        &mut self,
        name: &TopicName,
        found: &LogBounds<'_>,
        at: Timestamp,
        keep: NonZeroUsize,
    ) -> Option<Timestamp> {
        let topic = Arc::make_mut(self.slots.get_mut(name.slot)?.as_mut()?);
        let has_id = topic.id.is_some();
        let Topic { partitions, since, .. } = topic;
        let state = partitions.get_mut(usize::try_from(found.partition.0).ok()?)?;
        let shrunk = matches!((found.end, state.last_end), (Some(new), Some(old)) if new < old);
        let old_until = state.last_read.filter(|_| shrunk && !has_id);
        if old_until.is_some() {
            state.forget_ends();
        }
        state.refresh(found, at, keep);
        *since = old_until.or(*since);
        old_until
    }

    fn topic(&mut self, name: Arc<TopicName>) -> &mut Topic {
        if self.slots.len() <= name.slot {
            self.slots.resize_with(name.slot.saturating_add(1), || None);
        }
        let fresh = || Topic {
            name: Arc::clone(&name),
            partitions: Vec::new(),
            id: None,
            unnamed: 0,
            named_at: Timestamp(i64::MIN),
            since: None,
        };
        #[expect(clippy::indexing_slicing, reason = "the vector was made long enough just above")]
        Arc::make_mut(self.slots[name.slot].get_or_insert_with(|| Arc::new(fresh())))
    }
}

impl Topic {
    /// Whether the newest metadata names it.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.unnamed == 0
    }
}

impl PartitionState {
    fn describe(&mut self, metadata: &PartitionMetadata) {
        self.leader = metadata.leader;
        self.preferred = metadata.replicas.first().copied();
        self.replicas = metadata.replicas.len();
        self.in_sync = metadata.in_sync;
    }

    /// The log ends of the last refreshes that read one, in no order.
    pub(super) fn ends(&self) -> &[Offset] {
        self.ends.as_slice()
    }

    /// The first log end that was read.
    pub(super) const fn first_end(&self) -> Option<Offset> {
        self.first_end
    }

    /// The log is another one now, of the same name.
    fn forget_ends(&mut self) {
        (self.first_end, self.ends) = (None, LogEnds::default());
    }

    fn refresh(&mut self, found: &LogBounds<'_>, at: Timestamp, keep: NonZeroUsize) {
        let Some(end) = found.end else {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= FAILED_REFRESHES {
                self.bounds = Bounds::default();
            }
            return;
        };
        self.failures = 0;
        self.start_failures = if found.start.is_some() { 0 } else { self.start_failures.saturating_add(1) };
        let held = self.bounds.start.filter(|_| self.start_failures < FAILED_REFRESHES);
        self.bounds = Bounds { start: found.start.or(held), end: Some(end) };
        self.first_end = self.first_end.or(Some(end));
        (self.last_end, self.last_read) = (Some(end), Some(at));
        self.ends.push(end, keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Name;
    use crate::storage::names::TopicNames;

    const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    fn ends(topics: &Topics, name: &TopicName) -> Vec<i64> {
        let mut ends: Vec<_> = topics.partition(name, Partition(0)).unwrap().ends().iter().map(|end| end.0).collect();
        ends.sort_unstable();
        ends
    }

    fn first_end(topics: &Topics, name: &TopicName) -> Option<Offset> {
        topics.partition(name, Partition(0)).unwrap().first_end()
    }

    fn found(partitions: usize, id: u128) -> TopicMetadata {
        let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
        TopicMetadata { name: "t".into(), id: Some(TopicId(id)), partitions: vec![partition; partitions] }
    }

    fn end(end: Option<i64>) -> LogBounds<'static> {
        LogBounds { topic: "t", partition: Partition(0), start: end.map(|_| Offset(0)), end: end.map(Offset) }
    }

    #[test]
    fn a_log_end_that_fails_three_times_is_not_known() {
        let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
        topics.name(Arc::clone(&name), &found(1, 7), Timestamp(0));
        topics.bound(&name, &end(Some(9)), Timestamp(1), TWO);
        for known in [Some(Offset(9)), Some(Offset(9)), None, None] {
            topics.bound(&name, &end(None), Timestamp(2), TWO);
            assert_eq!(topics.bounds(&name, Partition(0)).end, known);
        }
        topics.bound(&name, &end(Some(12)), Timestamp(3), TWO);
        assert_eq!(topics.bounds(&name, Partition(0)).end, Some(Offset(12)));
        assert_eq!(first_end(&topics, &name), Some(Offset(9)));
    }

    #[test]
    fn a_topic_is_hidden_after_two_refreshes_and_comes_back_as_it_was() {
        let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
        assert!(!topics.hides(&name));
        topics.name(Arc::clone(&name), &found(1, 7), Timestamp(5));
        topics.unname(Arc::clone(&name));
        assert!(!topics.hides(&name) && topics.named().count() == 0);
        topics.unname(Arc::clone(&name));
        assert!(topics.hides(&name));
        assert_eq!(topics.name(Arc::clone(&name), &found(1, 7), Timestamp(9)), None);
        assert!(!topics.hides(&name));
        assert_eq!(topics.name(Arc::clone(&name), &found(1, 8), Timestamp(11)), Some(Timestamp(9)));
    }

    #[test]
    fn without_ids_a_shrunken_log_is_a_new_topic() {
        let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
        topics.name(Arc::clone(&name), &TopicMetadata { id: None, ..found(1, 0) }, Timestamp(0));
        assert_eq!(topics.bound(&name, &end(Some(9)), Timestamp(1), TWO), None);
        assert_eq!(topics.bound(&name, &end(Some(4)), Timestamp(2), TWO), Some(Timestamp(1)));
        assert_eq!((ends(&topics, &name), first_end(&topics, &name)), (vec![4], Some(Offset(4))));
    }

    #[test]
    fn the_last_log_ends_are_kept_and_a_refresh_that_fails_adds_none() {
        let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
        topics.name(Arc::clone(&name), &found(1, 7), Timestamp(0));
        for (found, held) in [(Some(5), vec![5]), (Some(9), vec![5, 9]), (None, vec![5, 9]), (Some(9), vec![9, 9])] {
            topics.bound(&name, &end(found), Timestamp(1), TWO);
            assert_eq!(ends(&topics, &name), held);
        }
        topics.name(Arc::clone(&name), &found(1, 7), Timestamp(2));
        assert_eq!(ends(&topics, &name), [9, 9]);
        topics.name(Arc::clone(&name), &found(1, 8), Timestamp(3));
        assert_eq!(ends(&topics, &name), [0; 0], "created anew");
    }
}
