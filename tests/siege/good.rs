//! The good cluster and its good client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::report::Seen;
use crate::rig::broker::{Cluster, Spec};
use crate::rig::http;
use crate::rig::maven::Version;
use crate::rig::wire::Committer;
use crate::rig::{eventually, seconds};

const COMMITTED: &str = "kafka_consumergroup_current_offset{";
const PATHS: [&str; 3] = ["/metrics", "/-/healthy", "/v3/kafka/good/consumer/steady"];

/// Commits, and looks at the page as Prometheus and people do.
pub struct Good {
    pub cluster: Arc<Cluster>,
    committer: Committer,
    committed: i64,
    /// When the last commit was made, until it is on the page.
    awaited: Option<Instant>,
    pub seen: Seen,
}

impl Good {
    pub fn start() -> Self {
        let cluster = Arc::new(Spec::new(Version::V4_4).lasting().start());
        cluster.create_topic("orders", 4);
        let committer = Committer::new(cluster.port());
        let mut good = Self { cluster, committer, committed: 0, awaited: None, seen: Seen::default() };
        good.commit();
        good
    }

    pub fn sections(&self) -> String {
        sections("good", &self.cluster.bootstrap(), "")
    }

    fn commit(&mut self) {
        self.committed += 1;
        self.committer.commit("steady", "orders", &[(0, self.committed)]);
        self.awaited = Some(Instant::now());
    }

    /// Until the first commit is on the page.
    pub fn await_shown(&mut self, port: u16) {
        eventually(seconds(30), "commit of the good cluster", || {
            self.look(port);
            if self.committed > 1 { Ok(()) } else { Err("not yet".to_owned()) }
        });
    }

    /// One request for each path; the next commit where the last one was seen.
    pub fn look(&mut self, port: u16) {
        for path in PATHS {
            let began = Instant::now();
            let answer = http::get(port, path, &[]);
            self.seen.requests.entry(path).or_default().push(began.elapsed());
            match answer {
                Ok(answer) if answer.status == 200 => {
                    if path == "/metrics" {
                        self.judge(answer.text());
                    }
                }
                Ok(answer) => self.seen.refused.push(format!("{path}: {}", answer.status)),
                Err(error) => self.seen.refused.push(format!("{path}: {error}")),
            }
        }
    }

    fn judge(&mut self, page: &str) {
        let Some(since) = self.awaited else { return };
        let is_ours = |line: &&str| line.starts_with(COMMITTED) && line.contains("consumergroup=\"steady\"");
        let shown = page.lines().find(is_ours).and_then(|line| line.rsplit(' ').next()?.parse::<i64>().ok());
        // What takes a minute will not come: it is counted as late, once.
        if shown == Some(self.committed) || since.elapsed() > Duration::from_secs(60) {
            self.seen.commits.push(since.elapsed());
            self.commit();
        }
    }

    /// What was seen so far does not count.
    pub fn forget(&mut self) {
        self.seen = Seen::default();
    }
}

/// A cluster and its consumer, both of this name, at these servers; `keys` go into the consumer's section.
pub fn sections(name: &str, servers: &str, keys: &str) -> String {
    format!(
        "[cluster.{name}]\nclass-name = \"kafka\"\nservers = [\"{servers}\"]\noffset-refresh = 1\ntopic-refresh = 1\n\
         [consumer.{name}]\nclass-name = \"kafka\"\ncluster = \"{name}\"\nservers = [\"{servers}\"]\n{keys}\n"
    )
}
