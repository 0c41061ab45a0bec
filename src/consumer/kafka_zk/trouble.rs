//! What stands in the way, told once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

/// Why nothing is followed just now. The log is told when that changes.
#[derive(Debug)]
pub struct Trouble {
    module: String,
    held: Mutex<Option<String>>,
}

impl Trouble {
    /// None so far, in a module of this name.
    pub const fn new(module: String) -> Self {
        Self { module, held: Mutex::new(None) }
    }

    /// The cause, while there is one.
    pub fn cause(&self) -> Option<String> {
        self.held().clone()
    }

    /// There is a cause.
    pub fn tell(&self, cause: &str) {
        if self.held().replace(cause.to_owned()).as_deref() != Some(cause) {
            warn!(module = self.module, cause, "ZooKeeper is not followed");
        }
    }

    /// There is none any more: the tree has been read, of so many nodes.
    pub fn end(&self, nodes: usize) {
        self.held().take();
        info!(module = self.module, nodes, "ZooKeeper is followed");
    }

    fn held(&self) -> MutexGuard<'_, Option<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_holds_until_the_tree_has_been_read() {
        let trouble = Trouble::new("zk".to_owned());
        assert_eq!(trouble.cause(), None);
        trouble.tell("it is down");
        trouble.tell("it is away");
        assert_eq!(trouble.cause().as_deref(), Some("it is away"));
        trouble.end(1);
        assert_eq!(trouble.cause(), None);
    }
}
