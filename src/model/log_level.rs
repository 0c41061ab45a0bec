//! The level of the log, and what shows and changes it.

/// Log levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What an operator asked to know.
    Info,
    /// What may need a hand.
    Warn,
    /// What does.
    Error,
}

impl Level {
    /// The name that the file gives it.
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

/// The log's level, which can change while the program runs.
pub struct LogLevel {
    /// The level now.
    pub get: Box<dyn Fn() -> Level + Send + Sync>,
    /// Changes it.
    pub set: Box<dyn Fn(Level) + Send + Sync>,
}
