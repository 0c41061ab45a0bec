//! The consumer classes and name sets of the program, for the reader of the configuration.

use crate::config::Registry;
use crate::{consumer, metrics};

/// Everything that a configuration may name.
pub const REGISTRY: Registry = Registry {
    classes: consumer::CLASSES,
    default_class: &consumer::kafka::KafkaClass,
    default_settings: consumer::default_settings,
    name_sets: metrics::name_sets,
};
