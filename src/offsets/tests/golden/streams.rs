//! Streams groups.

use super::{Expected, GROUP, TIME, encode, epochs_of, list, member, names, partitions};
use crate::model::Name;
use crate::offsets::GroupProtocol::Streams;
use crate::offsets::{
    AssignedItems, CopartitionGroup, CurrentAssignment, Endpoint, Epoch, InternalTopic, KeyValue, MemberDetails,
    MemberMetadata, MemberState, Owned, OwnedItems, Record, RecordList, StreamsTasks, Subtopology, SubtopologyTasks,
    TargetEpoch, Topology,
};

pub(super) fn expected() -> Expected<Record<'static>> {
    [epochs(), members(), assignments(), topologies()].concat()
}

fn epochs() -> Expected<Record<'static>> {
    let epoch = |validated_topology_epoch, stored_description_epoch, failed_description_epoch| {
        let more = Epoch { validated_topology_epoch, stored_description_epoch, ..Epoch::new(10) };
        let epoch = Epoch { metadata_hash: Some(-2), failed_description_epoch, ..more };
        Record::Epoch { kind: Streams, group: GROUP, epoch }
    };
    let target = |target| Record::TargetEpoch { kind: Streams, group: GROUP, target };
    let untimed = TargetEpoch { epoch: 9, timestamp: None };
    vec![
        ("streams-epoch", epoch(None, None, None)),
        ("streams-epoch-validated", epoch(Some(4), None, None)),
        ("streams-epoch-tagged", epoch(Some(4), None, None)),
        ("streams-epoch-described", epoch(Some(4), Some(4), Some(3))),
        ("streams-epoch-uncertain", epoch(None, Some(-2), None)),
        ("streams-epoch-tombstone", Record::EpochTombstone { kind: Streams, group: GROUP }),
        ("streams-target-epoch", target(Some(untimed))),
        ("streams-target-epoch-timed", target(Some(TargetEpoch { timestamp: Some(TIME), ..untimed }))),
        ("streams-target-epoch-tombstone", target(None)),
    ]
}

fn members() -> Expected<Record<'static>> {
    let details = |endpoint, tags| MemberDetails::Streams {
        rebalance_timeout: 300_000,
        topology_epoch: 4,
        process_id: Name(b"p1"),
        endpoint,
        tags,
    };
    let plain = MemberMetadata {
        instance_id: None,
        rack_id: None,
        client_id: Name(b"c1"),
        client_host: Name(b"/10.0.0.1"),
        details: details(None, RecordList::empty()),
    };
    let endpoint = Endpoint { host: Name("h\u{f6}st".as_bytes()), port: 65_535 };
    let tags = list![KeyValue { key: Name(b"zone"), value: Name(b"z1") }];
    let full = MemberMetadata {
        instance_id: Some(Name(b"i1")),
        rack_id: Some(Name(b"r1")),
        details: details(Some(endpoint), tags),
        ..plain
    };
    let record = |metadata| Record::Member { of: member(Streams), metadata };
    vec![
        ("streams-member", record(Some(plain))),
        ("streams-member-endpoint", record(Some(full))),
        ("streams-member-tagged", record(Some(full))),
        ("streams-member-tombstone", record(None)),
    ]
}

fn task(subtopology: &'static str, numbers: &[i32]) -> SubtopologyTasks<'static> {
    SubtopologyTasks { subtopology: Name(subtopology.as_bytes()), partitions: partitions(numbers) }
}

fn owned(
    subtopology: &'static str,
    numbers: &[i32],
    since: Option<&[i32]>,
) -> Owned<'static, SubtopologyTasks<'static>> {
    Owned { item: task(subtopology, numbers), epochs: since.map(epochs_of) }
}

fn assignments() -> Expected<Record<'static>> {
    let to = AssignedItems::Tasks(StreamsTasks {
        active: list![task("0", &[0, 3]), task("1", &[2])],
        standby: list![task("0", &[1])],
        warmup: RecordList::empty(),
    });
    let has = CurrentAssignment {
        epoch: 10,
        previous_epoch: 9,
        state: MemberState::Unrevoked,
        assigned: OwnedItems::Tasks(StreamsTasks {
            active: list![owned("0", &[0, 3], None)],
            standby: list![owned("0", &[1], None)],
            warmup: list![owned("1", &[2], None)],
        }),
        revoking: OwnedItems::Tasks(StreamsTasks {
            active: list![owned("1", &[5], None)],
            standby: list![owned("2", &[], None)],
            warmup: RecordList::empty(),
        }),
    };
    let timed = StreamsTasks {
        active: list![owned("0", &[0, 3], Some(&[9, 10]))],
        standby: list![owned("0", &[1], None)],
        warmup: list![owned("1", &[2], None)],
    };
    let tagged = CurrentAssignment { assigned: OwnedItems::Tasks(timed), ..has };
    let since = CurrentAssignment {
        assigned: OwnedItems::Tasks(StreamsTasks { warmup: RecordList::empty(), ..timed }),
        revoking: OwnedItems::Tasks(StreamsTasks {
            active: list![owned("1", &[5], Some(&[8]))],
            standby: RecordList::empty(),
            warmup: RecordList::empty(),
        }),
        ..has
    };
    let target = |target| Record::Target { of: member(Streams), target };
    let current = |current| Record::Current { of: member(Streams), current };
    vec![
        ("streams-target", target(Some(to))),
        ("streams-target-tagged", target(Some(to))),
        ("streams-target-tombstone", target(None)),
        ("streams-current", current(Some(has))),
        ("streams-current-tagged", current(Some(tagged))),
        ("streams-current-since", current(Some(since))),
        ("streams-current-tombstone", current(None)),
    ]
}

fn topologies() -> Expected<Record<'static>> {
    let configs = list![KeyValue { key: Name(b"cleanup.policy"), value: Name(b"compact") }];
    let between =
        InternalTopic { name: Name(b"between"), partitions: 6, replication_factor: 3, configs: RecordList::empty() };
    let subtopologies = list![
        Subtopology {
            id: Name(b"0"),
            source_topics: names(&["in", "\u{fc}ber"]),
            source_topic_regex: names(&["in.*"]),
            changelog_topics: list![InternalTopic {
                name: Name(b"log"),
                partitions: 0,
                replication_factor: -1,
                configs
            }],
            repartition_sink_topics: names(&["between"]),
            repartition_source_topics: RecordList::empty(),
            copartition_groups: list![CopartitionGroup {
                source_topics: list![0_i16, 1],
                source_topic_regex: list![0_i16],
                repartition_source_topics: RecordList::empty(),
            }],
        },
        Subtopology {
            id: Name(b"1"),
            source_topics: RecordList::empty(),
            source_topic_regex: RecordList::empty(),
            changelog_topics: RecordList::empty(),
            repartition_sink_topics: RecordList::empty(),
            repartition_source_topics: list![between],
            copartition_groups: RecordList::empty(),
        },
    ];
    let record = |topology| Record::Topology { group: GROUP, topology };
    let full = Topology { epoch: 4, subtopologies };
    vec![
        ("streams-topology", record(Some(full))),
        ("streams-topology-tagged", record(Some(full))),
        ("streams-topology-empty", record(Some(Topology { epoch: 4, subtopologies: RecordList::empty() }))),
        ("streams-topology-tombstone", record(None)),
    ]
}
