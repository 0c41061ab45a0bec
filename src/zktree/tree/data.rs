//! What the data of a node report: commits and owners.

use crate::model::{Name, Order, Timestamp};
use crate::storage::Update;
use crate::zktree::messages::ResponseEffect;
use crate::zktree::tree_limits::LONGEST_CONSUMER;
use crate::zktree::{NodeFault, NodeKind, TreePartition, parse_offset};

use super::Tree;

impl Tree {
    /// Applies the data of a node.
    pub(super) fn apply_data<'a>(
        &mut self,
        place: NodeKind<'a>,
        data: &[u8],
        (order, time): (Order, Timestamp),
    ) -> ResponseEffect<'a> {
        match place {
            NodeKind::Commit(spot) => match parse_offset(data) {
                Some(offset) => {
                    let TreePartition { group, topic, partition } = spot;
                    let [group, topic] = [group, topic].map(|name| Name(name.as_bytes()));
                    let commit = Update::Commit { group, topic, partition, offset, timestamp: time };
                    ResponseEffect { update: Some((order, commit)), ..ResponseEffect::default() }
                }
                None => ResponseEffect { fault: Some(NodeFault::Offset), ..self.remove_reported(place) },
            },
            NodeKind::Owner(_) if data.is_empty() => self.remove_reported(place),
            NodeKind::Owner(_) if data.len() > LONGEST_CONSUMER => {
                ResponseEffect { fault: Some(NodeFault::Owner), ..self.remove_reported(place) }
            }
            NodeKind::Owner(spot) => {
                let owns = self.registries.set_owner(spot, data, self.limits);
                ResponseEffect { fault: (!owns).then_some(NodeFault::Limit), ..ResponseEffect::default() }
            }
            NodeKind::Groups
            | NodeKind::Group(_)
            | NodeKind::Members(_)
            | NodeKind::OwnedTopics(_)
            | NodeKind::OwnedPartitions(..)
            | NodeKind::Topics(_)
            | NodeKind::Partitions(..) => ResponseEffect::default(),
        }
    }

    /// Removes what the node has reported.
    pub(super) fn remove_reported<'a>(&mut self, place: NodeKind<'a>) -> ResponseEffect<'a> {
        match place {
            NodeKind::Commit(TreePartition { group, topic, partition }) => {
                let [group, topic] = [group, topic].map(|name| Name(name.as_bytes()));
                // Whatever is held is older, because the node was just read.
                let update = (Order(i64::MAX), Update::CommitTombstone { group, topic, partition });
                return ResponseEffect { update: Some(update), ..ResponseEffect::default() };
            }
            NodeKind::Owner(spot) => self.registries.remove_owner(spot),
            NodeKind::Members(group) => drop(self.registries.set_members(group, &[], 0)),
            NodeKind::Groups
            | NodeKind::Group(_)
            | NodeKind::OwnedTopics(_)
            | NodeKind::OwnedPartitions(..)
            | NodeKind::Topics(_)
            | NodeKind::Partitions(..) => {}
        }
        ResponseEffect::default()
    }
}
