//! The bounds of every number, time and length of a configuration.
//!
//! This is the only table of them. docs/src/reference/configuration.md, Bounds, shows the same rows, and a test
//! compares both.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The bounds of one value, both inclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueBounds<T> {
    /// Path of the value. `*` stands for any name.
    pub(crate) path: &'static str,
    pub(crate) least: T,
    pub(crate) most: T,
}

impl<T: PartialOrd> ValueBounds<T> {
    /// The key: the last part of the path.
    pub(crate) fn key(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Returns the value if it is within the bounds.
    pub(crate) fn accept(&self, value: T) -> Option<T> {
        (self.least <= value && value <= self.most).then_some(value)
    }
}

macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $path:literal, $least:expr, $most:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: ValueBounds<$kind> = ValueBounds { path: $path, least: $least, most: $most };)*

        /// Path, least and greatest value of each row, as the documentation shows them.
        #[cfg(test)]
        pub(crate) fn table() -> Vec<[String; 3]> {
            vec![$([$name.path.to_owned(), $name.least.format_bound(), $name.most.format_bound()]),*]
        }
    };
}

bounds! {
    CLUSTERS: u64 = "cluster", 1, 1_000;
    CONSUMERS: u64 = "consumer", 0, 1_000;
    /// Each listens at its own address.
    SERVERS_OF_HTTP: u64 = "httpserver", 0, 16;
    /// In bytes. The name of a cluster is a label of every series.
    NAME: u64 = "*.NAME", 1, 255;
    SERVERS: u64 = "*.servers", 1, 1_000;
    SERVER_PORT: u64 = "*.servers:PORT", 1, 65_535;
    /// Port 0 takes a free port.
    LISTEN_PORT: u64 = "httpserver.*.address:PORT", 0, 65_535;
    OFFSET_REFRESH: Duration = "cluster.*.offset-refresh", Duration::from_millis(100), Duration::from_secs(DAY);
    TOPIC_REFRESH: Duration = "cluster.*.topic-refresh", Duration::from_millis(100), Duration::from_secs(DAY);
    /// A server allows 2 to 20 of its ticks, of 2 s by default.
    ZOOKEEPER_TIMEOUT: Duration = "consumer.*.zookeeper-timeout", Duration::from_secs(1), Duration::from_secs(10 * MINUTE);
    EXTENSIONS: u64 = "sasl.*.extensions", 0, 64;
    /// In bytes. Extensions are sent with each token.
    EXTENSION: u64 = "sasl.*.extensions.*", 1, 4_096;
    /// Each commit takes 16 bytes per partition of a group.
    INTERVALS: u64 = "storage.*.intervals", 1, 1_000;
    MIN_DISTANCE: Duration = "storage.*.min-distance", Duration::ZERO, Duration::from_secs(DAY);
    EXPIRE_GROUP: Duration = "storage.*.expire-group", Duration::ZERO, Duration::from_secs(3_650 * DAY);
    MOST_GROUPS: u64 = "limits.groups", 0, 1_000_000_000;
    MOST_GROUP_PARTITIONS: u64 = "limits.group-partitions", 0, 1_000_000_000;
    /// In bytes.
    MOST_MEMORY: u64 = "limits.memory", 0, 1_000_000_000_000_000;
    MINIMUM_COMPLETE: f64 = "evaluator.*.minimum-complete", 0.0, 1.0;
    ALLOWED_LAG: u64 = "evaluator.*.allowed-lag", 0, 1_000_000_000_000;
    READY_TIMEOUT: Duration = "httpserver.*.ready-timeout", Duration::from_millis(100), Duration::from_secs(DAY);
    LABELS: u64 = "metrics.labels", 0, 64;
    /// In bytes. Every series has these labels.
    LABEL: u64 = "metrics.labels.*", 0, 1_024;
    LIMITS: u64 = "metrics.limit", 0, 1_000;
    LAG_SECONDS: Duration = "metrics.limit.lag-seconds", Duration::ZERO, Duration::from_secs(3_650 * DAY);
    /// A flag of the command line.
    LAG_TIMEOUT: Duration = "lag --timeout", Duration::from_millis(100), Duration::from_secs(DAY);
}

/// How messages and the documentation write a bound.
pub(crate) trait FormatBound {
    fn format_bound(&self) -> String;
}

impl FormatBound for u64 {
    fn format_bound(&self) -> String {
        self.to_string()
    }
}

impl FormatBound for f64 {
    fn format_bound(&self) -> String {
        self.to_string()
    }
}

/// With one unit. humantime would turn days into months.
impl FormatBound for Duration {
    fn format_bound(&self) -> String {
        let seconds = self.as_secs();
        match (self.subsec_millis(), seconds) {
            (0, DAY..) if seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
            (0, _) => format!("{seconds}s"),
            (_, _) => format!("{}ms", self.as_millis()),
        }
    }
}

/// Says `expected WHAT from 0 to 1`.
pub(crate) fn expected<T: FormatBound>(what: &str, bounds: &ValueBounds<T>) -> String {
    format!("expected {what} from {} to {}", bounds.least.format_bound(), bounds.most.format_bound())
}

/// Describes the form of a time.
pub(crate) fn expected_time(bounds: &ValueBounds<Duration>) -> String {
    format!("{}, as whole seconds or as a string with units such as \"1m30s\"", expected("a time", bounds))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::documentation::{DocPage, codes};

    #[test]
    fn the_documentation_has_these_rows_and_no_others() {
        let table = DocPage::read("docs/src/reference/configuration.md").section("## Bounds").only_table();
        let rows = table.rows.iter().map(|row| [codes(&row[0])[0].to_owned(), row[1].clone(), row[2].clone()]);
        let documented: BTreeSet<[String; 3]> = rows.collect();
        let ours: BTreeSet<[String; 3]> = super::table().into_iter().collect();
        assert_eq!(documented, ours);
        assert_eq!(table.rows.len(), ours.len(), "a row stands there twice");
    }

    #[test]
    fn both_bounds_are_within_and_nothing_beyond_is() {
        assert_eq!([0, 1, 1_000, 1_001].map(|count| INTERVALS.accept(count)), [None, Some(1), Some(1_000), None]);
        assert_eq!(
            [-0.1, 0.0, 1.0, 1.1].map(|share| MINIMUM_COMPLETE.accept(share)),
            [None, Some(0.0), Some(1.0), None]
        );
        assert_eq!(MINIMUM_COMPLETE.accept(f64::NAN), None);
    }

    #[test]
    fn a_clock_can_be_moved_by_the_longest_time() {
        for longest in [OFFSET_REFRESH, TOPIC_REFRESH, READY_TIMEOUT, LAG_TIMEOUT, EXPIRE_GROUP, LAG_SECONDS] {
            // The clock after the longest uptime, and as many of these times as a sum may have.
            let now = Duration::from_secs(100 * 365 * DAY);
            assert!(now.checked_add(longest.most * 1_000).is_some_and(|sum| i64::try_from(sum.as_millis()).is_ok()));
        }
    }

    #[test]
    fn a_bound_is_shown_with_one_unit() {
        let shown = [0, 90, HOUR, DAY, 3_650 * DAY].map(|seconds| Duration::from_secs(seconds).format_bound());
        assert_eq!(shown, ["0s", "90s", "3600s", "1d", "3650d"]);
        assert_eq!(Duration::from_millis(100).format_bound(), "100ms");
    }
}
