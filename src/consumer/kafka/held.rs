//! Partitions of the offsets topic in which nothing can be read although their logs go on: whoever waits for a commit
//! there wants to know why.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::kafka::Log;
use crate::model::Offset;

/// How long a partition may stand still before that is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// Since when partitions stand still.
#[derive(Debug, Default)]
pub struct Held {
    standing: BTreeMap<Log, Standing>,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    position: Offset,
    since: Instant,
    told: bool,
}

/// What to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Nothing.
    Nothing,
    /// It has stood still for long: to ask why.
    Ask,
    /// What stood still for so long, and was told of, goes on.
    GoesOn(Duration),
}

impl Held {
    /// Takes in up to where a partition has been read, and how far its log goes.
    pub fn note(&mut self, log: Log, position: Offset, end: Offset, now: Instant) -> Course {
        let behind = position < end;
        match self.standing.get(&log).copied() {
            Some(held) if behind && held.position == position => {
                let long = now.saturating_duration_since(held.since) >= PATIENCE;
                if long && !held.told { Course::Ask } else { Course::Nothing }
            }
            held => {
                if behind {
                    self.standing.insert(log, Standing { position, since: now, told: false });
                } else {
                    self.standing.remove(&log);
                }
                match held {
                    Some(held) if held.told => Course::GoesOn(now.saturating_duration_since(held.since)),
                    Some(_) | None => Course::Nothing,
                }
            }
        }
    }

    /// A partition that stands still is told of now: at which offset, and for how long it has; once.
    pub fn tell(&mut self, log: Log, now: Instant) -> Option<(Offset, Duration)> {
        let held = self.standing.get_mut(&log).filter(|held| !held.told)?;
        held.told = true;
        Some((held.position, now.saturating_duration_since(held.since)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::OFFSETS;
    use super::*;
    use crate::model::Partition;

    const LOG: Log = Log { topic: OFFSETS, partition: Partition(4) };

    fn note(held: &mut Held, position: i64, end: i64, at: Instant) -> Course {
        held.note(LOG, Offset(position), Offset(end), at)
    }

    fn after(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    #[test]
    fn a_partition_that_stands_still_for_a_minute_is_told_of_once() {
        let (mut held, began) = (Held::default(), Instant::now());
        assert_eq!(note(&mut held, 10, 12, began), Course::Nothing);
        assert_eq!(note(&mut held, 10, 90, after(began, 59)), Course::Nothing);
        assert_eq!(note(&mut held, 10, 90, after(began, 60)), Course::Ask);
        // The answer why may be lost: then it is asked again.
        assert_eq!(note(&mut held, 10, 91, after(began, 63)), Course::Ask);
        assert_eq!(held.tell(LOG, after(began, 64)), Some((Offset(10), Duration::from_secs(64))));
        assert_eq!(held.tell(LOG, after(began, 65)), None);
        assert_eq!(note(&mut held, 10, 92, after(began, 66)), Course::Nothing);
        assert_eq!(note(&mut held, 92, 92, after(began, 70)), Course::GoesOn(Duration::from_secs(70)));
        assert_eq!(note(&mut held, 92, 92, after(began, 200)), Course::Nothing);
    }

    #[test]
    fn a_reader_that_is_behind_and_reads_is_not_held() {
        let (mut held, began) = (Held::default(), Instant::now());
        for step in 0..100 {
            let position = i64::try_from(step).unwrap();
            assert_eq!(note(&mut held, position, 1000, after(began, 10 * step)), Course::Nothing);
        }
        assert_eq!(held.tell(Log { partition: Partition(5), ..LOG }, began), None);
    }

    #[test]
    fn one_that_is_held_again_is_told_of_again() {
        let (mut held, began) = (Held::default(), Instant::now());
        for (from, position) in [(0, 10), (1000, 20)] {
            assert!(note(&mut held, position, 30, after(began, from)) != Course::Ask);
            assert_eq!(note(&mut held, position, 30, after(began, from + 60)), Course::Ask);
            assert!(held.tell(LOG, after(began, from + 60)).is_some());
        }
    }
}
