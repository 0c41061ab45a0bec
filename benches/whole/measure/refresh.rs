//! One refresh of log starts and log ends, of many topic partitions.

use rdkafka::mocking::MockCluster;

use super::Refreshed;
use super::report::{Row, Unit};
use super::subject::{Subject, samples};
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::{pause, program, seconds};

/// Partitions a topic.
const PARTITIONS: i32 = 1_000;
/// Refreshes of which the mean is told.
const REFRESHES: f64 = 5.0;

pub fn measure(refreshed: Refreshed) -> Row {
    match refreshed {
        Refreshed::Brokers(thousands) => {
            let cluster = brokers(thousands);
            let found = refresh(&cluster.bootstrap(), thousands);
            Row::bound(
                format!("one refresh of log ends and starts, {thousands},000 partitions of two brokers"),
                found,
                Unit::Seconds,
                0.4,
            )
        }
        Refreshed::Mock(thousands) => {
            let cluster = MockCluster::new(3).unwrap();
            for number in 0..thousands {
                cluster.create_topic(&name(number), PARTITIONS, 1).unwrap();
            }
            let found = refresh(&cluster.bootstrap_servers(), thousands);
            Row::bound(
                format!("one refresh of log ends and starts, {thousands},000 partitions of the mock cluster"),
                found,
                Unit::Seconds,
                1.5,
            )
        }
    }
}

fn name(number: usize) -> String {
    format!("topic-{number:03}")
}

/// Two brokers: one alone would have more memory maps than a stock machine allows (`vm.max_map_count`).
fn brokers(thousands: usize) -> Cluster {
    let cluster = Spec::new(Version::LATEST).nodes(2).fast(768).start();
    for number in 0..thousands {
        cluster.create_topic(&name(number), PARTITIONS);
    }
    cluster
}

/// Seconds.
fn refresh(servers: &str, thousands: usize) -> f64 {
    let subject = Subject::configured(&program::quick(servers, "", "").replace("refresh = 1", "refresh = 3"));
    let wanted = thousands * usize::try_from(PARTITIONS).unwrap();
    let mut page = Vec::new();
    let mut first = None;
    loop {
        // Asked seldom: the asking is not what is measured.
        pause(seconds(3));
        subject.keep(&mut page);
        let (count, sum) = (number(&page, "count"), number(&page, "sum"));
        if samples(&page, "kafka_topic_partition_current_offset") < wanted {
            assert!(count < REFRESHES, "{count} refreshes, and not all log ends are known:\n{}", subject.log());
            continue;
        }
        let (before, sum_before) = *first.get_or_insert((count, sum));
        if count - before >= REFRESHES {
            subject.terminate();
            return (sum - sum_before) / (count - before);
        }
    }
}

/// A part of the histogram of refreshes; 0 while there is none.
fn number(page: &[u8], part: &str) -> f64 {
    let name = format!("warrener_refresh_seconds_{part}{{cluster=\"local\",kind=\"offsets\"}} ");
    let text = String::from_utf8_lossy(page);
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0.0)
}
