//! What follows from the answers: bounds for the reader, progress for readiness, and partitions that stand still.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tracing::{info, warn};

use super::{OffsetQuery, PartitionMonitor};
use crate::consumer::kafka::module::blocked_partitions::{BlockAction, BlockReason, BlockReport};
use crate::consumer::kafka::module::reader_progress::{ReadablePartition, ReaderMessage, ReaderProgress};
use crate::consumer::kafka::module::source_topics::OFFSETS;
use crate::consumer::kafka::module::unreadable_tails::Arrivals;
use crate::invariant::broken;
use crate::kafka::{ErrorCode, FailureCause, LookupResponse, TopicIndex, TopicPartition};
use crate::model::{ModuleError, Offset, Operation, Partition};

impl PartitionMonitor {
    /// Handles an answer.
    pub(super) fn handle_answer(
        &mut self,
        answer: LookupResponse,
        begin: &Sender<ReaderMessage>,
        positions: &ReaderProgress,
    ) -> Result<(), ModuleError> {
        let (tag, result) = match answer {
            LookupResponse::Offsets { tag, result } => (tag, result),
            LookupResponse::Topics { tag, result } => {
                self.handle_missing_topic(TopicIndex(tag), result.ok(), positions);
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
        let refused: BTreeSet<TopicIndex> = logs
            .iter()
            .zip(&results)
            .filter(|(_, result)| result.is_err_and(ErrorCode::is_refusal))
            .map(|(log, _)| log.topic)
            .collect();
        self.record_refused_by_leaders(refused, positions);
        for (log, result) in logs.into_iter().zip(results) {
            self.record_leader_answer(log, result.as_ref().err().copied());
            let offset = result.ok().and_then(|found| found.offset);
            match question {
                OffsetQuery::Start => {
                    self.requested.entry(log).and_modify(|bounds| bounds.start = offset.or(bounds.start));
                }
                OffsetQuery::End => {
                    self.requested.entry(log).and_modify(|bounds| bounds.end = offset.or(bounds.end));
                }
                OffsetQuery::NewEnd => self.handle_new_end(log, offset, begin),
                OffsetQuery::Stable => self.handle_stable_offset(log, offset, begin),
                OffsetQuery::HighWatermark if self.handle_high_watermark(log, offset, positions) => {
                    standing.insert(log);
                }
                OffsetQuery::HighWatermark => {}
                OffsetQuery::Tail => self.handle_tail_end(log, offset, begin, positions),
            }
        }
        let known: Vec<ReadablePartition> =
            self.requested.iter().filter_map(|(log, bounds)| bounds.readable_partition(*log)).collect();
        for known in known {
            self.requested.remove(&known.log);
            self.ends.insert(known.log, known.end);
            if begin.send(ReaderMessage::Begin(known)).is_err() {
                warn!(partition = known.log.partition.0, "the reader has ended");
            }
        }
        positions.report_progress(&self.metrics);
        if standing.is_empty() { Ok(()) } else { self.request_offsets(OffsetQuery::Stable, &standing) }
    }

    /// Passes the current end of the log to the reader. Without an answer the question is asked again.
    fn handle_new_end(&mut self, log: TopicPartition, end: Option<Offset>, begin: &Sender<ReaderMessage>) {
        match end {
            // Fails when the reader has ended, which is reported separately.
            Some(end) => drop(begin.send(ReaderMessage::End { log, end })),
            None => drop(self.unanswered_ends.insert(log)),
        }
    }

    /// Handles the high watermark of a partition. Returns whether to ask why nothing is read from it.
    fn handle_high_watermark(&mut self, log: TopicPartition, end: Option<Offset>, positions: &ReaderProgress) -> bool {
        let (position, Partition(partition)) = (positions.readable_position(log), log.partition);
        if log.topic == OFFSETS {
            self.metrics.set_topic_lag(partition, end.zip(position).map(|(end, at)| end.0.saturating_sub(at.0).max(0)));
        }
        let Some((end, position)) = end.zip(position) else { return false };
        self.ends.insert(log, end);
        if [Operation::Describe, Operation::Read].into_iter().any(|right| positions.is_refused(log.topic, right)) {
            // The reason is known.
            return false;
        }
        let (module, topic) = (&self.metrics.health().module, self.topics.name(log.topic));
        match self.blocked.record_position(log, position, end, Instant::now()) {
            BlockAction::Nothing => false,
            BlockAction::Ask => true,
            BlockAction::Resumed(stood) => {
                info!(module, topic, partition, seconds = stood.as_secs(), "a partition makes progress again");
                false
            }
        }
    }

    /// Handles the last stable offset of a partition that may end with offsets that nobody can read.
    fn handle_tail_end(
        &mut self,
        log: TopicPartition,
        end: Option<Offset>,
        begin: &Sender<ReaderMessage>,
        positions: &ReaderProgress,
    ) {
        let Some((end, arrivals)) = end.zip(positions.arrivals(log)) else { return };
        let errors = self.client.context().error_count(self.leader_address(log));
        let arrivals = Arrivals { count: arrivals.count.wrapping_add(errors), ..arrivals };
        let Some(tail) = self.tails.record_end(log, arrivals, end, Instant::now()) else { return };
        // Repeated until the reader agrees, which has to have asked for records there.
        if positions.tail(log) != Some(tail) {
            // Fails when the reader has ended, which is reported separately.
            begin.send(ReaderMessage::Tail { log, tail }).ok();
        }
    }

    /// Handles the last stable offset of a partition that stands still, which shows the reason.
    fn handle_stable_offset(&mut self, log: TopicPartition, stable: Option<Offset>, begin: &Sender<ReaderMessage>) {
        let (Some(stable), Some(position)) = (stable, self.blocked.position(log)) else { return };
        let why = if stable <= position { BlockReason::Transaction } else { BlockReason::Stuck };
        let Some(BlockReport { at, since, is_news }) = self.blocked.record_reason(log, why, Instant::now()) else {
            return;
        };
        let (module, topic, partition) = (&self.metrics.health().module, self.topics.name(log.topic), log.partition.0);
        let (offset, seconds) = (at.0, since.as_secs());
        match why {
            BlockReason::Transaction if is_news => warn!(
                module,
                topic,
                partition,
                at = offset,
                seconds,
                "an open transaction blocks a partition: commits after its beginning are not known"
            ),
            BlockReason::Transaction => {}
            BlockReason::Stuck => {
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
                begin.send(ReaderMessage::Stuck { log, at }).ok();
            }
        }
    }

    /// The address of a partition's leader, `host:port`, if it is known.
    fn leader_address(&self, log: TopicPartition) -> Option<&str> {
        let leader = self.leaders.get(&log).copied().flatten()?;
        self.addresses.get(&leader).map(String::as_str)
    }

    /// Records whether the leader of a partition answered.
    fn record_leader_answer(&self, log: TopicPartition, error: Option<ErrorCode>) {
        let leader = self.leader_address(log);
        let context = self.client.context();
        match error {
            None => {
                self.record_answer();
                if let Some(leader) = leader {
                    context.record_answer_of(leader);
                }
            }
            Some(code @ (ErrorCode::TIMED_OUT | ErrorCode::TRANSPORT)) => {
                let cause = FailureCause::of_code(code, "no answer to a request for log ends");
                context.record_unanswered(&cause.with_broker(leader));
            }
            Some(_) => {}
        }
    }
}
