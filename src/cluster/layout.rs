//! Converts a metadata answer to what storage and the plan need. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::kafka::{ErrorCode, MetadataResponse, MetadataTopic};
use crate::model::{BrokerId, Partition, TopicId};
use crate::storage::{Broker, Metadata, PartitionMetadata, TopicMetadata};

/// All partitions, sorted by topic and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionLayout {
    topics: Vec<(Arc<str>, Option<TopicId>)>,
    partitions: Vec<LayoutPartition>,
    /// For each broker the indexes of the partitions that it leads.
    led: BTreeMap<BrokerId, Vec<usize>>,
}

/// One partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayoutPartition {
    topic: usize,
    pub(super) partition: Partition,
    pub(super) leader: Option<BrokerId>,
}

impl PartitionLayout {
    /// A layout without partitions.
    pub(super) const fn empty() -> Self {
        Self { topics: Vec::new(), partitions: Vec::new(), led: BTreeMap::new() }
    }

    /// Creates a layout from metadata whose topics are sorted. A topic without an id keeps the one it had before.
    pub(super) fn of(metadata: &Metadata, known: &KnownTopics) -> Self {
        let id = |topic: &TopicMetadata| topic.id.or_else(|| known.get(&topic.name)?.id);
        let topics = metadata.topics.iter().map(|topic| (Arc::from(topic.name.as_str()), id(topic))).collect();
        let seats: Vec<LayoutPartition> = metadata
            .topics
            .iter()
            .enumerate()
            .flat_map(|(topic, what)| {
                let numbers = (0..).map(Partition);
                what.partitions.iter().zip(numbers).map(move |(state, partition)| LayoutPartition {
                    topic,
                    partition,
                    leader: state.leader,
                })
            })
            .collect();
        let mut led: BTreeMap<BrokerId, Vec<usize>> = BTreeMap::new();
        for (place, leader) in seats.iter().enumerate().filter_map(|(place, seat)| Some((place, seat.leader?))) {
            led.entry(leader).or_default().push(place);
        }
        Self { topics, partitions: seats, led }
    }

    pub(super) fn partitions(&self) -> &[LayoutPartition] {
        &self.partitions
    }

    /// The brokers that lead at least one partition.
    pub(super) fn leaders(&self) -> impl Iterator<Item = BrokerId> {
        self.led.keys().copied()
    }

    /// The indexes of the partitions that a broker leads.
    pub(super) fn led_by(&self, leader: BrokerId) -> &[usize] {
        self.led.get(&leader).map(Vec::as_slice).unwrap_or_default()
    }

    /// The topic and number of the partition at an index.
    pub(super) fn topic_and_partition(&self, seat: usize) -> Option<(&str, Partition)> {
        let seat = self.partitions.get(seat)?;
        Some((&self.topics.get(seat.topic)?.0, seat.partition))
    }

    /// Whether the topic is in this layout.
    pub(super) fn contains(&self, topic: &str) -> bool {
        self.topics.binary_search_by(|(name, _)| (**name).cmp(topic)).is_ok()
    }

    /// The leader of a partition; `None` without a leader or for an unknown partition.
    pub(super) fn leader(&self, topic: &str, partition: Partition) -> Option<BrokerId> {
        let topic = self.topics.binary_search_by(|(name, _)| (**name).cmp(topic)).ok()?;
        let seat =
            self.partitions.binary_search_by_key(&(topic, partition), |seat| (seat.topic, seat.partition)).ok()?;
        self.partitions.get(seat)?.leader
    }

    fn id(&self, seat: usize) -> Option<TopicId> {
        self.topics.get(self.partitions.get(seat)?.topic)?.1
    }

    /// Whether two indexes mean the same partition of the same topic. A topic that was created again in between is
    /// another one.
    fn is_same(&self, seat: usize, newer: &Self, place: usize) -> bool {
        self.topic_and_partition(seat) == newer.topic_and_partition(place)
            && !matches!((self.id(seat), newer.id(place)), (Some(old), Some(new)) if old != new)
    }

    /// For each partition of `self` its index in `newer`; `None` if it no longer exists.
    pub(super) fn indexes_in(&self, newer: &Self) -> Vec<Option<usize>> {
        let mut next = 0;
        (0..self.partitions.len())
            .map(|old| {
                let wanted = self.topic_and_partition(old)?;
                while newer.topic_and_partition(next).is_some_and(|there| there < wanted) {
                    next += 1;
                }
                self.is_same(old, newer, next).then_some(next)
            })
            .collect()
    }
}

/// The topics of the last answer, for an answer that names a topic without its partitions.
pub(super) type KnownTopics = BTreeMap<String, TopicMetadata>;

/// Returns what the next answer may need to fall back on.
pub(super) fn known_topics(metadata: &Metadata, known: &KnownTopics) -> KnownTopics {
    let id = |topic: &TopicMetadata| topic.id.or_else(|| known.get(&topic.name)?.id);
    let topics = metadata.topics.iter();
    topics.map(|topic| (topic.name.clone(), TopicMetadata { id: id(topic), ..topic.clone() })).collect()
}

/// Whether the error means that the topic does not exist or may not be read.
const fn is_absent(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INVALID_TOPIC
            | ErrorCode::TOPIC_AUTHORIZATION_FAILED
    )
}

/// Converts an answer to metadata. Its topics are sorted by name.
pub(super) fn to_metadata(view: &MetadataResponse, known: &KnownTopics) -> Metadata {
    let brokers = view.brokers.iter().map(|broker| Broker { id: broker.id, address: broker.address() }).collect();
    let mut topics: Vec<TopicMetadata> = view
        .topics
        .iter()
        .filter(|topic| !topic.error.is_some_and(is_absent))
        .map(|topic| TopicMetadata {
            name: topic.name.clone(),
            id: None,
            partitions: partitions(topic, known.get(&topic.name)),
        })
        .collect();
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    topics.dedup_by(|one, other| one.name == other.name);
    Metadata { brokers, topics }
}

/// Sets the topic ids that were just read.
pub(super) fn set_topic_ids(metadata: &mut Metadata, ids: &HashMap<String, TopicId>) {
    for topic in &mut metadata.topics {
        if let Some(id) = ids.get(&topic.name) {
            topic.id = Some(*id);
        }
    }
}

/// The partitions by number. A topic that is named with an error and without partitions keeps its known partitions,
/// without leaders.
fn partitions(topic: &MetadataTopic, known: Option<&TopicMetadata>) -> Vec<PartitionMetadata> {
    if topic.error.is_some() && topic.partitions.is_empty() {
        let before = known.map(|known| known.partitions.as_slice()).unwrap_or_default();
        return before.iter().map(|partition| PartitionMetadata { leader: None, ..partition.clone() }).collect();
    }
    // Numbers run from 0 without a gap. A number that does not fit is dropped, because its place would have to be
    // invented.
    let mut numbered =
        vec![PartitionMetadata { leader: None, replicas: Vec::new(), in_sync: 0 }; topic.partitions.len()];
    for partition in &topic.partitions {
        let place = usize::try_from(partition.id.0).ok().and_then(|number| numbered.get_mut(number));
        if let Some(place) = place {
            *place = PartitionMetadata {
                leader: partition.leader,
                replicas: partition.replicas.clone(),
                in_sync: partition.in_sync,
            };
        }
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{MetadataBroker, MetadataPartition};

    fn partition(id: i32, leader: Option<i32>) -> MetadataPartition {
        let leader = leader.map(BrokerId);
        MetadataPartition { id: Partition(id), leader, replicas: vec![BrokerId(1), BrokerId(2)], in_sync: 1 }
    }

    fn topic(name: &str, error: Option<ErrorCode>, partitions: Vec<MetadataPartition>) -> MetadataTopic {
        MetadataTopic { name: name.to_owned(), error, partitions }
    }

    fn view(topics: Vec<MetadataTopic>) -> MetadataResponse {
        let broker = |id, host: &str| MetadataBroker { id: BrokerId(id), host: host.to_owned(), port: 9092 };
        MetadataResponse {
            answered: None,
            brokers: vec![broker(1, "b1"), broker(2, "::1")],
            topics,
            has_nameless: false,
        }
    }

    fn names(metadata: &Metadata) -> Vec<&str> {
        metadata.topics.iter().map(|topic| topic.name.as_str()).collect()
    }

    #[test]
    fn topics_are_sorted_and_partitions_numbered() {
        let metadata = to_metadata(
            &view(vec![topic("b", None, vec![partition(1, None), partition(0, Some(2))]), topic("a", None, vec![])]),
            &KnownTopics::new(),
        );
        assert_eq!(names(&metadata), ["a", "b"]);
        let leaders: Vec<_> = metadata.topics[1].partitions.iter().map(|partition| partition.leader).collect();
        assert_eq!(leaders, [Some(BrokerId(2)), None]);
        assert_eq!(metadata.brokers[1], Broker { id: BrokerId(2), address: "[::1]:9092".to_owned() });
    }

    #[test]
    fn a_topic_that_is_gone_or_forbidden_is_not_named() {
        let codes = [ErrorCode::UNKNOWN_TOPIC_OR_PART, ErrorCode::TOPIC_AUTHORIZATION_FAILED, ErrorCode::INVALID_TOPIC];
        let topics = codes.iter().map(|code| topic("t", Some(*code), vec![])).collect();
        assert_eq!(names(&to_metadata(&view(topics), &KnownTopics::new())), [""; 0]);
    }

    #[test]
    fn a_topic_without_a_leader_keeps_its_partitions() {
        let first = to_metadata(
            &view(vec![topic("t", None, vec![partition(0, Some(1)), partition(1, Some(2))])]),
            &KnownTopics::new(),
        );
        let known: KnownTopics = first.topics.iter().map(|topic| (topic.name.clone(), topic.clone())).collect();
        let second = to_metadata(&view(vec![topic("t", Some(ErrorCode::LEADER_NOT_AVAILABLE), vec![])]), &known);
        let leaders: Vec<_> = second.topics[0].partitions.iter().map(|partition| partition.leader).collect();
        assert_eq!(leaders, [None, None]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_left_out() {
        let metadata = to_metadata(
            &view(vec![topic("t", None, vec![partition(i32::MAX, Some(1)), partition(-1, None)])]),
            &KnownTopics::new(),
        );
        assert_eq!(metadata.topics[0].partitions.len(), 2);
        assert_eq!(metadata.topics[0].partitions[0].leader, None);
    }

    #[test]
    fn partitions_are_found_again_in_a_newer_layout() {
        let layout =
            |topics| PartitionLayout::of(&to_metadata(&view(topics), &KnownTopics::new()), &KnownTopics::new());
        let two = || vec![partition(0, Some(1)), partition(1, Some(1))];
        let old = layout(vec![topic("a", None, two()), topic("c", None, two())]);
        let new = layout(vec![topic("b", None, two()), topic("c", None, vec![partition(0, Some(1))])]);
        assert_eq!(old.indexes_in(&new), [None, None, Some(2), None]);
        assert_eq!(new.topic_and_partition(2), Some(("c", Partition(0))));
        assert_eq!(old.leader("c", Partition(1)), Some(BrokerId(1)));
        assert_eq!((new.leader("c", Partition(1)), new.leader("d", Partition(0))), (None, None));
    }
}
