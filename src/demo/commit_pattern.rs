//! Computes the next commit of a group.

use super::topics_and_groups::{COMMIT_EVERY, CommitPattern};

/// The log of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SimulatedLog {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Records that are written per tick.
    pub(super) rate: i64,
    /// Tick of the last deletion of records.
    pub(super) purged: Option<i64>,
    /// Whether it is the last partition of its topic.
    pub(super) last: bool,
}

impl CommitPattern {
    /// Returns the offset that a group commits at `tick`, or `None` if it does not commit. `committed` is its last
    /// commit. A new group begins at the log end.
    pub(super) fn next_commit(self, tick: i64, log: SimulatedLog, committed: Option<i64>) -> Option<i64> {
        let at = committed.unwrap_or(log.end);
        match self {
            Self::KeepUp => Some(keep_up(tick, log, at)),
            Self::Batch { every } => (committed.is_none() || tick % every < COMMIT_EVERY).then_some(log.end),
            Self::Fall { percent, bad, cycle } if tick % cycle < bad => Some(fall(percent, log, at)),
            Self::Stall { stuck, cycle } if tick % cycle < stuck => Some(at),
            Self::Fall { .. } | Self::Stall { .. } => Some(catch_up(log, at)),
            Self::Stop { last } => (tick <= last).then(|| keep_up(tick, log, at)),
            Self::Replay { back, cycle, .. } if tick % cycle < COMMIT_EVERY => {
                Some(log.start.max(log.end.saturating_sub(back)))
            }
            Self::Replay { step, .. } => Some(log.end.min(at.max(log.start).saturating_add(step))),
            Self::Overtaken { percent, lost } => overtaken(tick, percent, lost, log, at),
            Self::NeverLast => (!log.last).then(|| keep_up(tick, log, at)),
            Self::Silent => None,
        }
    }
}

/// At most three records behind the log end, never backwards, and not before the log start.
fn keep_up(tick: i64, log: SimulatedLog, at: i64) -> i64 {
    log.end.saturating_sub(tick.wrapping_add(log.end).rem_euclid(4)).max(at).max(log.start)
}

fn fall(percent: i64, log: SimulatedLog, at: i64) -> i64 {
    let arrived = log.rate.saturating_mul(COMMIT_EVERY);
    at.max(log.start).saturating_add(arrived.saturating_mul(percent) / 100).min(log.end)
}

/// Reads a quarter of the lag, so that catching up is visible.
fn catch_up(log: SimulatedLog, at: i64) -> i64 {
    let at = at.max(log.start);
    let arrived = log.rate.saturating_mul(COMMIT_EVERY);
    at.saturating_add(log.end.saturating_sub(at) / 4).saturating_add(arrived).min(log.end)
}

fn overtaken(tick: i64, percent: i64, lost: i64, log: SimulatedLog, at: i64) -> Option<i64> {
    let failing = at < log.start && log.purged.is_some_and(|purged| tick.saturating_sub(purged) < lost);
    (!failing).then(|| fall(percent, log, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: SimulatedLog = SimulatedLog { start: 100, end: 1000, rate: 10, purged: None, last: false };

    #[test]
    fn a_group_that_keeps_up_is_near_the_end_and_never_goes_back() {
        let mut at = None;
        for (tick, end) in (0..).zip(1000..1040) {
            let next = CommitPattern::KeepUp.next_commit(tick, SimulatedLog { end, ..LOG }, at);
            assert!(next >= at && (end - 3..=end).contains(&next.unwrap()), "{next:?} after {at:?}");
            at = next;
        }
    }

    #[test]
    fn a_group_that_falls_behind_catches_up_later() {
        let pace = CommitPattern::Fall { percent: 60, bad: 480, cycle: 600 };
        assert_eq!(pace.next_commit(10, LOG, Some(500)), Some(512));
        assert_eq!(pace.next_commit(480, LOG, Some(500)), Some(645));
        assert_eq!(pace.next_commit(599, LOG, Some(999)), Some(1000));
        assert_eq!(pace.next_commit(10, LOG, Some(20)), Some(112), "it begins at the log start");
    }

    #[test]
    fn a_group_that_stalls_commits_the_same() {
        let pace = CommitPattern::Stall { stuck: 480, cycle: 600 };
        assert_eq!(pace.next_commit(479, LOG, Some(500)), Some(500));
        assert_eq!(pace.next_commit(500, LOG, Some(990)), Some(1000));
    }

    #[test]
    fn a_group_that_replays_goes_back_but_not_past_the_log_start() {
        let pace = CommitPattern::Replay { back: 600, step: 20, cycle: 24 };
        assert_eq!(pace.next_commit(49, LOG, Some(900)), Some(400), "on whichever tick the group commits");
        assert_eq!(pace.next_commit(48, LOG, Some(900)), Some(400));
        assert_eq!(pace.next_commit(48, SimulatedLog { start: 700, ..LOG }, Some(900)), Some(700));
        assert_eq!(pace.next_commit(50, LOG, Some(400)), Some(420));
    }

    #[test]
    fn a_group_that_was_overtaken_fails_for_a_while() {
        let pace = CommitPattern::Overtaken { percent: 50, lost: 40 };
        let purged = SimulatedLog { start: 990, purged: Some(100), ..LOG };
        assert_eq!(pace.next_commit(110, purged, Some(500)), None);
        assert_eq!(pace.next_commit(140, purged, Some(500)), Some(1000));
        assert_eq!(pace.next_commit(110, purged, Some(990)), Some(1000), "it had read all that went");
    }

    #[test]
    fn others() {
        assert_eq!(CommitPattern::Stop { last: 40 }.next_commit(41, LOG, Some(500)), None);
        assert_eq!(CommitPattern::Batch { every: 30 }.next_commit(32, LOG, Some(500)), None);
        assert_eq!(CommitPattern::Batch { every: 30 }.next_commit(60, LOG, Some(500)), Some(1000));
        assert_eq!(CommitPattern::NeverLast.next_commit(1, SimulatedLog { last: true, ..LOG }, None), None);
        assert_eq!(CommitPattern::Silent.next_commit(1, LOG, None), None);
    }
}
