//! All answers of the API for a scripted storage, compared with the files in `tests/fixtures/burrow`: method and path,
//! status code, body. With `WARRENER_GOLDEN=write` in the environment the files are written again, to be reviewed
//! before they are committed.

mod setting;

use super::*;
use crate::golden_tests::compare_file;
use crate::model::{Name, Order, Partition};
use crate::storage::{PastState, Update};
use setting::{NOW, commits, program};

#[track_caller]
fn pinned(name: &str, found: &str) {
    compare_file(format!("tests/fixtures/burrow/{name}"), found);
}

#[test]
fn clusters_and_topics() {
    let requests = [
        "GET /v3/kafka",
        "GET /v3/kafka/local",
        "GET /v3/kafka/other",
        "GET /v3/kafka/nowhere",
        "GET /v3/kafka/local/topic",
        "GET /v3/kafka/other/topic",
        "GET /v3/kafka/nowhere/topic",
        "GET /v3/kafka/local/topic/orders",
        "GET /v3/kafka/local/topic/nothing",
        "GET /v3/kafka/nowhere/topic/orders",
        "GET /v3/kafka/local/topic/paid/consumers",
        "GET /v3/kafka/local/topic/nothing/consumers",
        "GET /v3/kafka/nowhere/topic/orders/consumers",
    ];
    pinned("topics.txt", &program().talk(false, &requests));
}

#[test]
fn groups_in_detail() {
    let requests = [
        "GET /v3/kafka/local/consumer",
        "GET /v3/kafka/other/consumer",
        "GET /v3/kafka/nowhere/consumer",
        "GET /v3/kafka/local/consumer/billing",
        "GET /v3/kafka/local/consumer/waits",
        "GET /v3/kafka/local/consumer/nobody",
        "GET /v3/kafka/nowhere/consumer/billing",
    ];
    pinned("consumers.txt", &program().talk(false, &requests));
}

#[test]
fn the_status_of_groups() {
    let requests = [
        "GET /v3/kafka/local/consumer/billing/status",
        "GET /v3/kafka/local/consumer/billing/lag",
        "GET /v3/kafka/local/consumer/idle/status",
        "GET /v3/kafka/local/consumer/idle/lag",
        "GET /v3/kafka/local/consumer/waits/lag",
        "GET /v3/kafka/local/consumer/nobody/status",
        "GET /v3/kafka/nowhere/consumer/billing/lag",
    ];
    pinned("status.txt", &program().talk(false, &requests));
}

#[test]
fn names_that_need_an_escape() {
    let requests = [
        "GET /v3/kafka/local/consumer/odd%FF%5c/status",
        "GET /v3/kafka/local/consumer/odd%5Cxff%5C%5C/status",
        "GET /v3/kafka/local/consumer/odd%5Cxfe%5C%5C/status",
        "GET /v3/kafka/local/consumer/a%2Fb%20c%25%22%0a/status",
        "GET /v3/kafka/local/consumer/gr%C3%BCn/status",
        "GET /%76%33/kafka",
        "GET /v3/k%61fka",
        "GET /v3/kafka/local/topic/or%64ers",
        "GET /v3/kafka/local/consumer/%GG/status",
    ];
    pinned("names.txt", &program().talk(false, &requests));
}

#[test]
fn the_configuration() {
    let requests = [
        "GET /v3/config",
        "GET /v3/config/storage",
        "GET /v3/config/storage/memory",
        "GET /v3/config/storage/default",
        "GET /v3/config/evaluator",
        "GET /v3/config/evaluator/judge",
        "GET /v3/config/evaluator/default",
        "GET /v3/config/cluster",
        "GET /v3/config/cluster/other",
        "GET /v3/config/cluster/nowhere",
        "GET /v3/config/consumer",
        "GET /v3/config/consumer/local",
        "GET /v3/config/consumer/legacy",
        "GET /v3/config/consumer/other",
        "GET /v3/config/consumer/nobody",
        "GET /v3/config/notifier",
        "GET /v3/config/notifier/mail",
    ];
    pinned("config.txt", &program().talk(false, &requests));
}

#[test]
fn the_log_level_and_removal() {
    let requests = [
        "GET /v3/admin/loglevel",
        "POST /v3/admin/loglevel {\"level\":\"DEBUG\"}",
        "GET /v3/admin/loglevel",
        "POST /v3/admin/loglevel {\"level\":\"warning\"}",
        "GET /v3/admin/loglevel",
        "POST /v3/admin/loglevel {\"level\":\"fatal\"}",
        "GET /v3/admin/loglevel",
        "POST /v3/admin/loglevel {\"level\":\"loud\"}",
        "POST /v3/admin/loglevel {}",
        "POST /v3/admin/loglevel {\"level\":7}",
        "POST /v3/admin/loglevel",
        "DELETE /v3/kafka/local/consumer/billing/topic/paid",
        "GET /v3/kafka/local/consumer/billing/status",
        "DELETE /v3/kafka/local/consumer/billing",
        "GET /v3/kafka/local/consumer/billing",
        "GET /v3/kafka/local/consumer/billing/lag",
        "DELETE /v3/kafka/local/consumer/odd%5Cxff%5C%5C/topic/paid",
        "GET /v3/kafka/local/consumer/odd%ff%5c/lag",
        "DELETE /v3/kafka/local/consumer/nobody",
        "DELETE /v3/kafka/nowhere/consumer/idle",
        "GET /v3/kafka/local/consumer",
    ];
    pinned("admin.txt", &program().talk(true, &requests));
}

#[test]
fn what_is_refused() {
    let requests = [
        "POST /v3/admin/loglevel {\"level\":\"debug\"}",
        "DELETE /v3/kafka/local/consumer/billing",
        "DELETE /v3/kafka/local/consumer/billing/topic/paid",
        "GET /v3/kafka/local/consumer/billing/topic/paid",
        "DELETE /v3/kafka/local",
        "POST /v3/kafka",
        "PUT /v3/kafka/local/consumer/billing",
        "PATCH /v3/admin/loglevel",
        "GET /v3",
        "GET /v3/kafka/",
        "GET /v3/kafka/local/consumer/billing/",
        "POST /v3/nothing",
    ];
    let program = program();
    pinned("refused.txt", &program.talk(false, &requests));
    assert_eq!((program.level.get)(), Level::Info);
    assert_eq!(program.answer(false, "GET /v3/kafka/local/consumer/billing").status, 200);
}

#[test]
fn a_removed_group_is_back_with_its_next_commit() {
    let program = program();
    let status = || program.answer(false, "GET /v3/kafka/local/consumer/idle/status").status;
    program.answer(true, "DELETE /v3/kafka/local/consumer/idle");
    assert_eq!(status(), 404);
    let cluster = program.storage.cluster("local").unwrap();
    let next = commits().into_iter().filter(|update| update.group() == Name(b"idle"));
    cluster.apply(cluster.source("local", 0), PastState::Read, next.map(|update| (Order(99), update)), NOW);
    assert_eq!(status(), 200);
}

#[test]
fn a_group_is_not_there_before_its_partition_has_caught_up() {
    let program = program();
    let cluster = program.storage.cluster("other").unwrap();
    let mut build = cluster.start_build(cluster.source("other", 0));
    let commits = commits().into_iter().filter(|update| update.group() == Name(b"idle"));
    build.apply(commits.map(|update| (Order(1), update)), NOW);
    let told = || {
        ["", "/status", "/lag"]
            .map(|of| program.answer(false, &format!("GET /v3/kafka/other/consumer/idle{of}")).status)
    };
    assert_eq!(told(), [404; 3]);
    build.publish();
    assert_eq!(told(), [200; 3]);
}

#[test]
fn a_partitions_number_is_believed_within_reason_alone() {
    let program = program();
    let cluster = program.storage.cluster("local").unwrap();
    let commit = |partition| Update::Commit {
        group: Name(b"wild"),
        topic: Name(b"unheard-of"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: NOW,
    };
    let updates = [-3, 2, 20, i32::MAX].into_iter().zip(1..);
    let updates = updates.map(|(partition, order)| (Order(order), commit(partition)));
    cluster.apply(cluster.source("local", 0), PastState::Read, updates, NOW);
    let body = |path: &str| {
        let answer = program.answer(false, &format!("GET /v3/kafka/local/consumer/wild{path}"));
        serde_json::to_value(&answer.body).unwrap()
    };
    let detail = body("");
    let held: Vec<bool> = detail["topics"]["unheard-of"]
        .as_array()
        .unwrap()
        .iter()
        .map(|partition| partition["offsets"].as_array().is_some_and(|offsets| !offsets.is_empty()))
        .collect();
    assert_eq!((held.len(), held[2], held[20]), (21, true, true));
    assert_eq!(body("/lag")["status"]["partition_count"], 4);
}

#[test]
fn bodies_are_compact_and_in_the_contracts_order() {
    let answer = program().answer(false, "GET /v3/kafka/local/topic/orders");
    let expected = "{\"error\":false,\"message\":\"topic offsets returned\",\"offsets\":[100,90,80,-1],\
                    \"request\":{\"url\":\"/v3/kafka/local/topic/orders\",\"host\":\"burrow1\"}}";
    assert_eq!(serde_json::to_string(&answer.body).unwrap(), expected);
}
