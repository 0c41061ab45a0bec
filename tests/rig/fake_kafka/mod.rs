//! A Kafka cluster that answers from a small model what real brokers answer, and lies on demand.

mod answers;
pub mod batch;
mod lie;
mod model;
mod serve;

use std::collections::HashMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use kafka_protocol::messages::ApiKey;

use super::client::Record;
use super::{free_port, records};

pub use lie::{Accept, Delivery, Exchange, Lie, with_length};
use model::{Entry, Log, Model, Node, Topic};

/// A running cluster; it is gone when this is dropped.
pub struct FakeKafka {
    shared: Arc<Shared>,
}

/// What the threads of all listeners and connections share.
struct Shared {
    state: Mutex<State>,
    /// A log has grown, or the lie is another one.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    model: Model,
    lie: Option<Arc<Lie>>,
    /// How many answers differed from the honest one since the lie began.
    told: usize,
    /// How often each API was asked for.
    asked: HashMap<ApiKey, usize>,
    connections: Vec<TcpStream>,
    stopped: bool,
}

impl FakeKafka {
    /// An honest cluster of so many brokers, without topics.
    pub fn start(brokers: i32) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let fake = Self { shared };
        for id in 1..=brokers {
            let port = free_port();
            let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
            fake.state().model.nodes.push(Node { id, port });
            let shared = Arc::clone(&fake.shared);
            thread::spawn(move || serve::listen(&listener, id, &shared));
        }
        fake
    }

    /// `host:port` of every broker.
    pub fn bootstrap(&self) -> String {
        let state = self.state();
        let addresses = state.model.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// A topic of so many empty partitions; the brokers lead them in turn.
    pub fn create_topic(&self, name: &str, partitions: usize) {
        let mut state = self.state();
        let id = state.model.next_topic_id();
        let topic = Topic { id, partitions: (0..partitions).map(|_| Log::default()).collect() };
        state.model.topics.insert(name.to_owned(), topic);
    }

    /// Appends records to a partition.
    pub fn append(&self, topic: &str, partition: usize, records: impl IntoIterator<Item = Record>) {
        let mut state = self.state();
        let log = &mut state.model.topics.get_mut(topic).unwrap().partitions[partition];
        let time = records::now();
        log.records.extend(records.into_iter().map(|(key, value)| Some(Entry { time, key, value })));
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Appends offsets to a partition that nobody can read.
    pub fn append_unreadable(&self, topic: &str, partition: usize, offsets: usize) {
        let mut state = self.state();
        let log = &mut state.model.topics.get_mut(topic).unwrap().partitions[partition];
        log.records.extend(std::iter::repeat_n(None, offsets));
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Sets the cluster's id.
    pub fn set_cluster_id(&self, id: &str) {
        self.state().model.cluster_id = id.to_owned();
    }

    /// Where a partition's log ends.
    pub fn end(&self, topic: &str, partition: usize) -> i64 {
        self.state().model.topics[topic].partitions[partition].end()
    }

    /// Lies from now on.
    pub fn tell(&self, lie: Arc<Lie>) {
        self.change(Some(lie));
    }

    /// Tells the truth from now on. Connections that wait for an answer go on waiting; those that were made under a
    /// lie about connections are closed, as by a restart.
    pub fn be_honest(&self) {
        self.change(None);
    }

    fn change(&self, lie: Option<Arc<Lie>>) {
        let mut state = self.state();
        let of_connections = |lie: &Option<Arc<Lie>>| lie.as_ref().is_some_and(|lie| lie.wants_new_connections());
        let hangs_up = of_connections(&lie) || of_connections(&state.lie);
        (state.lie, state.told) = (lie, 0);
        if hangs_up {
            state.hang_up();
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// How many answers, or connections, were not honest since the lie began.
    pub fn told(&self) -> usize {
        self.state().told
    }

    /// How often an API was asked for.
    pub fn asked(&self, api: ApiKey) -> usize {
        self.state().asked.get(&api).copied().unwrap_or(0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl State {
    fn hang_up(&mut self) {
        for connection in self.connections.drain(..) {
            // It may be closed already.
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    fn note(&mut self, api: ApiKey) {
        *self.asked.entry(api).or_default() += 1;
    }
}

impl Drop for FakeKafka {
    fn drop(&mut self) {
        let mut state = self.state();
        state.stopped = true;
        state.hang_up();
        let ports: Vec<u16> = state.model.nodes.iter().map(|node| node.port).collect();
        drop(state);
        self.shared.changed.notify_all();
        for port in ports {
            // Wakes the listener, which looks whether it is to stop.
            drop(TcpStream::connect(("127.0.0.1", port)));
        }
    }
}
