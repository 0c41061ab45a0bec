//! Tests sessions with a scripted tree, for events that are too rare or too fast with a real ensemble.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot, watch};

use super::outage::Outage;
use super::refused_paths::RefusedPaths;
use super::session::{Session, SessionLost};
use super::tree_follower::TreeFollower;
use crate::consumer::takeover::Takeover;
use crate::coordinator::Handover;
use crate::evaluate::EvaluatorRules;
use crate::health::ModuleKind;
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::{Lag, Order, Timestamp};
use crate::storage::{ExpiryPolicy, Storage, StorageRules};
use crate::zktree::{NodeRead, NodeResponse};

/// What happens once when a node is requested. The tree answers afterwards.
enum ScriptedEvent {
    /// The session expires.
    Expire,
    /// The node and all nodes below are removed before the answer.
    Vanish,
    /// A node is written before the answer.
    Write(&'static str, &'static str),
}

#[derive(Default)]
struct ScriptedTree {
    nodes: BTreeMap<String, (String, i64)>,
    clock: i64,
    watches: BTreeMap<String, Vec<oneshot::Sender<()>>>,
    script: BTreeMap<&'static str, VecDeque<ScriptedEvent>>,
}

impl ScriptedTree {
    fn fire(&mut self, path: &str) {
        let fired = self.watches.remove(path).unwrap_or_default().into_iter().map(|watch| watch.send(()));
        // A watch of a session that is over has no receiver.
        fired.for_each(|_unheard| ());
    }

    fn put(&mut self, path: &str, data: &str) {
        let mut parent = String::new();
        for name in path.split('/').skip(1) {
            let child = format!("{parent}/{name}");
            if !self.nodes.contains_key(&child) {
                self.clock += 1;
                self.nodes.insert(child.clone(), (String::new(), self.clock));
                self.fire(&parent);
            }
            parent = child;
        }
        self.clock += 1;
        self.nodes.insert(path.to_owned(), (data.to_owned(), self.clock));
        self.fire(path);
    }

    fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        let gone: Vec<String> =
            self.nodes.keys().filter(|node| *node == path || node.starts_with(&below)).cloned().collect();
        for node in gone.into_iter().rev() {
            self.nodes.remove(&node);
            self.fire(&node);
        }
        self.fire(path.rsplit_once('/').unwrap().0);
    }

    fn answer(&self, path: &str, want: NodeRead) -> NodeResponse {
        let below = format!("{path}/");
        match (want, self.nodes.get(path)) {
            (NodeRead::Existence, found) => NodeResponse::Exists(found.is_some()),
            (_, None) => NodeResponse::Missing,
            (NodeRead::Children, Some(_)) => {
                let names = self.nodes.keys().filter_map(|node| node.strip_prefix(&below));
                NodeResponse::Children(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
            }
            (NodeRead::Data, Some((data, order))) => {
                let data = data.clone().into_bytes();
                NodeResponse::Data { data, order: Order(*order), time: Timestamp(1_000 * *order) }
            }
        }
    }
}

/// A session with a scripted tree.
struct ScriptedSession {
    tree: Rc<RefCell<ScriptedTree>>,
    expired: Rc<Notify>,
    read_only: bool,
}

impl Session for ScriptedSession {
    type Watch = oneshot::Receiver<()>;

    async fn read_node(&self, path: &str, want: NodeRead) -> Result<(NodeResponse, Option<Self::Watch>), SessionLost> {
        let event = self.tree.borrow_mut().script.get_mut(path).and_then(VecDeque::pop_front);
        if matches!(event, Some(ScriptedEvent::Expire)) {
            self.expired.notify_one();
            return pending().await;
        }
        let mut tree = self.tree.borrow_mut();
        match event {
            Some(ScriptedEvent::Vanish) => tree.remove(path),
            Some(ScriptedEvent::Write(path, data)) => tree.put(path, data),
            Some(ScriptedEvent::Expire) | None => {}
        }
        let answer = tree.answer(path, want);
        let (sender, receiver) = oneshot::channel();
        let watch = (answer != NodeResponse::Missing).then_some(receiver);
        if watch.is_some() {
            tree.watches.entry(path.to_owned()).or_default().push(sender);
        }
        Ok((answer, watch))
    }

    async fn wait_until_fired(watch: Self::Watch) {
        if watch.await.is_err() {
            pending().await
        }
    }

    async fn probe(&self) -> Result<(), SessionLost> {
        Ok(())
    }

    async fn session_lost(&self) -> SessionLost {
        self.expired.notified().await;
        SessionLost("expired".to_owned())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

struct FollowerTest {
    tree: Rc<RefCell<ScriptedTree>>,
    storage: Storage,
    follower: TreeFollower,
}

const RULES: EvaluatorRules =
    EvaluatorRules { intervals: std::num::NonZeroUsize::new(10).unwrap(), minimum_complete: 0.0, allowed_lag: Lag(0) };

impl FollowerTest {
    fn new(nodes: &[(&str, &str)]) -> Self {
        let rules = StorageRules {
            intervals: RULES.intervals,
            min_distance: std::time::Duration::ZERO,
            expire: ExpiryPolicy::NEVER,
        };
        let storage = Storage::new(["c"], rules);
        let cluster = storage.cluster("c").unwrap();
        let metrics = ModuleMetrics::detached("c", ModuleKind::Consumer, "zk");
        let follower = TreeFollower {
            module: "zk".to_owned(),
            filters: watch::channel(Arc::default()).1,
            takeover: Takeover::new(Handover::open(), Arc::clone(&cluster), "zk".to_owned()),
            source: cluster.zookeeper_source("zk"),
            cluster,
            faults: metrics.error_counters(&[]),
            refused: RefusedPaths::new(String::new(), metrics.clone()),
            metrics,
            outage: Arc::new(Outage::new("zk".to_owned())),
            published: false,
            limit_logged: false,
        };
        let tree = Rc::new(RefCell::new(ScriptedTree::default()));
        nodes.iter().for_each(|(path, data)| tree.borrow_mut().put(path, data));
        Self { tree, storage, follower }
    }

    fn script(&self, path: &'static str, events: impl IntoIterator<Item = ScriptedEvent>) {
        self.tree.borrow_mut().script.insert(path, events.into_iter().collect());
    }

    /// Runs a session to its end, which comes when nothing happens any more, or earlier if the script says so.
    /// Calls `meanwhile` repeatedly during the session.
    fn session(&mut self, read_only: bool, mut meanwhile: impl FnMut(&mut ScriptedTree, usize)) -> SessionLost {
        let expired = Rc::new(Notify::new());
        // The watches end with the previous session.
        self.tree.borrow_mut().watches.clear();
        let session = ScriptedSession { tree: Rc::clone(&self.tree), expired: Rc::clone(&expired), read_only };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let tree = Rc::clone(&self.tree);
        runtime.block_on(async {
            let idle = async {
                for turn in 0..10 {
                    // The paused clock advances when all tasks are idle.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    meanwhile(&mut tree.borrow_mut(), turn);
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                SessionLost("idle".to_owned())
            };
            tokio::select! {
                lost = self.follower.follow(session) => lost.unwrap(),
                lost = idle => lost,
            }
        })
    }

    /// `group/topic/partition`, the committed offset, and the number of commits in its window.
    fn shown(&self) -> Vec<(String, i64, usize)> {
        let view = self.storage.view(Timestamp(0), &RULES);
        let mut all = Vec::new();
        for topic in view.clusters.iter().flat_map(|cluster| &cluster.group_topics) {
            let cluster = self.storage.cluster("c").unwrap();
            let detail = cluster.group(topic.group.name()).unwrap();
            let held = detail.topics.iter().find(|held| held.name.label.name() == topic.name.label.name()).unwrap();
            for partition in detail.partitions(held).filter(|partition| partition.window.is_some()) {
                let window = partition.window.unwrap();
                let path = format!("{}/{}/{}", topic.group.name(), topic.name.label.name(), partition.partition.0);
                all.push((path, window.newest().offset.0, window.len()));
            }
        }
        all
    }

    fn is_ready(&self) -> bool {
        self.follower.metrics.health().is_ready()
    }
}

fn row(path: &str, offset: i64, held: usize) -> (String, i64, usize) {
    (path.to_owned(), offset, held)
}

const A: &str = "/consumers/a/offsets/t/0";
const B: &str = "/consumers/b/offsets/t/0";

#[test]
fn a_session_that_expires_in_the_middle_of_a_walk_shows_nothing_and_the_next_one_all() {
    let mut scene = FollowerTest::new(&[(A, "1"), (B, "2")]);
    scene.script(B, [ScriptedEvent::Expire]);
    assert_eq!(scene.session(false, |_, _| ()), SessionLost("expired".to_owned()));
    assert_eq!((scene.shown(), scene.is_ready()), (Vec::new(), false));
    scene.session(false, |_, _| ());
    assert_eq!((scene.shown(), scene.is_ready()), (vec![row("a/t/0", 1, 1), row("b/t/0", 2, 1)], true));
}

#[test]
fn a_later_walk_that_is_broken_off_leaves_what_is_shown_and_a_whole_one_takes_its_place() {
    let mut scene = FollowerTest::new(&[(A, "1"), (B, "2")]);
    scene.session(false, |_, _| ());
    scene.tree.borrow_mut().put(A, "3");
    scene.tree.borrow_mut().remove("/consumers/b");
    scene.script(A, [ScriptedEvent::Expire]);
    scene.session(false, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 1, 1), row("b/t/0", 2, 1)]);
    scene.session(false, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 3, 2)], "the window goes on");
    scene.session(false, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 3, 2)], "nothing is doubled");
}

#[test]
fn a_node_that_vanishes_between_list_and_read_is_none() {
    let mut scene = FollowerTest::new(&[(A, "1"), (B, "2"), ("/consumers/b/offsets/u/0", "3")]);
    for path in [A, "/consumers/b/offsets/t"] {
        scene.script(path, [ScriptedEvent::Vanish]);
    }
    scene.session(false, |_, _| ());
    assert_eq!((scene.shown(), scene.is_ready()), (vec![row("b/u/0", 3, 1)], true));
}

#[test]
fn what_is_written_between_list_and_read_is_seen() {
    let mut scene = FollowerTest::new(&[(A, "1"), (B, "2")]);
    scene.script("/consumers/a/offsets", [ScriptedEvent::Write("/consumers/c/offsets/t/0", "5")]);
    scene.script(B, [ScriptedEvent::Write(A, "4"), ScriptedEvent::Write("/consumers/a/offsets/t/1", "6")]);
    scene.session(false, |tree, turn| {
        if turn == 3 {
            tree.put(B, "7");
        }
    });
    let expected = [row("a/t/0", 4, 2), row("a/t/1", 6, 1), row("b/t/0", 7, 2), row("c/t/0", 5, 1)];
    assert_eq!(scene.shown(), expected);
}

#[test]
fn each_node_is_watched_once_whatever_happens_to_it() {
    let mut scene = FollowerTest::new(&[(A, "1"), (B, "2")]);
    scene.session(false, |tree, turn| match turn {
        0 => tree.put(A, "3"),
        1 => tree.remove("/consumers/b"),
        2 => tree.put(B, "4"),
        3 => tree.remove("/consumers"),
        4 => tree.put(A, "5"),
        _ => {}
    });
    let tree = scene.tree.borrow();
    let set = tree.watches.iter().filter(|(_, watches)| !watches.is_empty());
    let set: Vec<(&str, usize)> = set.map(|(path, watches)| (path.as_str(), watches.len())).collect();
    // The root may have one more watch, set while waiting for it to be created.
    assert_eq!(
        set.iter().map(|(path, _)| *path).collect::<Vec<_>>(),
        ["/consumers", "/consumers/a", "/consumers/a/offsets", "/consumers/a/offsets/t", A]
    );
    assert!(set.iter().skip(1).all(|(_, count)| *count == 1), "{set:?}");
}

#[test]
fn a_history_that_was_replaced_stands_alone() {
    let mut scene = FollowerTest::new(&[(A, "1"), (A, "2"), (A, "3")]);
    scene.session(false, |_, _| ());
    // A new ensemble counts its transaction ids from the beginning.
    *scene.tree.borrow_mut() = ScriptedTree::default();
    scene.tree.borrow_mut().put(A, "1");
    scene.session(false, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 1, 1)]);
}

#[test]
fn a_read_only_server_is_listened_to_while_nothing_is_shown() {
    let mut scene = FollowerTest::new(&[(A, "1")]);
    scene.session(true, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 1, 1)]);
    scene.tree.borrow_mut().remove("/consumers/a");
    scene.session(true, |_, _| ());
    assert_eq!(scene.shown(), [row("a/t/0", 1, 1)]);
    scene.session(false, |_, _| ());
    assert_eq!(scene.shown(), []);
}
