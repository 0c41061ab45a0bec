//! What follows from the answers: bounds for the reader, progress for readiness, and partitions that stand still.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tracing::{info, warn};

use super::{Question, Scout};
use crate::consumer::kafka::module::held::{Course, Stands, Why};
use crate::consumer::kafka::module::parts::{Begin, Notice, Positions};
use crate::consumer::kafka::module::topics::OFFSETS;
use crate::invariant::broken;
use crate::kafka::{Answer, Cause, Code, Log, TopicAt};
use crate::model::{ModuleError, Offset, Partition};

impl Scout {
    /// Handles an answer.
    pub(super) fn handle_answer(
        &mut self,
        answer: Answer,
        begin: &Sender<Notice>,
        positions: &Positions,
    ) -> Result<(), ModuleError> {
        let (tag, result) = match answer {
            Answer::Offsets { tag, result } => (tag, result),
            Answer::Topics { tag, result } => {
                self.handle_missing_topic(TopicAt(tag), result.ok(), positions);
                return Ok(());
            }
        };
        let Some((question, logs)) = self.questions.take(tag) else {
            broken("an answer belongs to a request in flight");
            return Ok(());
        };
        let results = match result {
            Ok(results) => results,
            Err(code) => vec![Err(code); logs.len()],
        };
        let mut standing = BTreeSet::new();
        for (log, result) in logs.into_iter().zip(results) {
            self.record_leader_answer(log, result.as_ref().err().copied());
            let offset = result.ok().and_then(|found| found.offset);
            match question {
                Question::Start => drop(self.requested.get_mut(&log).map(|bounds| bounds.start = offset.or(bounds.start))),
                Question::End => drop(self.requested.get_mut(&log).map(|bounds| bounds.end = offset.or(bounds.end))),
                Question::NewEnd => self.handle_new_end(log, offset, begin),
                Question::Stable => self.handle_stable_offset(log, offset, begin),
                Question::HighWatermark if self.handle_high_watermark(log, offset, positions) => {
                    standing.insert(log);
                }
                Question::HighWatermark => {}
            }
        }
        let known: Vec<Begin> = self.requested.iter().filter_map(|(log, bounds)| bounds.readable_partition(*log)).collect();
        for known in known {
            self.requested.remove(&known.log);
            if begin.send(Notice::Begin(known)).is_err() {
                warn!(partition = known.log.partition.0, "the reader has ended");
            }
        }
        positions.report_progress(&self.metrics);
        if standing.is_empty() { Ok(()) } else { self.request_offsets(Question::Stable, &standing) }
    }

    /// Passes the current end of the log to the reader. Without an answer the question is asked again.
    fn handle_new_end(&mut self, log: Log, end: Option<Offset>, begin: &Sender<Notice>) {
        match end {
            // Fails when the reader has ended, which is reported separately.
            Some(end) => drop(begin.send(Notice::End { log, end })),
            None => drop(self.unanswered_ends.insert(log)),
        }
    }

    /// Handles the high watermark of a partition. Returns whether to ask why nothing is read from it.
    fn handle_high_watermark(&mut self, log: Log, end: Option<Offset>, positions: &Positions) -> bool {
        let (position, Partition(partition)) = (positions.position(log), log.partition);
        if log.topic == OFFSETS {
            self.metrics.set_topic_lag(partition, end.zip(position).map(|(end, at)| end.0.saturating_sub(at.0).max(0)));
        }
        let Some((end, position)) = end.zip(position) else { return false };
        let (module, topic) = (&self.metrics.health().module, self.topics.name(log.topic));
        match self.blocked.record_position(log, position, end, Instant::now()) {
            Course::Nothing => false,
            Course::Ask => true,
            Course::Resumed(stood) => {
                info!(module, topic, partition, seconds = stood.as_secs(), "a partition makes progress again");
                false
            }
        }
    }

    /// Handles the last stable offset of a partition that stands still, which shows the reason.
    fn handle_stable_offset(&mut self, log: Log, stable: Option<Offset>, begin: &Sender<Notice>) {
        let (Some(stable), Some(position)) = (stable, self.blocked.position(log)) else { return };
        let why = if stable <= position { Why::Transaction } else { Why::Stuck };
        let Some(Stands { at, since, is_news }) = self.blocked.record_reason(log, why, Instant::now()) else { return };
        let (module, topic, partition) = (&self.metrics.health().module, self.topics.name(log.topic), log.partition.0);
        let (offset, seconds) = (at.0, since.as_secs());
        match why {
            Why::Transaction if is_news => warn!(
                module,
                topic,
                partition,
                at = offset,
                seconds,
                "an open transaction blocks a partition: commits after its beginning are not known"
            ),
            Why::Transaction => {}
            Why::Stuck => {
                if is_news {
                    warn!(
                        module,
                        topic,
                        partition,
                        at = offset,
                        seconds,
                        "a partition makes no progress although there is more to read: its reading is restarted"
                    );
                }
                // Fails when the reader has ended, which is reported separately.
                begin.send(Notice::Stuck { log, at }).ok();
            }
        }
    }

    /// Records whether the leader of a partition answered.
    fn record_leader_answer(&self, log: Log, error: Option<Code>) {
        let leader = self.leaders.get(&log).copied().flatten().and_then(|leader| self.addresses.get(&leader));
        let context = self.client.context();
        match error {
            None => {
                self.record_answer();
                if let Some(leader) = leader {
                    context.record_answer_of(leader);
                }
            }
            Some(code @ (Code::TIMED_OUT | Code::TRANSPORT)) => {
                let cause = Cause::of_code(code, "no answer to a request for log ends");
                context.record_unanswered(&cause.with_broker(leader.map(String::as_str)));
            }
            Some(_) => {}
        }
    }
}
