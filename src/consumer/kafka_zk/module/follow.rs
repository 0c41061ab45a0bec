//! One session: the tree is walked separately from what is shown, published, and then followed by watches.
//!
//! A single task does all of this. A bounded number of requests is in flight, and watches are futures in one set,
//! so neither a node nor a change needs a task.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tracing::{debug, warn};

use crate::clock;
use crate::config::Filter;
use crate::metrics::own::{ErrorCounters, ModuleMetrics};
use crate::model::Order;
use crate::storage::{Build, Cluster, Dropped, Past, SourceId, Update};
use crate::wall_clock::AsOf;
use crate::zktree::{Answer, Ask, Bounds, Fault, ROOT, Tree};

use super::course::Course;
use super::pace::TICK;
use super::session::{Lost, Session};
use super::trouble::Trouble;

/// Maximum number of requests in flight. It also bounds memory: an answer has at most one megabyte unless the
/// server's operator allows more.
const MOST_ASKED: usize = 256;
/// Maximum number of answers, or of fired watches, that are handled at a time.
const BATCH: usize = 1_000;
/// Time between two probes: `warrener_up` needs an answer every few seconds.
const PROBE: Duration = Duration::from_secs(2);
/// Time between two attempts to read nodes that were refused.
const RETRY: Duration = Duration::from_secs(60);
/// How long an answer may take. A server answers in the order of the requests, so a request that is skipped is
/// lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// A session that lasts this long counts as stable.
pub const LASTING: Duration = Duration::from_secs(10);

/// Follows the tree, one session at a time.
#[derive(Debug)]
pub struct Follower {
    /// The name of the section.
    pub module: String,
    /// The filters of the module and of storage.
    pub groups: [Filter; 2],
    /// The filter of the cluster.
    pub topics: Filter,
    /// The cluster in storage that is updated.
    pub cluster: Arc<Cluster>,
    /// The source: this ensemble.
    pub source: SourceId,
    /// The module's own metrics.
    pub metrics: ModuleMetrics,
    /// Counters of nodes that could not be read.
    pub faults: ErrorCounters,
    /// Why nothing is followed at the moment.
    pub trouble: Arc<Trouble>,
    /// Whether a walk has been published.
    pub shown: bool,
    /// Whether the log has reported that the tree is larger than the limits.
    pub full: bool,
}

/// Why a server's data is not used.
const CUT_OFF: &str = "the only server that answers is cut off from the others, and may be behind";

/// The path of a node and the answer about it.
type Answered<W> = (Arc<str>, Result<(Answer, Option<W>), Lost>);

impl Follower {
    /// Walks the tree and follows it until the session is lost. Returns why it was lost.
    ///
    /// A server that is cut off from the others may be behind, so it is used only while nothing is shown.
    pub async fn follow<S: Session>(&mut self, session: S) -> Lost {
        // Declared first, so dropped last: the client cancels a watch at the server when it is dropped before its
        // session. A server of version 3.4 does not support that and closes the connection.
        let mut watched = FuturesUnordered::new();
        let session = session;
        let mut lost = pin!(session.lost());
        let mut asked = FuturesUnordered::new();
        let mut probed = FuturesUnordered::new();
        let tree = Tree::new(self.groups.clone(), self.topics.clone(), Bounds::default());
        let mut course = Course::new(tree, self.cluster.build(self.source));
        let (mut probe, mut retry, mut tick) = (every(PROBE), every(RETRY), every(TICK));
        let idle = session.is_read_only() && self.shown;
        if idle {
            self.trouble.tell(CUT_OFF);
        }
        loop {
            while !idle
                && asked.len() < MOST_ASKED
                && let Some(ask) = course.tree.next_ask()
            {
                asked.push(answer(&session, ask));
            }
            tokio::select! {
                lost = &mut lost => return lost,
                Some(answers) = next(&mut asked) => {
                    match split(answers, |path, watch| watched.push(fired::<S>(path, watch))) {
                        Ok(batch) => self.take(&batch, &mut course),
                        Err(lost) => return lost,
                    }
                }
                Some(paths) = next(&mut watched) => course.changed(&paths),
                Some(probed) = probed.next() => match probed {
                    Ok(()) => self.lives(&course),
                    Err(lost) => return lost,
                },
                _ = tick.tick(), if !course.is_idle() => {
                    course.tick();
                    self.members(&mut course, clock::as_of());
                }
                _ = probe.tick() => if probed.is_empty() { probed.push(in_time(session.probe())) },
                _ = retry.tick() => course.tree.retry(),
            }
        }
    }

    /// Records that the server answered a probe.
    fn lives(&self, course: &Course) {
        self.metrics.answered();
        if course.walk.is_none() && course.began.elapsed() >= LASTING {
            self.trouble.settle(course.tree.progress().1);
        }
    }

    /// Applies answers, and publishes the walk once it is complete.
    fn take(&mut self, batch: &[(Arc<str>, Answer)], course: &mut Course) {
        let now = clock::as_of();
        self.metrics.answered();
        self.read(batch, course, now);
        self.members(course, now);
        self.cluster.count_dropped(Dropped::Name, course.tree.take_too_long());
        let (read, known) = course.tree.progress();
        self.metrics.zookeeper_nodes(known);
        if course.walk.is_none() {
            return;
        }
        self.metrics.health().advance(clock::tick());
        let [read, parts] = [read, known.saturating_add(1)].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        self.metrics.progress(read, parts);
        if let Some(build) = course.walk.take_if(|_| course.tree.is_walked()) {
            build.publish_onto();
            self.cluster.expire(now);
            self.shown = true;
            self.full &= course.left_out.nodes > 0;
            self.metrics.progress(parts, parts);
            self.trouble.end(known);
        }
    }

    /// Applies what the answers say about nodes.
    fn read(&mut self, batch: &[(Arc<str>, Answer)], course: &mut Course, now: AsOf) {
        let mut updates = Vec::with_capacity(batch.len());
        for (path, answer) in batch {
            let told = course.tree.take(path, answer);
            if let Some(fault) = told.fault {
                self.faults.failed(fault.reason(), 1);
                debug!(module = self.module, path = %path, reason = fault.reason(), "a node cannot be read");
            }
            if let Answer::Children(names) = answer {
                course.listed(names.len(), told.left_out);
                self.faults.failed(Fault::Name.reason(), told.left_out.names);
                self.faults.failed(Fault::Limit.reason(), told.left_out.nodes);
            }
            updates.extend(told.update);
        }
        self.apply(updates, course.walk.as_mut(), now);
        course.release();
        if course.left_out.nodes > 0 && !std::mem::replace(&mut self.full, true) {
            let Bounds { nodes, members, .. } = Bounds::default();
            warn!(module = self.module, nodes, members, "the tree exceeds the limits: the rest is not followed");
        }
    }

    /// Applies changes of group members.
    fn members(&self, course: &mut Course, now: AsOf) {
        course.registered(|updates, walk| self.apply(updates.map(|update| (Order(0), update)), walk, now));
    }

    fn apply<'a>(&self, updates: impl IntoIterator<Item = (Order, Update<'a>)>, walk: Option<&mut Build>, now: AsOf) {
        match walk {
            Some(build) => build.apply(updates, now),
            None => self.cluster.apply(self.source, Past::Read, updates, now),
        }
    }
}

/// Separates answers and watches, and passes each watch to `watch`. The session is lost when the root may not be
/// read, because then there is nothing to follow.
fn split<W>(answers: Vec<Answered<W>>, mut watch: impl FnMut(Arc<str>, W)) -> Result<Vec<(Arc<str>, Answer)>, Lost> {
    let mut batch = Vec::with_capacity(answers.len());
    for (path, answered) in answers {
        let (answer, watched) = answered?;
        if &*path == ROOT && answer == Answer::Refused {
            return Err(Lost(format!("no permission to read {ROOT}")));
        }
        if let Some(watched) = watched {
            watch(Arc::clone(&path), watched);
        }
        batch.push((path, answer));
    }
    Ok(batch)
}

async fn answer<S: Session>(session: &S, ask: Ask) -> Answered<S::Watch> {
    let answer = in_time(session.ask(&ask.path, ask.want)).await;
    (ask.path, answer)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, Lost>>) -> Result<T, Lost> {
    let silent = |_| Err(Lost(format!("a request was not answered within {} s", PATIENCE.as_secs())));
    timeout(PATIENCE, answer).await.unwrap_or_else(silent)
}

async fn fired<S: Session>(path: Arc<str>, watch: S::Watch) -> Arc<str> {
    S::fired(watch).await;
    path
}

/// Waits for the first output and returns all that are available. `None` for an empty set, which disables the
/// branch of `select!`.
async fn next<F: Future>(set: &mut FuturesUnordered<F>) -> Option<Vec<F::Output>> {
    set.ready_chunks(BATCH).next().await
}

/// An interval whose first tick comes after one period: a probe counts only once it is known whether the tree may
/// be read.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
