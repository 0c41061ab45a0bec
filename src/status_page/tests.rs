//! The answers for a scripted storage.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition};
use crate::storage::{
    ExpiryPolicy, LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState, StorageRules,
    TopicMetadata, Update,
};

const INTERVALS: NonZeroUsize = NonZeroUsize::new(3).unwrap();
const RULES: EvaluatorRules = EvaluatorRules { intervals: INTERVALS, minimum_complete: 0.0, allowed_lag: Lag(0) };
const NOW: Timestamp = Timestamp(1_700_000_180_000);

fn commit<'a>(group: &'a [u8], topic: &'a str, partition: i32, offset: i64, ago: i64) -> Update<'a> {
    Update::Commit {
        group: Name(group),
        topic: Name(topic.as_bytes()),
        partition: Partition(partition),
        offset: Offset(offset),
        timestamp: Timestamp(NOW.0 - ago * 1000),
    }
}

fn member(group: &str) -> Update<'_> {
    Update::Members(MembersUpdate {
        group: Name(group.as_bytes()),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: NOW,
        generation: 1,
        members: vec![MemberUpdate {
            id: Name(b"m-1"),
            client_id: Name(b"worker"),
            client_host: Name(b"/10.0.0.7"),
            assigned: vec![(Name(b"orders"), vec![Partition(0), Partition(1)])],
        }],
    })
}

/// `stuck` commits the same offset repeatedly. `late` reads records that retention has deleted. `far` has the greatest
/// offsets.
fn storage() -> Storage {
    let storage = Storage::new(
        ["local", "other"],
        StorageRules { intervals: INTERVALS, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER },
    );
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(2)], in_sync: 1 };
    let topic = |name: &str, partitions| TopicMetadata {
        name: name.into(),
        id: None,
        partitions: vec![partition.clone(); partitions],
    };
    let topics = vec![topic("orders", 3), topic("paid", 1)];
    storage.apply_metadata("local", Metadata { brokers: Vec::new(), topics }, Timestamp(0));
    let bound = |topic, partition, start, end| LogBounds {
        topic,
        partition: Partition(partition),
        start: Some(Offset(start)),
        end: Some(Offset(end)),
    };
    storage.apply_bounds("local", &[bound("orders", 0, 0, 1300), bound("paid", 0, 20, 50)], Timestamp(0));
    let cluster = storage.cluster("local").unwrap();
    let updates = vec![
        commit(b"stuck", "orders", 0, 96, 80),
        commit(b"stuck", "orders", 0, 96, 40),
        commit(b"late", "paid", 0, 5, 3),
        commit(b"late", "paid", 0, 7, 1),
        commit(b"fine", "paid", 0, 50, 9),
        commit(b"far", "orders", 2, i64::MAX, 9),
        commit(b"odd\xff\\", "paid", 0, 50, 9),
        member("stuck"),
    ];
    let updates = updates.into_iter().zip(1..).map(|(update, order)| (Order(order), update));
    cluster.apply(cluster.source("local", 0), PastState::Read, updates, NOW);
    storage
}

fn exporter() -> ExporterReport {
    let reader =
        ReaderReport { behind: vec![(0, 7)], records: Vec::new(), errors: vec![NamedCount { name: "key", count: 2 }] };
    let module = ModuleReport {
        cluster: "local".to_owned(),
        kind: "consumer",
        module: "reader".to_owned(),
        up: true,
        trouble: None,
        ready: false,
        awaited: Some("reading the offsets topic to its end"),
        done: Some(3),
        total: Some(50),
        missing_rights: Vec::new(),
        refreshes: Vec::new(),
        reader: Some(reader),
        refused: None,
        incomplete: None,
        dropped: Vec::new(),
    };
    let storage = vec![StorageReport { name: "groups", held: 1, limit: None }];
    ExporterReport { now: NOW.0, version: "0", running: 61_000, modules: vec![module], storage }
}

fn ask(path: &str, query: &str) -> (u16, Value) {
    let storage = storage();
    let data = StatusPageData { storage: &storage, rules: &RULES, exporter: exporter() };
    let answer = data.answer(&parse_call(path, query).unwrap(), NOW);
    (answer.status, serde_json::to_value(&answer.body).unwrap())
}

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn groups_are_listed_the_worst_first_with_what_there_is_to_say() {
    let (status, body) = ask("/api/groups", "trails=1");
    assert_eq!((status, names(&body["groups"])), (200, vec!["stuck", "late", "far", "fine", "odd\\xff\\\\"]));
    assert_eq!(body["topics"], json!(["orders", "paid"]));
    let stuck = json!({
        "cluster": "local", "name": "stuck", "status": "ERR", "state": "stable", "type": "classic", "members": 1,
        "topics": [0], "partitions": 3, "troubled": 1, "unknown": 0, "committed": 1, "uncommitted": 1,
        "lag": 1204, "time_lag": null, "complete": 0.0,
        "worst": {"topic": 0, "partition": 0, "status": "STALL", "reason": "stalled: at offset 96 for 1m20s, lag 1,204"},
        "trail": [[80, 1204], [40, 1204]],
    });
    assert_eq!(body["groups"][0], stuck);
    let far = &body["groups"][2];
    assert_eq!((&far["lag"], &far["unknown"], &far["state"]), (&Value::Null, &json!(1), &json!("empty")));
    let local = json!({
        "name": "local", "brokers": 0, "topics": 2,
        "modules": [{
            "cluster": "local", "kind": "consumer", "module": "reader", "up": true, "ready": false,
            "awaited": "reading the offsets topic to its end", "done": 3, "total": 50,
        }],
    });
    let other = json!({"name": "other", "brokers": null, "topics": 0, "modules": []});
    assert_eq!(body["clusters"], json!([local, other]));
    let plain = ask("/api/groups", "").1;
    assert_eq!(plain["groups"][0].get("trail"), None);
}

#[test]
fn a_group_has_every_partition_with_its_reason() {
    let (status, body) = ask("/api/group", "cluster=local&name=stuck");
    assert_eq!((status, &body["status"], &body["protocol"]), (200, &json!("ERR"), &json!("range")));
    let first = json!({
        "topic": "orders", "partition": 0, "status": "STALL",
        "reason": "stalled: at offset 96 for 1m20s, lag 1,204",
        "committed": 96, "at": NOW.0 - 40_000, "start": 0, "end": 1300, "lag": 1204, "time_lag": null,
        "purged": null, "owner": "worker@10.0.0.7", "trail": [[80, 1204], [40, 1204]],
    });
    assert_eq!(body["partitions"][0], first);
    let waits = &body["partitions"][1];
    let told = ["partition", "committed", "lag", "owner", "reason"].map(|key| waits[key].clone());
    assert_eq!(json!(told), json!([1, null, null, "worker@10.0.0.7", "ok: no commit"]));
    let members = json!([{"client_id": "worker", "host": "/10.0.0.7", "id": "m-1", "partitions": 2}]);
    assert_eq!((&body["members"], body["partitions"].as_array().unwrap().len()), (&members, 3));
    let late = ask("/api/group", "cluster=local&name=late").1["partitions"][0].clone();
    let told = ["lag", "purged", "status"].map(|key| late[key].clone());
    assert_eq!(json!(told), json!([30, 13, "OK"]));
}

#[test]
fn names_are_found_by_their_bytes_and_as_they_are_shown() {
    assert_eq!(ask("/api/groups", "").1["groups"][4]["exact"], "%6F%64%64%FF%5C");
    for name in ["odd%ff%5C", "odd%5Cxff%5C%5C"] {
        let (status, body) = ask("/api/group", &format!("cluster=local&name={name}"));
        assert_eq!((status, &body["name"]), (200, &json!("odd\\xff\\\\")), "{name}");
    }
    for (path, query, expected) in [
        ("/api/group", "cluster=local&name=nobody", json!([404, {"error": "no such group"}])),
        ("/api/group", "cluster=nowhere&name=stuck", json!([404, {"error": "no such group"}])),
        ("/api/topic", "cluster=other&name=paid", json!([404, {"error": "no such topic"}])),
        ("/api/topic", "cluster=other", json!([400, {"error": "the parameters cluster and name are required"}])),
    ] {
        assert_eq!(json!(ask(path, query)), expected, "{path}?{query}");
    }
}

#[test]
fn a_number_that_a_browser_would_round_is_told_exactly() {
    let far = ask("/api/group", "cluster=local&name=far").1["partitions"].clone();
    let committed = far.as_array().unwrap().iter().find(|row| row["partition"] == 2).unwrap()["committed"].clone();
    assert_eq!(committed, json!("9223372036854775807"));
}

#[test]
fn a_topic_has_its_log_and_its_groups() {
    let (status, body) = ask("/api/topic", "cluster=local&name=paid");
    assert_eq!((status, names(&body["groups"])), (200, vec!["late", "fine", "odd\\xff\\\\"]));
    let partition =
        json!({"partition": 0, "start": 20, "end": 50, "leader": 1, "preferred": 2, "replicas": 1, "in_sync": 1});
    assert_eq!(body["partitions"], json!([partition]));
}

#[test]
fn the_exporter_tells_how_far_it_is() {
    let (status, body) = ask("/api/exporter", "");
    assert_eq!((status, &body["modules"][0]["reader"]["behind"]), (200, &json!([[0, 7]])));
    assert_eq!(body["modules"][0]["reader"]["errors"], json!([{"name": "key", "count": 2}]));
}

#[test]
fn members_that_are_shown_alike_have_a_row_each_with_what_each_owns() {
    let storage = storage();
    let id = |different| [vec![b'i'; 300], vec![different], vec![b'd'; 300]].concat();
    let (one, other) = (id(b'1'), id(b'2'));
    let member = |id, partitions: &[i32]| MemberUpdate {
        id: Name(id),
        client_id: Name(b"worker"),
        client_host: Name(b"/10.0.0.7"),
        assigned: vec![(Name(b"orders"), partitions.iter().copied().map(Partition).collect())],
    };
    let members = Update::Members(MembersUpdate {
        group: Name(b"alike"),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: NOW,
        generation: 1,
        members: vec![member(&one, &[0, 1]), member(&other, &[2])],
    });
    let cluster = storage.cluster("local").unwrap();
    cluster.apply(cluster.source("local", 0), PastState::Read, [(Order(99), members)], NOW);
    let data = StatusPageData { storage: &storage, rules: &RULES, exporter: exporter() };
    let answer = data.answer(&parse_call("/api/group", "cluster=local&name=alike").unwrap(), NOW);
    let shown = format!("{}…{}", "i".repeat(200), "d".repeat(50));
    let expected = json!([
        {"client_id": "worker", "host": "/10.0.0.7", "id": shown, "partitions": 2},
        {"client_id": "worker", "host": "/10.0.0.7", "id": shown, "twin": 1, "partitions": 1},
    ]);
    assert_eq!(serde_json::to_value(&answer.body).unwrap()["members"], expected);
}
