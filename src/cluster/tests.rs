//! Tests that the whole module ends, whatever its servers do.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::time::Instant;

use rdkafka::mocking::MockCluster;

use super::*;
use crate::config::{ClientProfile, ConnectionConfig, Filter};
use crate::health::ModuleKind;
use crate::storage::{Storage, StorageRules};

fn cluster(servers: &str) -> ClusterConfig {
    let client = ClientProfile {
        name: None,
        client_id: "warrener".to_owned(),
        tls: None,
        sasl: None,
        properties: std::collections::BTreeMap::new(),
    };
    ClusterConfig {
        name: "c".to_owned(),
        connection: ConnectionConfig { servers: vec![servers.to_owned()], client },
        offset_refresh: Duration::from_millis(100),
        topic_refresh: Duration::from_secs(1),
        topics: Filter::default(),
    }
}

fn storage() -> Arc<storage::Cluster> {
    let rules = StorageRules {
        intervals: NonZeroUsize::MIN,
        min_distance: Duration::ZERO,
        expire: storage::ExpiryPolicy::NEVER,
    };
    Storage::new([], rules).cluster_or_new("c", rules)
}

fn metrics() -> ModuleMetrics {
    ModuleMetrics::detached("c", ModuleKind::Cluster, "c")
}

/// Runs the module, stops it when `ready` returns true, and checks that it ends in time.
fn stops_within_its_grace(servers: &str, ready: impl Fn(&Client) -> bool) {
    let stop = CancellationToken::new();
    let module = ConfiguredCluster::configure(watch::channel(Arc::new(cluster(servers))).1, None).unwrap();
    let running = module.start(storage(), metrics(), Vec::new(), Handover::open(), stop.clone()).unwrap();
    let client = Arc::clone(running.client());
    let thread = std::thread::spawn(move || running.run());
    let begin = Instant::now();
    while !ready(&client) {
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", client.context().cause());
        std::thread::yield_now();
    }
    drop(client);
    let begin = Instant::now();
    stop.cancel();
    thread.join().unwrap();
    // The limit is that of stopping the whole program. On an idle machine it takes half a second at most.
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn it_stops_while_all_is_well() {
    let mock = MockCluster::new(2).unwrap();
    mock.create_topic("t", 4, 1).unwrap();
    let begin = Instant::now();
    stops_within_its_grace(&mock.bootstrap_servers(), |_| begin.elapsed() > Duration::from_secs(1));
}

#[test]
fn it_stops_while_nobody_is_there() {
    stops_within_its_grace("127.0.0.1:1", |client| client.context().cause().is_some());
}

#[test]
fn it_stops_while_the_server_is_silent() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    stops_within_its_grace(&address, |client| client.context().cause().is_some());
}

#[test]
fn it_stops_while_names_are_being_looked_up() {
    let begin = Instant::now();
    stops_within_its_grace("nowhere.invalid:9092", |_| begin.elapsed() > Duration::from_millis(300));
}
