//! Partitions of the offsets topic that bring no records although their logs grow. Operators need to know the
//! reason: commits there are missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::kafka::TopicPartition;
use crate::model::Offset;

/// How long a partition may stand still before an action, and the time between two actions.
const PATIENCE: Duration = Duration::from_secs(60);

/// The partitions that stand still.
#[derive(Debug, Default)]
pub struct BlockedPartitions {
    blocked: BTreeMap<TopicPartition, BlockedPartition>,
}

#[derive(Clone, Copy, Debug)]
struct BlockedPartition {
    position: Offset,
    since: Instant,
    /// The time of the last action.
    last_action: Instant,
    reason: Option<BlockReason>,
}

/// Why a partition brings no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockReason {
    /// An open transaction: the records after it are not decided yet.
    Transaction,
    /// There are records to read, but librdkafka does not deliver them.
    Stuck,
}

/// What to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAction {
    /// Nothing.
    Nothing,
    /// It has stood still for long: ask for the reason.
    Ask,
    /// It continues after it stood still for this time, and that was logged.
    Resumed(Duration),
}

/// A partition that stands still for a known reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockReport {
    /// The offset where it stands still.
    pub at: Offset,
    /// How long it has stood still.
    pub since: Duration,
    /// Whether this reason is not logged yet.
    pub is_news: bool,
}

impl BlockedPartitions {
    /// Records the position of the reader and the end of the log.
    pub fn record_position(&mut self, log: TopicPartition, position: Offset, end: Offset, now: Instant) -> BlockAction {
        let behind = position < end;
        match self.blocked.get(&log).copied() {
            Some(held) if behind && held.position == position => {
                let long = now.saturating_duration_since(held.last_action) >= PATIENCE;
                if long { BlockAction::Ask } else { BlockAction::Nothing }
            }
            held => {
                if behind {
                    self.blocked.insert(log, BlockedPartition { position, since: now, last_action: now, reason: None });
                } else {
                    self.blocked.remove(&log);
                }
                match held {
                    Some(held) if held.reason.is_some() => {
                        BlockAction::Resumed(now.saturating_duration_since(held.since))
                    }
                    Some(_) | None => BlockAction::Nothing,
                }
            }
        }
    }

    /// The offset where a partition stands still, if it does.
    pub fn position(&self, log: TopicPartition) -> Option<Offset> {
        self.blocked.get(&log).map(|held| held.position)
    }

    /// Records why a partition stands still. `None` when it no longer does, or when an action was taken recently.
    pub fn record_reason(&mut self, log: TopicPartition, why: BlockReason, now: Instant) -> Option<BlockReport> {
        let held = self.blocked.get_mut(&log)?;
        if now.saturating_duration_since(held.last_action) < PATIENCE {
            return None;
        }
        held.last_action = now;
        let is_news = held.reason.replace(why) != Some(why);
        Some(BlockReport { at: held.position, since: now.saturating_duration_since(held.since), is_news })
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_topics::OFFSETS;
    use super::*;
    use crate::model::Partition;

    const LOG: TopicPartition = TopicPartition { topic: OFFSETS, partition: Partition(4) };

    fn note(held: &mut BlockedPartitions, position: i64, end: i64, at: Instant) -> BlockAction {
        held.record_position(LOG, Offset(position), Offset(end), at)
    }

    fn after(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    fn stands(at: i64, seconds: u64, is_news: bool) -> Option<BlockReport> {
        Some(BlockReport { at: Offset(at), since: Duration::from_secs(seconds), is_news })
    }

    #[test]
    fn a_partition_that_stands_still_is_asked_about_each_minute_and_logged_once() {
        let (mut held, began) = (BlockedPartitions::default(), Instant::now());
        assert_eq!(note(&mut held, 10, 12, began), BlockAction::Nothing);
        assert_eq!(note(&mut held, 10, 90, after(began, 59)), BlockAction::Nothing);
        assert_eq!(note(&mut held, 10, 90, after(began, 60)), BlockAction::Ask);
        // The answer may be lost; then the question is repeated.
        assert_eq!(note(&mut held, 10, 91, after(began, 63)), BlockAction::Ask);
        assert_eq!(held.record_reason(LOG, BlockReason::Stuck, after(began, 64)), stands(10, 64, true));
        assert_eq!(held.record_reason(LOG, BlockReason::Stuck, after(began, 65)), None);
        assert_eq!(note(&mut held, 10, 92, after(began, 66)), BlockAction::Nothing);
        assert_eq!(note(&mut held, 10, 92, after(began, 124)), BlockAction::Ask);
        assert_eq!(held.record_reason(LOG, BlockReason::Stuck, after(began, 124)), stands(10, 124, false));
        assert_eq!(note(&mut held, 92, 92, after(began, 130)), BlockAction::Resumed(Duration::from_secs(130)));
        assert_eq!(note(&mut held, 92, 92, after(began, 200)), BlockAction::Nothing);
    }

    #[test]
    fn a_reason_that_changes_is_news() {
        let (mut held, began) = (BlockedPartitions::default(), Instant::now());
        note(&mut held, 10, 12, began);
        assert_eq!(held.record_reason(LOG, BlockReason::Transaction, after(began, 60)), stands(10, 60, true));
        assert_eq!(held.record_reason(LOG, BlockReason::Transaction, after(began, 120)), stands(10, 120, false));
        assert_eq!(held.record_reason(LOG, BlockReason::Stuck, after(began, 180)), stands(10, 180, true));
    }

    #[test]
    fn a_reader_that_is_behind_and_reads_is_not_held() {
        let (mut held, began) = (BlockedPartitions::default(), Instant::now());
        for step in 0..100 {
            let position = i64::try_from(step).unwrap();
            assert_eq!(note(&mut held, position, 1000, after(began, 10 * step)), BlockAction::Nothing);
        }
        assert_eq!(
            held.record_reason(TopicPartition { partition: Partition(5), ..LOG }, BlockReason::Stuck, began),
            None
        );
    }
}
