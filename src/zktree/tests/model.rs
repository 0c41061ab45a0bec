//! Models of a server and of storage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Filter;
use crate::model::{Order, Timestamp};
use crate::storage::Update;
use crate::zktree::{
    NodeFault, NodeKind, NodeRead, NodeRequest, NodeResponse, Tree, TreeLimits, consumer_of, node_kind, parse_offset,
};

/// The nodes of a server: data, and the transaction that wrote it.
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub nodes: BTreeMap<String, (Vec<u8>, i64)>,
    pub clock: i64,
    pub children: BTreeSet<String>,
    pub data: BTreeSet<String>,
    /// Paths of watches that have fired and are not delivered yet.
    pub fired: Vec<Arc<str>>,
}

impl Server {
    pub fn fire(&mut self, path: &str, children: bool) {
        let set = if children { &mut self.children } else { &mut self.data };
        if set.remove(path) {
            self.fired.push(path.into());
        }
    }

    pub fn put(&mut self, path: &str, data: &[u8]) {
        let mut parent = String::new();
        for name in path.split('/').skip(1) {
            let child = format!("{parent}/{name}");
            if !self.nodes.contains_key(&child) {
                self.clock += 1;
                self.nodes.insert(child.clone(), (Vec::new(), self.clock));
                self.fire(&child, false);
                self.fire(&parent, true);
            }
            parent = child;
        }
        self.clock += 1;
        self.nodes.insert(path.to_owned(), (data.to_vec(), self.clock));
        self.fire(path, false);
    }

    /// Removes a node and all nodes below it. The lowest go first, as on a server.
    pub fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        let mut gone: Vec<String> =
            self.nodes.keys().filter(|node| *node == path || node.starts_with(&below)).cloned().collect();
        gone.reverse();
        for node in gone {
            self.nodes.remove(&node);
            // A node sends one event, even if it has both kinds of watches.
            let both = self.data.remove(&node) | self.children.remove(&node);
            if both {
                self.fired.push(node.as_str().into());
            }
            let parent = node.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
            self.fire(&parent, true);
        }
    }

    pub fn answer(&mut self, ask: &NodeRequest) -> NodeResponse {
        let path = &*ask.path;
        let found = self.nodes.get(path).cloned();
        match (ask.read, found) {
            (NodeRead::Existence, found) => {
                self.data.insert(path.to_owned());
                NodeResponse::Exists(found.is_some())
            }
            (_, None) => NodeResponse::Missing,
            (NodeRead::Children, Some(_)) => {
                self.children.insert(path.to_owned());
                let below = format!("{path}/");
                let names = self.nodes.keys().filter_map(|node| node.strip_prefix(&below));
                NodeResponse::Children(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
            }
            (NodeRead::Data, Some((data, order))) => {
                self.data.insert(path.to_owned());
                NodeResponse::Data { data, order: Order(order), time: Timestamp(order * 1000) }
            }
        }
    }
}

/// The expected content of storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub commits: BTreeMap<(String, String, i32), (i64, i64)>,
    /// By group and member, the partitions that the member owns.
    pub members: BTreeMap<(String, String), Vec<(String, i32)>>,
}

impl Held {
    pub fn take(&mut self, order: Order, update: Update<'_>) {
        match update {
            Update::Commit { group, topic, partition, offset, .. } => {
                let place = (group.to_string(), topic.to_string(), partition.0);
                let before = self.commits.insert(place, (offset.0, order.0));
                assert!(before.is_none_or(|(_, before)| before <= order.0), "it goes back");
            }
            Update::CommitTombstone { group, topic, partition } => {
                self.commits.remove(&(group.to_string(), topic.to_string(), partition.0));
            }
            Update::Registered { group, members } => {
                self.members.retain(|(held, _), _| *held != group.to_string());
                for member in members {
                    let topics = member.assigned.iter();
                    let owned = topics.flat_map(|(topic, list)| list.iter().map(|one| (topic.to_string(), one.0)));
                    self.members.insert((group.to_string(), member.id.to_string()), owned.collect());
                }
            }
            Update::Members(_) | Update::GroupTombstone { .. } | Update::Fact { .. } | Update::Share(_) => {
                panic!("{update:?}")
            }
        }
    }

    /// The content that the state of the server should lead to.
    pub fn of(server: &Server) -> Self {
        let mut held = Self::default();
        for (path, (data, order)) in &server.nodes {
            match node_kind(path) {
                Some(NodeKind::Commit(spot)) => {
                    if let Some(offset) = parse_offset(data) {
                        let place = (spot.group.to_owned(), spot.topic.to_owned(), spot.partition.0);
                        held.commits.insert(place, (offset.0, *order));
                    }
                }
                Some(NodeKind::Members(group)) => {
                    let below = format!("{path}/");
                    for member in server.nodes.keys().filter_map(|node| node.strip_prefix(&below)) {
                        held.members.entry((group.to_owned(), member.to_owned())).or_default();
                    }
                }
                _ => {}
            }
        }
        let owners = server.nodes.iter().filter_map(|(path, (data, _))| {
            let Some(NodeKind::Owner(spot)) = node_kind(path) else { return None };
            Some((spot, String::from_utf8(data.clone()).unwrap())).filter(|(_, data)| !data.is_empty())
        });
        let registered: BTreeSet<(String, String)> = held.members.keys().cloned().collect();
        for (spot, data) in owners {
            let member = |consumer: &str| (spot.group.to_owned(), consumer.to_owned());
            let threads = consumer_of(&data).map(member).filter(|thread| registered.contains(thread));
            let itself = Some(member(&data)).filter(|itself| registered.contains(itself));
            let owned = held.members.entry(itself.or(threads).unwrap_or_else(|| member(&data))).or_default();
            owned.push((spot.topic.to_owned(), spot.partition.0));
        }
        held.members.values_mut().for_each(|owned| owned.sort());
        held
    }
}

pub fn tree() -> Tree {
    Tree::new([Filter::default(), Filter::default()], Filter::default(), TreeLimits::default())
}

pub fn tell(tree: &mut Tree, held: &mut Held, path: &Arc<str>, answer: &NodeResponse) -> Option<NodeFault> {
    let told = tree.apply_response(path, answer);
    if let Some((order, update)) = told.update {
        held.take(order, update);
    }
    tree.report_members(usize::MAX, |updates| updates.for_each(|update| held.take(Order(0), update)));
    told.fault
}

/// Sends requests and delivers answers until nothing is left to do. Returns the faults.
pub fn settle(tree: &mut Tree, server: &mut Server, held: &mut Held) -> Vec<NodeFault> {
    let mut faults = Vec::new();
    loop {
        for path in std::mem::take(&mut server.fired) {
            tree.mark_changed(&path);
        }
        tree.request_changed(usize::MAX);
        let Some(ask) = tree.next_request() else { return faults };
        let answer = server.answer(&ask);
        faults.extend(tell(tree, held, &ask.path, &answer));
    }
}
