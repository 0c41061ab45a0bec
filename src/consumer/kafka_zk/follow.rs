//! One session: the tree is walked beside what is shown, put in its place, then followed by watches.
//!
//! One task does it all. Questions are in flight together, so many at most, and watches are futures in one set, so
//! that neither a node nor a change costs a task.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tracing::debug;

use crate::clock;
use crate::config::Filter;
use crate::metrics::own::{ErrorCounters, ModuleMetrics};
use crate::model::{Order, Timestamp};
use crate::storage::{Build, Cluster, Past, SourceId, Update};
use crate::zktree::{Answer, Ask, ROOT, Tree};

use super::session::{Lost, Session};
use super::trouble::Trouble;

/// Questions in flight.
const MOST_ASKED: usize = 1_000;
/// Answers, or watches that have fired, taken at a time.
const BATCH: usize = 1_000;
/// Between two signs of life: `warrener_up` needs one every few seconds.
const PROBE: Duration = Duration::from_secs(2);
/// Between two tries to read what was refused.
const RETRY: Duration = Duration::from_secs(60);

/// Follows the tree, one session after the other.
#[derive(Debug)]
pub struct Follower {
    /// The section's name.
    pub module: String,
    /// Of the module, and of storage.
    pub groups: [Filter; 2],
    /// Of the cluster.
    pub topics: Filter,
    /// Where it feeds.
    pub cluster: Arc<Cluster>,
    /// The ensemble.
    pub source: SourceId,
    /// The exporter's own metrics.
    pub metrics: ModuleMetrics,
    /// Nodes that could not be read.
    pub faults: ErrorCounters,
    /// What stands in the way.
    pub trouble: Arc<Trouble>,
    /// Whether a walk has been shown.
    pub shown: bool,
}

/// Why a server is not listened to.
const CUT_OFF: &str = "the only server that answers is cut off from the others, and may be behind";

/// What a node was asked, and said.
type Answered<W> = (Arc<str>, Result<(Answer, Option<W>), Lost>);

impl Follower {
    /// Walks the tree and follows it until the session is lost; tells why it was.
    ///
    /// A server that is cut off from the others may be behind, so it is only listened to while nothing is shown.
    pub async fn follow<S: Session>(&mut self, session: S) -> Lost {
        // Declared first and so dropped last: a watch that is dropped before its session is taken back at the server,
        // which one of 3.4 does not know how to do, and closes the connection.
        let mut watched = FuturesUnordered::new();
        let session = session;
        let mut lost = pin!(session.lost());
        let mut asked = FuturesUnordered::new();
        let mut probed = FuturesUnordered::new();
        let mut tree = Tree::new(self.groups.clone(), self.topics.clone());
        let mut walk = Some(self.cluster.build(self.source));
        let (mut probe, mut retry) = (every(PROBE), every(RETRY));
        let idle = session.is_read_only() && self.shown;
        if idle {
            self.trouble.tell(CUT_OFF);
        }
        loop {
            while !idle
                && asked.len() < MOST_ASKED
                && let Some(ask) = tree.next_ask()
            {
                asked.push(answer(&session, ask));
            }
            tokio::select! {
                lost = &mut lost => return lost,
                Some(answers) = next(&mut asked) => {
                    match split(answers, |path, watch| watched.push(fired::<S>(path, watch))) {
                        Ok(batch) => self.take(&batch, &mut tree, &mut walk),
                        Err(lost) => return lost,
                    }
                }
                Some(paths) = next(&mut watched) => paths.iter().for_each(|path| tree.changed(path)),
                Some(probed) = probed.next() => match probed {
                    Ok(()) => self.metrics.answered(),
                    Err(lost) => return lost,
                },
                _ = probe.tick() => if probed.is_empty() { probed.push(session.probe()) },
                _ = retry.tick() => tree.retry(),
            }
        }
    }

    /// Takes answers in, and shows the walk once it is complete.
    fn take(&mut self, batch: &[(Arc<str>, Answer)], tree: &mut Tree, walk: &mut Option<Build>) {
        let now = clock::now();
        self.metrics.answered();
        let updates = batch.iter().filter_map(|(path, answer)| {
            let told = tree.take(path, answer);
            if let Some(fault) = told.fault {
                self.faults.failed(fault.reason());
                debug!(module = self.module, path = %path, reason = fault.reason(), "a node cannot be read");
            }
            told.update
        });
        self.apply(updates, walk.as_mut(), now);
        // A group is told of as a whole: while the tree is walked that would be once for each part of it.
        if walk.is_none() || tree.is_walked() {
            self.apply(tree.registered().map(|update| (Order(0), update)), walk.as_mut(), now);
            tree.settle();
        }
        let (read, known) = tree.progress();
        self.metrics.zookeeper_nodes(known);
        if walk.is_none() {
            return;
        }
        self.metrics.health().advance(now);
        let [read, parts] = [read, known.saturating_add(1)].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        self.metrics.progress(read, parts);
        if let Some(build) = walk.take_if(|_| tree.is_walked()) {
            build.publish_onto();
            self.cluster.expire(now);
            self.shown = true;
            self.metrics.progress(parts, parts);
            self.trouble.end(known);
        }
    }

    fn apply<'a>(&self, updates: impl Iterator<Item = (Order, Update<'a>)>, walk: Option<&mut Build>, now: Timestamp) {
        match walk {
            Some(build) => build.apply(updates, now),
            None => self.cluster.apply(self.source, Past::Read, updates, now),
        }
    }
}

/// The answers alone; what is watched from then on is handed to `watch`. Where the root may not be read there is
/// nothing to follow.
fn split<W>(answers: Vec<Answered<W>>, mut watch: impl FnMut(Arc<str>, W)) -> Result<Vec<(Arc<str>, Answer)>, Lost> {
    let mut batch = Vec::with_capacity(answers.len());
    for (path, answered) in answers {
        let (answer, watched) = answered?;
        if &*path == ROOT && answer == Answer::Refused {
            return Err(Lost(format!("{ROOT} may not be read")));
        }
        if let Some(watched) = watched {
            watch(Arc::clone(&path), watched);
        }
        batch.push((path, answer));
    }
    Ok(batch)
}

async fn answer<S: Session>(session: &S, ask: Ask) -> Answered<S::Watch> {
    let answer = session.ask(&ask.path, ask.want).await;
    (ask.path, answer)
}

async fn fired<S: Session>(path: Arc<str>, watch: S::Watch) -> Arc<str> {
    S::fired(watch).await;
    path
}

/// All that is there; waits for the first. `None`, which `select!` passes by, while the set is empty.
async fn next<F: Future>(set: &mut FuturesUnordered<F>) -> Option<Vec<F::Output>> {
    set.ready_chunks(BATCH).next().await
}

/// Not at once: whether the tree may be read has to be known before a sign of life counts.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
