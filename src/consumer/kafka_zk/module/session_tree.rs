//! The state of one session.

use std::sync::Arc;

use tokio::time::Instant;

use crate::storage::{SourceBuild, Update};
use crate::zktree::{SkippedChildren, Tree};

use super::tick_budget::TickBudget;

/// Changed nodes that are requested again per tick: 10,000 per second.
const QUESTIONS: usize = 500;
/// Number of names in a list that cost as much as one request.
const NAMES: usize = 50;
/// Members and owned partitions that are reported per tick: 400,000 per second.
const MEMBERS: usize = 20_000;

/// The tree of a session, and the limits on how fast it is followed.
#[derive(Debug)]
pub struct SessionTree {
    pub tree: Tree,
    /// The walk; `None` once it is complete.
    pub walk: Option<SourceBuild>,
    /// When the session started.
    pub began: Instant,
    /// What the limits exclude.
    pub skipped: SkippedChildren,
    requests: TickBudget,
    members: TickBudget,
}

impl SessionTree {
    /// Starts with nothing read.
    pub fn new(tree: Tree, walk: SourceBuild) -> Self {
        Self {
            tree,
            walk: Some(walk),
            began: Instant::now(),
            skipped: SkippedChildren::default(),
            requests: TickBudget::new(QUESTIONS),
            members: TickBudget::new(MEMBERS),
        }
    }

    /// Marks nodes as changed whose watches have fired.
    pub fn mark_changed(&mut self, paths: &[Arc<str>]) {
        paths.iter().for_each(|path| self.tree.mark_changed(path));
        self.request_changed();
    }

    /// Records that a list of `names` names was read.
    pub fn record_list(&mut self, names: usize, left_out: SkippedChildren) {
        self.requests.spend(names / NAMES);
        self.skipped.names = self.skipped.names.saturating_add(left_out.names);
        self.skipped.nodes = self.skipped.nodes.saturating_add(left_out.nodes);
    }

    /// Passes the members of changed groups to `take`, up to the budget. During a walk it does so only at its
    /// end, for all groups.
    pub fn report_members(
        &mut self,
        take: impl FnOnce(&mut dyn Iterator<Item = Update<'_>>, Option<&mut SourceBuild>),
    ) {
        let Self { tree, walk, members, .. } = self;
        let most = match walk {
            Some(_) if tree.is_walked() => usize::MAX,
            Some(_) => return,
            None => members.left(),
        };
        let told = tree.report_members(most, |updates| take(updates, walk.as_mut()));
        members.spend(told);
    }

    /// Whether a tick would change nothing.
    pub const fn is_idle(&self) -> bool {
        self.requests.is_full() && self.members.is_full()
    }

    /// Renews the budgets after a tick.
    pub fn refill_budgets(&mut self) {
        self.requests.refill();
        self.members.refill();
        self.request_changed();
    }

    /// Requests changed nodes again, up to the budget.
    pub fn request_changed(&mut self) {
        let asked = self.tree.request_changed(self.requests.left());
        self.requests.spend(asked);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::config::Filter;
    use crate::storage::{ExpiryPolicy, Storage, StorageRules};
    use crate::zktree::{NodeResponse, TreeLimits};

    fn course() -> SessionTree {
        let intervals = NonZeroUsize::new(3).unwrap();
        let rules = StorageRules { intervals, min_distance: std::time::Duration::ZERO, expire: ExpiryPolicy::NEVER };
        let cluster = Storage::new(["c"], rules).cluster("c").unwrap();
        let tree = Tree::new([Filter::default(), Filter::default()], Filter::default(), TreeLimits::default());
        SessionTree::new(tree, cluster.start_build(cluster.zookeeper_source("zk")))
    }

    fn list(course: &mut SessionTree, path: &str, names: impl Iterator<Item = String>) {
        course.tree.apply_response(&path.into(), &NodeResponse::Children(names.collect()));
    }

    /// The number of members that are reported.
    fn told(course: &mut SessionTree) -> usize {
        let mut told = 0;
        course.report_members(|updates, _| {
            for update in updates {
                let Update::Registered { members, .. } = update else { panic!("{update:?}") };
                told += members.len();
            }
        });
        told
    }

    #[test]
    fn members_are_told_of_once_a_walk_and_afterwards_as_far_as_the_allowance_goes() {
        let mut course = course();
        let names = |count: usize| (0..count).map(|number| number.to_string());
        list(&mut course, "/consumers", ["g".to_owned()].into_iter());
        list(&mut course, "/consumers/g", ["ids".to_owned()].into_iter());
        for count in [MEMBERS / 2, 1] {
            course.tree.apply_response(&"/consumers/h/owners/t/0".into(), &owner(count));
            assert_eq!(told(&mut course), 0, "the walk goes on");
        }
        list(&mut course, "/consumers/g/ids", names(MEMBERS / 2));
        assert!(course.tree.is_walked());
        assert_eq!(told(&mut course), MEMBERS / 2 + 1);
        course.walk.take();
        course.refill_budgets();
        for count in [MEMBERS / 2 - 1, MEMBERS / 2] {
            list(&mut course, "/consumers/g/ids", names(count));
            assert_eq!(told(&mut course), count);
        }
        list(&mut course, "/consumers/g/ids", names(5));
        assert_eq!(told(&mut course), 0);
        course.refill_budgets();
        assert_eq!(told(&mut course), 5);
    }

    fn owner(number: usize) -> NodeResponse {
        let (order, time) = (crate::model::Order(1), crate::model::Timestamp(1));
        NodeResponse::Data { data: number.to_string().into_bytes(), order, time }
    }

    #[test]
    fn nodes_that_change_are_asked_again_as_far_as_the_allowance_goes() {
        let mut course = course();
        let all = QUESTIONS + 7;
        list(&mut course, "/consumers", (0..all).map(|number| number.to_string()));
        let groups: Vec<Arc<str>> = (0..all).map(|number| format!("/consumers/{number}").into()).collect();
        groups.iter().for_each(|group| drop(course.tree.apply_response(group, &NodeResponse::Children(Vec::new()))));
        let asked = |course: &mut SessionTree| std::iter::from_fn(|| course.tree.next_request()).count();
        assert_eq!(asked(&mut course), all + 1);
        course.mark_changed(&groups);
        course.mark_changed(&groups);
        assert_eq!(asked(&mut course), QUESTIONS, "each is asked for once");
        course.refill_budgets();
        assert_eq!(asked(&mut course), 7);
        course.refill_budgets();
        assert!(course.is_idle());
        course.record_list(NAMES * QUESTIONS * 3 / 2, SkippedChildren::default());
        groups.iter().for_each(|group| drop(course.tree.apply_response(group, &NodeResponse::Children(Vec::new()))));
        course.mark_changed(&groups);
        assert_eq!(asked(&mut course), 0, "a long list costs as much as many questions");
        course.refill_budgets();
        assert_eq!(asked(&mut course), QUESTIONS / 2);
    }
}
