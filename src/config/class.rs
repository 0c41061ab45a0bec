//! What a class of consumers is to the configuration. The classes themselves are in `consumer`, one folder each.

use std::fmt;

use super::{ClassFacts, ConsumerSection, ConsumerSettings};

/// A class of consumers: what `class-name` names. It reads the keys of its sections.
pub trait ConsumerClass: fmt::Debug + Sync {
    /// What the class is.
    fn facts(&self) -> ClassFacts;

    /// The keys that [`read`](Self::read) looks up.
    fn keys(&self) -> &'static [&'static str];

    /// Reads the settings of a section. Mistakes are added to the section's findings.
    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings>;
}
