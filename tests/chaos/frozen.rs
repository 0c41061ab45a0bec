//! A broker that is stopped by SIGSTOP and continued, with many clusters in one process.
//!
//! For a moment after it was continued the broker is fenced, and answers that there are no brokers and no topics.

use std::time::{Duration, Instant};

use super::short_or;
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::pause;
use crate::rig::program::Program;
use crate::rig::wire::Committer;

const CLUSTERS: usize = 25;
const RECORDS: usize = 100;
const FROZEN: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn a_broker_that_stood_still_for_20_s_is_followed_again_by_each_of_25_clusters_within_15_s() {
    let mut field = Field::start();
    let rounds = (1..=short_or(1, 20)).map(|round| (round, field.round()));
    let mut failed = Vec::new();
    for (round, outcome) in rounds {
        println!("broker stopped for {FROZEN:?}, round {round}: {outcome:.1?}");
        failed.extend(outcome.err().map(|wrong| (round, wrong)));
    }
    assert!(failed.is_empty(), "{failed:#?}\n{}", field.program.log());
    field.program.terminate();
}

struct Field {
    program: Program,
    committer: Committer,
    committed: i64,
    cluster: Cluster,
}

impl Field {
    fn start() -> Self {
        let cluster = Spec::new(Version::V4_4).alone().start();
        cluster.create_topic("orders", 1);
        cluster.produce("orders", 0, RECORDS);
        let mut committer = Committer::new(cluster.port());
        committer.commit("billing", "orders", &[(0, 0)]);
        let program = Program::with_config(&file(&cluster.bootstrap())).ready();
        let mut field = Self { program, committer, committed: 0, cluster };
        let before = field.right_within(Instant::now());
        assert!(before.is_ok(), "{before:?}");
        field
    }

    /// How long the last cluster took; else what is wrong of which clusters.
    fn round(&mut self) -> Result<Duration, Vec<String>> {
        self.cluster.freeze(0);
        pause(FROZEN);
        self.cluster.thaw(0);
        let back = Instant::now();
        self.committed += 1;
        self.committer.commit("billing", "orders", &[(0, self.committed)]);
        self.right_within(back)
    }

    fn right_within(&mut self, back: Instant) -> Result<Duration, Vec<String>> {
        loop {
            assert!(
                self.program.runs(),
                "it ended {:?} after the broker went on:\n{}",
                back.elapsed(),
                self.program.log()
            );
            let page = self.program.page();
            let wrong: Vec<String> = (0..CLUSTERS).filter_map(|number| wrong(&page, number, self.committed)).collect();
            if wrong.is_empty() {
                return Ok(back.elapsed());
            }
            if back.elapsed() > PATIENCE {
                return Err(wrong);
            }
            pause(Duration::from_millis(200));
        }
    }
}

/// What of a cluster is not as it should be.
fn wrong(page: &Page, number: usize, committed: i64) -> Option<String> {
    let cluster = name(number);
    let place = [("cluster", cluster.as_str()), ("topic", "orders"), ("partition", "0")];
    let [commit, end] = ["kafka_consumergroup_current_offset", "kafka_topic_partition_current_offset"]
        .map(|family| page.value(family, &place).map(crate::rig::page::whole));
    let up = ["cluster", "consumer"].map(|kind| page.value("warrener_up", &[("cluster", &cluster), ("kind", kind)]));
    let wanted = (Some(committed), i64::try_from(RECORDS).ok(), [Some(1.0); 2]);
    let found = (commit, end, up);
    (found != wanted).then(|| format!("{cluster}: commit, end and up are {found:?}"))
}

fn name(number: usize) -> String {
    format!("c{number}")
}

/// All clusters are the same broker.
fn file(servers: &str) -> String {
    let cluster = |number| {
        let name = name(number);
        format!(
            "[cluster.{name}]\nclass-name = \"kafka\"\nservers = [\"{servers}\"]\noffset-refresh = 1\n\
             topic-refresh = 1\n[consumer.{name}]\nclass-name = \"kafka\"\ncluster = \"{name}\"\n\
             servers = [\"{servers}\"]\n"
        )
    };
    (0..CLUSTERS).map(cluster).collect()
}
