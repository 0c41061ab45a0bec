//! Attackers that are servers which the program follows: real ones that are ill, and some that are none at all.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Target;
use super::attackers::Attacker;
use super::good::{Good, sections};
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::wire::Committer;
use crate::rig::zookeeper::{Release, Znodes, ZooKeeper};
use crate::rig::{free_port, http, pause, seconds};

/// How long a server that is well again may take to be shown.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the page shows this commit.
pub fn shown(target: &Target, cluster: &str, committed: u32, patience: Duration) -> Result<(), String> {
    let (began, label) = (Instant::now(), format!("cluster=\"{cluster}\""));
    let is_it = |line: &str| {
        line.starts_with("kafka_consumergroup_current_offset{")
            && line.contains(&label)
            && line.ends_with(&format!(" {committed}"))
    };
    loop {
        let page = http::get(target.port, "/metrics", &[])?;
        if page.text().lines().any(is_it) {
            return Ok(());
        }
        if began.elapsed() > patience {
            let up = page.text().lines().filter(|line| line.starts_with("warrener_up{") && line.contains(&label));
            return Err(format!("{cluster}: no commit of {committed}; {:?}", up.collect::<Vec<_>>()));
        }
        pause(seconds(1));
    }
}

/// A `kafka_zk` consumer and its cluster.
pub fn zookeeper_sections(name: &str, brokers: &str, servers: &str) -> String {
    format!(
        "[cluster.{name}]\nclass-name = \"kafka\"\nservers = [\"{brokers}\"]\n[consumer.{name}]\n\
         class-name = \"kafka_zk\"\ncluster = \"{name}\"\nservers = [{servers}]\nzookeeper-timeout = 2\n"
    )
}

/// A real broker that is stopped, continued and killed.
pub struct Broken {
    cluster: Cluster,
    committer: Committer,
    turns: u32,
}

impl Broken {
    pub fn start() -> Self {
        let cluster = Spec::new(Version::V4_4).alone().start();
        cluster.create_topic("orders", 1);
        let mut committer = Committer::new(cluster.port());
        committer.commit("billing", "orders", &[(0, 0)]);
        Self { cluster, committer, turns: 0 }
    }
}

impl Attacker for Broken {
    fn name(&self) -> &'static str {
        "a broker that is stopped, continued and killed"
    }

    fn sections(&self) -> String {
        sections("broken", &self.cluster.bootstrap(), "")
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        self.turns += 1;
        self.cluster.freeze(0);
        target.pause(seconds(12));
        self.cluster.thaw(0);
        target.pause(seconds(6));
        self.cluster.kill(0);
        target.pause(seconds(6));
        self.cluster.start();
        target.pause(seconds(6));
        Ok(())
    }

    fn make_peace(&mut self, target: &Target) -> Result<(), String> {
        self.committer.commit("billing", "orders", &[(0, self.turns.into())]);
        shown(target, "broken", self.turns, PATIENCE)
    }
}

/// A real ZooKeeper whose sessions end.
pub struct Sessions {
    brokers: String,
    znodes: Znodes,
    zookeeper: ZooKeeper,
    turns: u32,
}

impl Sessions {
    pub fn start(good: &Good) -> Self {
        let zookeeper = ZooKeeper::start(Release::V3_8);
        let znodes = zookeeper.znodes();
        let sessions = Self { brokers: good.cluster.bootstrap(), znodes, zookeeper, turns: 0 };
        sessions.commit();
        sessions
    }

    fn commit(&self) {
        self.znodes.put("/consumers/old/offsets/orders/0", &self.turns.to_string());
    }
}

impl Attacker for Sessions {
    fn name(&self) -> &'static str {
        "a ZooKeeper whose sessions end"
    }

    fn sections(&self) -> String {
        zookeeper_sections("sessions", &self.brokers, &self.zookeeper.servers())
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        self.turns += 1;
        self.zookeeper.freeze(0);
        target.pause(seconds(5));
        self.zookeeper.thaw(0);
        target.pause(seconds(5));
        self.zookeeper.kill(0);
        target.pause(seconds(4));
        self.zookeeper.restart();
        target.pause(seconds(5));
        Ok(())
    }

    fn make_peace(&mut self, target: &Target) -> Result<(), String> {
        self.commit();
        shown(target, "sessions", self.turns, PATIENCE)
    }
}

/// Ports that nobody listens on.
pub struct Refusing;

impl Attacker for Refusing {
    fn name(&self) -> &'static str {
        "servers that refuse"
    }

    fn sections(&self) -> String {
        let brokers = format!("127.0.0.1:{}", free_port());
        let servers = format!("\"127.0.0.1:{}\"", free_port());
        sections("refusing", &brokers, "") + &zookeeper_sections("refusing-zk", &brokers, &servers)
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        target.pause(seconds(5));
        Ok(())
    }
}

/// Takes connections and what is sent, and never says a word; hangs up now and then.
pub struct Silent {
    port: u16,
    held: Arc<Mutex<Vec<TcpStream>>>,
}

impl Silent {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, held) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let holder = Arc::clone(&held);
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                holder.lock().unwrap().push(stream);
            }
        });
        Self { port, held }
    }
}

impl Attacker for Silent {
    fn name(&self) -> &'static str {
        "servers that accept and never answer"
    }

    fn sections(&self) -> String {
        let address = format!("127.0.0.1:{}", self.port);
        sections("silent", &address, "") + &zookeeper_sections("silent-zk", &address, &format!("\"{address}\""))
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        target.pause(seconds(15));
        self.held.lock().unwrap().clear();
        Ok(())
    }
}
