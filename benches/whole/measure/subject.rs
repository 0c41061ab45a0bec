//! The program that is measured.

use std::time::{Duration, Instant};

use memchr::memmem::Finder;

use super::client::{self, Coding, Taken};
use super::usage;
use crate::rig::process::Process;
use crate::rig::program;
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, free_port, http, pause, seconds};

/// Between two askings for the page of a program that starts.
const ASKING: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(300);

/// A running `warrener`, ended when dropped.
pub struct Subject {
    process: Process,
    pub port: u16,
    started: Instant,
    _scratch: Scratch,
}

/// The families with a sample for each partition of a group, in the order of the page and of their coming.
pub const PER_PARTITION: [&str; 3] =
    ["kafka_consumergroup_current_offset", "kafka_consumergroup_lag", "kafka_consumergroup_lag_seconds"];

/// How a start went.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// From the process's start to the last byte of the first page with all series.
    pub took: Duration,
    /// Taken until then.
    pub cpu: Duration,
}

impl Subject {
    /// Starts it on these servers, with its defaults.
    pub fn start(servers: &str) -> Self {
        Self::launch(&["--brokers", servers], Scratch::new("measured"))
    }

    /// Starts it with a file of this text.
    pub fn configured(text: &str) -> Self {
        let scratch = Scratch::new("measured");
        let file = scratch.write("warrener.toml", text);
        Self::launch(&["--config", file.to_str().unwrap()], scratch)
    }

    fn launch(arguments: &[&str], scratch: Scratch) -> Self {
        let port = free_port();
        let mut command = program::command();
        command.args(arguments).args(["--listen", &format!("127.0.0.1:{port}")]);
        let started = Instant::now();
        let process = Process::start(command, &scratch.join("warrener.log"));
        Self { process, port, started, _scratch: scratch }
    }

    /// Asks for the plain page each 50 ms until it has `series` samples of a family.
    pub fn await_series(&mut self, family: &str, series: usize) -> Start {
        let wanted = sample(family);
        let wanted = Finder::new(&wanted);
        loop {
            let asked = Instant::now();
            let found = client::count(self.port, &wanted);
            let start = Start { took: self.started.elapsed(), cpu: usage::cpu(self.id()) };
            if found.is_ok_and(|found| found >= series) {
                return start;
            }
            assert!(self.process.ended().is_none(), "it ended:\n{}", self.process.log());
            assert!(self.started.elapsed() < PATIENCE, "fewer than {series} series:\n{}", self.process.log());
            pause(ASKING.saturating_sub(asked.elapsed()));
        }
    }

    /// Waits until nothing is awaited any more.
    pub fn await_ready(&self) {
        eventually(PATIENCE, "ready warrener", || {
            let answer = http::get(self.port, "/-/ready", &[])?;
            if answer.status == 200 { Ok(()) } else { Err(answer.text().to_owned()) }
        });
        // What the last look at the past has left to do.
        pause(seconds(1));
    }

    /// Reads the plain page into `page`.
    pub fn keep(&self, page: &mut Vec<u8>) {
        client::keep(self.port, page);
    }

    pub fn scrape(&self, coding: Coding) -> Taken {
        client::scrape(self.port, coding)
    }

    /// Many scrapers at once.
    pub fn scrape_at_once(&self, count: usize, coding: Coding) {
        let port = self.port;
        std::thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(move || client::scrape(port, coding));
            }
        });
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn cpu(&self) -> Duration {
        usage::cpu(self.id())
    }

    pub fn terminate(mut self) {
        self.process.signal(libc::SIGTERM);
        let (status, _) = self.process.wait(seconds(30));
        assert!(status.success(), "it ended with {status}:\n{}", self.process.log());
    }
}

/// Samples of a family on a page in chunks, none of which begins within a line.
pub fn samples(page: &[u8], family: &str) -> usize {
    Finder::new(&sample(family)).find_iter(page).count()
}

/// How a sample of a family begins, from the end of the line before.
fn sample(family: &str) -> String {
    format!("\n{family}{{")
}
