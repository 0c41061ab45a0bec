//! Attackers that are servers which lie: every lie of the tests of lies, one after the other.

use std::sync::Arc;
use std::time::Duration;

use super::Target;
use super::attackers::Attacker;
use super::good::sections;
use super::servers::{PATIENCE, shown, zookeeper_sections};
use crate::rig::fake_kafka::{FakeKafka, Lie};
use crate::rig::fake_zookeeper::{self, FakeZooKeeper};
use crate::rig::{free_port, records, seconds};
use crate::{lies, zookeeper};

/// How many servers of a kind lie at the same time, each with another lie.
const LIARS: usize = 4;
/// Seconds for which a server tells a lie, and for which it is honest afterwards.
const LIE: u64 = 4;
const TRUTH: u64 = 2;
/// How long a server may take to be shown that refused access in the last minute.
const GRANTED_AGAIN: Duration = Duration::from_secs(80);

const TOPIC: &str = "orders";
const OFFSETS: &str = "__consumer_offsets";

/// Kafka clusters.
pub struct Clusters {
    fakes: Vec<FakeKafka>,
    /// Each lie, and whether it is that access is refused.
    lies: Vec<(Arc<Lie>, bool)>,
    turns: usize,
}

impl Clusters {
    pub fn start() -> Self {
        let fakes = (0..LIARS).map(|_| {
            let fake = FakeKafka::start(2);
            fake.create_topic(TOPIC, 3);
            fake.create_topic(OFFSETS, 2);
            fake
        });
        let lies = lies::all().into_iter().map(|(name, lie)| (Arc::new(lie), lies::refuses(name))).collect();
        let clusters = Self { fakes: fakes.collect(), lies, turns: 0 };
        clusters.commit();
        clusters
    }

    /// A commit of the number of turns to each cluster.
    fn commit(&self) {
        let offset = i64::try_from(self.turns).unwrap();
        for fake in &self.fakes {
            fake.append(TOPIC, 0, [(b"k".to_vec(), Some(b"v".to_vec()))]);
            fake.append(OFFSETS, 0, [records::commit(b"billing", TOPIC.as_bytes(), 0, offset, records::now())]);
        }
    }
}

impl Attacker for Clusters {
    fn name(&self) -> &'static str {
        "Kafka clusters that lie"
    }

    fn sections(&self) -> String {
        let of = |(number, fake): (usize, &FakeKafka)| {
            sections(&format!("liar-{number}"), &fake.bootstrap().replace(',', "\", \""), "")
        };
        self.fakes.iter().enumerate().map(of).collect()
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        for (number, fake) in self.fakes.iter().enumerate() {
            fake.tell(Arc::clone(&of_turn(&self.lies, self.turns, number).0));
        }
        self.turns += 1;
        self.commit();
        target.pause(seconds(LIE));
        self.fakes.iter().for_each(FakeKafka::be_honest);
        target.pause(seconds(TRUTH));
        Ok(())
    }

    fn make_peace(&mut self, target: &Target) -> Result<(), String> {
        self.turns += 1;
        self.commit();
        let committed = u32::try_from(self.turns).unwrap();
        (0..LIARS).try_for_each(|number| {
            shown(target, &format!("liar-{number}"), committed, patience(&self.lies, self.turns, number))
        })
    }
}

/// ZooKeeper ensembles.
pub struct Ensembles {
    fakes: Vec<FakeZooKeeper>,
    /// Each lie, and whether it is that access is refused.
    lies: Vec<(fake_zookeeper::Lie, bool)>,
    turns: usize,
}

impl Ensembles {
    pub fn start() -> Self {
        let fakes = (0..LIARS).map(|_| FakeZooKeeper::start()).collect();
        let lies =
            zookeeper::lies::all().into_iter().map(|(name, lie)| (lie, zookeeper::lies::refuses(name))).collect();
        let ensembles = Self { fakes, lies, turns: 0 };
        ensembles.commit();
        ensembles
    }

    /// A commit of the number of turns to each ensemble.
    fn commit(&self) {
        self.fakes.iter().for_each(|fake| fake.put("/consumers/old/offsets/orders/0", &self.turns.to_string()));
    }
}

impl Attacker for Ensembles {
    fn name(&self) -> &'static str {
        "ZooKeeper ensembles that lie"
    }

    fn sections(&self) -> String {
        // No broker answers for these clusters. Without metadata, topics are not hidden.
        let brokers = format!("127.0.0.1:{}", free_port());
        let of = |(number, fake): (usize, &FakeZooKeeper)| {
            zookeeper_sections(&format!("liar-zk-{number}"), &brokers, &fake.server())
        };
        self.fakes.iter().enumerate().map(of).collect()
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        for (number, fake) in self.fakes.iter().enumerate() {
            fake.lie(of_turn(&self.lies, self.turns, number).0.clone());
        }
        self.turns += 1;
        target.pause(seconds(LIE));
        self.commit();
        self.fakes.iter().for_each(FakeZooKeeper::repent);
        target.pause(seconds(TRUTH));
        Ok(())
    }

    fn make_peace(&mut self, target: &Target) -> Result<(), String> {
        self.turns += 1;
        self.commit();
        let committed = u32::try_from(self.turns).unwrap();
        (0..LIARS).try_for_each(|number| {
            shown(target, &format!("liar-zk-{number}"), committed, patience(&self.lies, self.turns, number))
        })
    }
}

/// The lie of a server in a turn. Every server tells all lies in order; each starts at another one.
fn of_turn<L>(lies: &[L], turn: usize, server: usize) -> &L {
    &lies[(turn + server * lies.len() / LIARS) % lies.len()]
}

/// How long a server may take to be shown after this turn: longer if it refused access within the last minute.
fn patience<L>(lies: &[(L, bool)], turn: usize, server: usize) -> Duration {
    let minute = usize::try_from(60 / (LIE + TRUTH)).unwrap() + 1;
    let refused = (turn.saturating_sub(minute)..turn).any(|turn| of_turn(lies, turn, server).1);
    if refused { GRANTED_AGAIN } else { PATIENCE }
}
