//! One session: the tree is walked beside what is shown, put in its place, then followed by watches.
//!
//! One task does it all. Questions are in flight together, so many at most, and watches are futures in one set, so
//! that neither a node nor a change costs a task.

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

/// Questions in flight. A server that has a megabyte to say about each, the most that one allows unless its operator
/// wants more, fills no more memory than that.
const MOST_ASKED: usize = 256;
/// Answers, or watches that have fired, taken at a time.
const BATCH: usize = 1_000;
/// Between two signs of life: `warrener_up` needs one every few seconds.
const PROBE: Duration = Duration::from_secs(2);
/// Between two tries to read what was refused.
const RETRY: Duration = Duration::from_secs(60);
/// How long an answer may take. A server answers in the order in which it was asked, so one that leaves a question out
/// has lost it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A session that has lasted so long is one that holds.
pub const LASTING: Duration = Duration::from_secs(10);

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
    /// Whether the log has said that the tree is larger than what is followed.
    pub full: bool,
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

    /// The server has given a sign of life.
    fn lives(&self, course: &Course) {
        self.metrics.answered();
        if course.walk.is_none() && course.began.elapsed() >= LASTING {
            self.trouble.settle(course.tree.progress().1);
        }
    }

    /// Takes answers in, and shows the walk once it is complete.
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

    /// What the answers say about nodes alone.
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
            warn!(module = self.module, nodes, members, "the tree is larger than what is followed of it");
        }
    }

    /// What has changed with the members of groups.
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
    let answer = in_time(session.ask(&ask.path, ask.want)).await;
    (ask.path, answer)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, Lost>>) -> Result<T, Lost> {
    let silent = |_| Err(Lost(format!("a question was not answered within {} s", PATIENCE.as_secs())));
    timeout(PATIENCE, answer).await.unwrap_or_else(silent)
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
