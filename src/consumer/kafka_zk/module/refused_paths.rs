//! The nodes that may not be read, for the log and the status page.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::Right;
use crate::zktree::{NodeResponse, ROOT};

/// Maximum number of paths that are kept. Each refused node is counted, whether it is kept or not.
const KEPT: usize = 200;

/// The nodes that may not be read.
#[derive(Debug)]
pub struct RefusedPaths {
    /// The chroot, which is part of the path that an operator sees.
    chroot: String,
    metrics: ModuleMetrics,
    paths: BTreeSet<Arc<str>>,
}

impl RefusedPaths {
    /// Starts with no refused node.
    pub const fn new(chroot: String, metrics: ModuleMetrics) -> Self {
        Self { chroot, metrics, paths: BTreeSet::new() }
    }

    /// Records the answer about a node.
    pub fn record_answer(&mut self, path: &Arc<str>, answer: &NodeResponse) {
        if *answer == NodeResponse::Refused {
            if self.paths.len() < KEPT && self.paths.insert(Arc::clone(path)) {
                self.metrics.record_missing_right(self.right(path));
            }
        } else if !self.paths.is_empty() && self.paths.remove(path) {
            self.metrics.record_granted_right(&self.right(path));
        }
    }

    /// Forgets nodes that are not refused any more, because they no longer exist.
    pub fn retain(&mut self, is_refused: impl Fn(&str) -> bool) {
        let Self { paths, chroot, metrics } = self;
        for path in paths.extract_if(.., |path| !is_refused(path)) {
            metrics.record_granted_right(&Right::to_read_node(&format!("{chroot}{path}")));
        }
    }

    /// Whether the root may not be read, so that there is nothing to follow.
    pub fn has_root(&self) -> bool {
        self.paths.contains(ROOT)
    }

    fn right(&self, path: &str) -> Right {
        Right::to_read_node(&format!("{}{path}", self.chroot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ModuleKind;

    #[test]
    fn a_node_is_missing_until_it_is_read_or_gone() {
        let metrics = ModuleMetrics::detached("c", ModuleKind::Consumer, "zk");
        let mut refused = RefusedPaths::new("/kafka".to_owned(), metrics.clone());
        let [root, a, b]: [Arc<str>; 3] = [ROOT.into(), "/consumers/a".into(), "/consumers/b".into()];
        for path in [&root, &a, &b] {
            refused.record_answer(path, &NodeResponse::Refused);
        }
        let missing = || {
            let rights = metrics.health().missing_rights();
            rights.iter().map(|right| right.resource.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(missing(), ["node /kafka/consumers", "node /kafka/consumers/a", "node /kafka/consumers/b"]);
        assert!(refused.has_root());
        refused.record_answer(&root, &NodeResponse::Children(Vec::new()));
        assert!(!refused.has_root());
        refused.retain(|path| path == "/consumers/b");
        assert_eq!(missing(), ["node /kafka/consumers/b"]);
    }
}
