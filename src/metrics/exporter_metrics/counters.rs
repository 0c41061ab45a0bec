//! Counters of records, resolved once: counting a record looks up no label.

use prometheus_client::metrics::counter::Counter;

use crate::offsets::{Oddities, RecordType};

/// Counters of one reader of the offsets topic.
#[derive(Clone, Debug)]
pub struct RecordCounters {
    pub(super) types: Vec<(RecordType, Counter)>,
    pub(super) errors: ReasonCounters,
    pub(super) oddities: ReasonCounters,
}

/// Counters of records or nodes of one module by reason: why they cannot be read, or what is odd about them.
#[derive(Clone, Debug)]
pub struct ReasonCounters {
    pub(super) reasons: Vec<(&'static str, Counter)>,
}

impl ReasonCounters {
    /// Counts records or nodes.
    pub fn count(&self, reason: &str, count: usize) {
        for (_, counter) in self.reasons.iter().filter(|(held, _)| *held == reason) {
            counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}

impl RecordCounters {
    /// Counts records of a type.
    pub fn count(&self, kind: RecordType, count: u64) {
        for (_, counter) in self.types.iter().filter(|(held, _)| *held == kind) {
            counter.inc_by(count);
        }
    }

    /// Counts a record that could not be decoded.
    pub fn count_error(&self, reason: &str) {
        self.errors.count(reason, 1);
    }

    /// Counts what is odd about a record that was read.
    pub fn count_oddities(&self, oddities: Oddities) {
        for reason in oddities.reasons() {
            self.oddities.count(reason, 1);
        }
    }
}
