//! Why ZooKeeper is not followed, logged once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

/// The current reason why nothing is followed. Changes are logged, but each cause only once until a session has
/// lasted: a server that opens and drops sessions could cause a line every second.
#[derive(Debug)]
pub struct Outage {
    module: String,
    state: Mutex<OutageState>,
}

#[derive(Debug, Default)]
struct OutageState {
    cause: Option<String>,
    /// What was logged since the last session that lasted. `None` stands for "followed".
    logged: Vec<Option<String>>,
}

/// Maximum number of causes that are logged until a session has lasted.
const MOST_TOLD: usize = 16;

impl OutageState {
    /// Whether this was not logged yet. Marks it as logged.
    fn mark_logged(&mut self, cause: Option<String>) -> bool {
        let news = self.logged.len() < MOST_TOLD && !self.logged.contains(&cause);
        if news {
            self.logged.push(cause);
        }
        news
    }
}

impl Outage {
    /// Starts without a cause, for the module of this name.
    pub fn new(module: String) -> Self {
        Self { module, state: Mutex::default() }
    }

    /// The current cause, if there is one.
    pub fn cause(&self) -> Option<String> {
        self.state().cause.clone()
    }

    /// Sets the cause.
    pub fn set_cause(&self, cause: &str) {
        let mut held = self.state();
        held.cause = Some(cause.to_owned());
        if held.mark_logged(Some(cause.to_owned())) {
            warn!(module = self.module, cause, "ZooKeeper is not followed");
        }
    }

    /// Clears the cause after a tree of `nodes` nodes has been read.
    pub fn clear_cause(&self, nodes: usize) {
        let mut held = self.state();
        held.cause = None;
        if held.mark_logged(None) {
            self.log_followed(nodes);
        }
    }

    /// Records that the session has lasted: every later cause is logged again.
    pub fn record_stable_session(&self, nodes: usize) {
        let mut held = self.state();
        if held.logged.last().is_some_and(Option::is_some) {
            self.log_followed(nodes);
        }
        held.logged.clear();
    }

    fn log_followed(&self, nodes: usize) {
        info!(module = self.module, nodes, "ZooKeeper is followed");
    }

    fn state(&self) -> MutexGuard<'_, OutageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_holds_until_the_tree_has_been_read() {
        let outage = Outage::new("zk".to_owned());
        assert_eq!(outage.cause(), None);
        outage.set_cause("it is down");
        outage.set_cause("it is away");
        assert_eq!(outage.cause().as_deref(), Some("it is away"));
        outage.clear_cause(1);
        assert_eq!(outage.cause(), None);
    }

    #[test]
    fn a_cause_is_news_once_until_a_session_has_lasted() {
        let outage = Outage::new("zk".to_owned());
        let told = || outage.state().logged.clone();
        let cause = |text: &str| Some(text.to_owned());
        for _ in 0..3 {
            outage.set_cause("a");
            outage.clear_cause(1);
            outage.set_cause("b");
        }
        assert_eq!(told(), [cause("a"), None, cause("b")]);
        outage.clear_cause(1);
        outage.record_stable_session(1);
        assert_eq!(told(), []);
        outage.set_cause("a");
        outage.clear_cause(1);
        assert_eq!(told(), [cause("a"), None]);
        (0..100).for_each(|number| outage.set_cause(&number.to_string()));
        assert_eq!((told().len(), outage.cause()), (MOST_TOLD, cause("99")));
    }
}
