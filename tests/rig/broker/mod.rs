//! Kafka clusters of one to three nodes on 127.0.0.1.

mod properties;

use std::fs;
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use super::clients::Clients;
use super::maven::{Version, java, java_with};
use super::process::Process;
use super::scratch::Scratch;
use super::tools::Tools;
use super::watch::Watch;
use super::wire::Wire;
use super::{eventually, free_port, seconds, security};

/// What to start.
#[derive(Clone, Debug)]
pub struct Spec {
    version: Version,
    nodes: u16,
    offsets_partitions: u32,
    secure: bool,
    guarded: bool,
    lasting: bool,
    quick_groups: bool,
    /// Where its own data lie, instead of in a ZooKeeper of its own.
    ensemble: Option<String>,
    /// Megabytes of heap.
    heap: u32,
    fast: bool,
    alone: bool,
    properties: Vec<&'static str>,
    /// More options of the brokers' JVMs, and more folders for their class path.
    options: Vec<String>,
    classes: Vec<String>,
}

impl Spec {
    pub fn new(version: Version) -> Self {
        Self {
            version,
            nodes: 1,
            offsets_partitions: 8,
            secure: false,
            guarded: false,
            lasting: false,
            quick_groups: false,
            ensemble: None,
            heap: 256,
            fast: false,
            alone: false,
            properties: Vec::new(),
            options: Vec::new(),
            classes: Vec::new(),
        }
    }

    pub fn nodes(self, nodes: u16) -> Self {
        Self { nodes, ..self }
    }

    pub fn offsets_partitions(self, offsets_partitions: u32) -> Self {
        Self { offsets_partitions, ..self }
    }

    /// Listeners with SASL over TLS and with mutual TLS beside the plain one.
    pub fn secure(self) -> Self {
        Self { secure: true, ..self }
    }

    /// Secure, and users may do only what they were granted; the plain listener's clients may do everything.
    pub fn guarded(self) -> Self {
        Self { guarded: true, ..self.secure() }
    }

    /// Groups of every type that the release has; members that say nothing are gone after 3 s.
    pub fn quick_groups(self) -> Self {
        Self { quick_groups: true, ..self }
    }

    /// Keeps its own data there; the ensemble has to live longer.
    pub fn in_zookeeper(self, connect: String) -> Self {
        Self { ensemble: Some(connect), ..self }
    }

    /// A line of each node's `server.properties`, in the place of what the rig sets there.
    pub fn property(mut self, line: &'static str) -> Self {
        self.properties.push(line);
        self
    }

    /// An option of each node's JVM.
    pub fn option(mut self, option: String) -> Self {
        self.options.push(option);
        self
    }

    /// A folder with classes for each node.
    pub fn classes(mut self, folder: String) -> Self {
        self.classes.push(folder);
        self
    }

    /// For measuring: no other nodes run meanwhile but the lasting ones.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// For measuring: compiled to run fast rather than to start fast, on a heap of so many megabytes.
    pub fn fast(self, heap: u32) -> Self {
        Self { fast: true, heap, ..self }
    }

    /// Makes it ready to start; nothing runs yet.
    pub fn prepare(self) -> Cluster {
        let seats = (!self.lasting).then(|| Seats::take(if self.alone { SEATS } else { self.nodes.into() }));
        let scratch = Scratch::new(&format!("kafka-{}", self.version.name()));
        let nodes: Vec<Node> = (1..=self.nodes).map(|id| Node::new(id, &scratch)).collect();
        let cluster = Cluster { nodes, spec: self, zookeeper: None, tools: OnceLock::new(), scratch, _seats: seats };
        if cluster.spec.secure {
            security::write_certificates(&cluster.scratch);
        }
        for node in &cluster.nodes {
            fs::write(node.folder.join("server.properties"), cluster.properties(node)).unwrap();
            if !cluster.spec.version.wants_zookeeper() {
                cluster.format(node);
            }
        }
        cluster
    }

    pub fn start(self) -> Cluster {
        let mut cluster = self.prepare();
        cluster.start();
        cluster
    }

    /// Not counted against the nodes that may run at a time: for clusters that live as long as the tests.
    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    /// The one secure node that all tests share that neither harm it nor need it to be empty.
    pub fn common() -> &'static Cluster {
        static COMMON: OnceLock<Cluster> = OnceLock::new();
        COMMON.get_or_init(|| Self::new(Version::LATEST).secure().lasting().start())
    }
}

/// Bounds how many nodes run at a time beside the lasting ones.
struct Seats(usize);

const SEATS: usize = 3;
static FREE_SEATS: (Mutex<usize>, Condvar) = (Mutex::new(SEATS), Condvar::new());

impl Seats {
    fn take(count: usize) -> Self {
        let free = FREE_SEATS.0.lock().unwrap();
        *FREE_SEATS.1.wait_while(free, |free| *free < count).unwrap() -= count;
        Self(count)
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        *FREE_SEATS.0.lock().unwrap() += self.0;
        FREE_SEATS.1.notify_all();
    }
}

/// A prepared or running cluster; its processes end and its data go when it is dropped.
pub struct Cluster {
    nodes: Vec<Node>,
    spec: Spec,
    /// Where the release wants one.
    zookeeper: Option<Process>,
    tools: OnceLock<Tools>,
    // Behind the processes: they are to be gone before their folder is.
    scratch: Scratch,
    _seats: Option<Seats>,
}

struct Node {
    process: Option<Process>,
    id: u16,
    port: u16,
    controller: u16,
    sasl: u16,
    mutual: u16,
    /// A plain listener that says it listens at `watch`, where `Cluster::watch` puts something in between.
    watched: u16,
    watch: u16,
    folder: std::path::PathBuf,
}

impl Node {
    fn new(id: u16, scratch: &Scratch) -> Self {
        let folder = scratch.join(&format!("node-{id}"));
        fs::create_dir_all(&folder).unwrap();
        let [port, controller, sasl, mutual, watched, watch] = [(); 6].map(|()| free_port());
        Self { process: None, id, port, controller, sasl, mutual, watched, watch, folder }
    }
}

impl Cluster {
    /// `host:port` of every plain listener.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect::<Vec<_>>().join(",")
    }

    /// The plain port of the first node.
    pub fn port(&self) -> u16 {
        self.nodes[0].port
    }

    /// The plain ports of all nodes.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.nodes.iter().map(|node| node.port)
    }

    pub fn sasl_address(&self) -> String {
        format!("127.0.0.1:{}", self.nodes[0].sasl)
    }

    pub fn mutual_address(&self) -> String {
        format!("127.0.0.1:{}", self.nodes[0].mutual)
    }

    /// Begins to write down what is asked at an address of its own, which is given back too.
    pub fn watch(&self) -> (Watch, String) {
        let node = &self.nodes[0];
        (Watch::start(node.watch, node.watched), format!("127.0.0.1:{}", node.watch))
    }

    /// Kafka's own tools of the same release, pointed at this cluster.
    pub fn tools(&self) -> &Tools {
        self.tools.get_or_init(|| Tools::start(self.spec.version, self.bootstrap(), &self.scratch))
    }

    /// A JVM of its own for many clients of this cluster, of the latest release whatever the brokers' is.
    pub fn clients(&self, name: &str) -> Clients {
        Clients::start(Version::LATEST, &self.bootstrap(), &self.scratch, name)
    }

    /// The authority of a secure cluster's certificates, where it has any.
    pub fn ca(&self) -> Option<String> {
        security::has_tls(self.spec.version).then(|| self.file("ca.pem"))
    }

    /// Where the certificates of a secure cluster lie.
    pub fn file(&self, name: &str) -> String {
        self.scratch.join(name).to_str().unwrap().to_owned()
    }

    /// What the first node has logged, over all its lives.
    pub fn log(&self) -> String {
        fs::read_to_string(self.nodes[0].folder.join("broker.log")).unwrap_or_default()
    }

    /// Starts every node that does not run and waits until each answers.
    pub fn start(&mut self) {
        if self.spec.version.wants_zookeeper() && self.spec.ensemble.is_none() && self.zookeeper.is_none() {
            let mut command = java(self.spec.version, 64);
            command.args(["org.apache.zookeeper.server.ZooKeeperServerMain", &self.nodes[0].controller.to_string()]);
            command.arg(self.scratch.join("zookeeper"));
            self.zookeeper = Some(Process::start(command, &self.scratch.join("zookeeper.log")));
        }
        for index in 0..self.nodes.len() {
            if self.nodes[index].process.is_none() {
                let process = self.launch(&self.nodes[index]);
                self.nodes[index].process = Some(process);
            }
        }
        for node in &mut self.nodes {
            let process = node.process.as_mut().unwrap();
            eventually(seconds(90), "answer of a broker", || {
                assert!(process.ended().is_none(), "the broker ended:\n{}", process.log());
                Wire::connect(node.port, Duration::from_secs(2))?.api_versions()
            });
        }
    }

    /// Kills node `index` without a word.
    pub fn kill(&mut self, index: usize) {
        self.nodes[index].process.take().unwrap().kill();
    }

    /// Stops node `index` as an operator does: it hands its partitions over first.
    pub fn stop(&mut self, index: usize) {
        let mut process = self.nodes[index].process.take().unwrap();
        process.signal(libc::SIGTERM);
        process.wait(seconds(60));
    }

    /// Stops node `index` in its tracks, its sockets open.
    pub fn freeze(&mut self, index: usize) {
        self.nodes[index].process.as_mut().unwrap().signal(libc::SIGSTOP);
    }

    pub fn thaw(&mut self, index: usize) {
        self.nodes[index].process.as_mut().unwrap().signal(libc::SIGCONT);
    }

    fn java(&self, node: &Node) -> Command {
        let mut command = java(self.spec.version, 256);
        command.current_dir(&node.folder);
        command
    }

    /// The cluster id: sixteen bytes in Base64, different for each cluster.
    pub fn id(&self) -> String {
        format!("d2FycmVuZXI{:010}A", self.port())
    }

    fn format(&self, node: &Node) {
        let mut command = self.java(node);
        command.args(["kafka.tools.StorageTool", "format", "-t", &self.id(), "-c", "server.properties"]);
        if self.spec.secure {
            let user = format!("SCRAM-SHA-512=[name={},password={}]", security::USER, security::PASSWORD);
            command.args(["--add-scram", &user]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "formatting: {output:?}");
    }

    fn launch(&self, node: &Node) -> Process {
        // So that two tests do not make two cores start four JVMs at once.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let class_path = self.spec.classes.iter().cloned().chain([self.spec.version.class_path()]);
        let mut command = java_with(&class_path.collect::<Vec<_>>().join(":"), self.spec.heap);
        command.args(&self.spec.options);
        if self.spec.fast {
            command.arg("-XX:TieredStopAtLevel=4");
        }
        command.arg("-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.network.Selector=info");
        // What the authorizer denies.
        command.arg("-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=info");
        command.current_dir(&node.folder).args(["kafka.Kafka", "server.properties"]);
        Process::start(command, &node.folder.join("broker.log"))
    }
}
