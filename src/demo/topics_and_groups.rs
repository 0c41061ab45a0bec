//! The topics and groups of the demo, and what each group shows.

use crate::offsets::encode::ValueVersion;

/// Interval of a group's commits, in ticks.
pub(super) const COMMIT_EVERY: i64 = 2;

/// A topic and how it is written. A tick is a second.
#[derive(Debug)]
pub(super) struct DemoTopic {
    pub(super) name: &'static str,
    pub(super) partitions: i32,
    /// Records per tick and partition, plus or minus one.
    pub(super) rate: i64,
    /// Records per partition before the first tick.
    pub(super) existing: i64,
    pub(super) retention: Retention,
}

/// When the records of a partition are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    /// Only when the embedded broker's own limit is reached.
    Broker,
    /// Every two minutes, before slow groups have read them.
    Short,
    /// Every half hour, at a time when the groups that fall behind have caught up. It limits the memory of the demo.
    Long,
}

/// How a group progresses through the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitPattern {
    /// Stays within a few records of the log end.
    KeepUp,
    /// Commits the log end, every `every` ticks only.
    Batch { every: i64 },
    /// Reads `percent` of the new records, so that its lag grows for `bad` ticks of each `cycle`. Then it catches up.
    Fall { percent: i64, bad: i64, cycle: i64 },
    /// Commits the same offset for `stuck` ticks of each `cycle`. Then it catches up.
    Stall { stuck: i64, cycle: i64 },
    /// Keeps up until tick `last`, then commits no more.
    Stop { last: i64 },
    /// Goes back `back` records every `cycle` ticks, and reads `step` records per commit.
    Replay { back: i64, step: i64, cycle: i64 },
    /// Reads `percent` of the new records until retention overtakes it. Then it commits nothing for `lost` ticks, and
    /// continues at the log start.
    Overtaken { percent: i64, lost: i64 },
    /// Keeps up, but never commits the last partition of a topic.
    NeverLast,
    /// Commits nothing.
    Silent,
}

/// The members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberPattern {
    /// No group record, only commits.
    Unknown,
    /// A constant number of members.
    Fixed(usize),
    /// A member joins or leaves every `every` ticks, between `low` and `high` members.
    Swing { low: usize, high: usize, every: i64 },
    /// `count` members until tick `last`, then none.
    Until { last: i64, count: usize },
}

/// A group.
#[derive(Debug)]
pub(super) struct DemoGroup {
    pub(super) name: &'static str,
    pub(super) topics: &'static [&'static str],
    pub(super) commits: CommitPattern,
    pub(super) members: MemberPattern,
    pub(super) protocol_type: &'static str,
    pub(super) protocol: &'static str,
    /// Version of the group's records.
    pub(super) version: ValueVersion,
    /// Whether the members are static.
    pub(super) instances: bool,
    /// The group exists for the first number of ticks of each period, the second number. Then it is deleted with
    /// tombstones.
    pub(super) lives: Option<(i64, i64)>,
}

const fn topic(name: &'static str, partitions: i32, rate: i64, existing: i64) -> DemoTopic {
    DemoTopic { name, partitions, rate, existing, retention: Retention::Long }
}

pub(super) const TOPICS: [DemoTopic; 10] = [
    topic("orders", 6, 4, 2000),
    topic("payments", 3, 4, 1500),
    topic("inventory", 4, 2, 1000),
    topic("clickstream", 8, 10, 3000),
    topic("emails", 2, 2, 500),
    topic("shipments", 3, 2, 800),
    DemoTopic { retention: Retention::Broker, ..topic("audit.ledger", 2, 5, 6000) },
    DemoTopic { retention: Retention::Short, ..topic("telemetry.raw", 4, 6, 1000) },
    topic("customers-cdc", 1, 3, 400),
    topic("dead_letters", 1, 0, 40),
];

const fn group(
    name: &'static str,
    topics: &'static [&'static str],
    pace: CommitPattern,
    crew: MemberPattern,
) -> DemoGroup {
    DemoGroup {
        name,
        topics,
        commits: pace,
        members: crew,
        protocol_type: "consumer",
        protocol: "range",
        version: ValueVersion::V3,
        instances: false,
        lives: None,
    }
}

const FALL: CommitPattern = CommitPattern::Fall { percent: 60, bad: 480, cycle: 600 };
/// Per cycle it reads more records than the log gets, so each jump is a rewind that no later commit of the window makes
/// up for.
const REPLAY: CommitPattern = CommitPattern::Replay { back: 2500, step: 130, cycle: 22 };

pub(super) const GROUPS: [DemoGroup; 23] = [
    // Groups that keep up.
    group("orders-service", &["orders"], CommitPattern::KeepUp, MemberPattern::Fixed(3)),
    DemoGroup {
        version: ValueVersion::V4,
        instances: true,
        ..group("payments-service", &["payments"], CommitPattern::KeepUp, MemberPattern::Fixed(2))
    },
    DemoGroup {
        protocol: "cooperative-sticky",
        version: ValueVersion::V4,
        ..group("inventory-sync", &["inventory", "orders"], CommitPattern::KeepUp, MemberPattern::Fixed(2))
    },
    group("email-sender", &["emails"], CommitPattern::KeepUp, MemberPattern::Fixed(1)),
    DemoGroup {
        protocol: "roundrobin",
        ..group("shipping", &["shipments"], CommitPattern::KeepUp, MemberPattern::Fixed(3))
    },
    group("search-indexer", &["customers-cdc"], CommitPattern::KeepUp, MemberPattern::Fixed(1)),
    DemoGroup {
        version: ValueVersion::V4,
        ..group("fraud-detector", &["payments", "orders"], CommitPattern::KeepUp, MemberPattern::Fixed(4))
    },
    group("dead-letter-viewer", &["dead_letters"], CommitPattern::KeepUp, MemberPattern::Fixed(1)),
    DemoGroup {
        version: ValueVersion::V4,
        ..group(
            "zo\u{eb}'s \"nightly\" \\ \u{4fa1}\u{683c} feed",
            &["emails"],
            CommitPattern::KeepUp,
            MemberPattern::Fixed(1),
        )
    },
    // Connect: the group of the workers, which commits nothing, and the group of a connector.
    DemoGroup {
        protocol_type: "connect",
        protocol: "sessioned",
        ..group("connect-cluster", &[], CommitPattern::Silent, MemberPattern::Fixed(3))
    },
    DemoGroup {
        version: ValueVersion::V4,
        ..group("connect-s3-sink", &["customers-cdc", "shipments"], CommitPattern::KeepUp, MemberPattern::Fixed(2))
    },
    // Groups that lag.
    DemoGroup {
        version: ValueVersion::V4,
        ..group("clickstream-analytics", &["clickstream"], FALL, MemberPattern::Fixed(4))
    },
    group("warehouse-loader", &["shipments", "inventory"], FALL, MemberPattern::Fixed(2)),
    group("report-builder", &["orders"], CommitPattern::Batch { every: 30 }, MemberPattern::Fixed(1)),
    // Groups that stall, stop, and rewind.
    group("recommendations", &["inventory"], CommitPattern::Stall { stuck: 480, cycle: 600 }, MemberPattern::Fixed(2)),
    group(
        "legacy-exporter",
        &["orders"],
        CommitPattern::Stop { last: 40 },
        MemberPattern::Until { last: 50, count: 1 },
    ),
    DemoGroup {
        version: ValueVersion::V4,
        ..group("ledger-replay", &["audit.ledger"], REPLAY, MemberPattern::Fixed(1))
    },
    // Groups that retention overtakes: one continues at the log start, the other has ended.
    group(
        "telemetry-archiver",
        &["telemetry.raw"],
        CommitPattern::Overtaken { percent: 50, lost: 40 },
        MemberPattern::Fixed(2),
    ),
    group(
        "telemetry-trial",
        &["telemetry.raw"],
        CommitPattern::Stop { last: 30 },
        MemberPattern::Until { last: 35, count: 1 },
    ),
    // Groups whose members change.
    DemoGroup {
        version: ValueVersion::V4,
        ..group(
            "clickstream-workers",
            &["clickstream"],
            CommitPattern::KeepUp,
            MemberPattern::Swing { low: 2, high: 5, every: 20 },
        )
    },
    DemoGroup {
        lives: Some((70, 110)),
        ..group(
            "console-consumer-48213",
            &["payments"],
            CommitPattern::KeepUp,
            MemberPattern::Swing { low: 1, high: 2, every: 30 },
        )
    },
    // A group with a partition that is never committed, and a group that has only commits.
    group("loyalty-points", &["payments"], CommitPattern::NeverLast, MemberPattern::Fixed(1)),
    DemoGroup {
        version: ValueVersion::V4,
        ..group("flink-enrichment", &["audit.ledger", "emails"], CommitPattern::KeepUp, MemberPattern::Unknown)
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_read_topics_that_there_are() {
        for topic in GROUPS.iter().flat_map(|group| group.topics) {
            assert!(TOPICS.iter().any(|known| known.name == *topic), "{topic}");
        }
    }

    #[test]
    fn a_few_hundred_records_a_second_are_written() {
        let rate: i64 = TOPICS.iter().map(|topic| i64::from(topic.partitions) * (topic.rate + 1)).sum();
        assert!(rate < 300, "{rate}");
    }
}
