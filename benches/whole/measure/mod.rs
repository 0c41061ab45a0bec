//! The whole program, measured: what BENCHMARKS.md tells, a row a claim, each beside its floor or its bound.

mod client;
mod field;
mod floor;
mod refresh;
mod report;
mod rows;
mod subject;
pub mod usage;

use std::time::Duration;

pub use report::{Report, Row, machine};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Groups, each on a thousand partitions.
    pub groups: usize,
    /// Partitions whose log ends are refreshed.
    pub refreshed: Refreshed,
    /// Commits a second that are followed live; none are at a size that nobody asks it of.
    pub live: Option<usize>,
    /// How long a live load and an idle spell last.
    pub spell: Duration,
    /// Runs of which the median is told, for starts and for scrapes.
    pub starts: usize,
    pub scrapes: usize,
}

/// Whose log ends are refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Of so many thousand partitions of two real brokers.
    Brokers(usize),
    /// Of so many thousand partitions of librdkafka's mock cluster.
    Mock(usize),
}

impl Size {
    /// The size of so many group partitions, as it is measured for the table.
    pub fn of(group_partitions: usize) -> Self {
        let large = group_partitions >= 1_000_000;
        Self {
            groups: (group_partitions / field::PARTITIONS).max(1),
            refreshed: if large { Refreshed::Mock(100) } else { Refreshed::Brokers(20) },
            live: (!large).then_some(100_000),
            spell: Duration::from_secs(45),
            starts: if large { 3 } else { 5 },
            scrapes: if large { 7 } else { 15 },
        }
    }

    /// Everything once and for a moment: whether it can be measured at all.
    pub fn smoke() -> Self {
        let (refreshed, live) = (Refreshed::Brokers(1), Some(10_000));
        Self { groups: 10, refreshed, live, spell: Duration::from_secs(2), starts: 1, scrapes: 1 }
    }

    pub fn group_partitions_count(self) -> usize {
        self.groups * field::PARTITIONS
    }

    fn commits(self) -> usize {
        self.group_partitions_count() * field::WINDOW
    }

    /// Group and partition, group by group.
    fn group_partitions(self) -> impl Iterator<Item = (usize, usize)> + Clone {
        (0..self.groups).flat_map(|group| (0..field::PARTITIONS).map(move |partition| (group, partition)))
    }

    fn group(self, number: usize) -> String {
        format!("team-{:02}.consumer-{number:05}", number % 97)
    }
}

/// Measures it all, and tells each row as it comes.
pub fn measure(size: Size, tell: &mut dyn FnMut(&Row)) -> Report {
    let mut report = Report::new(size.group_partitions_count());
    let mut add = |row: Row| {
        tell(&row);
        report.rows.push(row);
    };
    rows::measure(size, &mut add);
    add(refresh::measure(size.refreshed));
    report
}
