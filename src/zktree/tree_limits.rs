//! Limits on how much of a tree is followed. A server may list anything; real ensembles stay far below these
//! limits.

/// The maximum length of a consumer's id and of an owner node's data, in bytes. They consist of a group name, a
/// host name and numbers.
pub const LONGEST_CONSUMER: usize = 2_048;

/// Limits on how much of a tree is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeLimits {
    /// Nodes and members together. (Members are not requested.) Each takes about a kilobyte: its path, its watch
    /// and its commit.
    pub nodes: usize,
    /// Members of one group.
    pub members: usize,
    /// Partitions that the consumers of one group own.
    pub owned: usize,
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self { nodes: 300_000, members: 10_000, owned: 100_000 }
    }
}

/// Whether a list of children may contain this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Filter;
    use crate::model::{LONGEST_GROUP, LONGEST_TOPIC, Order, Timestamp};
    use crate::zktree::{NodeFault, NodeResponse, ResponseEffect, SkippedChildren, Tree};

    fn tree(nodes: usize) -> Tree {
        Tree::new(
            [Filter::default(), Filter::default()],
            Filter::default(),
            TreeLimits { nodes, ..TreeLimits::default() },
        )
    }

    fn list(tree: &mut Tree, path: &str, names: &[&str]) -> SkippedChildren {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        tree.apply_response(&path.into(), &NodeResponse::Children(names)).skipped
    }

    fn asked(tree: &mut Tree) -> Vec<String> {
        std::iter::from_fn(|| tree.next_request()).map(|ask| ask.path.to_string()).collect()
    }

    #[test]
    fn names_that_cannot_be_are_left_out_and_counted() {
        let mut tree = tree(100);
        let long = |length: usize| "n".repeat(length);
        let (group, topic) = (long(LONGEST_GROUP), long(LONGEST_TOPIC));
        let too_long = [long(LONGEST_GROUP + 1), long(LONGEST_TOPIC + 1)];
        let left_out = list(&mut tree, "/consumers", &[&group, &too_long[0], "", "g/offsets", "/", "nul\0", "g"]);
        assert_eq!((left_out, tree.take_long_name_count()), (SkippedChildren { names: 4, nodes: 0 }, 1));
        for parent in ["/consumers/g/offsets", "/consumers/g/owners"] {
            assert_eq!(list(&mut tree, parent, &[&topic, &too_long[1]]), SkippedChildren::default());
        }
        assert_eq!(tree.take_long_name_count(), 2);
        let expected = [
            "/consumers".to_owned(),
            format!("/consumers/{group}"),
            "/consumers/g".to_owned(),
            format!("/consumers/g/offsets/{topic}"),
            format!("/consumers/g/owners/{topic}"),
        ];
        assert_eq!(asked(&mut tree), expected);
    }

    #[test]
    fn nodes_and_members_are_taken_in_up_to_their_bound_together_and_again_once_there_is_room() {
        let mut tree = tree(6);
        assert_eq!(list(&mut tree, "/consumers", &["a", "b"]), SkippedChildren::default());
        assert_eq!(list(&mut tree, "/consumers/a", &["ids", "other"]), SkippedChildren::default());
        assert_eq!(list(&mut tree, "/consumers/a/ids", &["1", "2", "3", "4"]), SkippedChildren { names: 0, nodes: 2 });
        assert_eq!(list(&mut tree, "/consumers/b", &["ids", "offsets"]), SkippedChildren { names: 0, nodes: 2 });
        assert_eq!(
            list(&mut tree, "/consumers", &["a", "b"]),
            SkippedChildren::default(),
            "what is known takes no more room"
        );
        assert_eq!(list(&mut tree, "/consumers/a/ids", &["1"]), SkippedChildren::default());
        assert_eq!(list(&mut tree, "/consumers/b", &["ids", "offsets"]), SkippedChildren { names: 0, nodes: 1 });
        assert_eq!(asked(&mut tree).last().unwrap(), "/consumers/b/ids");
    }

    #[test]
    fn data_of_an_owner_that_is_too_long_is_a_fault_and_none_is_no_owner() {
        let mut tree = tree(100);
        let path: Arc<str> = "/consumers/g/owners/t/0".into();
        let mut told = |length: usize| {
            let data = NodeResponse::Data { data: vec![b'x'; length], order: Order(1), time: Timestamp(1) };
            let told = tree.apply_response(&path, &data);
            assert_eq!(ResponseEffect { fault: None, ..told }, ResponseEffect::default());
            let fault = tree.apply_response(&path, &data).fault;
            let mut owned = 0;
            tree.report_members(usize::MAX, |updates| owned = updates.count());
            (fault, owned)
        };
        assert_eq!(told(LONGEST_CONSUMER), (None, 1));
        assert_eq!(told(LONGEST_CONSUMER + 1), (Some(NodeFault::Owner), 1));
        assert_eq!([told(1), told(0)], [(None, 1), (None, 1)]);
    }
}
