//! Kafka's own command line tools, the judges of what the program says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Mutex;

use super::maven::{Version, java};
use super::process::Process;
use super::scratch::Scratch;
use super::security::USER;

pub const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONSOLE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// (group, topic, partition).
pub type Place = (String, String, i32);

/// One line of what a tool printed, by column.
pub type Row = BTreeMap<String, String>;

/// A long-lived JVM that runs the tools one after the other.
pub struct Tools {
    version: Version,
    bootstrap: String,
    folder: std::path::PathBuf,
    inner: Mutex<Pipes>,
}

struct Pipes {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _process: Process,
}

impl Tools {
    pub fn start(version: Version, bootstrap: String, scratch: &Scratch) -> Self {
        let mut command = java(version, 192);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/Oracle.java"));
        let mut process = Process::piped(command, &scratch.join("tools.log"));
        let stdin = process.child().stdin.take().unwrap();
        let stdout = BufReader::new(process.child().stdout.take().unwrap());
        let inner = Mutex::new(Pipes { stdin, stdout, _process: process });
        Self { version, bootstrap, folder: scratch.path().to_owned(), inner }
    }

    /// Runs one tool against the cluster; what it printed.
    pub fn run(&self, class: &str, arguments: &[&str]) -> String {
        self.ask(class, arguments).unwrap_or_else(|printed| panic!("{printed}"))
    }

    /// The same where it may well fail; what it printed either way.
    pub fn ask(&self, class: &str, arguments: &[&str]) -> Result<String, String> {
        let line = [&[class, "--bootstrap-server", &self.bootstrap], arguments].concat().join("\t");
        let mut pipes = self.inner.lock().unwrap();
        writeln!(pipes.stdin, "{line}").unwrap();
        let mut head = String::new();
        pipes.stdout.read_line(&mut head).unwrap();
        let (code, length) = head.trim().split_once(' ').unwrap_or_else(|| panic!("the tools' JVM ended: {head:?}"));
        let mut printed = vec![0; length.parse().unwrap()];
        pipes.stdout.read_exact(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        if code == "0" { Ok(printed) } else { Err(format!("{class} {arguments:?}:\n{printed}")) }
    }

    /// `kafka-consumer-groups.sh` with these arguments.
    pub fn groups(&self, arguments: &[&str]) -> String {
        self.run(GROUPS, arguments)
    }

    /// `--describe --all-groups` with one of `--offsets`, `--members`, `--state`.
    pub fn describe(&self, what: &str) -> Vec<Row> {
        rows(&self.groups(&["--describe", "--all-groups", what, "--timeout", "30000"]))
    }

    /// All partitions' offsets at one time: -1 the log end, -2 the log start.
    pub fn offsets(&self, time: &str) -> BTreeMap<(String, i32), i64> {
        let printed = self.run("org.apache.kafka.tools.GetOffsetShell", &["--time", time]);
        let parse = |line: &str| {
            let mut words = line.rsplitn(3, ':');
            let offset = words.next()?.parse().ok()?;
            let partition = words.next()?.parse().ok()?;
            Some(((words.next()?.to_owned(), partition), offset))
        };
        printed.lines().filter_map(parse).collect()
    }

    /// Grants the user of `security` one operation on a resource, such as `--topic`, `*`.
    pub fn grant(&self, operation: &str, kind: &str, name: &str) {
        self.acls(&["--add", "--allow-principal", &principal(USER), "--operation", operation, kind, name]);
    }

    /// Forbids a user an operation on a topic, whatever it was granted.
    pub fn deny(&self, user: &str, operation: &str, topic: &str) {
        self.acls(&["--add", "--deny-principal", &principal(user), "--operation", operation, "--topic", topic]);
    }

    /// Takes back what `deny` did.
    pub fn undeny(&self, user: &str, operation: &str, topic: &str) {
        let principal = principal(user);
        self.acls(&["--remove", "--force", "--deny-principal", &principal, "--operation", operation, "--topic", topic]);
    }

    /// `kafka-acls.sh` with these arguments.
    pub fn acls(&self, arguments: &[&str]) {
        let class = match self.version {
            Version::V4_4 | Version::V4_3 => "org.apache.kafka.tools.AclCommand",
            Version::V3_9 | Version::V2_8 | Version::V1_1 => "kafka.admin.AclCommand",
        };
        self.run(class, arguments);
    }

    /// Makes a share group begin with the first record that there is: by default they begin with those that
    /// come.
    pub fn share_from_the_start(&self, group: &str) {
        self.configure_group(group, "share.auto.offset.reset=earliest");
    }

    /// Sets one of a group's own settings.
    pub fn configure_group(&self, group: &str, setting: &str) {
        self.configure("groups", group, setting);
    }

    /// Gives a user another password.
    pub fn change_password(&self, user: &str, password: &str) {
        self.configure("users", user, &format!("SCRAM-SHA-512=[password={password}]"));
    }

    fn configure(&self, kind: &str, name: &str, setting: &str) {
        let package = if self.version == Version::V4_4 { "org.apache.kafka.tools" } else { "kafka.admin" };
        let what = ["--alter", "--entity-type", kind, "--entity-name", name, "--add-config", setting];
        self.run(&format!("{package}.ConfigCommand"), &what);
    }

    pub fn topics(&self, arguments: &[&str]) {
        self.run("org.apache.kafka.tools.TopicCommand", arguments);
    }

    /// Deletes the records of `topic`'s partition 0 below `offset`.
    pub fn delete_records(&self, topic: &str, offset: i64) {
        let file = self.folder.join(format!("delete-{topic}.json"));
        let json = format!(r#"{{"partitions":[{{"topic":"{topic}","partition":0,"offset":{offset}}}],"version":1}}"#);
        std::fs::write(&file, json).unwrap();
        let file = file.to_str().unwrap();
        self.run("org.apache.kafka.tools.DeleteRecordsCommand", &["--offset-json-file", file]);
    }

    /// A console consumer that reads `count` records of `topic` from the start, commits and leaves.
    pub fn consume(&self, group: &str, topic: &str, count: u32) {
        let count = count.to_string();
        let what = ["--group", group, "--topic", topic, "--from-beginning", "--max-messages", &count];
        self.run(CONSOLE_CONSUMER, &[&what[..], &["--consumer-property", "max.poll.records=1"]].concat());
    }

    /// A console consumer in a process of its own, a member of its group until it is dropped.
    pub fn consumer(&self, group: &str, topic: &str, properties: &[&str]) -> Process {
        let mut command = java(self.version, 96);
        command.args([CONSOLE_CONSUMER, "--bootstrap-server", &self.bootstrap, "--group", group, "--topic", topic]);
        command.arg("--from-beginning");
        for property in properties {
            command.args(["--consumer-property", property]);
        }
        Process::start(command, &self.folder.join(format!("consumer-{group}.log")))
    }
}

/// Tables of the tools: a head that names the columns, then lines of words; there may be several, with blank
/// lines between them, and remarks in full sentences before and after.
pub fn rows(printed: &str) -> Vec<Row> {
    let mut head: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for line in printed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() == Some(&"GROUP") {
            // The table of states has a column of two words, and one that may be blank, between these three.
            let state = ["GROUP", "STATE", "#MEMBERS"];
            head = if words.contains(&"STATE") { state.to_vec() } else { words };
        } else if let ([group, .., state, members], true) = (&words[..], head.contains(&"STATE")) {
            if members.parse::<u32>().is_ok() {
                rows.push(row(&head, &[*group, *state, *members]));
            }
        } else if let (Some(("ASSIGNMENTS", others)), true) = (last(&head), words.len() >= head.len()) {
            // That column is all that is left of the line.
            let (first, tasks) = words.split_at(others);
            rows.push(row(&head, &[first, &[tasks.join(" ").as_str()]].concat()));
        } else if !head.is_empty()
            && (words.len() == head.len() || is_member(&head, &words) || is_listed(&head, &words))
        {
            rows.push(row(&head, &words));
        }
    }
    rows
}

fn last<'a>(head: &[&'a str]) -> Option<(&'a str, usize)> {
    head.split_last().map(|(last, others)| (*last, others.len()))
}

/// A line of `--members --verbose`, whose last columns may be blank.
fn is_member(head: &[&str], words: &[&str]) -> bool {
    let at = |name| head.iter().position(|column| *column == name);
    let [Some(host), Some(_), Some(_)] = [at("HOST"), at("CLIENT-ID"), at("#PARTITIONS")] else { return false };
    words.get(host).is_some_and(|word| word.starts_with('/'))
}

/// A line of the list of all groups. One that commits alone has no protocol.
fn is_listed(head: &[&str], words: &[&str]) -> bool {
    head == ["GROUP", "TYPE", "PROTOCOL"] && words.len() == 2
}

fn row(head: &[&str], words: &[&str]) -> Row {
    head.iter().zip(words).map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect()
}

/// A user as access control lists name it.
pub fn principal(user: &str) -> String {
    format!("User:{user}")
}
