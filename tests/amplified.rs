//! What one record can cost: a member with a client id of 32 KB and an assignment of 20,000 partitions, shown on every
//! page. It comes to no more than the same member with a short one, and what is made of it is made in bounded pieces.
//!
//! A binary of its own, with a single test, because every byte that is allocated in it is counted.

#![cfg(test)]

use std::alloc::System;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use warrener::burrow::{BurrowApi, BurrowMethod, BurrowRequest};
use warrener::config::{Config, MetricsConfig, NameSet, Overrides, SystemAccess, load};
use warrener::evaluate::EvaluatorRules;
use warrener::metrics::{Format, MetricsPage, PageLayout};
use warrener::model::Level;
use warrener::model::LogLevelControl;
use warrener::model::{Lag, Name, Offset, Order, Partition, Timestamp};
use warrener::registry::REGISTRY;
use warrener::status_page::{ExporterReport, StatusPageData, parse_call};
use warrener::storage::{
    ExpiryPolicy, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState, Storage, StorageRules,
    TopicMetadata, Update,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WINDOW: NonZeroUsize = NonZeroUsize::new(10).unwrap();
const RULES: EvaluatorRules = EvaluatorRules { intervals: WINDOW, minimum_complete: 0.0, allowed_lag: Lag(0) };
const PARTITIONS: i32 = 20_000;
const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// What became of an answer: all of its bytes, its largest piece, and the most that was allocated while it was made.
#[derive(Debug, Default)]
struct Cost {
    bytes: usize,
    piece: usize,
    memory: usize,
    before: usize,
}

impl Cost {
    fn begin() -> Self {
        Self { before: live(), ..Self::default() }
    }

    fn piece(&mut self, len: usize) {
        self.bytes += len;
        self.piece = self.piece.max(len);
        self.memory = self.memory.max(live().saturating_sub(self.before));
    }
}

impl Write for Cost {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A group with one member that has all partitions of a topic, all of them committed.
fn storage(id: &[u8]) -> Storage {
    let rules = StorageRules { intervals: WINDOW, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER };
    let storage = Storage::new(["local"], rules);
    let partition = PartitionMetadata { leader: None, replicas: Vec::new(), in_sync: 0 };
    let partitions = vec![partition; usize::try_from(PARTITIONS).unwrap()];
    let topics = vec![TopicMetadata { name: "t".to_owned(), id: None, partitions }];
    storage.apply_metadata("local", Metadata { brokers: Vec::new(), topics }, NOW);
    let assigned = vec![(Name(b"t"), (0..PARTITIONS).map(Partition).collect())];
    let members = vec![MemberUpdate { id: Name(id), client_id: Name(id), client_host: Name(id), assigned }];
    let group = Name(b"g");
    let (protocol_type, protocol) = (Name(b"consumer"), Name(b"range"));
    let members = Update::Members(MembersUpdate { group, protocol_type, protocol, at: NOW, generation: 1, members });
    let commits = (0..PARTITIONS).map(|partition| Update::Commit {
        group,
        topic: Name(b"t"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: NOW,
    });
    let cluster = storage.cluster("local").unwrap();
    cluster.apply(cluster.source("local", 0), PastState::Read, (1..).map(Order).zip(commits.chain([members])), NOW);
    storage
}

fn metrics(storage: &Storage, names: NameSet) -> Cost {
    let layout =
        Arc::new(PageLayout::new(&MetricsConfig { names: vec![names], owners: true, ..MetricsConfig::default() }));
    let mut cost = Cost::begin();
    let view = Arc::new(storage.view(NOW, &RULES));
    MetricsPage::new(view, layout, Format::Text, Vec::new()).for_each(|piece| cost.piece(piece.len()));
    cost
}

fn burrow(storage: &Storage, path: &str) -> Cost {
    let config = config();
    let level = LogLevelControl { get: Box::new(|| Level::Info), set: Box::new(|_| {}) };
    let mut cost = Cost::begin();
    let api = BurrowApi { config: &config, storage, rules: &RULES, level: &level, host: "here" };
    let answer = api.answer(&BurrowRequest { verb: BurrowMethod::Read, path, body: b"", admin: false, now: NOW });
    serde_json::to_writer(&mut cost, &answer.body).unwrap();
    cost
}

fn page(storage: &Storage, path: &str, query: &str) -> Cost {
    let mut cost = Cost::begin();
    let exporter = ExporterReport { now: NOW.0, version: "0", running: 0, modules: Vec::new(), storage: Vec::new() };
    let answer = StatusPageData { storage, rules: &RULES, exporter }.answer(&parse_call(path, query).unwrap(), NOW);
    serde_json::to_writer(&mut cost, &answer.body).unwrap();
    cost
}

fn config() -> Config {
    let text = "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n";
    load(text, &REGISTRY, &Overrides::default(), &SystemAccess::none()).unwrap().config
}

fn costs(storage: &Storage) -> [(&'static str, Cost); 6] {
    [
        ("/metrics, kafka_exporter", metrics(storage, NameSet::DEFAULT)),
        ("/metrics, kafka-lag-exporter", metrics(storage, NameSet("kafka-lag-exporter"))),
        ("/v3 detail", burrow(storage, "/v3/kafka/local/consumer/g")),
        ("/v3 lag", burrow(storage, "/v3/kafka/local/consumer/g/lag")),
        ("/api/group", page(storage, "/api/group", "cluster=local&name=g")),
        ("/api/groups", page(storage, "/api/groups", "trails=1")),
    ]
}

/// The most that what is shown of an id takes on a line, three times: once escaped for JSON or a label.
const SHOWN: usize = 3 * 260;
/// A page is a view of the numbers, and the piece at hand.
const PIECE: usize = 320 * 1024;

#[test]
fn a_member_with_an_id_of_32_kb_costs_little_more_than_one_with_a_short_one() {
    let before = live();
    let plain = storage(b"app");
    let held_short = live() - before;
    let short = costs(&plain);
    drop(plain);
    let before = live();
    let storage = storage(&[b'a'; 32_767]);
    let held_long = live() - before;
    let long = costs(&storage);
    println!("held: {held_short} and {held_long} bytes");
    assert!(held_long < held_short + 4 * SHOWN, "{held_long} bytes are held, and {held_short} of a short id");
    for ((what, short), (_, long)) in short.iter().zip(&long) {
        println!("{what}: {short:?}, {long:?}");
        let most = usize::try_from(PARTITIONS).unwrap() * SHOWN * 4;
        assert!(long.bytes < short.bytes + most, "{what}: {long:?}");
        assert!(long.piece <= PIECE, "{what}: {long:?}");
        // The body itself is never there.
        assert!(long.memory < short.memory + PIECE && long.memory < 8_000_000, "{what}: {long:?}");
    }
}
