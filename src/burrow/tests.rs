//! All answers of the API for a scripted storage, compared with the files in `tests/fixtures/burrow`: method and path,
//! status code, body. With `WARRENER_GOLDEN=write` in the environment the files are written again, to be reviewed
//! before they are committed.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::config::{Outside, Overrides, load};
use crate::golden_tests::compare_file;
use crate::model::LogLevel;
use crate::model::{BrokerId, Lag, Name, Order, Partition, TopicId};
use crate::storage::{
    LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, Past, Rules, TopicMetadata, Update,
};

const INTERVALS: NonZeroUsize = NonZeroUsize::new(3).unwrap();
const RULES: EvaluatorRules = EvaluatorRules { intervals: INTERVALS, minimum_complete: 0.0, allowed_lag: Lag(0) };
/// A minute after the last commit.
const NOW: Timestamp = Timestamp(1_700_000_180_250);

/// Everything that the API needs.
struct House {
    config: Config,
    storage: Storage,
    level: LogLevel,
}

impl House {
    fn new() -> Self {
        Self { config: config(), storage: storage(), level: LogLevel::held(Level::Info) }
    }

    fn ask(&self, verb: Verb, path: &str, body: &str, admin: bool) -> Answer {
        let Self { config, storage, level } = self;
        let api = Api { config, storage, rules: &RULES, level, host: "burrow1" };
        api.answer(&Asked { verb, path, body: body.as_bytes(), admin, now: NOW })
    }

    /// Sends requests, each as `METHOD PATH BODY`, and returns them with their answers.
    fn talk(&self, admin: bool, requests: &[&str]) -> String {
        let mut all = String::new();
        for request in requests {
            let mut words = request.splitn(3, ' ');
            let verb = match words.next().unwrap() {
                "GET" => Verb::Read,
                "DELETE" => Verb::Delete,
                "POST" => Verb::Post,
                _ => Verb::Other,
            };
            let answer = self.ask(verb, words.next().unwrap(), words.next().unwrap_or_default(), admin);
            let allow = answer.allow.map(|allow| format!("Allow: {allow}\n")).unwrap_or_default();
            let body = serde_json::to_string_pretty(&answer.body).unwrap();
            all += &format!("{request}\n{}\n{allow}{body}\n\n", answer.status);
        }
        assert!(!all.contains("hush"), "a secret: {all}");
        all
    }
}

/// A configuration as for Burrow, with a secret in every place that takes one.
fn config() -> Config {
    let text = r#"
[general]
pidfile = "burrow.pid"
access-control-allow-origin = "https://lag.example.com"

[logging]
filename = "burrow.log"
level = "info"

[cluster.local]
class-name = "kafka"
servers = ["kafka1:9092", "kafka2:9092"]
client-profile = "secure"
topic-refresh = 120
offset-refresh = "1m30s"

[cluster.other]
class-name = "kafka"
servers = ["kafka3:9092"]

[consumer.local]
class-name = "kafka"
cluster = "local"
servers = ["kafka1:9092"]
client-profile = "secure"
group-allowlist = "^[^_]"
start-latest = true

[consumer.legacy]
class-name = "kafka_zk"
cluster = "local"
servers = ["zk1:2181"]
zookeeper-path = "/chroot"
zookeeper-timeout = 30

[client-profile.secure]
client-id = "burrow-1"
kafka-version = "2.8.0"
tls = "internal"
sasl = "scram"
properties = { "ssl.key.password" = "hush" }

[tls.internal]
cafile = "ca.pem"
certfile = "client.pem"
keyfile = "client.key"

[sasl.scram]
mechanism = "SCRAM-SHA-512"
username = "someone"
password = "hush"

[storage.memory]
class-name = "inmemory"
intervals = 3
min-distance = 1
expire-group = 604800
group-allowlist = "."

[evaluator.judge]
class-name = "caching"
expire-cache = 10

[httpserver.inside]
address = "127.0.0.1:8000"
enable-admin = true

[httpserver.outside]
address = ":8443"
tls = "internal"

[notifier.mail]
class-name = "email"
"#;
    let outside = Outside { readable: &|_| Ok(()), ..Outside::nothing() };
    load(text, &Overrides::default(), &outside).unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

/// Topics `orders` with four partitions, the last of which has an unknown log end, and `paid` with one.
fn storage() -> Storage {
    let rules = Rules { intervals: INTERVALS, min_distance: Duration::ZERO, expire: crate::storage::Expire::NEVER };
    let storage = Storage::new(["local", "other"], rules);
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    let topic = |name: &str, partitions| TopicMetadata {
        name: name.into(),
        id: Some(TopicId(9)),
        partitions: vec![partition.clone(); partitions],
    };
    let metadata = Metadata { brokers: Vec::new(), topics: vec![topic("paid", 1), topic("orders", 4)] };
    storage.apply_metadata("local", metadata, Timestamp(0));
    let bound = |topic, partition, end| LogBounds {
        topic,
        partition: Partition(partition),
        start: Some(Offset(0)),
        end: Some(Offset(end)),
    };
    let bounds = [bound("orders", 0, 100), bound("orders", 1, 90), bound("orders", 2, 80), bound("paid", 0, 50)];
    storage.apply_bounds("local", &bounds, Timestamp(0));
    let cluster = storage.cluster("local").unwrap();
    let updates =
        commits().into_iter().chain([members("billing", "orders", &[0, 1, 2]), members("waits", "paid", &[0])]);
    let updates = updates.zip(1..).map(|(update, order)| (Order(order), update));
    cluster.apply(cluster.source("local", 0), Past::Read, updates, Timestamp(0));
    storage
}

/// `billing` lags on one partition, has stopped on one, has no commit on one that it owns and on one with an unknown
/// log end, and went back in another topic. `idle` is at the log end. The others are there for their names.
fn commits() -> Vec<Update<'static>> {
    let commit = |group: &'static [u8], topic: &'static str, partition, offset, second: i64| Update::Commit {
        group: Name(group),
        topic: Name(topic.as_bytes()),
        partition: Partition(partition),
        offset: Offset(offset),
        timestamp: Timestamp(1_700_000_000_250 + second * 1000),
    };
    vec![
        commit(b"billing", "orders", 0, 40, 0),
        commit(b"billing", "orders", 0, 70, 60),
        commit(b"billing", "orders", 0, 95, 120),
        commit(b"billing", "orders", 1, 30, 0),
        commit(b"billing", "orders", 1, 30, 20),
        commit(b"billing", "orders", 3, 7, 120),
        commit(b"billing", "paid", 0, 40, 0),
        commit(b"billing", "paid", 0, 45, 60),
        commit(b"billing", "paid", 0, 5, 120),
        commit(b"idle", "orders", 0, 100, 0),
        commit(b"odd\xff\\", "paid", 0, 50, 120),
        commit(b"a/b c%\"\n", "paid", 0, 50, 120),
        commit("gr\u{fc}n".as_bytes(), "paid", 0, 50, 120),
    ]
}

fn members(group: &'static str, topic: &'static str, partitions: &[i32]) -> Update<'static> {
    let member = MemberUpdate {
        id: Name(b"app-1-6f"),
        client_id: Name(b"app-1"),
        client_host: Name(b"/10.0.0.7"),
        assigned: vec![(Name(topic.as_bytes()), partitions.iter().copied().map(Partition).collect())],
    };
    Update::Members(MembersUpdate {
        group: Name(group.as_bytes()),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: Timestamp(1_700_000_000_250),
        generation: 1,
        members: vec![member],
    })
}

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
    pinned("topics.txt", &House::new().talk(false, &requests));
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
    pinned("consumers.txt", &House::new().talk(false, &requests));
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
    pinned("status.txt", &House::new().talk(false, &requests));
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
    pinned("names.txt", &House::new().talk(false, &requests));
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
    pinned("config.txt", &House::new().talk(false, &requests));
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
    pinned("admin.txt", &House::new().talk(true, &requests));
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
    let house = House::new();
    pinned("refused.txt", &house.talk(false, &requests));
    assert_eq!((house.level.get)(), Level::Info);
    assert_eq!(house.ask(Verb::Read, "/v3/kafka/local/consumer/billing", "", false).status, 200);
}

#[test]
fn a_removed_group_is_back_with_its_next_commit() {
    let house = House::new();
    let status = || house.ask(Verb::Read, "/v3/kafka/local/consumer/idle/status", "", false).status;
    house.ask(Verb::Delete, "/v3/kafka/local/consumer/idle", "", true);
    assert_eq!(status(), 404);
    let cluster = house.storage.cluster("local").unwrap();
    let next = commits().into_iter().filter(|update| update.group() == Name(b"idle"));
    cluster.apply(cluster.source("local", 0), Past::Read, next.map(|update| (Order(99), update)), NOW);
    assert_eq!(status(), 200);
}

#[test]
fn a_group_is_not_there_before_its_partition_has_caught_up() {
    let house = House::new();
    let cluster = house.storage.cluster("other").unwrap();
    let mut build = cluster.build(cluster.source("other", 0));
    let commits = commits().into_iter().filter(|update| update.group() == Name(b"idle"));
    build.apply(commits.map(|update| (Order(1), update)), NOW);
    let told = || {
        ["", "/status", "/lag"]
            .map(|of| house.ask(Verb::Read, &format!("/v3/kafka/other/consumer/idle{of}"), "", false).status)
    };
    assert_eq!(told(), [404; 3]);
    build.publish();
    assert_eq!(told(), [200; 3]);
}

#[test]
fn a_partitions_number_is_believed_within_reason_alone() {
    let house = House::new();
    let cluster = house.storage.cluster("local").unwrap();
    let commit = |partition| Update::Commit {
        group: Name(b"wild"),
        topic: Name(b"unheard-of"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: NOW,
    };
    let updates = [-3, 2, 20, i32::MAX].into_iter().zip(1..);
    let updates = updates.map(|(partition, order)| (Order(order), commit(partition)));
    cluster.apply(cluster.source("local", 0), Past::Read, updates, NOW);
    let body = |path: &str| {
        let answer = house.ask(Verb::Read, &format!("/v3/kafka/local/consumer/wild{path}"), "", false);
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
    let answer = House::new().ask(Verb::Read, "/v3/kafka/local/topic/orders", "", false);
    let expected = "{\"error\":false,\"message\":\"topic offsets returned\",\"offsets\":[100,90,80,-1],\
                    \"request\":{\"url\":\"/v3/kafka/local/topic/orders\",\"host\":\"burrow1\"}}";
    assert_eq!(serde_json::to_string(&answer.body).unwrap(), expected);
}
