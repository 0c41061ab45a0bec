//! Kafka's own clients in Java, many of them in one JVM.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Mutex;

use super::maven::{Version, java_with};
use super::process::Process;
use super::scratch::Scratch;
use super::tools::Place;

/// The JVM; all its clients die without a word when it is dropped.
pub struct Clients {
    /// Where Streams applications may keep what they like.
    state: PathBuf,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _process: Process,
}

impl Clients {
    pub fn start(version: Version, bootstrap: &str, scratch: &Scratch, name: &str) -> Self {
        let mut command = java_with(&version.class_path_with_streams(), 192);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/Clients.java")).arg(bootstrap);
        let mut process = Process::piped(command, &scratch.join(&format!("clients-{name}.log")));
        let stdin = process.child().stdin.take().unwrap();
        let stdout = BufReader::new(process.child().stdout.take().unwrap());
        let state = scratch.join(&format!("clients-{name}-state"));
        Self { state, pipes: Mutex::new(Pipes { stdin, stdout, _process: process }) }
    }

    /// One order as `Clients.java` has it; what it answered.
    pub fn run(&self, order: &str, name: &str, settings: &[&str]) -> Result<String, String> {
        let line = [&[order, name], settings].concat().join("\t");
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.stdin, "{line}").unwrap();
        let mut answer = String::new();
        pipes.stdout.read_line(&mut answer).unwrap();
        match answer.trim_end_matches('\n').split_once(' ') {
            Some(("ok", found)) => Ok(found.to_owned()),
            _ => Err(format!("{line:?}: {answer:?}")),
        }
    }

    /// A consumer `name` that reads `topics` in `group` by the classic protocol.
    pub fn classic(&self, name: &str, group: &str, topics: &str, more: &[&str]) {
        self.consumer(name, group, &[&[format!("topics={topics}").as_str()], more].concat());
    }

    /// A consumer `name` that reads `topics` in `group` by the protocol of KIP-848.
    pub fn modern(&self, name: &str, group: &str, topics: &str, more: &[&str]) {
        let topics = format!("topics={topics}");
        self.consumer(name, group, &[&[topics.as_str(), "group.protocol=consumer"], more].concat());
    }

    /// Any consumer.
    pub fn consumer(&self, name: &str, group: &str, settings: &[&str]) {
        self.run("consumer", name, &[&[format!("group.id={group}").as_str()], settings].concat()).unwrap();
    }

    /// A share consumer.
    pub fn share(&self, name: &str, group: &str, topics: &str) {
        self.run("share", name, &[&format!("group.id={group}"), &format!("topics={topics}")]).unwrap();
    }

    /// A share consumer that finishes all that it gets at first but the first record of each partition, and asks for
    /// no more: that record keeps the start offset where it is.
    pub fn share_that_holds(&self, name: &str, group: &str, topics: &str) {
        let settings = [&format!("group.id={group}"), &format!("topics={topics}"), "holds=first"];
        self.run("share", name, &settings).unwrap();
    }

    /// A Streams application that counts the records of `topic`, by the streams protocol.
    pub fn streams(&self, name: &str, group: &str, topic: &str) {
        let state = format!("state.dir={}", self.state.join(name).display());
        let (id, topics) = (format!("application.id={group}"), format!("topics={topic}"));
        self.run("streams", name, &[&id, &topics, &state, "group.protocol=streams"]).unwrap();
    }

    /// A member like one of Connect's workers.
    pub fn connect(&self, name: &str, group: &str) {
        self.run("connect", name, &[&format!("group.id={group}")]).unwrap();
    }

    /// A member of a streams group that reads `topic`, and waits where there is none.
    pub fn waiting(&self, name: &str, group: &str, topic: &str) {
        self.run("waiting", name, &[&format!("group.id={group}"), &format!("topics={topic}")]).unwrap();
    }

    /// Ends a client as it ends by itself: it leaves its group, unless it is a static member.
    pub fn stop(&self, name: &str) {
        self.run("stop", name, &[]).unwrap();
    }

    /// Ends a client, which leaves its group even as a static member.
    pub fn leave(&self, name: &str) {
        self.run("leave", name, &[]).unwrap();
    }

    /// Keeps a consumer from polling: it stays a member and comes to no new assignment.
    pub fn freeze(&self, name: &str) {
        self.run("freeze", name, &[]).unwrap();
    }

    pub fn thaw(&self, name: &str) {
        self.run("thaw", name, &[]).unwrap();
    }

    /// State, protocol type, protocol, and then the members of a classic group.
    pub fn describe(&self, group: &str) -> Result<Vec<String>, String> {
        Ok(self.run("describe", group, &[])?.split('\t').map(str::to_owned).collect())
    }

    /// All that a streams group has committed. The tool lists neither repartition topics nor
    /// partitions without an owner.
    pub fn offsets(&self, group: &str) -> Result<BTreeMap<Place, i64>, String> {
        let found = self.run("offsets", group, &[])?;
        let parse = |text: &str| {
            let mut words = text.rsplitn(3, ',');
            let (offset, partition) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some(((group.to_owned(), words.next()?.to_owned(), partition), offset))
        };
        Ok(found.split('\t').filter_map(parse).collect())
    }
}
