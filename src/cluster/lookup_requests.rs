//! Sends time lookups to leaders. Lookups are combined to requests, with only a few per leader in flight, so that a
//! refresh of the log ends never waits long behind them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::invariant::broken;
use crate::kafka::{
    ErrorCode, FoundOffset, IsolationLevel, ListOffsetsPartition, Lookups, OffsetSpec, PARTITIONS_PER_REQUEST,
};
use crate::model::{BrokerId, Timestamp};
use crate::storage::{TimeAnswer, TimeLookupAnswer, TimestampOffset};

use super::layout::PartitionLayout;
use super::lookup_schedule::{QueryTarget, TimeQuery};

/// How long a request may wait for its broker, which may have to read from disk.
const LIMIT: Duration = Duration::from_secs(10);
/// Maximum number of requests in flight per leader.
const AT_ONCE: usize = 8;
/// Distinguishes the tags of these requests from those of the refreshes.
const MARK: usize = 1 << (usize::BITS - 1);

/// Requests in flight, and those that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct LookupRequests {
    next_tag: usize,
    waiting: BTreeMap<BrokerId, VecDeque<Vec<TimeQuery>>>,
    in_flight: HashMap<usize, (BrokerId, Vec<TimeQuery>)>,
    /// Number of requests in flight per leader.
    busy: BTreeMap<BrokerId, usize>,
}

/// A lookup, and its answer if there is one.
pub(super) type CompletedQuery = (TimeQuery, Option<TimeLookupAnswer>);

impl LookupRequests {
    /// Whether an answer belongs to one of these requests.
    pub(super) const fn is_lookup_tag(tag: usize) -> bool {
        tag & MARK != 0
    }

    /// Sends a round of lookups. Returns those without a leader to ask.
    pub(super) fn send_round(
        &mut self,
        questions: Vec<TimeQuery>,
        layout: &PartitionLayout,
        lookups: &Lookups,
    ) -> Vec<CompletedQuery> {
        let mut calls: BTreeMap<(BrokerId, usize), Vec<TimeQuery>> = BTreeMap::new();
        let mut unasked = Vec::new();
        // A request may contain a partition once. Lookups for the same partition are adjacent in `questions`.
        let mut nth = 0;
        let mut before = None;
        for question in questions {
            let place = (question.topic.key(), question.partition);
            nth = if before == Some(place) { nth + 1 } else { 0 };
            before = Some(place);
            match leader(&question, layout) {
                Some(leader) => calls.entry((leader, nth)).or_default().push(question),
                None => unasked.push((question, None)),
            }
        }
        for ((leader, _), mut questions) in calls {
            let waiting = self.waiting.entry(leader).or_default();
            while !questions.is_empty() {
                let rest = questions.split_off(questions.len().min(PARTITIONS_PER_REQUEST));
                waiting.push_back(std::mem::replace(&mut questions, rest));
            }
        }
        let leaders: Vec<BrokerId> = self.waiting.keys().copied().collect();
        unasked.extend(leaders.into_iter().flat_map(|leader| self.send(leader, lookups)));
        unasked
    }

    /// Sends as many waiting requests to a leader as allowed. Returns the lookups of requests that librdkafka
    /// refuses.
    fn send(&mut self, leader: BrokerId, lookups: &Lookups) -> Vec<CompletedQuery> {
        let mut refused = Vec::new();
        if let Some(waiting) = self.waiting.get_mut(&leader) {
            let busy = self.busy.entry(leader).or_default();
            while *busy < AT_ONCE
                && let Some(questions) = waiting.pop_front()
            {
                let tag = self.next_tag | MARK;
                self.next_tag = self.next_tag.wrapping_add(1);
                let places: Vec<ListOffsetsPartition<'_>> =
                    questions.iter().filter_map(list_offsets_partition).collect();
                let is_whole = places.len() == questions.len();
                if !is_whole {
                    broken("a topic that has a leader has a name of UTF-8");
                }
                if is_whole && lookups.offsets(tag, places.into_iter(), IsolationLevel::Uncommitted, LIMIT).is_ok() {
                    *busy += 1;
                    self.in_flight.insert(tag, (leader, questions));
                } else {
                    refused.extend(questions.into_iter().map(|question| (question, None)));
                }
            }
        }
        if self.waiting.get(&leader).is_some_and(VecDeque::is_empty) {
            self.waiting.remove(&leader);
        }
        refused
    }

    /// Handles an answer, and sends waiting requests. A leader that is silent gets no more requests in this round.
    pub(super) fn handle_answer(
        &mut self,
        tag: usize,
        result: Result<Vec<Result<FoundOffset, ErrorCode>>, ErrorCode>,
        lookups: &Lookups,
    ) -> Vec<CompletedQuery> {
        let Some((leader, questions)) = self.in_flight.remove(&tag) else {
            broken("an answer belongs to a request in flight");
            return Vec::new();
        };
        self.finish_request(leader);
        let mut told = Vec::new();
        let silent = match &result {
            Err(_) => true,
            Ok(found) => found.iter().all(|found| matches!(found, Err(ErrorCode::TIMED_OUT | ErrorCode::TRANSPORT))),
        };
        if silent {
            let waiting = self.waiting.remove(&leader).into_iter().flatten().flatten();
            told.extend(waiting.map(|question| (question, None)));
        }
        let answers = result.unwrap_or_default().into_iter().map(Result::ok).chain(std::iter::repeat(None));
        told.extend(questions.into_iter().zip(answers).map(|(question, found)| {
            let found = found.and_then(|found| to_time_answer(&question, found));
            (question, found)
        }));
        told.extend(self.send(leader, lookups));
        told
    }

    /// Counts a request of a leader as no longer in flight.
    fn finish_request(&mut self, leader: BrokerId) {
        if let Some(busy) = self.busy.get_mut(&leader) {
            *busy = busy.saturating_sub(1);
            if *busy == 0 {
                self.busy.remove(&leader);
            }
        }
    }
}

fn leader(question: &TimeQuery, layout: &PartitionLayout) -> Option<BrokerId> {
    layout.leader(str::from_utf8(question.topic.label.name().0).ok()?, question.partition)
}

fn list_offsets_partition(question: &TimeQuery) -> Option<ListOffsetsPartition<'_>> {
    let spec = match question.target {
        QueryTarget::First => OffsetSpec::At(Timestamp(0)),
        QueryTarget::From(time, _) => OffsetSpec::At(time),
    };
    let topic = str::from_utf8(question.topic.label.name().0).ok()?;
    Some(ListOffsetsPartition { topic, partition: question.partition, spec })
}

/// Converts an answer. `None` for a record without a timestamp, which counts as no answer.
fn to_time_answer(question: &TimeQuery, found: FoundOffset) -> Option<TimeLookupAnswer> {
    let found = match (found.offset, found.time) {
        (Some(offset), Some(time)) => Some(TimestampOffset { offset, time }),
        (None, _) => None,
        (Some(_), None) => return None,
    };
    let answer = match question.target {
        QueryTarget::First => TimeAnswer::First(found),
        QueryTarget::From(asked, end) => TimeAnswer::From { asked, found, end },
    };
    let (id, partition) = (question.id, question.partition);
    Some(TimeLookupAnswer { topic: Arc::clone(&question.topic), id, partition, answer })
}
