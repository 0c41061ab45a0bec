//! The rig: real Kafka brokers, Kafka's own tools, Prometheus and `warrener` itself, as processes of a test.

pub mod alertmanager;
pub mod boards;
pub mod broker;
pub mod browser;
pub mod client;
pub mod clients;
pub mod clock;
pub mod compose;
pub mod fake_kafka;
pub mod fake_zookeeper;
pub mod go_clients;
pub mod http;
pub mod https;
pub mod inbox;
pub mod issuer;
pub mod judge;
#[cfg(feature = "gssapi")]
pub mod kdc;
pub mod limits;
pub mod maven;
pub mod page;
pub mod process;
pub mod program;
pub mod prometheus;
pub mod records;
pub mod rules;
pub mod scratch;
pub mod security;
pub mod token_server;
pub mod tools;
pub mod watch;
pub mod wire;
pub mod zookeeper;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Asks again and again until it is so, and returns what was found; panics with the last answer at the deadline.
pub fn eventually<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(found) => return found,
            Err(last) => assert!(began.elapsed() < patience, "no {what} within {patience:?}: {last}"),
        }
        pause(Duration::from_millis(50));
    }
}

/// Runs the parts of a test at the same time, each on a thread of its name, and says how long each took. Panics once
/// all have ended if any failed. For parts that spend their time waiting.
pub fn side_by_side(parts: &[(&str, &(dyn Fn() + Sync))]) {
    let failed: Vec<&str> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for (name, part) in parts {
            let timed = move || {
                let began = Instant::now();
                part();
                println!("{name}: {:.0} s", began.elapsed().as_secs_f64());
            };
            let thread = thread::Builder::new().name((*name).to_owned());
            threads.push((*name, thread.spawn_scoped(scope, timed).unwrap()));
        }
        threads.into_iter().filter_map(|(name, thread)| thread.join().is_err().then_some(name)).collect()
    });
    assert!(failed.is_empty(), "failed: {failed:?}, each with a panic of its own");
}

/// Between two questions to a process that does not say when it is done.
pub fn pause(time: Duration) {
    thread::sleep(time);
}

/// Seconds as a duration, to keep the tests readable.
pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A port of 127.0.0.1 that nobody listens on and that no test was given before.
///
/// It lies below the range from which the kernel takes a client's own port: a client that tries a dead broker's
/// port again and again would else sooner or later connect to itself.
pub fn free_port() -> u16 {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut taken = TAKEN.lock().unwrap();
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let port = (0..10_000)
        .map(|step| 20_000 + (start + step) % 10_000)
        .find(|port| !taken.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap();
    taken.insert(port);
    port
}
