//! Why ZooKeeper is not followed, logged once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

/// The current reason why nothing is followed. Changes are logged, but each cause only once until a session has
/// lasted: a server that opens and drops sessions could cause a line every second.
#[derive(Debug)]
pub struct Trouble {
    module: String,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    cause: Option<String>,
    /// What was logged since the last session that lasted. `None` stands for "followed".
    told: Vec<Option<String>>,
}

/// Maximum number of causes that are logged until a session has lasted.
const MOST_TOLD: usize = 16;

impl Held {
    /// Whether this was not logged yet. Marks it as logged.
    fn is_news(&mut self, cause: Option<String>) -> bool {
        let news = self.told.len() < MOST_TOLD && !self.told.contains(&cause);
        if news {
            self.told.push(cause);
        }
        news
    }
}

impl Trouble {
    /// Starts without a cause, for the module of this name.
    pub fn new(module: String) -> Self {
        Self { module, held: Mutex::default() }
    }

    /// The current cause, if there is one.
    pub fn cause(&self) -> Option<String> {
        self.held().cause.clone()
    }

    /// Sets the cause.
    pub fn tell(&self, cause: &str) {
        let mut held = self.held();
        held.cause = Some(cause.to_owned());
        if held.is_news(Some(cause.to_owned())) {
            warn!(module = self.module, cause, "ZooKeeper is not followed");
        }
    }

    /// Clears the cause after a tree of `nodes` nodes has been read.
    pub fn end(&self, nodes: usize) {
        let mut held = self.held();
        held.cause = None;
        if held.is_news(None) {
            self.followed(nodes);
        }
    }

    /// Records that the session has lasted: every later cause is logged again.
    pub fn settle(&self, nodes: usize) {
        let mut held = self.held();
        if held.told.last().is_some_and(Option::is_some) {
            self.followed(nodes);
        }
        held.told.clear();
    }

    fn followed(&self, nodes: usize) {
        info!(module = self.module, nodes, "ZooKeeper is followed");
    }

    fn held(&self) -> MutexGuard<'_, Held> {
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

    #[test]
    fn a_cause_is_news_once_until_a_session_has_lasted() {
        let trouble = Trouble::new("zk".to_owned());
        let told = || trouble.held().told.clone();
        let cause = |text: &str| Some(text.to_owned());
        for _ in 0..3 {
            trouble.tell("a");
            trouble.end(1);
            trouble.tell("b");
        }
        assert_eq!(told(), [cause("a"), None, cause("b")]);
        trouble.end(1);
        trouble.settle(1);
        assert_eq!(told(), []);
        trouble.tell("a");
        trouble.end(1);
        assert_eq!(told(), [cause("a"), None]);
        (0..100).for_each(|number| trouble.tell(&number.to_string()));
        assert_eq!((told().len(), trouble.cause()), (MOST_TOLD, cause("99")));
    }
}
