//! Pages with the clock around them, held against the truth.

use std::collections::BTreeMap;

use super::series::CROWDED;
use super::shapes::Stand;
use crate::rig::page::{Labels, Page, whole};
use crate::rig::program::Program;
use crate::rig::records::now;

const AGE: &str = "kafka_consumergroup_lag_seconds";
const COMMITTED: &str = "kafka_consumergroup_current_offset";
const OLDEST: &str = "kafka_consumergroup_lag_seconds_max";

/// Between two scrapes' clocks, that of the program has its own milliseconds.
const TICK: f64 = 0.002;

/// (group, topic, partition).
type Place<'a> = (&'a str, &'a str, &'a str);

/// One scrape: the ages, and the clock before and after.
pub struct Scrape {
    page: Page,
    before: i64,
    after: i64,
}

impl Scrape {
    pub fn of(program: &Program) -> Self {
        let before = now();
        let page = program.page();
        Self { page, before, after: now() }
    }

    fn values(&self, family: &str) -> BTreeMap<Place<'_>, f64> {
        self.page.family(family).map(|(labels, value)| (place(labels), value)).collect()
    }

    fn ages(&self) -> BTreeMap<Place<'_>, f64> {
        self.values(AGE)
    }

    /// What is not as it is in truth, within one refresh interval or a fiftieth; a line each.
    pub fn wrong(&self, stands: &[Stand], interval: f64) -> Vec<String> {
        let (ages, commits) = (self.ages(), self.values(COMMITTED));
        let wrong = stands.iter().filter_map(|stand| {
            let partition = stand.partition.to_string();
            let place = (stand.group.as_str(), stand.topic, partition.as_str());
            let (shown, held) = (ages.get(&place).copied(), commits.get(&place).copied());
            let Stand { group, committed, .. } = stand;
            let (least, most) = self.truth(stand);
            // The questions about one partition are bounded: among a hundred groups each may be off by twice as much.
            let share = if stand.topic == CROWDED { 25.0 } else { 50.0 };
            let allowed = interval.max(most / share);
            let right = match (shown, stand.appended) {
                (Some(shown), None) => shown == 0.0,
                (Some(shown), Some(_)) => shown >= least - allowed && shown <= most + allowed,
                (None, _) => false,
            };
            let right = right && held.is_some_and(|held| whole(held) == *committed);
            let off = shown.map_or(f64::NAN, |shown| shown - most);
            let line = || {
                format!(
                    "{group} [{partition}] at {committed}: commit {held:?}, shown {shown:?}, truth {most:.3}, off {off:.3}, \
                     allowed {allowed:.3}"
                )
            };
            (!right).then(line)
        });
        wrong.chain(self.wrong_most(&ages)).collect()
    }

    /// Each topic's oldest is the oldest of its partitions on the same page.
    fn wrong_most(&self, ages: &BTreeMap<Place<'_>, f64>) -> Vec<String> {
        let mut most: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for ((group, topic, _), age) in ages {
            let so_far = most.entry((group, topic)).or_default();
            *so_far = so_far.max(*age);
        }
        let differs = |(labels, shown): (&Labels, f64)| {
            let key = (labels["consumergroup"].as_str(), labels["topic"].as_str());
            (most.get(&key) != Some(&shown)).then(|| format!("max {key:?}: oldest {shown}, of {:?}", most.get(&key)))
        };
        self.page.family(OLDEST).filter_map(differs).collect()
    }

    /// Seconds, at the clock before and the clock after.
    fn truth(&self, stand: &Stand) -> (f64, f64) {
        let age = |clock: i64| stand.appended.map_or(0, |appended| (clock - appended).max(0));
        let seconds = |age: i64| age.to_string().parse::<f64>().unwrap() / 1000.0;
        (seconds(age(self.before)), seconds(age(self.after)))
    }

    /// The age shown of a stand.
    pub fn age(&self, stand: &Stand) -> Option<f64> {
        let labels = [("consumergroup", stand.group.as_str()), ("topic", stand.topic)];
        self.page.value(AGE, &[labels[0], labels[1], ("partition", &stand.partition.to_string())])
    }

    /// Ages since an earlier scrape that went back, or did not grow as the clock did; a line each.
    pub fn jumps(&self, earlier: &Self, stands: &[Stand]) -> Vec<String> {
        let seconds = |time: i64| time.to_string().parse::<f64>().unwrap() / 1000.0;
        let most = seconds(self.after - earlier.before) + TICK;
        let least = seconds(self.before - earlier.after) - TICK;
        let (now, then) = (self.ages(), earlier.ages());
        let mut lines = Vec::new();
        for stand in stands {
            let partition = stand.partition.to_string();
            let key = (stand.group.as_str(), stand.topic, partition.as_str());
            let (Some(now), Some(then)) = (now.get(&key), then.get(&key)) else { continue };
            let grown = now - then;
            // What has no age, or lies ahead of the clock, stays at 0.
            let behind = stand.appended.is_some_and(|appended| appended < earlier.before);
            let slope = if behind { (least..=most).contains(&grown) } else { (0.0..=most).contains(&grown) };
            // Among more commits than questions a better answer may come later: then the age stands still until the
            // clock has made up for it, or grows to what is right, and never goes back.
            let crowded = stand.topic == CROWDED;
            let right = slope || crowded && grown >= 0.0;
            if !right {
                lines.push(format!("jump {key:?}: {then} grew by {grown:.3}, not {least:.3} to {most:.3}"));
            }
        }
        lines
    }
}

fn place(labels: &Labels) -> Place<'_> {
    (&labels["consumergroup"], &labels["topic"], &labels["partition"])
}

/// Nothing is wrong; else all that is, with figures: of each place the first, the last and how many there were.
pub fn assert_none(wrong: &[String], what: &str) {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in wrong {
        let (place, figures) = line.split_once(": ").unwrap();
        places.entry(place).or_default().push(figures);
    }
    let told = places.iter().map(|(place, figures)| {
        let last = figures.last().filter(|_| figures.len() > 1).map(|last| format!("\n    at last {last}"));
        format!("{place}: {} ({} times){}\n", figures[0], figures.len(), last.unwrap_or_default())
    });
    assert!(wrong.is_empty(), "{what}: {} places are wrong\n{}", places.len(), told.collect::<String>());
}
