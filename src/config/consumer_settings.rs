//! The checked `[consumer.*]` sections.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use super::{ConnectionConfig, Filter};

/// A `[consumer.*]` section: where committed offsets come from.
#[derive(Debug)]
pub struct ConsumerConfig {
    /// Name of the section, the value of the label `module`.
    pub name: String,
    /// Name of the cluster, as `[cluster.*]` spells it.
    pub cluster: String,
    /// Groups that are kept.
    pub groups: Filter,
    /// What the class is.
    pub class: ClassFacts,
    /// The settings that depend on the class.
    pub settings: Box<dyn ConsumerSettings>,
}

/// What a class of consumers is, apart from the keys of its sections.
#[derive(Clone, Copy, Debug)]
pub struct ClassFacts {
    /// The value of `class-name`.
    pub name: &'static str,
    /// Whether this version has modules of the class.
    pub is_supported: bool,
    /// What a module has to do to become ready, in words.
    pub waits_for: &'static str,
    /// The values that the label `reason` of `warrener_record_errors_total` may have.
    pub record_errors: &'static [&'static str],
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

    /// Whether `other` has the same settings of the same class.
    fn equals(&self, other: &dyn ConsumerSettings) -> bool;

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
