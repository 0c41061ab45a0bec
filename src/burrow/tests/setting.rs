//! The configuration and the storage that the tests ask about.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::config::{Config, Overrides, SystemAccess, load};
use crate::evaluate::EvaluatorRules;
use crate::golden_tests::program::{Program, Setting};
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::registry::REGISTRY;
use crate::storage::{
    LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState, Storage, StorageRules,
    TopicMetadata, Update,
};

const INTERVALS: NonZeroUsize = NonZeroUsize::new(3).unwrap();
const RULES: EvaluatorRules = EvaluatorRules { intervals: INTERVALS, minimum_complete: 0.0, allowed_lag: Lag(0) };
/// A minute after the last commit.
pub(super) const NOW: Timestamp = Timestamp(1_700_000_180_250);

/// A program with this configuration and storage.
pub(super) fn program() -> Program {
    let layout = |body: &_| serde_json::to_string_pretty(body).unwrap();
    Program::new(config(), storage(), Setting { rules: RULES, host: "burrow1", now: NOW, layout })
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
    let outside = SystemAccess { check_readable: &|_| Ok(()), ..SystemAccess::none() };
    load(text, &REGISTRY, &Overrides::default(), &outside).unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

/// Topics `orders` with four partitions, the last of which has an unknown log end, and `paid` with one.
fn storage() -> Storage {
    let rules = StorageRules {
        intervals: INTERVALS,
        min_distance: Duration::ZERO,
        expire: crate::storage::ExpiryPolicy::NEVER,
    };
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
    cluster.apply(cluster.source("local", 0), PastState::Read, updates, Timestamp(0));
    storage
}

/// `billing` lags on one partition, has stopped on one, has no commit on one that it owns and on one with an unknown
/// log end, and went back in another topic. `idle` is at the log end. The others are there for their names.
pub(super) fn commits() -> Vec<Update<'static>> {
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
