//! What there is to read, and what an answer tells.
//!
//! Each node is either asked for or watched, never both, and a watch that fires is followed by a new question, which
//! sets it again: so whatever happens in between is seen by the one or the other. A node ends by its own answer that
//! it is missing, never because a list lacks it, so that no order in which answers come in can lose one.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::config::Filter;
use crate::model::{Name, Order, Timestamp};
use crate::storage::Update;

use super::registry::Registries;
use super::{Fault, Place, ROOT, Spot, offset, owner, place};

/// A question about a node, which sets a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The node's path, from [`ROOT`] on.
    pub path: Arc<str>,
    /// What is asked.
    pub want: Want,
}

/// What is asked about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The names of its children.
    Children,
    /// Its data.
    Data,
    /// Whether it is there. The watch is for its creation.
    Existence,
}

/// What a server says about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its children's names; watched.
    Children(Vec<String>),
    /// Its data; watched.
    Data {
        /// The data.
        data: Vec<u8>,
        /// The transaction that wrote it (`mzxid`).
        order: Order,
        /// When that was (`mtime`).
        time: Timestamp,
    },
    /// Whether it is there; watched.
    Exists(bool),
    /// There is no such node, and no watch.
    Missing,
    /// It may not be read, and is not watched.
    Refused,
}

/// What an answer tells.
#[derive(Debug, Default, PartialEq)]
pub struct Told<'a> {
    /// For storage.
    pub update: Option<(Order, Update<'a>)>,
    /// What is wrong with the node.
    pub fault: Option<Fault>,
}

/// The part of the tree that is followed in one session.
#[derive(Debug)]
pub struct Tree {
    /// Of the module, and of storage.
    groups: [Filter; 2],
    topics: Filter,
    nodes: HashMap<Arc<str>, Node>,
    asks: VecDeque<Ask>,
    /// Those of the nodes that may not be read.
    refused: BTreeSet<Arc<str>>,
    /// Nodes that have not been answered for yet.
    unread: usize,
    /// Times that a list has named a group or a topic with too long a name.
    too_long: u64,
    registries: Registries,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    stage: Stage,
    /// It has been answered for.
    read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A question is waiting to be asked, or to be answered.
    Asked {
        /// A list has named it since, so that an answer that it is missing may be older than that.
        named: bool,
    },
    Watched,
    Refused,
}

impl Tree {
    /// Nothing is known yet, and the root is to be read. What the filters do not allow is never asked for.
    #[must_use]
    pub fn new(groups: [Filter; 2], topics: Filter) -> Self {
        let mut tree = Self {
            groups,
            topics,
            nodes: HashMap::new(),
            asks: VecDeque::new(),
            refused: BTreeSet::new(),
            unread: 0,
            too_long: 0,
            registries: Registries::default(),
        };
        tree.discover(ROOT.into());
        tree
    }

    /// The next question.
    pub fn next_ask(&mut self) -> Option<Ask> {
        self.asks.pop_front()
    }

    /// Whether every node has been read once.
    #[must_use]
    pub const fn is_walked(&self) -> bool {
        self.unread == 0
    }

    /// How many nodes have been read, of those that are known so far.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.nodes.len().saturating_sub(self.unread), self.nodes.len())
    }

    /// A watch has fired.
    pub fn changed(&mut self, path: &Arc<str>) {
        if let Some(node) = self.nodes.get_mut(path)
            && node.stage == Stage::Watched
        {
            self.ask_again(Arc::clone(path));
        }
    }

    /// Asks again for what was refused: nothing tells when a right has been given.
    pub fn retry(&mut self) {
        for path in std::mem::take(&mut self.refused) {
            self.ask_again(path);
        }
    }

    /// The members of the groups where that has changed; [`Self::settle`] follows.
    pub fn registered(&self) -> impl Iterator<Item = Update<'_>> {
        self.registries.told()
    }

    /// What [`Self::registered`] says has been taken in.
    pub fn settle(&mut self) {
        self.registries.settle();
    }

    /// How often that was since this was last asked. Nothing below such a node is read, and its path is not kept.
    pub const fn take_too_long(&mut self) -> u64 {
        std::mem::replace(&mut self.too_long, 0)
    }

    /// Takes in the answer to a question.
    pub fn take<'a>(&mut self, path: &'a Arc<str>, answer: &'a Answer) -> Told<'a> {
        let Some(place) = place(path) else { return Told::default() };
        match answer {
            Answer::Children(names) => {
                self.close(path, Stage::Watched);
                if let Place::Members(group) = place {
                    self.registries.members(group, names);
                } else {
                    names.iter().for_each(|name| self.name(path, name));
                    self.drop_refused(path, names);
                }
                Told::default()
            }
            Answer::Data { data, order, time } => {
                self.close(path, Stage::Watched);
                self.read(place, data, (*order, *time))
            }
            Answer::Exists(true) => {
                self.ask(Arc::clone(path));
                Told::default()
            }
            Answer::Exists(false) => {
                self.close(path, Stage::Watched);
                Told::default()
            }
            Answer::Missing => self.miss(path, place),
            Answer::Refused => {
                self.close(path, Stage::Refused);
                self.refused.insert(Arc::clone(path));
                Told { fault: Some(Fault::Authorization), ..self.unknown(place) }
            }
        }
    }

    /// Whether nothing is held that is empty.
    #[cfg(test)]
    pub fn is_tidy(&self) -> bool {
        self.registries.is_tidy()
    }

    /// A list names a child.
    fn name(&mut self, parent: &str, name: &str) {
        let path: Arc<str> = format!("{parent}/{name}").into();
        let Some(place) = place(&path).filter(|place| self.allows(*place)) else { return };
        if !place.is_fit() {
            self.too_long = self.too_long.saturating_add(1);
            return;
        }
        match self.nodes.get_mut(&path) {
            None => self.discover(path),
            Some(Node { stage: Stage::Asked { named }, .. }) => *named = true,
            Some(Node { stage: Stage::Watched, .. }) => {}
            Some(Node { stage: Stage::Refused, .. }) => {
                self.refused.remove(&path);
                self.ask_again(path);
            }
        }
    }

    fn allows(&self, place: Place<'_>) -> bool {
        match place {
            Place::Group(group) => self.groups.iter().all(|filter| filter.allows(group.as_bytes())),
            Place::Partitions(_, topic) | Place::OwnedPartitions(_, topic) => self.topics.allows(topic.as_bytes()),
            // What is above them was allowed.
            Place::Groups
            | Place::Members(_)
            | Place::OwnedTopics(_)
            | Place::Owner(_)
            | Place::Topics(_)
            | Place::Commit(_) => true,
        }
    }

    fn discover(&mut self, path: Arc<str>) {
        self.nodes.insert(Arc::clone(&path), Node { stage: Stage::Asked { named: false }, read: false });
        self.unread = self.unread.saturating_add(1);
        self.ask(path);
    }

    fn ask_again(&mut self, path: Arc<str>) {
        if let Some(node) = self.nodes.get_mut(&path) {
            node.stage = Stage::Asked { named: false };
        }
        self.ask(path);
    }

    fn ask(&mut self, path: Arc<str>) {
        let want = match place(&path) {
            Some(Place::Owner(_) | Place::Commit(_)) => Want::Data,
            Some(_) | None => Want::Children,
        };
        self.asks.push_back(Ask { path, want });
    }

    /// A node has been answered for.
    fn close(&mut self, path: &str, stage: Stage) {
        if let Some(node) = self.nodes.get_mut(path) {
            if !node.read {
                self.unread = self.unread.saturating_sub(1);
            }
            *node = Node { stage, read: true };
        }
    }

    /// A node is missing.
    fn miss<'a>(&mut self, path: &Arc<str>, place: Place<'a>) -> Told<'a> {
        let node = self.nodes.get_mut(path);
        if let Some(Node { stage: Stage::Asked { named: named @ true }, .. }) = node {
            *named = false;
            self.ask(Arc::clone(path));
            return Told::default();
        }
        if place == Place::Groups {
            // No list names the root, so its creation has to be waited for.
            self.asks.push_back(Ask { path: Arc::clone(path), want: Want::Existence });
            return Told::default();
        }
        self.close(path, Stage::Watched);
        self.nodes.remove(path);
        self.unknown(place)
    }

    /// Lets go of children that were refused and are gone: they have no watch that tells.
    fn drop_refused(&mut self, parent: &str, names: &[String]) {
        let Self { refused, nodes, .. } = self;
        refused.retain(|path| {
            let child = path.strip_prefix(parent).and_then(|rest| rest.strip_prefix('/'));
            let child = child.filter(|name| !name.contains('/'));
            let stays = child.is_none_or(|child| names.iter().any(|name| name == child));
            if !stays {
                nodes.remove(path);
            }
            stays
        });
    }

    fn read<'a>(&mut self, place: Place<'a>, data: &[u8], (order, time): (Order, Timestamp)) -> Told<'a> {
        match place {
            Place::Commit(spot) => match offset(data) {
                Some(offset) => {
                    let Spot { group, topic, partition } = spot;
                    let [group, topic] = [group, topic].map(|name| Name(name.as_bytes()));
                    let commit = Update::Commit { group, topic, partition, offset, timestamp: time };
                    Told { update: Some((order, commit)), fault: None }
                }
                None => Told { fault: Some(Fault::Offset), ..self.unknown(place) },
            },
            Place::Owner(spot) => {
                let Some(consumer) = owner(data) else {
                    return Told { fault: Some(Fault::Owner), ..self.unknown(place) };
                };
                self.registries.own(spot, consumer);
                Told::default()
            }
            Place::Groups
            | Place::Group(_)
            | Place::Members(_)
            | Place::OwnedTopics(_)
            | Place::OwnedPartitions(..)
            | Place::Topics(_)
            | Place::Partitions(..) => Told::default(),
        }
    }

    /// What a node said holds no longer.
    fn unknown<'a>(&mut self, place: Place<'a>) -> Told<'a> {
        match place {
            Place::Commit(Spot { group, topic, partition }) => {
                let [group, topic] = [group, topic].map(|name| Name(name.as_bytes()));
                // Whatever is held is older: the node was read last.
                let update = (Order(i64::MAX), Update::CommitTombstone { group, topic, partition });
                return Told { update: Some(update), fault: None };
            }
            Place::Owner(spot) => self.registries.free(spot),
            Place::Members(group) => self.registries.members(group, &[]),
            Place::Groups
            | Place::Group(_)
            | Place::OwnedTopics(_)
            | Place::OwnedPartitions(..)
            | Place::Topics(_)
            | Place::Partitions(..) => {}
        }
        Told::default()
    }
}
