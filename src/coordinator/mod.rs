//! Configures, starts and stops the modules of one kind, as Burrow's coordinators do.

mod handover;

use std::time::{Duration, Instant};

use tracing::info;

use crate::model::ModuleError;

pub use handover::Handover;

/// How long all modules together may take to stop.
const GRACE: Duration = Duration::from_secs(1);

/// The deadline of a stop that begins now.
#[must_use]
pub fn stop_deadline() -> Instant {
    let now = Instant::now();
    now.checked_add(GRACE).unwrap_or(now)
}

/// A module that is configured but may not be started yet.
pub trait Module: Send {
    /// The path of the section, such as `consumer.local`.
    fn name(&self) -> &str;

    /// Starts the module. A server that cannot be reached is no error: the module retries.
    ///
    /// # Errors
    /// Only what waiting cannot repair.
    fn start(&mut self) -> Result<(), ModuleError>;

    /// Stops the module. Returns when it has stopped completely, or at `deadline`. Does nothing if it was never
    /// started.
    fn stop(&mut self, deadline: Instant);
}

/// The modules of one kind, in a stable order.
pub struct Coordinator {
    modules: Vec<Box<dyn Module>>,
    started: usize,
}

impl Coordinator {
    /// Creates a coordinator of configured modules, which start in this order.
    #[must_use]
    pub const fn new(modules: Vec<Box<dyn Module>>) -> Self {
        Self { modules, started: 0 }
    }

    /// Starts the modules in order. When one fails, no further module is started, and the started ones are stopped.
    ///
    /// # Errors
    /// The error of the module that failed.
    pub fn start(&mut self) -> Result<(), ModuleError> {
        for module in &mut self.modules {
            info!(module = module.name(), "starting");
            if let Err(error) = module.start() {
                self.stop(stop_deadline());
                return Err(error);
            }
            self.started = self.started.saturating_add(1);
        }
        Ok(())
    }

    /// Takes in a module that has been started.
    pub fn add_started(&mut self, module: Box<dyn Module>) {
        self.modules.insert(self.started.min(self.modules.len()), module);
        self.started = self.started.saturating_add(1);
    }

    /// Gives up the module of this name, which goes on as it is.
    pub fn take(&mut self, name: &str) -> Option<Box<dyn Module>> {
        let place = self.modules.iter().position(|module| module.name() == name)?;
        self.started = self.started.saturating_sub(usize::from(place < self.started));
        Some(self.modules.remove(place))
    }

    /// Stops the started modules in reverse order. Returns when each has stopped completely, or at `deadline`.
    pub fn stop(&mut self, deadline: Instant) {
        for module in self.modules.iter_mut().take(self.started).rev() {
            module.stop(deadline);
            info!(module = module.name(), "stopped");
        }
        self.started = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone)]
    struct Fake {
        name: &'static str,
        fails: bool,
        log: Arc<Mutex<Vec<String>>>,
    }

    impl Fake {
        fn note(&self, what: &str) {
            self.log.lock().unwrap().push(format!("{what} {}", self.name));
        }
    }

    impl Module for Fake {
        fn name(&self) -> &str {
            self.name
        }

        fn start(&mut self) -> Result<(), ModuleError> {
            self.note("start");
            if self.fails { Err(ModuleError::Nul(self.name.to_owned())) } else { Ok(()) }
        }

        fn stop(&mut self, _: Instant) {
            self.note("stop");
        }
    }

    fn coordinator(modules: &[(&'static str, bool)]) -> (Coordinator, Arc<Mutex<Vec<String>>>) {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let fake = |(name, fails): &(&'static str, bool)| -> Box<dyn Module> {
            Box::new(Fake { name, fails: *fails, log: Arc::clone(&log) })
        };
        (Coordinator::new(modules.iter().map(fake).collect()), log)
    }

    #[test]
    fn modules_start_in_order_and_stop_in_the_opposite_one() {
        let (mut coordinator, log) = coordinator(&[("a", false), ("b", false)]);
        coordinator.start().unwrap();
        coordinator.stop(stop_deadline());
        coordinator.stop(stop_deadline());
        assert_eq!(*log.lock().unwrap(), ["start a", "start b", "stop b", "stop a"]);
    }

    #[test]
    fn the_first_failing_start_stops_the_rest_and_is_the_error() {
        let (mut coordinator, log) = coordinator(&[("a", false), ("b", true), ("c", true)]);
        assert!(matches!(coordinator.start(), Err(ModuleError::Nul(name)) if name == "b"));
        assert_eq!(*log.lock().unwrap(), ["start a", "start b", "stop a"]);
    }

    #[test]
    fn a_module_can_take_the_place_of_another_one() {
        let (mut coordinator, log) = coordinator(&[("a", false), ("b", false)]);
        coordinator.start().unwrap();
        coordinator.take("a").unwrap().stop(stop_deadline());
        assert!(coordinator.take("a").is_none());
        coordinator.add_started(Box::new(Fake { name: "c", fails: false, log: Arc::clone(&log) }));
        coordinator.stop(stop_deadline());
        assert_eq!(*log.lock().unwrap(), ["start a", "start b", "stop a", "stop c", "stop b"]);
    }

    #[test]
    fn stopping_what_was_never_started_does_nothing() {
        let (mut coordinator, log) = coordinator(&[("a", false)]);
        coordinator.stop(stop_deadline());
        assert!(log.lock().unwrap().is_empty());
    }
}
