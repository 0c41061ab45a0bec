//! What a single record can cost, through a real broker: an ordinary topic that the program takes for its offsets topic.

use warrener::model::{Name, Partition};
use warrener::offsets::ClassicGroupMember;
use warrener::offsets::encode::{ClassicGroup, ValueVersion, assignment, group_value};

use crate::rig::broker::Spec;
use crate::rig::client::Record;
use crate::rig::program::Program;
use crate::rig::records;

const OWNER: &str = "kafka_consumergroup_partition_owner_info";
const DROPPED: &str = "warrener_dropped_commits_total";

/// A group with one member that calls itself so and has these partitions.
fn group(group: &[u8], id: &[u8], topic: &[u8], partitions: &[Partition]) -> Record {
    let given = assignment(&[(Name(topic), partitions)]).unwrap();
    let member = ClassicGroupMember {
        id,
        instance_id: None,
        client_id: id,
        client_host: b"/10.0.0.1",
        rebalance_timeout: Some(1),
        session_timeout: 1,
        subscription: b"",
        assignment: &given,
    };
    let (protocol_type, protocol) = (b"consumer", Some(&b"range"[..]));
    let members = [member];
    let group_of =
        ClassicGroup { protocol_type, generation: 1, protocol, leader: None, state_timestamp: None, members: &members };
    (records::group_key(group), Some(group_value(ValueVersion::V3, &group_of).unwrap()))
}

#[test]
fn a_client_id_of_32_kb_and_20000_partitions_make_no_page_long() {
    let (cluster, time) = (Spec::common(), records::now());
    let id = [vec![b'a'; 16_000], vec![b'z'; 16_000]].concat();
    let partitions: Vec<Partition> = (0..20_000).map(Partition).collect();
    cluster.create_topic("amplified", 3);
    cluster.create_topic("amplifying-offsets", 1);
    let records = [
        records::commit(b"heavy", b"amplified", 0, 0, time),
        group(b"heavy", &id, b"amplified", &partitions),
        // Names that are not taken in, and the topic of an assignment.
        records::commit(&[b'g'; 1_025], b"amplified", 0, 0, time),
        records::commit(b"light", &[b't'; 250], 0, 0, time),
        group(b"light", b"short", &[b't'; 250], &partitions),
    ];
    cluster.produce_raw("amplifying-offsets", records.into_iter().map(|record| (0, record)));
    let more = "[metrics]\nowners = true\n";
    let mut program = Program::reading_with(&cluster.bootstrap(), "amplifying-offsets", more).ready();
    let page = program.page();
    let shown = format!("{}…{}", "a".repeat(200), "z".repeat(50));
    let owned = [
        ("consumergroup", "heavy"),
        ("topic", "amplified"),
        ("partition", "2"),
        ("client_id", shown.as_str()),
        ("member_id", shown.as_str()),
    ];
    assert_eq!(page.value(OWNER, &owned), Some(1.0));
    assert_eq!(page.value(DROPPED, &[("reason", "name")]), Some(3.0));
    assert!(page.groups().iter().all(|group| ["heavy", "light"].contains(group)));
    for path in [
        "/metrics",
        "/v3/kafka/local/consumer/heavy",
        "/v3/kafka/local/consumer/heavy/lag",
        "/api/group?cluster=local&name=heavy",
    ] {
        let answer = program.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.len() < 32 * 1024 * 1024, "{path}: {} bytes", answer.body.len());
        println!("{path}: {} bytes", answer.body.len());
    }
    assert!(program.runs());
    program.terminate();
}
