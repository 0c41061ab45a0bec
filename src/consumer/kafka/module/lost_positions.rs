//! Partitions whose position is out of range: when each is read again, and whether that is logged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::kafka::TopicPartition;

/// The pause before a partition that was lost a second time is read again. It doubles with each further loss.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A partition that was not lost for this time counts as well again.
const WELL: Duration = Duration::from_secs(60);

/// The partitions that were lost recently. After the first loss a partition is read again at once. A broker that
/// repeats the error is asked less and less often.
#[derive(Debug, Default)]
pub struct LostPositions {
    partitions: BTreeMap<TopicPartition, LostPosition>,
}

#[derive(Clone, Copy, Debug)]
struct LostPosition {
    at: Instant,
    pause: Duration,
    /// When the partition is due to be read again; `None` once it was taken.
    due: Option<Instant>,
}

impl LostPositions {
    /// Records that a partition's position is out of range. Returns whether this is news.
    pub fn record_loss(&mut self, log: TopicPartition, now: Instant) -> bool {
        let recent = self.partitions.get(&log).filter(|loss| now.saturating_duration_since(loss.at) < WELL);
        let pause = match recent {
            None => Duration::ZERO,
            Some(loss) => loss.pause.saturating_mul(2).clamp(PAUSE, LONGEST_PAUSE),
        };
        let due = Some(now.checked_add(pause).unwrap_or(now));
        let news = recent.is_none();
        self.partitions.insert(log, LostPosition { at: now, pause, due });
        news
    }

    /// Takes the partitions whose pause is over. Each is returned once.
    pub fn take_due(&mut self, now: Instant) -> Vec<TopicPartition> {
        let due = self.partitions.iter_mut().filter(|(_, loss)| loss.due.is_some_and(|due| due <= now));
        due.map(|(log, loss)| {
            loss.due = None;
            *log
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_topics::OFFSETS;
    use super::*;
    use crate::model::Partition;

    const LOG: TopicPartition = TopicPartition { topic: OFFSETS, partition: Partition(3) };

    #[test]
    fn the_first_loss_is_news_and_costs_no_time() {
        let (mut lost, now) = (LostPositions::default(), Instant::now());
        assert!(lost.record_loss(LOG, now));
        assert_eq!((lost.take_due(now), lost.take_due(now)), (vec![LOG], vec![]));
    }

    #[test]
    fn each_further_loss_waits_longer_and_is_no_news() {
        let (mut lost, mut now) = (LostPositions::default(), Instant::now());
        lost.record_loss(LOG, now);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            assert!(!lost.record_loss(LOG, now));
            let pause = (0..).map(Duration::from_millis).find(|pause| !lost.take_due(now + *pause).is_empty()).unwrap();
            pauses.push(pause.as_millis());
            now += pause;
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    }

    #[test]
    fn a_partition_that_was_well_for_a_minute_is_news_again() {
        let (mut lost, now) = (LostPositions::default(), Instant::now());
        for _ in 0..5 {
            lost.record_loss(LOG, now);
        }
        assert!(!lost.record_loss(LOG, now + Duration::from_secs(59)));
        let later = now + Duration::from_secs(119);
        assert!(lost.record_loss(LOG, later));
        assert_eq!(lost.take_due(later), [LOG]);
    }
}
