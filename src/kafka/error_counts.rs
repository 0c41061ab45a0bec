//! How many error events the clients of a module have had, by broker.

use std::collections::BTreeMap;

/// Maximum number of brokers that are counted apart. Bounds memory when brokers keep changing their names.
const BROKERS: usize = 1_000;

/// Numbers of error events.
#[derive(Debug, Default)]
pub struct ErrorCounts {
    of_brokers: BTreeMap<String, u64>,
    /// Of those that name no broker, or one that there is no room for.
    others: u64,
}

impl ErrorCounts {
    /// Counts an error event, which may name a broker, `host:port`.
    pub fn record(&mut self, broker: Option<&str>) {
        let has_room = self.of_brokers.len() < BROKERS;
        let count = match broker {
            Some(broker) if has_room || self.of_brokers.contains_key(broker) => {
                self.of_brokers.entry(broker.to_owned()).or_default()
            }
            Some(_) | None => &mut self.others,
        };
        *count = count.saturating_add(1);
    }

    /// The number of error events that name a broker, or none.
    pub fn concerning(&self, broker: Option<&str>) -> u64 {
        let own = broker.and_then(|broker| self.of_brokers.get(broker));
        own.copied().unwrap_or(0).saturating_add(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_concerns_the_broker_that_it_names_or_all() {
        let mut counts = ErrorCounts::default();
        counts.record(Some("a:1"));
        counts.record(Some("a:1"));
        counts.record(Some("b:1"));
        assert_eq!([Some("a:1"), Some("b:1"), Some("c:1"), None].map(|broker| counts.concerning(broker)), [2, 1, 0, 0]);
        counts.record(None);
        assert_eq!([Some("a:1"), Some("b:1"), Some("c:1"), None].map(|broker| counts.concerning(broker)), [3, 2, 1, 1]);
    }

    #[test]
    fn brokers_without_end_are_counted_together() {
        let mut counts = ErrorCounts::default();
        for number in 0..BROKERS + 5 {
            counts.record(Some(&format!("{number}:1")));
        }
        assert_eq!((counts.of_brokers.len(), counts.concerning(Some("new:1"))), (BROKERS, 5));
    }
}
