//! What a siege came to.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SLOWEST_REQUEST: Duration = Duration::from_secs(1);
const LATEST_COMMIT: Duration = Duration::from_secs(5);
const GROWTH: u64 = 50 << 20;

/// What the good client saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How long its requests took, by path.
    pub requests: BTreeMap<&'static str, Vec<Duration>>,
    /// Requests without a good answer.
    pub refused: Vec<String>,
    /// How long it took from each commit until it was on the page.
    pub commits: Vec<Duration>,
}

/// What one attacker did, and what it found wrong.
#[derive(Debug)]
pub struct Turns {
    pub name: &'static str,
    pub count: AtomicU32,
    pub wrong: Mutex<Vec<String>>,
}

impl Turns {
    pub fn of(name: &'static str) -> Self {
        Self { name, count: AtomicU32::new(0), wrong: Mutex::default() }
    }

    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub struct Report {
    pub length: Duration,
    pub good: Seen,
    /// Resident bytes: when every attack had been made once, the most at any look, and at the last one.
    pub start: u64,
    pub most: u64,
    pub end: u64,
    /// The most between two looks too, as the kernel has it.
    pub peak: u64,
    pub cpu: Duration,
    /// Of the log.
    pub lines: usize,
    pub ended: bool,
    pub turns: Vec<Turns>,
    /// What was not right again after all attacks.
    pub peace: Vec<String>,
}

impl Report {
    /// What must not be.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut unless = |holds: bool, what: String| wrong.extend((!holds).then_some(what));
        unless(!self.ended, format!("the process ended after {:?}", self.length));
        for (path, times) in &self.good.requests {
            let slow: Vec<_> = times.iter().filter(|time| **time > SLOWEST_REQUEST).collect();
            unless(slow.is_empty(), format!("{} requests for {path} over {SLOWEST_REQUEST:?}: {slow:?}", slow.len()));
        }
        unless(self.good.refused.is_empty(), format!("requests without a good answer: {:?}", self.good.refused));
        let late: Vec<_> = self.good.commits.iter().filter(|time| **time > LATEST_COMMIT).collect();
        unless(late.is_empty(), format!("commits later than {LATEST_COMMIT:?} on the page: {late:?}"));
        unless(self.good.commits.len() > 10, "hardly a commit was seen".to_owned());
        unless(self.most <= self.start + GROWTH, format!("memory grew by {} MB", (self.most - self.start) >> 20));
        unless(self.peace.is_empty(), format!("not right again after all attacks: {:?}", self.peace));
        for turns in &self.turns {
            let found = turns.wrong.lock().unwrap();
            let few = &found[..found.len().min(3)];
            unless(found.is_empty(), format!("{}, {} times, such as {few:?}", turns.name, found.len()));
        }
        wrong
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes >> 20;
        writeln!(out, "siege of {:.0?} by {} attackers", self.length, self.turns.len())?;
        for (path, times) in &self.good.requests {
            writeln!(out, "  GET {path}: {}", Spread::of(times))?;
        }
        writeln!(out, "  requests without a good answer: {}", self.good.refused.len())?;
        writeln!(out, "  commits until they are on the page: {}", Spread::of(&self.good.commits))?;
        let [start, most, end, peak] = [self.start, self.most, self.end, self.peak].map(megabytes);
        writeln!(out, "  memory: {start} MB at the start, {most} MB at most, {end} MB at the end; peak {peak} MB")?;
        let cpu = 100.0 * self.cpu.as_secs_f64() / self.length.as_secs_f64();
        writeln!(out, "  CPU: {cpu:.0} % of a core; lines of the log: {}", self.lines)?;
        for turns in &self.turns {
            writeln!(out, "  {} turns of {}", turns.count(), turns.name)?;
        }
        Ok(())
    }
}

/// How many there are, the middle one and the longest.
struct Spread(usize, Duration, Duration);

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default();
        Self(times.len(), middle, times.last().copied().unwrap_or_default())
    }
}

impl Display for Spread {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self(count, middle, longest) = self;
        write!(out, "{count}, {middle:.1?} at the median, {longest:.1?} at most")
    }
}
