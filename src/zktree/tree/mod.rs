//! Decides what to read next, and converts answers to updates.
//!
//! Each node is either requested or watched, never both. When a watch fires, the node is requested again, which
//! sets the watch again. So every change is seen by the one or the other. A node is removed only when the answer
//! about it says that it is missing, never because a list lacks it. So no order of answers can lose a node.

mod data;

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::config::Filter;
use crate::storage::Update;

use super::group_registry::GroupRegistries;
use super::messages::{NodeRead, NodeRequest, NodeResponse, ResponseEffect, SkippedChildren};
use super::refused_nodes::RefusedNodes;
use super::tree_limits::{TreeLimits, is_name};
use super::{NodeFault, NodeKind, ROOT, node_kind};

/// The part of the tree that one session follows.
#[derive(Debug)]
pub struct Tree {
    /// The filters of the module and of storage.
    groups: [Filter; 2],
    topics: Filter,
    limits: TreeLimits,
    nodes: HashMap<Arc<str>, NodeState>,
    requests: VecDeque<NodeRequest>,
    /// Nodes whose watch has fired, in that order.
    changed: VecDeque<Arc<str>>,
    /// Nodes that may not be read.
    refused: RefusedNodes,
    /// Number of nodes without an answer so far.
    unread: usize,
    /// Number of times that a list named a group or topic whose name is too long.
    long_names: u64,
    registries: GroupRegistries,
}

#[derive(Clone, Copy, Debug)]
struct NodeState {
    stage: NodeStage,
    /// Whether an answer has arrived.
    read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeStage {
    /// A request is queued or unanswered.
    Requested {
        /// Whether a list has named the node since then. An answer that it is missing may then be outdated.
        named: bool,
    },
    Watched,
    /// Its watch has fired, and it has to be requested again.
    Changed,
    Refused,
}

impl Tree {
    /// Creates a tree whose root is to be read. Nodes that the filters exclude are never requested.
    #[must_use]
    pub fn new(groups: [Filter; 2], topics: Filter, bounds: TreeLimits) -> Self {
        let mut tree = Self {
            groups,
            topics,
            limits: bounds,
            nodes: HashMap::new(),
            requests: VecDeque::new(),
            changed: VecDeque::new(),
            refused: RefusedNodes::default(),
            unread: 0,
            long_names: 0,
            registries: GroupRegistries::default(),
        };
        tree.add_node(ROOT.into());
        tree
    }

    /// The next request.
    pub fn next_request(&mut self) -> Option<NodeRequest> {
        self.requests.pop_front()
    }

    /// Whether every node has been read once.
    #[must_use]
    pub const fn is_walked(&self) -> bool {
        self.unread == 0
    }

    /// The number of nodes that have been read, and of all known nodes.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.nodes.len().saturating_sub(self.unread), self.nodes.len())
    }

    /// Records that a watch has fired. [`Self::request_changed`] requests the node again.
    pub fn mark_changed(&mut self, path: &Arc<str>) {
        if let Some(node) = self.nodes.get_mut(path)
            && node.stage == NodeStage::Watched
        {
            node.stage = NodeStage::Changed;
            self.changed.push_back(Arc::clone(path));
        }
    }

    /// Requests up to `most` changed nodes again, in the order of their changes. Returns how many.
    pub fn request_changed(&mut self, most: usize) -> usize {
        let count = most.min(self.changed.len());
        for _ in 0..count {
            if let Some(path) = self.changed.pop_front() {
                self.request_again(path);
            }
        }
        count
    }

    /// Whether a node was refused, and not requested again since.
    #[must_use]
    pub fn is_refused(&self, path: &str) -> bool {
        self.refused.contains(path)
    }

    /// Requests refused nodes again: no event reports that access was granted.
    pub fn request_refused(&mut self) {
        for path in self.refused.take() {
            self.request_again(path);
        }
    }

    /// Passes the members of changed groups to `take`, until they hold `most` members and owned partitions
    /// together. At least one group is passed unless `most` is 0. Returns how much was passed.
    pub fn report_members(&mut self, most: usize, take: impl FnOnce(&mut dyn Iterator<Item = Update<'_>>)) -> usize {
        self.registries.report_changed(most, take)
    }

    /// Takes the number of times that a list named a group or topic whose name is too long. Nothing below such a
    /// node is read, and its path is not kept.
    pub const fn take_long_name_count(&mut self) -> u64 {
        std::mem::replace(&mut self.long_names, 0)
    }

    /// Handles the answer to a request.
    pub fn apply_response<'a>(&mut self, path: &'a Arc<str>, answer: &'a NodeResponse) -> ResponseEffect<'a> {
        let Some(place) = node_kind(path) else { return ResponseEffect::default() };
        match answer {
            NodeResponse::Children(names) => {
                self.record_answer(path, NodeStage::Watched);
                let left_out = if let NodeKind::Members(group) = place {
                    self.apply_members(group, names)
                } else {
                    self.apply_children(path, names)
                };
                ResponseEffect { skipped: left_out, ..ResponseEffect::default() }
            }
            NodeResponse::Data { data, order, time } => {
                self.record_answer(path, NodeStage::Watched);
                self.apply_data(place, data, (*order, *time))
            }
            NodeResponse::Exists(true) => {
                // Queued with the changed nodes, and so limited like them: a server could repeat this answer
                // without end.
                if let Some(node) = self.nodes.get_mut(path) {
                    node.stage = NodeStage::Changed;
                    self.changed.push_back(Arc::clone(path));
                }
                ResponseEffect::default()
            }
            NodeResponse::Exists(false) => {
                self.record_answer(path, NodeStage::Watched);
                ResponseEffect::default()
            }
            NodeResponse::Missing => self.handle_missing(path, place),
            NodeResponse::Refused => {
                self.record_answer(path, NodeStage::Refused);
                self.refused.insert(Arc::clone(path));
                ResponseEffect { fault: Some(NodeFault::Authorization), ..self.remove_reported(place) }
            }
        }
    }

    /// Whether no empty entry is held.
    #[cfg(test)]
    pub fn is_tidy(&self) -> bool {
        self.registries.is_tidy()
    }

    /// How many nodes and members may be added before the bounds are reached.
    fn remaining_room(&self) -> usize {
        self.limits.nodes.saturating_sub(self.nodes.len()).saturating_sub(self.registries.count())
    }

    fn apply_members(&mut self, group: &str, names: &[String]) -> SkippedChildren {
        let most = self.registries.count_of(group).saturating_add(self.remaining_room()).min(self.limits.members);
        self.registries.set_members(group, names, most)
    }

    /// Handles a list of children.
    fn apply_children(&mut self, parent: &str, names: &[String]) -> SkippedChildren {
        let mut left_out = SkippedChildren::default();
        for name in names {
            match self.apply_child(parent, name) {
                Some(NodeFault::Limit) => left_out.nodes = left_out.nodes.saturating_add(1),
                Some(_) => left_out.names = left_out.names.saturating_add(1),
                None => {}
            }
        }
        // Refused children that no longer exist have no watch that would report it.
        for path in self.refused.take_lacking(parent, names.iter().map(String::as_str)) {
            self.nodes.remove(&path);
        }
        left_out
    }

    /// Handles one child of a list. Returns why it is not followed, if that is counted.
    fn apply_child(&mut self, parent: &str, name: &str) -> Option<NodeFault> {
        if !is_name(name) {
            return Some(NodeFault::Name);
        }
        let path: Arc<str> = format!("{parent}/{name}").into();
        let place = node_kind(&path).filter(|place| self.allows(*place))?;
        if !place.has_valid_name() {
            self.long_names = self.long_names.saturating_add(1);
            return None;
        }
        let full = self.remaining_room() == 0;
        match self.nodes.get_mut(&path) {
            None if full => return Some(NodeFault::Limit),
            None => self.add_node(path),
            Some(NodeState { stage: NodeStage::Requested { named }, .. }) => *named = true,
            // Refused nodes are retried periodically, not with every change of a list.
            Some(NodeState { stage: NodeStage::Watched | NodeStage::Changed | NodeStage::Refused, .. }) => {}
        }
        None
    }

    fn allows(&self, place: NodeKind<'_>) -> bool {
        match place {
            NodeKind::Group(group) => self.groups.iter().all(|filter| filter.allows(group.as_bytes())),
            NodeKind::Partitions(_, topic) | NodeKind::OwnedPartitions(_, topic) => {
                self.topics.allows(topic.as_bytes())
            }
            // The names above them were checked.
            NodeKind::Groups
            | NodeKind::Members(_)
            | NodeKind::OwnedTopics(_)
            | NodeKind::Owner(_)
            | NodeKind::Topics(_)
            | NodeKind::Commit(_) => true,
        }
    }

    fn add_node(&mut self, path: Arc<str>) {
        self.nodes.insert(Arc::clone(&path), NodeState { stage: NodeStage::Requested { named: false }, read: false });
        self.unread = self.unread.saturating_add(1);
        self.request(path);
    }

    fn request_again(&mut self, path: Arc<str>) {
        if let Some(node) = self.nodes.get_mut(&path) {
            node.stage = NodeStage::Requested { named: false };
        }
        self.request(path);
    }

    fn request(&mut self, path: Arc<str>) {
        let want = match node_kind(&path) {
            Some(NodeKind::Owner(_) | NodeKind::Commit(_)) => NodeRead::Data,
            Some(_) | None => NodeRead::Children,
        };
        self.requests.push_back(NodeRequest { path, read: want });
    }

    /// Records that a node was answered.
    fn record_answer(&mut self, path: &str, stage: NodeStage) {
        if let Some(node) = self.nodes.get_mut(path) {
            if !node.read {
                self.unread = self.unread.saturating_sub(1);
            }
            *node = NodeState { stage, read: true };
        }
    }

    /// Handles the answer that a node is missing.
    fn handle_missing<'a>(&mut self, path: &Arc<str>, place: NodeKind<'a>) -> ResponseEffect<'a> {
        let node = self.nodes.get_mut(path);
        if let Some(NodeState { stage: NodeStage::Requested { named: named @ true }, .. }) = node {
            *named = false;
            self.request(Arc::clone(path));
            return ResponseEffect::default();
        }
        if place == NodeKind::Groups {
            // No list names the root, so a watch has to wait for its creation.
            self.requests.push_back(NodeRequest { path: Arc::clone(path), read: NodeRead::Existence });
            return ResponseEffect::default();
        }
        self.record_answer(path, NodeStage::Watched);
        self.nodes.remove(path);
        self.remove_reported(place)
    }
}
