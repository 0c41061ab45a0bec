//! ZooKeeper ensembles of one or three servers on 127.0.0.1, and what is done to their nodes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Mutex;
use std::time::Duration;

use super::maven::{Version, java};
use super::process::Process;
use super::scratch::Scratch;
use super::{eventually, free_port, seconds, security};

/// Releases of ZooKeeper, by the releases of Kafka that bring them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    V3_8,
    V3_4,
}

impl Release {
    fn kafka(self) -> Version {
        match self {
            Self::V3_8 => Version::V3_9,
            Self::V3_4 => Version::V1_1,
        }
    }
}

/// A running ensemble; its processes end and its data go when it is dropped.
pub struct ZooKeeper {
    servers: Vec<Server>,
    release: Release,
    // Behind the processes: they are to be gone before their folder is.
    scratch: Scratch,
}

struct Server {
    process: Option<Process>,
    port: u16,
    secure: u16,
    folder: PathBuf,
}

impl ZooKeeper {
    pub fn start(release: Release) -> Self {
        let mut one = Self::prepare(release, 1, "");
        one.restart();
        one
    }

    /// Three servers. One that is cut off from the others answers readers.
    pub fn three(release: Release) -> Self {
        let mut three = Self::prepare(release, 3, "");
        three.restart();
        three
    }

    /// One server with a port for TLS beside the plain one; a client's certificate is asked for or not.
    pub fn secure(mutual: bool) -> Self {
        let auth = if mutual { "need" } else { "none" };
        let mut one = Self::prepare(Release::V3_8, 1, auth);
        one.restart();
        one
    }

    /// Nothing runs yet.
    pub fn prepare(release: Release, servers: u16, tls: &str) -> Self {
        let scratch = Scratch::new("zookeeper");
        if !tls.is_empty() {
            security::write_certificates(&scratch);
        }
        let peers: Vec<[u16; 2]> = (0..servers).map(|_| [free_port(), free_port()]).collect();
        let of = |id: u16| {
            let folder = scratch.join(&format!("server-{id}"));
            fs::create_dir_all(folder.join("data")).unwrap();
            fs::write(folder.join("data/myid"), id.to_string()).unwrap();
            let server = Server { process: None, port: free_port(), secure: free_port(), folder };
            fs::write(server.folder.join("zoo.cfg"), config(&server, &peers, &scratch, tls)).unwrap();
            server
        };
        Self { servers: (1..=servers).map(of).collect(), release, scratch }
    }

    /// Starts every server that does not run, and waits until all serve.
    pub fn restart(&mut self) {
        for server in self.servers.iter_mut().filter(|server| server.process.is_none()) {
            let mut command = java(self.release.kafka(), 256);
            command.args(["-Dzookeeper.jmx.log4j.disable=true", "-Dreadonlymode.enabled=true"]);
            command.arg("-Dzookeeper.4lw.commands.whitelist=*").current_dir(&server.folder);
            command.args(["org.apache.zookeeper.server.quorum.QuorumPeerMain", "zoo.cfg"]);
            server.process = Some(Process::start(command, &server.folder.join("zookeeper.log")));
        }
        for server in &mut self.servers {
            let process = server.process.as_mut().unwrap();
            eventually(seconds(60), "answer of a ZooKeeper", || {
                assert!(process.ended().is_none(), "it ended:\n{}", process.log());
                let said = ask(server.port, "srvr")?;
                let mode = said.lines().find(|line| line.starts_with("Mode: ")).unwrap_or_default().to_owned();
                if ["standalone", "leader", "follower"].iter().any(|good| mode.ends_with(good)) {
                    Ok(())
                } else {
                    Err(said)
                }
            });
        }
    }

    /// `host:port` of every server, as a list for a file.
    pub fn servers(&self) -> String {
        let servers: Vec<String> = self.servers.iter().map(|server| format!("\"127.0.0.1:{}\"", server.port)).collect();
        servers.join(", ")
    }

    pub fn secure_server(&self) -> String {
        format!("\"127.0.0.1:{}\"", self.servers[0].secure)
    }

    /// What Kafka takes for an ensemble.
    pub fn connect(&self, chroot: &str) -> String {
        let servers: Vec<String> = self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("{}{chroot}", servers.join(","))
    }

    /// Where the certificates of a secure one lie.
    pub fn file(&self, name: &str) -> String {
        self.scratch.join(name).to_str().unwrap().to_owned()
    }

    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    pub fn znodes(&self) -> Znodes {
        Znodes::start(&self.connect(""), &self.scratch)
    }

    pub fn kill(&mut self, index: usize) {
        self.servers[index].process.take().unwrap().kill();
    }

    pub fn freeze(&mut self, index: usize) {
        self.servers[index].process.as_mut().unwrap().signal(libc::SIGSTOP);
    }

    pub fn thaw(&mut self, index: usize) {
        self.servers[index].process.as_mut().unwrap().signal(libc::SIGCONT);
    }

    /// How many watches are set with all servers that answer: `wchs` leaves out those of children.
    pub fn watches(&self) -> u64 {
        self.servers.iter().map(|server| number(server, "mntr", "zk_watch_count")).sum()
    }

    /// How many packets all servers have received that answer.
    pub fn received(&self) -> u64 {
        self.servers.iter().map(|server| number(server, "srvr", "Received:")).sum()
    }

    /// The server that holds the most watches.
    pub fn busiest(&self) -> usize {
        (0..self.servers.len()).max_by_key(|index| number(&self.servers[*index], "mntr", "zk_watch_count")).unwrap()
    }
}

fn config(server: &Server, peers: &[[u16; 2]], scratch: &Scratch, tls: &str) -> String {
    let mut text = format!(
        "tickTime=500\ninitLimit=20\nsyncLimit=10\nminSessionTimeout=1000\nmaxSessionTimeout=60000\nmaxClientCnxns=0\n\
         dataDir={}\nclientPort={}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n",
        server.folder.join("data").display(),
        server.port,
    );
    if peers.len() > 1 {
        // A server of 3.8 that is cut off opens no other sessions.
        text += "localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n";
        for (id, [peer, election]) in (1..).zip(peers) {
            writeln!(text, "server.{id}=127.0.0.1:{peer}:{election}").unwrap();
        }
    }
    if !tls.is_empty() {
        let [key, trust] = ["server.pem", "ca.pem"].map(|name| scratch.join(name).display().to_string());
        writeln!(
            text,
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\nsecureClientPort={}\n\
             secureClientPortAddress=127.0.0.1\nssl.clientAuth={tls}\nssl.keyStore.location={key}\n\
             ssl.trustStore.location={trust}",
            server.secure,
        )
        .unwrap();
    }
    text
}

/// A number in what a server says; none of one that is down.
fn number(server: &Server, word: &str, before: &str) -> u64 {
    let said = ask(server.port, word).unwrap_or_default();
    said.lines().find_map(|line| line.strip_prefix(before)?.trim().parse().ok()).unwrap_or(0)
}

/// What a server says to one of its four letter words.
fn ask(port: u16, word: &str) -> Result<String, String> {
    let talk = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(word.as_bytes())?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok(said)
    };
    talk().map_err(|error| error.to_string())
}

/// A JVM with ZooKeeper's own client.
pub struct Znodes {
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>, Process)>,
}

impl Znodes {
    fn start(servers: &str, scratch: &Scratch) -> Self {
        // The later client serves servers of both releases.
        let mut command = java(Version::V3_9, 128);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/Znodes.java")).arg(servers);
        let mut process = Process::piped(command, &scratch.join("znodes.log"));
        let stdin = process.child().stdin.take().unwrap();
        let stdout = BufReader::new(process.child().stdout.take().unwrap());
        Self { pipes: Mutex::new((stdin, stdout, process)) }
    }

    /// One order as `Znodes.java` has it; what it answered.
    pub fn ask(&self, words: &[&str]) -> Result<String, String> {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{}", words.join("\t")).unwrap();
        let mut answer = String::new();
        pipes.1.read_line(&mut answer).unwrap();
        match answer.trim_end_matches('\n').split_once(' ') {
            Some(("ok", found)) => Ok(found.to_owned()),
            _ => Err(format!("{words:?}: {answer:?}")),
        }
    }

    /// The same, again and again while its servers come and go.
    fn run(&self, words: &[&str]) -> String {
        eventually(seconds(30), "answer of ZooKeeper's client", || self.ask(words))
    }

    pub fn put(&self, path: &str, data: &str) {
        self.run(&["put", path, data]);
    }

    pub fn delete(&self, path: &str) {
        self.run(&["delete", path]);
    }

    /// Adds a digest `user:password` to the session.
    pub fn login(&self, digest: &str) {
        self.run(&["login", digest]);
    }

    /// Lets nobody read a node but who has logged in likewise.
    pub fn lock(&self, path: &str) {
        self.run(&["lock", path]);
    }

    /// Makes groups `group-0` and on, each of which has committed so many partitions of `topic`.
    pub fn load(&self, groups: u32, partitions: u32) {
        self.run(&["load", &groups.to_string(), &partitions.to_string()]);
    }

    /// Commits of theirs, so many a second.
    pub fn churn(&self, groups: u32, partitions: u32, rate: u32, seconds: u32) {
        let words = [groups, partitions, rate, seconds].map(|number| number.to_string());
        self.run(&[&["churn"][..], &words.each_ref().map(String::as_str)].concat());
    }

    /// All data below a path.
    pub fn tree(&self, path: &str) -> BTreeMap<String, String> {
        let split = |node: &str| node.split_once('=').map(|(path, data)| (path.to_owned(), data.to_owned()));
        self.run(&["tree", path]).split('\t').filter_map(split).collect()
    }
}
