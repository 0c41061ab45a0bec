//! The level of the log, and access to it.

/// Log levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything.
    Trace,
    /// For finding a fault.
    Debug,
    /// What an operator wants to know.
    Info,
    /// What an operator may have to act on.
    Warn,
    /// What an operator has to act on.
    Error,
}

impl Level {
    /// The name of the level in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Reads and changes the level of the log while the program runs.
pub struct LogLevelControl {
    /// Returns the current level.
    pub get: Box<dyn Fn() -> Level + Send + Sync>,
    /// Sets the level.
    pub set: Box<dyn Fn(Level) + Send + Sync>,
}

#[cfg(test)]
impl LogLevelControl {
    /// A level that is held in memory, for tests.
    pub(crate) fn in_memory(level: Level) -> Self {
        let level = std::sync::Arc::new(std::sync::Mutex::new(level));
        let set = std::sync::Arc::clone(&level);
        Self { get: Box::new(move || *level.lock().unwrap()), set: Box::new(move |level| *set.lock().unwrap() = level) }
    }
}
