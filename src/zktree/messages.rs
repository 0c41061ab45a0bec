//! Requests to a server, and its answers.

use std::sync::Arc;

use crate::model::{Order, Timestamp};
use crate::storage::Update;

use super::NodeFault;

/// A request for a node, which sets a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRequest {
    /// The path of the node. It starts with [`ROOT`](super::ROOT).
    pub path: Arc<str>,
    /// What is requested.
    pub read: NodeRead,
}

/// What is requested of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRead {
    /// The names of the children.
    Children,
    /// The data of the node.
    Data,
    /// Whether it exists. The watch fires when it is created.
    Existence,
}

/// A server's answer about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeResponse {
    /// The names of the children. The node is watched.
    Children(Vec<String>),
    /// The data of the node, which is watched.
    Data {
        /// The data.
        data: Vec<u8>,
        /// The transaction that wrote the data (`mzxid`).
        order: Order,
        /// The time when the data was written (`mtime`).
        time: Timestamp,
    },
    /// Whether it exists. The node is watched.
    Exists(bool),
    /// The node does not exist and is not watched.
    Missing,
    /// The node may not be read and is not watched.
    Refused,
}

/// The result of an answer.
#[derive(Debug, Default, PartialEq)]
pub struct ResponseEffect<'a> {
    /// The update for storage.
    pub update: Option<(Order, Update<'a>)>,
    /// What is wrong with the node.
    pub fault: Option<NodeFault>,
    /// The children that are not followed.
    pub skipped: SkippedChildren,
}

/// The number of listed children that are not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkippedChildren {
    /// Because of their names.
    pub names: usize,
    /// Because of the bounds.
    pub nodes: usize,
}
