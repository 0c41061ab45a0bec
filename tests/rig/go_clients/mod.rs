//! Members of groups by the clients of Go programs, sarama and franz-go, many of them in one process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};
use std::time::Duration;

use super::broker::Cluster;
use super::maven::cached;
use super::process::Process;
use super::scratch::Scratch;

/// The process; all its members die without a word when it is dropped.
pub struct GoClients {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    process: Process,
    _scratch: Scratch,
}

impl GoClients {
    pub fn start(cluster: &Cluster) -> Self {
        let scratch = Scratch::new("go-clients");
        let mut command = Command::new(built());
        command.arg(cluster.bootstrap());
        let mut process = Process::piped(command, &scratch.join("go-clients.log"));
        let stdin = process.child().stdin.take().unwrap();
        let stdout = BufReader::new(process.child().stdout.take().unwrap());
        Self { stdin, stdout, process, _scratch: scratch }
    }

    /// Starts a member that reads `topic` and commits. `client` is `sarama` or `franz-go`.
    pub fn join(&mut self, client: &str, assignor: &str, group: &str, topic: &str, id: &str) {
        writeln!(self.stdin, "{client} {assignor} {group} {topic} {id}").unwrap();
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).unwrap();
        assert_eq!(answer, "ok\n", "{}", self.process.log());
    }

    /// All members leave their groups.
    pub fn leave(self, patience: Duration) {
        let Self { stdin, mut process, .. } = self;
        drop(stdin);
        process.wait(patience);
    }
}

/// The program, compiled once for all runs.
fn built() -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/go_clients");
    let text = ["main.go", "go.sum"].map(|name| fs::read(source.join(name)).unwrap()).concat();
    // Another text gets another folder.
    let sum = text.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let folder = cached(&format!("go-clients-{sum:x}"), |half| {
        let mut command = Command::new("go");
        command.args(["build", "-mod=readonly", "-o"]).arg(half.join("go-clients")).arg(".").current_dir(&source);
        let output = command.output().unwrap_or_else(|error| panic!("no `go` ({error}): install Go 1.26 or later"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    folder.join("go-clients")
}
