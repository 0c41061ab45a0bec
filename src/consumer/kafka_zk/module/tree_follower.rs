//! One session: the tree is walked separately from what is shown, published, and then followed by watches.
//!
//! A single task does all of this. A bounded number of requests is in flight, and watches are futures in one set,
//! so neither a node nor a change needs a task.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hashbrown::HashSet;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tracing::{debug, warn};

use crate::clock;
use crate::config::ConsumerFilters;
use crate::consumer::takeover::{Takeover, remove_refused};
use crate::metrics::exporter_metrics::{ModuleMetrics, ReasonCounters};
use crate::model::Order;
use crate::storage::{Cluster, DropReason, PastState, SourceBuild, SourceId, Update};
use crate::wall_clock::ExpiryTime;
use crate::zktree::{NodeFault, NodeRequest, NodeResponse, ROOT, Tree, TreeLimits};

use super::outage::Outage;
use super::refused_paths::RefusedPaths;
use super::session::{Session, SessionLost};
use super::session_tree::SessionTree;
use super::tick_budget::TICK;

/// Maximum number of requests in flight. It also bounds memory: an answer has at most one megabyte unless the
/// server's operator allows more.
const MOST_ASKED: usize = 256;
/// Maximum number of answers, or of fired watches, that are handled at a time.
const BATCH: usize = 1_000;
/// Time between two probes: `warrener_up` needs an answer every few seconds.
const PROBE: Duration = Duration::from_secs(2);
/// Time between two attempts to read nodes that were refused.
const RETRY: Duration = Duration::from_secs(60);
/// Time between two checks whether a module that replaces another one may show what it has read.
const TURN: Duration = Duration::from_millis(100);
/// How long an answer may take. A server answers in the order of the requests, so a request that is skipped is
/// lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// A session that lasts this long counts as stable.
pub const LASTING: Duration = Duration::from_secs(10);

/// Follows the tree, one session at a time.
#[derive(Debug)]
pub struct TreeFollower {
    /// The name of the section.
    pub module: String,
    /// The filters, which a reload may change.
    pub filters: watch::Receiver<Arc<ConsumerFilters>>,
    /// When the module may show what it has read.
    pub takeover: Takeover,
    /// The cluster in storage that is updated.
    pub cluster: Arc<Cluster>,
    /// The source: this ensemble.
    pub source: SourceId,
    /// The module's own metrics.
    pub metrics: ModuleMetrics,
    /// Counters of nodes that could not be read.
    pub faults: ReasonCounters,
    /// The nodes that may not be read.
    pub refused: RefusedPaths,
    /// Why nothing is followed at the moment.
    pub outage: Arc<Outage>,
    /// Whether a walk has been published.
    pub published: bool,
    /// Whether the log has reported that the tree is larger than the limits.
    pub limit_logged: bool,
}

/// Why a server's data is not used.
const CUT_OFF: &str = "the only server that answers is cut off from the others, and may be behind";

/// The path of a node and the answer about it.
type AnsweredRequest<W> = (Arc<str>, Result<(NodeResponse, Option<W>), SessionLost>);

impl TreeFollower {
    /// Walks the tree and follows it until the session is lost. Returns why it was lost; `None` if the tree has to be
    /// walked again because the filters have changed.
    ///
    /// A server that is cut off from the others may be behind, so it is used only while nothing is shown.
    pub async fn follow<S: Session>(&mut self, session: S) -> Option<SessionLost> {
        // Declared first, so dropped last: the client cancels a watch at the server when it is dropped before its
        // session. A server of version 3.4 does not support that and closes the connection.
        let mut watched = FuturesUnordered::new();
        let session = session;
        let mut lost = pin!(session.session_lost());
        let mut asked = FuturesUnordered::new();
        let mut probed = FuturesUnordered::new();
        let mut filters = self.filters.clone();
        let ConsumerFilters { groups, topics } = (**filters.borrow_and_update()).clone();
        let tree = Tree::new(groups, topics, TreeLimits::default());
        let mut course = SessionTree::new(tree, self.cluster.start_build(self.source));
        let (mut probe, mut retry, mut tick) = (interval_after(PROBE), interval_after(RETRY), interval_after(TICK));
        let mut turn = interval_after(TURN);
        let idle = session.is_read_only() && self.published;
        if idle {
            self.outage.set_cause(CUT_OFF);
        }
        loop {
            while !idle
                && asked.len() < MOST_ASKED
                && let Some(ask) = course.tree.next_request()
            {
                asked.push(send_request(&session, ask));
            }
            tokio::select! {
                lost = &mut lost => return Some(lost),
                Ok(()) = filters.changed() => {
                    remove_refused(&self.cluster, &self.module, &filters.borrow());
                    return None;
                }
                Some(answers) = next_outputs(&mut asked) => {
                    self.record_access(&answers);
                    match split_watches(answers, |path, watch| watched.push(wait_until_fired::<S>(path, watch))) {
                        Ok(batch) => self.apply_responses(&batch, &mut course),
                        Err(lost) => return Some(lost),
                    }
                }
                Some(paths) = next_outputs(&mut watched) => course.mark_changed(&paths),
                Some(probed) = probed.next() => match probed {
                    Ok(()) => self.record_probe_answer(&course),
                    Err(lost) => return Some(lost),
                },
                _ = tick.tick(), if !course.is_idle() => {
                    course.refill_budgets();
                    self.apply_members(&mut course, clock::expiry_time());
                }
                _ = turn.tick(), if !self.takeover.shows() => self.publish_if_walked(&mut course, clock::expiry_time()),
                _ = probe.tick() => if probed.is_empty() { probed.push(with_time_limit(session.probe())) },
                _ = retry.tick() => {
                    self.refused.retain(|path| course.tree.is_refused(path));
                    course.tree.request_refused();
                }
            }
        }
    }

    /// Records that the server answered a probe.
    fn record_probe_answer(&self, course: &SessionTree) {
        self.metrics.record_answer();
        if course.walk.is_none() && course.began.elapsed() >= LASTING {
            self.outage.record_stable_session(course.tree.progress().1);
        }
    }

    /// Records which nodes may not be read.
    fn record_access<W>(&mut self, answers: &[AnsweredRequest<W>]) {
        for (path, answered) in answers {
            if let Ok((answer, _)) = answered {
                self.refused.record_answer(path, answer);
            }
        }
    }

    /// Applies answers, and publishes the walk once it is complete.
    fn apply_responses(&mut self, batch: &[(Arc<str>, NodeResponse)], course: &mut SessionTree) {
        let now = clock::expiry_time();
        self.metrics.record_answer();
        self.apply_nodes(batch, course, now);
        self.apply_members(course, now);
        self.cluster.count_dropped(DropReason::Name, course.tree.take_long_name_count());
        let (read, known) = course.tree.progress();
        self.metrics.set_zookeeper_nodes(known);
        if course.walk.is_none() {
            return;
        }
        self.metrics.health().record_advance(clock::tick());
        self.metrics.set_progress(u64::try_from(read).unwrap_or(u64::MAX), parts(known));
        self.publish_if_walked(course, now);
    }

    /// Publishes the walk once it is complete and may be shown.
    fn publish_if_walked(&mut self, course: &mut SessionTree, now: ExpiryTime) {
        let walked = course.walk.is_some() && course.tree.is_walked();
        if self.takeover.begins(|| walked) {
            let own = HashSet::from([self.source]);
            let shown = if walked { own.clone() } else { HashSet::new() };
            self.takeover.remove_old_sources(&shown, &own);
        }
        if let Some(build) = course.walk.take_if(|_| walked && self.takeover.shows()) {
            build.publish_and_continue();
            self.cluster.expire(now);
            self.published = true;
            self.refused.retain(|path| course.tree.is_refused(path));
            self.limit_logged &= course.skipped.nodes > 0;
            let (_, known) = course.tree.progress();
            let parts = parts(known);
            self.metrics.set_progress(parts, parts);
            self.outage.clear_cause(known);
        }
    }

    /// Applies what the answers say about nodes.
    fn apply_nodes(&mut self, batch: &[(Arc<str>, NodeResponse)], course: &mut SessionTree, now: ExpiryTime) {
        let mut updates = Vec::with_capacity(batch.len());
        for (path, answer) in batch {
            let told = course.tree.apply_response(path, answer);
            if let Some(fault) = told.fault {
                self.faults.count(fault.reason(), 1);
                debug!(module = self.module, path = %path, reason = fault.reason(), "a node cannot be read");
            }
            if let NodeResponse::Children(names) = answer {
                course.record_list(names.len(), told.skipped);
                self.faults.count(NodeFault::Name.reason(), told.skipped.names);
                self.faults.count(NodeFault::Limit.reason(), told.skipped.nodes);
            }
            updates.extend(told.update);
        }
        self.apply(updates, course.walk.as_mut(), now);
        course.request_changed();
        if course.skipped.nodes > 0 && !std::mem::replace(&mut self.limit_logged, true) {
            let TreeLimits { nodes, members, .. } = TreeLimits::default();
            warn!(module = self.module, nodes, members, "the tree exceeds the limits: the rest is not followed");
        }
    }

    /// Applies changes of group members.
    fn apply_members(&self, course: &mut SessionTree, now: ExpiryTime) {
        course.report_members(|updates, walk| self.apply(updates.map(|update| (Order(0), update)), walk, now));
    }

    fn apply<'a>(
        &self,
        updates: impl IntoIterator<Item = (Order, Update<'a>)>,
        walk: Option<&mut SourceBuild>,
        now: ExpiryTime,
    ) {
        match walk {
            Some(build) => build.apply(updates, now),
            None => self.cluster.apply(self.source, PastState::Read, updates, now),
        }
    }
}

/// The number of parts for readiness: the nodes, and the publication.
fn parts(nodes: usize) -> u64 {
    u64::try_from(nodes.saturating_add(1)).unwrap_or(u64::MAX)
}

/// Separates answers and watches, and passes each watch to `watch`. The session is lost when the root may not be
/// read, because then there is nothing to follow.
fn split_watches<W>(
    answers: Vec<AnsweredRequest<W>>,
    mut watch: impl FnMut(Arc<str>, W),
) -> Result<Vec<(Arc<str>, NodeResponse)>, SessionLost> {
    let mut batch = Vec::with_capacity(answers.len());
    for (path, answered) in answers {
        let (answer, watched) = answered?;
        if &*path == ROOT && answer == NodeResponse::Refused {
            return Err(SessionLost(format!("no permission to read {ROOT}")));
        }
        if let Some(watched) = watched {
            watch(Arc::clone(&path), watched);
        }
        batch.push((path, answer));
    }
    Ok(batch)
}

async fn send_request<S: Session>(session: &S, ask: NodeRequest) -> AnsweredRequest<S::Watch> {
    let answer = with_time_limit(session.read_node(&ask.path, ask.read)).await;
    (ask.path, answer)
}

async fn with_time_limit<T>(answer: impl Future<Output = Result<T, SessionLost>>) -> Result<T, SessionLost> {
    let silent = |_| Err(SessionLost(format!("a request was not answered within {} s", PATIENCE.as_secs())));
    timeout(PATIENCE, answer).await.unwrap_or_else(silent)
}

async fn wait_until_fired<S: Session>(path: Arc<str>, watch: S::Watch) -> Arc<str> {
    S::wait_until_fired(watch).await;
    path
}

/// Waits for the first output and returns all that are available. `None` for an empty set, which disables the
/// branch of `select!`.
async fn next_outputs<F: Future>(set: &mut FuturesUnordered<F>) -> Option<Vec<F::Output>> {
    set.ready_chunks(BATCH).next().await
}

/// An interval whose first tick comes after one period: a probe counts only once it is known whether the tree may
/// be read.
fn interval_after(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
