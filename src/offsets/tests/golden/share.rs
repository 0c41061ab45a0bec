//! Share groups.

use super::{Expected, GROUP, OTHER, TIME, TOPIC, encode, list, member, names, partitions};
use crate::model::Name;
use crate::offsets::GroupProtocol::Share;
use crate::offsets::{
    AssignedItems, CurrentAssignment, DeletedTopic, Epoch, MemberDetails, MemberMetadata, MemberState, OwnedItems,
    Record, RecordList, RecordType, StatePartitions, StateTopic, TargetEpoch, TopicPartitions,
};

pub(super) fn expected() -> Expected<Record<'static>> {
    [epochs(), members(), assignments(), states()].concat()
}

fn epochs() -> Expected<Record<'static>> {
    let epoch = |group, metadata_hash| {
        let epoch = Epoch { metadata_hash, ..Epoch::new(10) };
        Record::Epoch { kind: Share, group, epoch }
    };
    let target = |target| Record::TargetEpoch { kind: Share, group: GROUP, target };
    let untimed = TargetEpoch { epoch: 9, timestamp: None };
    vec![
        ("share-epoch", epoch(GROUP, Some(-2))),
        ("share-epoch-tagged", epoch(GROUP, Some(-2))),
        ("share-epoch-tombstone", Record::EpochTombstone { kind: Share, group: GROUP }),
        ("share-target-epoch", target(Some(untimed))),
        ("share-target-epoch-timed", target(Some(TargetEpoch { timestamp: Some(TIME), ..untimed }))),
        ("share-target-epoch-tombstone", target(None)),
        ("old-share-epoch", epoch(Name(b"g"), None)),
        ("old-share-topics", Record::Skipped(RecordType::ShareGroupPartitionMetadata)),
    ]
}

fn members() -> Expected<Record<'static>> {
    let plain = MemberMetadata {
        instance_id: None,
        rack_id: None,
        client_id: Name(b"c1"),
        client_host: Name(b"/10.0.0.1"),
        details: MemberDetails::Share { topics: names(&["t1", "t2"]) },
    };
    let racked = MemberMetadata {
        rack_id: Some(Name(b"r1")),
        details: MemberDetails::Share { topics: RecordList::empty() },
        ..plain
    };
    let record = |metadata| Record::Member { of: member(Share), metadata };
    vec![
        ("share-member", record(Some(plain))),
        ("share-member-tagged", record(Some(racked))),
        ("share-member-tombstone", record(None)),
    ]
}

fn assignments() -> Expected<Record<'static>> {
    let mine = list![TopicPartitions { topic: TOPIC, partitions: partitions(&[0, 3]) }];
    let has = CurrentAssignment {
        epoch: 10,
        previous_epoch: 9,
        state: MemberState::Stable,
        assigned: OwnedItems::SharePartitions(mine),
        revoking: OwnedItems::SharePartitions(RecordList::empty()),
    };
    let target = |target| Record::Target { of: member(Share), target };
    let current = |current| Record::Current { of: member(Share), current };
    vec![
        ("share-target", target(Some(AssignedItems::Partitions(mine)))),
        ("share-target-tombstone", target(None)),
        ("share-current", current(Some(has))),
        ("share-current-tagged", current(Some(has))),
        ("share-current-tombstone", current(None)),
    ]
}

fn states() -> Expected<Record<'static>> {
    let name = Name("\u{fc}ber".as_bytes());
    let full = StatePartitions {
        initializing: list![StateTopic { id: OTHER, name: Name(b"t1"), partitions: partitions(&[4]) }],
        initialized: list![StateTopic { id: TOPIC, name, partitions: partitions(&[0, 3]) }],
        deleting: list![DeletedTopic { id: OTHER, name: Name(b"gone") }],
    };
    let empty = StatePartitions {
        initializing: RecordList::empty(),
        initialized: RecordList::empty(),
        deleting: RecordList::empty(),
    };
    let record = |partitions| Record::StatePartitions { group: GROUP, partitions };
    vec![
        ("share-state-partitions", record(Some(full))),
        ("share-state-partitions-tagged", record(Some(full))),
        ("share-state-partitions-empty", record(Some(empty))),
        ("share-state-partitions-tombstone", record(None)),
    ]
}
