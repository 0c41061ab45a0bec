//! Groups of the type `consumer`.

use super::{Expected, GROUP, OTHER, TIME, TOPIC, encode, epochs_of, list, member, names, partitions};
use crate::model::{Name, Partition, TopicId};
use crate::offsets::GroupProtocol::Consumer;
use crate::offsets::{
    AssignedItems, ClassicMember, ClassicProtocol, CurrentAssignment, Epoch, MatchedTopics, MemberDetails,
    MemberMetadata, MemberState, Owned, OwnedItems, PartitionRacks, Record, RecordList, SubscribedTopic, TargetEpoch,
    TopicPartitions,
};

pub(super) fn expected() -> Expected<Record<'static>> {
    [epochs(), topics(), members(), assignments()].concat()
}

fn epochs() -> Expected<Record<'static>> {
    let epoch = |metadata_hash| {
        let epoch = Epoch { metadata_hash, ..Epoch::new(10) };
        Record::Epoch { kind: Consumer, group: GROUP, epoch }
    };
    let target = |target| Record::TargetEpoch { kind: Consumer, group: GROUP, target };
    let untimed = TargetEpoch { epoch: 9, timestamp: None };
    vec![
        ("consumer-epoch-without-hash", epoch(None)),
        ("consumer-epoch", epoch(Some(-2))),
        ("consumer-epoch-tagged", epoch(Some(3))),
        ("consumer-epoch-tombstone", Record::EpochTombstone { kind: Consumer, group: GROUP }),
        ("consumer-target-epoch", target(Some(untimed))),
        ("consumer-target-epoch-tagged", target(Some(untimed))),
        ("consumer-target-epoch-timed", target(Some(TargetEpoch { timestamp: Some(TIME), ..untimed }))),
        ("consumer-target-epoch-tombstone", target(None)),
    ]
}

fn topics() -> Expected<Record<'static>> {
    let racks = list![
        PartitionRacks { partition: Partition(0), racks: names(&["a", "b"]) },
        PartitionRacks { partition: Partition(1), racks: RecordList::empty() },
    ];
    let known = list![
        SubscribedTopic { id: TOPIC, name: Name("\u{fc}ber".as_bytes()), partitions: 2, racks },
        SubscribedTopic { id: OTHER, name: Name(b"t"), partitions: 1, racks: RecordList::empty() },
    ];
    let topics = |topics| Record::Topics { group: GROUP, topics };
    let matched = |topics| MatchedTopics { topics, version: 77, timestamp: TIME };
    let expression = |matched| Record::Expression { group: GROUP, expression: Name(b"t.*"), matched };
    vec![
        ("consumer-topics", topics(Some(known))),
        ("consumer-topics-tagged", topics(Some(known))),
        ("consumer-topics-empty", topics(Some(RecordList::empty()))),
        ("consumer-topics-tombstone", topics(None)),
        ("consumer-expression", expression(Some(matched(names(&["t1", "t2"]))))),
        ("consumer-expression-tagged", expression(Some(matched(RecordList::empty())))),
        ("consumer-expression-tombstone", expression(None)),
    ]
}

fn members() -> Expected<Record<'static>> {
    let plain = MemberMetadata {
        instance_id: None,
        rack_id: None,
        client_id: Name(b"c1"),
        client_host: Name(b"/10.0.0.1"),
        details: MemberDetails::Consumer {
            topics: names(&["t1", "\u{fc}ber"]),
            regex: None,
            rebalance_timeout: 300_000,
            assignor: None,
            classic: None,
        },
    };
    let protocols = list![
        ClassicProtocol { name: Name(b"range"), metadata: b"S" },
        ClassicProtocol { name: Name(b""), metadata: b"" },
    ];
    let full = MemberMetadata {
        instance_id: Some(Name(b"i1")),
        rack_id: Some(Name(b"r1")),
        details: MemberDetails::Consumer {
            topics: RecordList::empty(),
            regex: Some(Name(b"t.*")),
            rebalance_timeout: 300_000,
            assignor: Some(Name(b"uniform")),
            classic: Some(ClassicMember { session_timeout: 45_000, protocols }),
        },
        ..plain
    };
    let record = |metadata| Record::Member { of: member(Consumer), metadata };
    vec![
        ("consumer-member-without-tag", record(Some(plain))),
        ("consumer-member", record(Some(plain))),
        ("consumer-member-classic", record(Some(full))),
        ("consumer-member-tagged", record(Some(full))),
        ("consumer-member-tombstone", record(None)),
    ]
}

fn owned(topic: TopicId, numbers: &[i32], since: Option<&[i32]>) -> Owned<'static, TopicPartitions<'static>> {
    Owned { item: TopicPartitions { topic, partitions: partitions(numbers) }, epochs: since.map(epochs_of) }
}

fn assignments() -> Expected<Record<'static>> {
    let mine = TopicPartitions { topic: TOPIC, partitions: partitions(&[0, 3]) };
    let to = AssignedItems::Partitions(list![mine, TopicPartitions { topic: OTHER, partitions: RecordList::empty() }]);
    let has = CurrentAssignment {
        epoch: 10,
        previous_epoch: 9,
        state: MemberState::Unrevoked,
        assigned: OwnedItems::Partitions(list![owned(TOPIC, &[0, 3], None)]),
        revoking: OwnedItems::Partitions(list![owned(OTHER, &[1], None)]),
    };
    // Kafka's classes write null epochs, and leave out an empty list.
    let since = CurrentAssignment {
        assigned: OwnedItems::Partitions(list![owned(TOPIC, &[0, 3], Some(&[9, 10])), owned(OTHER, &[], None)]),
        revoking: OwnedItems::Partitions(list![owned(OTHER, &[1], Some(&[8])), owned(TOPIC, &[2], None)]),
        ..has
    };
    let leaving = CurrentAssignment {
        epoch: -2,
        previous_epoch: 10,
        state: MemberState::Unknown(127),
        assigned: OwnedItems::Partitions(RecordList::empty()),
        revoking: OwnedItems::Partitions(RecordList::empty()),
    };
    let target = |target| Record::Target { of: member(Consumer), target };
    let current = |current| Record::Current { of: member(Consumer), current };
    vec![
        ("consumer-target", target(Some(to))),
        ("consumer-target-tagged", target(Some(to))),
        ("consumer-target-empty", target(Some(AssignedItems::Partitions(RecordList::empty())))),
        ("consumer-target-tombstone", target(None)),
        ("consumer-current", current(Some(has))),
        ("consumer-current-tagged", current(Some(has))),
        ("consumer-current-since", current(Some(since))),
        ("consumer-current-leaving", current(Some(leaving))),
        ("consumer-current-tombstone", current(None)),
    ]
}
