//! What was measured, as a table.

use std::fmt::Write as _;
use std::process::Command;

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    /// What it came to.
    pub found: f64,
    /// The floor beside which it was measured, where there is one.
    pub floor: Option<f64>,
    pub unit: Unit,
    /// What it must reach: times the floor where there is one, else in its unit.
    pub target: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Millis,
    Megabytes,
    Percent,
    /// CPU seconds for a million records.
    CpuPerMillion,
    /// As many times as something else.
    Times,
}

/// All that was measured at one size.
#[derive(Clone, Debug)]
pub struct Report {
    pub group_partitions: usize,
    pub rows: Vec<Row>,
}

impl Row {
    /// `found` against a target of its own.
    pub fn bound(what: impl Into<String>, found: f64, unit: Unit, target: f64) -> Self {
        Self { what: what.into(), found, floor: None, unit, target: Some(target) }
    }

    /// `found` against so many times a floor.
    pub fn floored(what: impl Into<String>, (found, floor): (f64, f64), unit: Unit, target: f64) -> Self {
        Self { what: what.into(), found, floor: Some(floor), unit, target: Some(target) }
    }

    /// What has no target and explains others.
    pub fn plain(what: impl Into<String>, found: f64, unit: Unit) -> Self {
        Self { what: what.into(), found, floor: None, unit, target: None }
    }

    /// Times the floor, where there is one.
    pub fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.found / floor)
    }

    /// Whether it reaches its target.
    pub fn reaches(&self) -> Option<bool> {
        self.target.map(|target| self.ratio().unwrap_or(self.found) <= target)
    }

    /// A line of the table.
    pub fn line(&self) -> String {
        let floor = self.floor.map_or(String::new(), |floor| self.unit.show(floor));
        let ratio = self.ratio().map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let target = match (self.target, self.floor) {
            (None, _) => String::new(),
            (Some(target), Some(_)) => format!("{target} F"),
            (Some(target), None) => self.unit.show(target),
        };
        let reached = match self.reaches() {
            None => "",
            Some(true) => "yes",
            Some(false) => "**no**",
        };
        format!("| {} | {} | {floor} | {ratio} | {target} | {reached} |", self.what, self.unit.show(self.found))
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{value:.2} s"),
            Self::Millis => format!("{value:.0} ms"),
            Self::Megabytes => format!("{value:.0} MB"),
            Self::Percent => format!("{value:.1} %"),
            Self::CpuPerMillion => format!("{value:.2} CPU s"),
            Self::Times => format!("{value:.2} times"),
        }
    }
}

impl Report {
    /// The table's head.
    pub const HEAD: &str = "| | found | floor F | found / F | at most | reached |\n|---|---|---|---|---|---|\n";

    pub const fn new(group_partitions: usize) -> Self {
        Self { group_partitions, rows: Vec::new() }
    }

    /// In Markdown.
    pub fn table(&self) -> String {
        let mut table = String::from(Self::HEAD);
        for row in &self.rows {
            writeln!(table, "{}", row.line()).unwrap();
        }
        table
    }
}

/// What it was measured on: processor, memory, kernel, programs.
pub fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().unwrap();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kilobytes: f64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    format!(
        "{} ({cores} cores), {:.0} GB, Linux {}; {}; {}; {}",
        model.unwrap_or("an unnamed processor"),
        kilobytes / 1e6,
        kernel.trim(),
        first_line("rustc", "--version"),
        first_line("java", "--version"),
        last_line("kcat", "-V"),
    )
}

fn first_line(program: &str, question: &str) -> String {
    said(program, question).lines().next().unwrap_or_default().to_owned()
}

fn last_line(program: &str, question: &str) -> String {
    said(program, question).lines().last().unwrap_or_default().to_owned()
}

fn said(program: &str, question: &str) -> String {
    // Cargo points this at our own librdkafka, which is not what kcat was built with.
    let output = Command::new(program).arg(question).env_remove("LD_LIBRARY_PATH").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
