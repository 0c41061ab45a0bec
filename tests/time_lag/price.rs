//! What the ages cost in questions by timestamp, against the bounds of
//! docs/src/reference/status-rules.md, Time lookups.

use std::collections::BTreeMap;
use std::time::Instant;

use super::shapes::Filled;
use crate::rig::watch::Question;

const ROUNDS_AT_START: u32 = 10;
const ROUNDS_A_REFRESH: u32 = 3;
const A_COMMIT: usize = 8;
const A_PARTITION: usize = 64;

/// What exceeds the bounds, a line each: before it was ready, and in the refreshes since.
pub fn too_high(questions: &[Question], ready: Instant, interval: u32, filled: &Filled) -> Vec<String> {
    let (start, later): (Vec<_>, Vec<_>) = questions.iter().partition(|question| question.at < ready);
    let refreshes = u32::try_from(ready.elapsed().as_secs()).unwrap() / interval + 1;
    let first = start.last().map_or(0, |question| question.round);
    let rest = later.last().map_or(first, |question| question.round) - first;
    let (few, more) = (start.len(), later.len());
    println!("{few} questions in {first} rounds; then {more} in {rest} rounds and {refreshes} refreshes");
    let mut wrong = Vec::new();
    if start.is_empty() || first > ROUNDS_AT_START {
        wrong.push(format!("start: {first} rounds, {few} questions"));
    }
    if rest > ROUNDS_A_REFRESH * refreshes {
        wrong.push(format!("later: {rest} rounds in {refreshes} refreshes"));
    }
    wrong.extend(of_partitions("start", &start, 1, filled));
    wrong.extend(of_partitions("later", &later, usize::try_from(refreshes).unwrap(), filled));
    wrong
}

/// The log start's own time, asked by timestamp 0, is not a commit's question.
fn of_partitions(name: &str, questions: &[&Question], sets: usize, filled: &Filled) -> Vec<String> {
    let mut asked: BTreeMap<(&str, i32), Vec<i64>> = BTreeMap::new();
    for question in questions {
        asked.entry((&question.topic, question.partition)).or_default().push(question.timestamp);
    }
    let mut wrong = Vec::new();
    for log in &filled.logs {
        let Some(timestamps) = asked.get(&(log.topic, log.partition)) else { continue };
        let here = filled.stands.iter().filter(|stand| (stand.topic, stand.partition) == (log.topic, log.partition));
        let lagging = here.filter(|stand| stand.appended.is_some()).count();
        let by_time = timestamps.iter().filter(|time| **time > 0).count();
        println!("{name}: {} [{}]: {lagging} lagging, {} questions", log.topic, log.partition, timestamps.len());
        // Other tests' groups come and go at these topics.
        let ours = !log.topic.starts_with("later-");
        if ours && by_time > A_COMMIT * lagging * sets || timestamps.len() > A_PARTITION * sets {
            let all = timestamps.len();
            wrong.push(format!(
                "{name} {} [{}]: {lagging} lagging, {all} questions {timestamps:?}",
                log.topic, log.partition
            ));
        }
    }
    wrong
}
