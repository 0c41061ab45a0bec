//! A log with known timestamps, which answers as a broker does.

use super::*;

/// A broker's log of one partition, with the number of lookups.
pub(super) struct Log {
    pub(super) start: i64,
    pub(super) times: Vec<i64>,
    pub(super) questions: usize,
}

impl Log {
    pub(super) fn of(times: impl IntoIterator<Item = i64>) -> Self {
        Self { start: 0, times: times.into_iter().collect(), questions: 0 }
    }

    pub(super) fn end(&self) -> i64 {
        i64::try_from(self.times.len()).unwrap()
    }

    /// The greatest timestamp of the records up to and including `record`, but not later than `now`.
    pub(super) fn appended(&self, record: i64, now: i64) -> i64 {
        let (from, to) = (usize::try_from(self.start).unwrap(), usize::try_from(record).unwrap());
        self.times[from..=to].iter().copied().max().unwrap().min(now)
    }

    /// Answers like a broker's ListOffsets.
    pub(super) fn answer(&mut self, what: QueryTarget) -> TimeAnswer {
        self.questions += 1;
        let asked = match what {
            QueryTarget::First => 0,
            QueryTarget::From(time, _) => time.0,
        };
        let found = (self.start..).zip(&self.times[usize::try_from(self.start).unwrap()..]);
        let found = found.into_iter().find(|(_, time)| **time >= asked);
        let found = found.map(|(offset, time)| TimestampOffset { offset: Offset(offset), time: Timestamp(*time) });
        match what {
            QueryTarget::First => TimeAnswer::First(found),
            QueryTarget::From(asked, end) => TimeAnswer::From { asked, found, end },
        }
    }
}
