//! What the program has that a configuration may name.

use super::{ConnectionConfig, ConsumerClass, ConsumerSettings, NameSet};

/// The consumer classes and name sets of the program. `consumer` and `metrics` define them, which use the checked
/// configuration; so they are passed to its reader.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    /// All classes of consumers.
    pub classes: &'static [&'static dyn ConsumerClass],
    /// The class of the consumer of a cluster that has no consumer section.
    pub default_class: &'static dyn ConsumerClass,
    /// The settings of that consumer.
    pub default_settings: fn(ConnectionConfig) -> Box<dyn ConsumerSettings>,
    /// The names of all name sets.
    pub name_sets: fn() -> Vec<NameSet>,
}
