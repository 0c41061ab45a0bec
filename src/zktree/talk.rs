//! Questions to a server, and its answers.

use std::sync::Arc;

use crate::model::{Order, Timestamp};
use crate::storage::Update;

use super::Fault;

/// A question about a node, which sets a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The node's path, from [`ROOT`](super::ROOT) on.
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
    /// What is wrong with its children.
    pub left_out: LeftOut,
}

/// Children that a list names and that are not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// For their names.
    pub names: usize,
    /// For the bounds.
    pub nodes: usize,
}
