//! What one session has come to.

use std::sync::Arc;

use tokio::time::Instant;

use crate::storage::{Build, Update};
use crate::zktree::{LeftOut, Tree};

use super::pace::Allowance;

/// Nodes that are asked again a tick, because they have changed: 10,000 a second.
const QUESTIONS: usize = 500;
/// So many names in a list cost as much as one more question.
const NAMES: usize = 50;
/// Members and owned partitions that are told of a tick: 400,000 a second.
const MEMBERS: usize = 20_000;

/// A session's tree, and how fast it may be followed.
#[derive(Debug)]
pub struct Course {
    pub tree: Tree,
    /// Until the tree has been walked.
    pub walk: Option<Build>,
    /// Since when it has been followed: it is not cut off.
    pub began: Instant,
    /// What is not followed.
    pub left_out: LeftOut,
    questions: Allowance,
    members: Allowance,
}

impl Course {
    /// Nothing has been read yet.
    pub fn new(tree: Tree, walk: Build) -> Self {
        Self {
            tree,
            walk: Some(walk),
            began: Instant::now(),
            left_out: LeftOut::default(),
            questions: Allowance::new(QUESTIONS),
            members: Allowance::new(MEMBERS),
        }
    }

    /// Watches have fired.
    pub fn changed(&mut self, paths: &[Arc<str>]) {
        paths.iter().for_each(|path| self.tree.changed(path));
        self.release();
    }

    /// A list of so many names was read.
    pub fn listed(&mut self, names: usize, left_out: LeftOut) {
        self.questions.spend(names.checked_div(NAMES).unwrap_or(0));
        self.left_out.names = self.left_out.names.saturating_add(left_out.names);
        self.left_out.nodes = self.left_out.nodes.saturating_add(left_out.nodes);
    }

    /// The members of groups where that has changed, as far as there is time for them, and of a walk all at its end.
    pub fn registered(&mut self, take: impl FnOnce(&mut dyn Iterator<Item = Update<'_>>, Option<&mut Build>)) {
        let Self { tree, walk, members, .. } = self;
        let most = match walk {
            Some(_) if tree.is_walked() => usize::MAX,
            Some(_) => return,
            None => members.left(),
        };
        let told = tree.registered(most, |updates| take(updates, walk.as_mut()));
        members.spend(told);
    }

    /// Whether a tick would change nothing.
    pub const fn is_idle(&self) -> bool {
        self.questions.is_full() && self.members.is_full()
    }

    /// A tick has passed.
    pub fn tick(&mut self) {
        self.questions.refill();
        self.members.refill();
        self.release();
    }

    /// Asks again for what has changed, as far as there is time for it.
    pub fn release(&mut self) {
        let asked = self.tree.release(self.questions.left());
        self.questions.spend(asked);
    }
}
