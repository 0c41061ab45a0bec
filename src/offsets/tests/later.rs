//! Any record of a group that is not classic, and of `__share_group_state`, is decoded to what was encoded.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::bytes::list::ListItem;
use super::super::encode::{self, EncodedItems};
use super::super::share_state::{
    self as state, DeliveryState, SharePartition, ShareStateSnapshot, ShareStateUpdate, StateBatch,
};
use super::super::{
    AssignedItems, ClassicMember, ClassicProtocol, CopartitionGroup, CurrentAssignment, DeletedTopic, Endpoint, Epoch,
    GroupProtocol, InternalTopic, Key, KeyValue, MatchedTopics, MemberDetails, MemberKey, MemberMetadata, MemberState,
    Owned, OwnedItems, PartitionRacks, Record, RecordList, StatePartitions, StateTopic, StreamsTasks, SubscribedTopic,
    Subtopology, SubtopologyTasks, TargetEpoch, TopicPartitions, Topology, key,
};
use super::text;
use crate::model::{Name, Offset, Partition, Timestamp, TopicId};

const KINDS: [GroupProtocol; 3] = [GroupProtocol::Consumer, GroupProtocol::Share, GroupProtocol::Streams];

/// The parts that records are made of. Each record uses those that it needs.
#[derive(Clone, Debug)]
struct Parts {
    texts: Vec<Vec<u8>>,
    options: Vec<Option<Vec<u8>>>,
    numbers: Vec<i32>,
    longs: Vec<i64>,
    byte: i8,
    port: u16,
    hash: Option<i64>,
    count: Option<i32>,
    id: u128,
    partitions: Vec<Partition>,
}

fn parts() -> impl Strategy<Value = Parts> {
    (
        (vec(text(), 1..4), vec(option::of(text()), 4)),
        (vec(any::<i32>(), 4), vec(any::<i64>(), 3), any::<i8>(), any::<u16>()),
        (option::of(any::<i64>()), option::of(0..=i32::MAX), any::<u128>()),
        vec((0..=i32::MAX).prop_map(Partition), 0..4),
    )
        .prop_map(|((texts, options), (numbers, longs, byte, port), (hash, count, id), partitions)| Parts {
            texts,
            options,
            numbers,
            longs,
            byte,
            port,
            hash,
            count,
            id,
            partitions,
        })
}

/// One result of `item` for each text, but none if the first text is empty.
fn items<'a, T: encode::EncodeItem>(parts: &'a Parts, item: impl Fn(Name<'a>) -> T) -> EncodedItems {
    let count = if parts.texts[0].is_empty() { 0 } else { parts.texts.len() };
    let all: Vec<T> = parts.texts.iter().take(count).map(|text| item(Name(text))).collect();
    encode::items(&all).unwrap()
}

/// Checks that `value` is decoded to `record`, and no value to `tombstone`.
fn comes_back(of: Key<'_>, value: &[u8], record: Record<'_>, tombstone: Record<'_>) {
    let bytes = encode::key(&of).unwrap();
    let read = key(&bytes).unwrap();
    assert_eq!((read, read.record_type(), read.group()), (of, of.record_type(), of.group()));
    assert_eq!(read.value(Some(value)), Ok(record));
    assert_eq!(read.value(None), Ok(tombstone));
}

fn group(parts: &Parts) -> Name<'_> {
    Name(&parts.texts[0])
}

fn member(kind: GroupProtocol, parts: &Parts) -> MemberKey<'_> {
    MemberKey { kind, group: group(parts), member: Name(&parts.texts[parts.texts.len() - 1]) }
}

fn option(parts: &Parts, place: usize) -> Option<Name<'_>> {
    parts.options[place].as_deref().map(Name)
}

fn epochs(parts: &Parts) {
    let group = group(parts);
    for kind in KINDS {
        let epoch = Epoch {
            epoch: parts.numbers[0],
            metadata_hash: parts.hash.or((kind == GroupProtocol::Streams).then_some(0)),
            validated_topology_epoch: parts.count.filter(|_| kind == GroupProtocol::Streams),
            stored_description_epoch: parts.hash.filter(|_| kind == GroupProtocol::Streams).map(|_| parts.numbers[2]),
            failed_description_epoch: parts.count.filter(|_| kind == GroupProtocol::Streams),
        };
        let (record, gone) = (Record::Epoch { kind, group, epoch }, Record::EpochTombstone { kind, group });
        comes_back(Key::Epoch { kind, group }, &encode::epoch_value(kind, &epoch), record, gone);

        let target = |target| Record::TargetEpoch { kind, group, target };
        let timestamp = Some(Timestamp(parts.longs[0])).filter(|time| time.0 > 0);
        let read = TargetEpoch { epoch: parts.numbers[1], timestamp };
        let value = encode::target_epoch_value(&read);
        comes_back(Key::TargetEpoch { kind, group }, &value, target(Some(read)), target(None));
    }
}

fn members(parts: &Parts) {
    let names = items(parts, |name| name);
    let pairs = items(parts, |name| KeyValue { key: name, value: group(parts) });
    let protocols = items(parts, |name| ClassicProtocol { name, metadata: name.0 });
    let classic = ClassicMember { session_timeout: parts.numbers[2], protocols: protocols.list() };
    for kind in KINDS {
        let details = match kind {
            GroupProtocol::Consumer => MemberDetails::Consumer {
                topics: names.list(),
                regex: option(parts, 2),
                rebalance_timeout: parts.numbers[0],
                assignor: option(parts, 3),
                classic: parts.hash.map(|_| classic),
            },
            GroupProtocol::Share => MemberDetails::Share { topics: names.list() },
            GroupProtocol::Streams => MemberDetails::Streams {
                rebalance_timeout: parts.numbers[0],
                topology_epoch: parts.numbers[1],
                process_id: Name(&parts.texts[0]),
                endpoint: option(parts, 2).map(|host| Endpoint { host, port: parts.port }),
                tags: pairs.list(),
            },
        };
        let metadata = MemberMetadata {
            instance_id: option(parts, 0).filter(|_| kind != GroupProtocol::Share),
            rack_id: option(parts, 1),
            client_id: Name(&parts.texts[0]),
            client_host: group(parts),
            details,
        };
        let of = member(kind, parts);
        let record = |metadata| Record::Member { of, metadata };
        comes_back(Key::Member(of), &encode::member_value(&metadata).unwrap(), record(Some(metadata)), record(None));
    }
}

fn state_of(kind: GroupProtocol, number: i8) -> MemberState {
    match (kind, number) {
        (GroupProtocol::Consumer | GroupProtocol::Share, 0) | (GroupProtocol::Streams, 1) => MemberState::Stable,
        (GroupProtocol::Consumer | GroupProtocol::Share, 1) | (GroupProtocol::Streams, 2) => MemberState::Unrevoked,
        (GroupProtocol::Consumer | GroupProtocol::Share, 2) | (GroupProtocol::Streams, 3) => MemberState::Unreleased,
        (_, other) => MemberState::Unknown(other),
    }
}

fn owned_tasks<'a, T: ListItem<'a>>(tasks: RecordList<'a, T>) -> StreamsTasks<'a, T> {
    StreamsTasks { active: tasks, standby: RecordList::empty(), warmup: tasks }
}

fn assignments(parts: &Parts) {
    let partitions = encode::items(&parts.partitions).unwrap();
    let topics = items(parts, |_| TopicPartitions { topic: TopicId(parts.id), partitions: partitions.list() });
    let tasks = items(parts, |subtopology| SubtopologyTasks { subtopology, partitions: partitions.list() });
    let numbers = encode::items(&parts.numbers).unwrap();
    let epochs = parts.count.map(|_| numbers.list());
    let owned_topics = items(parts, |_| Owned {
        item: TopicPartitions { topic: TopicId(parts.id), partitions: partitions.list() },
        epochs,
    });
    let owned_subtopologies = items(parts, |subtopology| Owned {
        item: SubtopologyTasks { subtopology, partitions: partitions.list() },
        epochs,
    });
    for kind in KINDS {
        let to = match kind {
            GroupProtocol::Consumer | GroupProtocol::Share => AssignedItems::Partitions(topics.list()),
            GroupProtocol::Streams => AssignedItems::Tasks(owned_tasks(tasks.list())),
        };
        let (owned, revoking) = match kind {
            GroupProtocol::Consumer => {
                (OwnedItems::Partitions(owned_topics.list()), OwnedItems::Partitions(owned_topics.list()))
            }
            GroupProtocol::Share => {
                (OwnedItems::SharePartitions(topics.list()), OwnedItems::SharePartitions(RecordList::empty()))
            }
            GroupProtocol::Streams => (
                OwnedItems::Tasks(owned_tasks(owned_subtopologies.list())),
                OwnedItems::Tasks(owned_tasks(RecordList::empty())),
            ),
        };
        let of = member(kind, parts);
        let target = |target| Record::Target { of, target };
        comes_back(Key::Target(of), &encode::target_value(&to).unwrap(), target(Some(to)), target(None));
        let (epoch, previous_epoch) = (parts.numbers[0], parts.numbers[1]);
        let has =
            CurrentAssignment { epoch, previous_epoch, state: state_of(kind, parts.byte), assigned: owned, revoking };
        let current = |current| Record::Current { of, current };
        comes_back(Key::Current(of), &encode::current_value(kind, &has).unwrap(), current(Some(has)), current(None));
    }
}

fn topics(parts: &Parts) {
    let group = group(parts);
    let names = items(parts, |name| name);
    let racks = items(parts, |_| PartitionRacks { partition: Partition(parts.port.into()), racks: names.list() });
    let topics = items(parts, |name| SubscribedTopic {
        id: TopicId(parts.id),
        name,
        partitions: parts.numbers[0],
        racks: racks.list(),
    });
    let known: RecordList<'_, SubscribedTopic<'_>> = topics.list();
    let record = |topics| Record::Topics { group, topics };
    comes_back(Key::Topics { group }, &encode::topics_value(&known).unwrap(), record(Some(known)), record(None));

    let expression = Name(&parts.texts[0]);
    let timestamp = Timestamp(parts.longs[1]);
    let matched = MatchedTopics { topics: names.list(), version: parts.longs[0], timestamp };
    let record = |matched| Record::Expression { group, expression, matched };
    let of = Key::Expression { group, expression };
    comes_back(of, &encode::matched_value(&matched).unwrap(), record(Some(matched)), record(None));

    let partitions = encode::items(&parts.partitions).unwrap();
    let states = items(parts, |name| StateTopic { id: TopicId(parts.id), name, partitions: partitions.list() });
    let gone = items(parts, |name| DeletedTopic { id: TopicId(parts.id), name });
    let states = StatePartitions { initializing: states.list(), initialized: states.list(), deleting: gone.list() };
    let record = |partitions| Record::StatePartitions { group, partitions };
    let of = Key::StatePartitions { group };
    comes_back(of, &encode::state_partitions_value(&states).unwrap(), record(Some(states)), record(None));
}

fn topologies(parts: &Parts) {
    let group = group(parts);
    let names = items(parts, |name| name);
    let pairs = items(parts, |name| KeyValue { key: name, value: group });
    let (partitions, replication_factor) = (parts.numbers[0], parts.byte.into());
    let internal = items(parts, |name| InternalTopic { name, partitions, replication_factor, configs: pairs.list() });
    let places = encode::items(&[0_i16, -1, parts.byte.into()]).unwrap();
    let together = items(parts, |_| CopartitionGroup {
        source_topics: places.list(),
        source_topic_regex: RecordList::empty(),
        repartition_source_topics: places.list(),
    });
    let subtopologies = items(parts, |id| Subtopology {
        id,
        source_topics: names.list(),
        source_topic_regex: names.list(),
        changelog_topics: internal.list(),
        repartition_sink_topics: names.list(),
        repartition_source_topics: internal.list(),
        copartition_groups: together.list(),
    });
    let topology = Topology { epoch: parts.numbers[1], subtopologies: subtopologies.list() };
    let record = |topology| Record::Topology { group, topology };
    let value = encode::topology_value(&topology).unwrap();
    comes_back(Key::Topology { group }, &value, record(Some(topology)), record(None));
}

fn delivery(number: i8) -> DeliveryState {
    match number {
        0 => DeliveryState::Available,
        2 => DeliveryState::Acknowledged,
        3 => DeliveryState::Archiving,
        4 => DeliveryState::Archived,
        other => DeliveryState::Other(other),
    }
}

fn share_states(parts: &Parts) {
    let (first, last) = (Offset(parts.longs[0]), Offset(parts.longs[1]));
    let batches = items(parts, |_| StateBatch { first, last, state: delivery(parts.byte), deliveries: 3 });
    let of = SharePartition { group: group(parts), topic: TopicId(parts.id), partition: Partition(parts.port.into()) };
    let (start, delivery_complete) = (Some(first).filter(|first| first.0 >= 0), parts.count.map(i32::unsigned_abs));
    let (snapshot_epoch, leader_epoch, state_epoch) = (parts.numbers[0], parts.numbers[1], parts.numbers[2]);
    let (created, written) = (Timestamp(parts.longs[1]), Timestamp(parts.longs[2]));
    let batches = batches.list();
    let snapshot = ShareStateSnapshot {
        snapshot_epoch,
        state_epoch,
        leader_epoch,
        start,
        delivery_complete,
        created,
        written,
        batches,
    };
    let bytes = encode::share_state_key(&state::ShareStateKey::Snapshot(of)).unwrap();
    let record = |snapshot| Ok(state::ShareStateRecord::Snapshot { of, snapshot });
    let value = encode::snapshot_value(&snapshot).unwrap();
    assert_eq!(state::decode(&bytes, Some(&value)), record(Some(snapshot)));
    assert_eq!(state::decode(&bytes, None), record(None));

    let update = ShareStateUpdate { snapshot_epoch, leader_epoch, start, delivery_complete, batches };
    let bytes = encode::share_state_key(&state::ShareStateKey::Update(of)).unwrap();
    let record = |update| Ok(state::ShareStateRecord::Update { of, update });
    let value = encode::update_value(&update).unwrap();
    assert_eq!(state::decode(&bytes, Some(&value)), record(Some(update)));
    assert_eq!(state::decode(&bytes, None), record(None));
}

/// Checks that the list has the promised number of items, and these items.
#[track_caller]
fn walk<'a, T: ListItem<'a> + PartialEq + std::fmt::Debug>(list: RecordList<'a, T>, expected: &[T]) {
    assert_eq!((list.len(), list.collect::<Vec<_>>().as_slice()), (expected.len(), expected));
}

proptest! {
    // Each case encodes and decodes all 22 records.
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_record_comes_back_as_it_was_written(parts in parts()) {
        epochs(&parts);
        members(&parts);
        assignments(&parts);
        topics(&parts);
        topologies(&parts);
        share_states(&parts);
    }

    #[test]
    fn a_list_gives_what_was_put_in(parts in parts()) {
        let names: Vec<Name<'_>> = parts.texts.iter().map(|text| Name(text)).collect();
        walk(encode::items(&names).unwrap().list(), &names);
        walk(encode::items(&parts.partitions).unwrap().list(), &parts.partitions);
    }
}
