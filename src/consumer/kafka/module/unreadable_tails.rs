//! Ends of partitions that nobody can read. Redpanda keeps the transactions of groups in batches that take offsets and
//! are never delivered (`group_manager.cc`), so a partition may end with offsets for which neither a record nor an end
//! of the partition arrives. Only clusters of Redpanda are judged: elsewhere, what does not arrive is missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::kafka::TopicPartition;
use crate::model::Offset;

/// With what the cluster ids of Redpanda begin.
const CLUSTER: &str = "redpanda.";
/// How long nothing may arrive of a tail that cannot be read.
pub const QUIET: Duration = Duration::from_secs(3);
/// How often the same end must have been the answer meanwhile.
const ANSWERS: u32 = 3;

/// Whether a cluster may have partitions whose tails cannot be read.
pub fn has_unreadable_tails(cluster_id: &str) -> bool {
    cluster_id.starts_with(CLUSTER)
}

/// A tail that cannot be read: the offsets from where the reader stands to an end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableTail {
    /// Where the reader stands.
    pub at: Offset,
    /// The last stable offset.
    pub end: Offset,
}

/// What has arrived of a partition so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Where the reader stands.
    pub position: Offset,
    /// A number that each record, event and error increases.
    pub count: u64,
}

/// The partitions whose readers stand before the ends of their logs.
#[derive(Debug, Default)]
pub struct UnreadableTails {
    watched: BTreeMap<TopicPartition, WatchedTail>,
}

#[derive(Clone, Copy, Debug)]
struct WatchedTail {
    arrivals: Arrivals,
    end: Offset,
    since: Instant,
    answers: u32,
}

impl UnreadableTails {
    /// Records an answer with the last stable offset. Returns the tail once nothing has arrived for long enough.
    pub fn record_end(
        &mut self,
        log: TopicPartition,
        arrivals: Arrivals,
        end: Offset,
        now: Instant,
    ) -> Option<UnreadableTail> {
        if arrivals.position >= end {
            self.watched.remove(&log);
            return None;
        }
        let new = WatchedTail { arrivals, end, since: now, answers: 0 };
        let held = self.watched.entry(log).or_insert(new);
        if (held.arrivals, held.end) != (arrivals, end) {
            *held = new;
        }
        held.answers = held.answers.saturating_add(1);
        let is_quiet = held.answers >= ANSWERS && now.saturating_duration_since(held.since) >= QUIET;
        is_quiet.then_some(UnreadableTail { at: arrivals.position, end })
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_topics::OFFSETS;
    use super::*;
    use crate::model::Partition;

    const LOG: TopicPartition = TopicPartition { topic: OFFSETS, partition: Partition(4) };
    const TAIL: Option<UnreadableTail> = Some(UnreadableTail { at: Offset(10), end: Offset(12) });

    /// Answers of (position, arrivals, end) at milliseconds after a start.
    fn judged(answers: &[(u64, i64, u64, i64)]) -> Vec<Option<UnreadableTail>> {
        let (mut tails, start) = (UnreadableTails::default(), Instant::now());
        let mut record = |(at, position, count, end): (u64, i64, u64, i64)| {
            let arrivals = Arrivals { position: Offset(position), count };
            tails.record_end(LOG, arrivals, Offset(end), start + Duration::from_millis(at))
        };
        answers.iter().map(|answer| record(*answer)).collect()
    }

    #[test]
    fn a_tail_cannot_be_read_after_three_equal_ends_over_three_seconds() {
        let answers = [(0, 10, 1, 12), (1_500, 10, 1, 12), (2_999, 10, 1, 12), (3_000, 10, 1, 12), (9_000, 10, 1, 12)];
        assert_eq!(judged(&answers), [None, None, None, TAIL, TAIL]);
    }

    #[test]
    fn two_answers_are_not_enough_however_far_apart() {
        assert_eq!(judged(&[(0, 10, 1, 12), (60_000, 10, 1, 12), (60_001, 10, 1, 12)]), [None, None, TAIL]);
    }

    #[test]
    fn an_arrival_an_end_that_moves_and_a_position_begin_anew() {
        let start = [(0, 10, 1, 12), (1_000, 10, 1, 12), (2_000, 10, 1, 12)];
        for change in [(3_000, 10, 2, 12), (3_000, 10, 1, 13), (3_000, 9, 1, 12)] {
            let answers = [&start[..], &[change, (5_000, 10, 1, 12), (7_000, 10, 1, 12), (7_999, 10, 1, 12)]].concat();
            assert!(judged(&answers).iter().all(Option::is_none), "{change:?}");
        }
    }

    #[test]
    fn a_reader_at_the_end_has_no_tail() {
        let answers = [(0, 12, 1, 12), (2_000, 12, 1, 12), (4_000, 12, 1, 12), (6_000, 13, 1, 12)];
        assert!(judged(&answers).iter().all(Option::is_none));
    }

    #[test]
    fn the_cluster_ids_of_redpanda_are_told_by_how_they_begin() {
        assert!(has_unreadable_tails("redpanda.5a1bd6b7-1a4b-4f9d-9c8c-2f4ad21a3a5b"));
        assert!(!has_unreadable_tails("redpanda"));
        assert!(!has_unreadable_tails("MkU3OEVBNTcwNTJENDM2Qk"));
        assert!(!has_unreadable_tails("a-redpanda.cluster"));
    }
}
