//! What a class of consumers is to the configuration. The classes themselves are in `consumer`, one folder each.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use super::{ConnectionConfig, ConsumerSection};

/// A class of consumers: what `class-name` names. It reads the keys of its sections and says what depends on the class.
pub trait ConsumerClass: fmt::Debug + Sync {
    /// The value of `class-name`.
    fn name(&self) -> &'static str;

    /// The keys that [`read`](Self::read) looks up.
    fn keys(&self) -> &'static [&'static str];

    /// Whether this version has modules of the class.
    fn is_supported(&self) -> bool {
        true
    }

    /// What a module has to do to become ready, in words.
    fn waits_for(&self) -> &'static str;

    /// The values that the label `reason` of `warrener_record_errors_total` may have.
    fn record_errors(&self) -> &'static [&'static str];

    /// Reads the settings of a section. Mistakes are added to the section's findings.
    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings>;
}

/// The settings of one consumer that depend on its class.
pub trait ConsumerSettings: Any + fmt::Debug + Send + Sync {
    /// Servers and client profile, if the class connects to servers.
    fn connection(&self) -> Option<&ConnectionConfig>;

    /// The lines in which `check` shows the settings.
    fn lines(&self) -> Vec<SettingLine>;

    /// The keys that only some of Burrow's classes have, for `/v3/config`.
    fn burrow_keys(&self) -> BurrowKeys {
        BurrowKeys::default()
    }

    /// Changes the settings for `warrener lag`, which reads everything once and ends.
    fn read_once(&mut self) {}
}

impl dyn ConsumerSettings {
    /// The settings as the type of their class. `None` for those of another class.
    #[must_use]
    pub fn of<T: ConsumerSettings>(&self) -> Option<&T> {
        let any: &dyn Any = self;
        any.downcast_ref()
    }
}

/// A line of `check`: what is set, and to which value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingLine {
    /// What is set.
    pub name: &'static str,
    /// The value, without secrets.
    pub value: String,
}

impl SettingLine {
    /// A line of `check`.
    #[must_use]
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }
}

/// The keys of `/v3/config` that only some of Burrow's classes have. Empty values stand for keys that a class lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BurrowKeys {
    /// `offsets-topic`.
    pub offsets_topic: String,
    /// `start-latest`.
    pub start_latest: bool,
    /// `zookeeper-path`.
    pub zookeeper_path: String,
    /// `zookeeper-timeout`.
    pub zookeeper_timeout: Duration,
}
