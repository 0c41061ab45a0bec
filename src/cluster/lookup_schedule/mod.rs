//! Decides which time lookups are sent, and when (docs/src/reference/status-rules.md, Time lookups). Pure: the time
//! is an argument.
//!
//! Lookups are sent in *rounds*: those of one round are in flight together, and the next round depends on their
//! answers. The first rounds start once the groups of the cluster are known, and follow each other at once. Later
//! rounds run when commits need them, a few per refresh.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::model::{Offset, Partition, Timestamp, TopicId};
use crate::storage::{TimeLookup, TimestampPresence, TopicKey, TopicName, WantedTime};
use crate::time_lag::{Accuracy, AppendRange};

/// Rounds at the start, and per refresh afterwards.
const FIRST_ROUNDS: u8 = 10;
const ROUNDS: u8 = 3;
/// Maximum lookups for one commit, and for one partition in one set of rounds.
const FOR_COMMIT: u8 = 8;
const ABOUT_PARTITION: u8 = 64;

/// How long the first rounds wait for consumers that bring no groups.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module documentation.
#[derive(Debug)]
pub(super) struct LookupSchedule {
    every: Duration,
    stage: LookupPhase,
    /// Rounds that may still be sent in this set.
    rounds_left: u8,
    /// When to check the needs next.
    due: Instant,
    /// Number of unanswered lookups.
    unanswered: usize,
    partitions: HashMap<PartitionKey, PartitionLookups>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookupPhase {
    /// No log end has been read yet, or the groups are not known yet.
    Waiting,
    /// The first rounds.
    First,
    /// The later rounds.
    Later,
}

type PartitionKey = (TopicKey, Partition);

/// The lookups of one partition.
#[derive(Debug)]
struct PartitionLookups {
    /// Keeps the key valid.
    _topic: Arc<TopicName>,
    /// Lookups in this set of rounds.
    queries: u8,
    /// Whether no broker could be asked in this set of rounds.
    unreachable: bool,
    /// Number of answers for each record that is still wanted.
    answers: Vec<(Offset, u8)>,
}

/// A time lookup.
#[derive(Clone, Debug)]
pub(super) struct TimeQuery {
    pub(super) topic: Arc<TopicName>,
    pub(super) id: Option<TopicId>,
    pub(super) partition: Partition,
    pub(super) target: QueryTarget,
    /// The records whose times are wanted.
    wanted: Vec<Offset>,
}

/// What a lookup asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryTarget {
    /// The first record that has a timestamp: the timestamp 0.
    First,
    /// The first record at or after a time. The offset is the log end when the lookup was created.
    From(Timestamp, Offset),
}

/// The result of checking the needs.
#[derive(Debug)]
pub(super) enum LookupStep {
    /// A round of lookups.
    Send(Vec<TimeQuery>),
    /// No lookup is needed.
    Nothing,
    /// The first rounds are over.
    FirstRoundsOver,
}

impl LookupSchedule {
    /// Creates the state for log ends that are refreshed every `every`.
    pub(super) fn new(every: Duration, now: Instant) -> Self {
        Self { every, stage: LookupPhase::Waiting, rounds_left: 0, due: now, unanswered: 0, partitions: HashMap::new() }
    }

    /// Records that a refresh of the log ends is over.
    pub(super) fn record_refresh(&mut self, now: Instant) {
        match self.stage {
            LookupPhase::Waiting => self.begin(LookupPhase::First, FIRST_ROUNDS, now),
            LookupPhase::First => {}
            LookupPhase::Later => self.begin(LookupPhase::Later, ROUNDS, now),
        }
    }

    fn begin(&mut self, stage: LookupPhase, rounds: u8, now: Instant) {
        (self.stage, self.rounds_left, self.due) = (stage, rounds, now);
        for asked in self.partitions.values_mut() {
            (asked.queries, asked.unreachable) = (0, false);
        }
    }

    /// Starts the first rounds again, because groups have appeared that were not known then.
    pub(super) fn restart(&mut self, now: Instant) {
        self.begin(LookupPhase::First, FIRST_ROUNDS, now);
    }

    /// Whether the first rounds have been due for long.
    pub(super) fn has_waited_long(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.due) >= PATIENCE
    }

    /// Whether to check the needs. At the start this waits until the groups are known.
    pub(super) fn is_due(&self, now: Instant, groups_known: bool) -> bool {
        let may = match self.stage {
            LookupPhase::Waiting => false,
            LookupPhase::First => groups_known,
            LookupPhase::Later => true,
        };
        may && self.unanswered == 0 && now >= self.due
    }

    /// Whether all lookups allowed for a record are spent.
    pub(super) fn has_given_up(&self, topic: &TopicName, partition: Partition, record: Offset) -> bool {
        let asked = self.partitions.get(&key(topic, partition));
        asked.is_some_and(|asked| asked.answers_for(record) >= FOR_COMMIT)
    }

    /// Creates the next round of lookups, if one is needed.
    pub(super) fn next_round(
        &mut self,
        lagging: &[TimeLookup],
        exactness: Accuracy,
        time: Timestamp,
        now: Instant,
    ) -> LookupStep {
        self.keep_wanted(lagging);
        let mut questions = Vec::new();
        if self.rounds_left > 0 {
            for needed in lagging {
                self.add_queries(needed, exactness, time, &mut questions);
            }
        }
        if questions.is_empty() {
            self.due = now + self.every / u32::from(ROUNDS);
            self.rounds_left = self.rounds_left.min(ROUNDS);
            return if std::mem::replace(&mut self.stage, LookupPhase::Later) == LookupPhase::First {
                LookupStep::FirstRoundsOver
            } else {
                LookupStep::Nothing
            };
        }
        self.rounds_left = self.rounds_left.saturating_sub(1);
        self.unanswered = questions.len();
        LookupStep::Send(questions)
    }

    /// Removes partitions and records that are no longer wanted.
    fn keep_wanted(&mut self, lagging: &[TimeLookup]) {
        let mut kept = HashMap::with_capacity(lagging.len());
        for needed in lagging {
            let key = key(&needed.topic, needed.partition);
            let mut asked = self.partitions.remove(&key).unwrap_or_else(|| PartitionLookups::about(&needed.topic));
            asked.answers.retain(|(record, _)| needed.wanted.iter().any(|aim| aim.record == *record));
            kept.insert(key, asked);
        }
        self.partitions = kept;
    }

    fn add_queries(&mut self, needed: &TimeLookup, exactness: Accuracy, time: Timestamp, to: &mut Vec<TimeQuery>) {
        let rounds = self.rounds_left;
        let key = key(&needed.topic, needed.partition);
        let asked = self.partitions.entry(key).or_insert_with(|| PartitionLookups::about(&needed.topic));
        if asked.unreachable {
            return;
        }
        let question = |what, wanted| TimeQuery {
            topic: Arc::clone(&needed.topic),
            id: needed.id,
            partition: needed.partition,
            target: what,
            wanted,
        };
        if needed.timestamps != TimestampPresence::Present
            || needed.wanted.iter().any(|aim| is_first(aim, needed.start))
        {
            asked.queries = asked.queries.saturating_add(1);
            to.push(question(QueryTarget::First, Vec::new()));
            if needed.timestamps != TimestampPresence::Present {
                return;
            }
        }
        for (span, wanted) in by_span(&needed.wanted) {
            let answered = wanted.iter().map(|record| asked.answers_for(*record)).max().unwrap_or(0);
            let room = FOR_COMMIT.saturating_sub(answered).min(ABOUT_PARTITION.saturating_sub(asked.queries));
            let count = lookups_at_once(exactness.cells(&span, time), rounds, room);
            for at in exactness.split(&span, time, count) {
                asked.queries = asked.queries.saturating_add(1);
                to.push(question(QueryTarget::From(at, needed.end), wanted.clone()));
            }
        }
    }

    /// Handles the end of a lookup. `heard` is false if it got no answer.
    pub(super) fn record_answer(&mut self, question: &TimeQuery, heard: bool, now: Instant) {
        if let Some(asked) = self.partitions.get_mut(&key(&question.topic, question.partition)) {
            asked.unreachable |= !heard;
            for record in question.wanted.iter().filter(|_| heard) {
                asked.count_answer(*record);
            }
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        if self.unanswered == 0 {
            self.due = now;
        }
    }
}

impl PartitionLookups {
    /// Starts without lookups.
    fn about(topic: &Arc<TopicName>) -> Self {
        Self { _topic: Arc::clone(topic), queries: 0, unreachable: false, answers: Vec::new() }
    }

    fn answers_for(&self, record: Offset) -> u8 {
        self.answers.iter().find(|(wanted, _)| *wanted == record).map_or(0, |(_, count)| *count)
    }

    fn count_answer(&mut self, record: Offset) {
        match self.answers.iter_mut().find(|(wanted, _)| *wanted == record) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.answers.push((record, 1)),
        }
    }
}

fn key(topic: &TopicName, partition: Partition) -> PartitionKey {
    (topic.key(), partition)
}

/// Whether the wanted record is the first one: a single lookup finds its time.
fn is_first(aim: &WantedTime, start: Option<Offset>) -> bool {
    aim.range.is_none() || start.is_some_and(|start| aim.record <= start)
}

/// Groups records by the span that their times lie in, so that they share lookups.
fn by_span(aims: &[WantedTime]) -> Vec<(AppendRange, Vec<Offset>)> {
    let mut spans: Vec<(AppendRange, Vec<Offset>)> = Vec::new();
    for aim in aims {
        let Some(span) = aim.range else { continue };
        match spans.iter_mut().find(|(held, _)| held.earliest == span.earliest && held.latest == span.latest) {
            Some((_, wanted)) => wanted.push(aim.record),
            None => spans.push((span, vec![aim.record])),
        }
    }
    spans
}

/// How many lookups to send at once, so that a span is divided into single cells within `rounds` rounds and `room`
/// lookups. If that is impossible, one at a time gets furthest.
fn lookups_at_once(cells: f64, rounds: u8, room: u8) -> u8 {
    let parts = |count: u8| (f64::from(count) + 1.0).powi(i32::from(rounds));
    let most = room.checked_div(rounds).unwrap_or(0);
    (1..=most).find(|count| parts(*count) >= cells).unwrap_or(1).min(room)
}

#[cfg(test)]
mod tests;
