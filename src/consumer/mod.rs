//! Consumer modules: each reads commits and members of groups from its servers and updates storage.
//!
//! A class has one folder. Its `mod.rs` has the class and its settings, which belong to the core; `module` has what
//! connects, behind the feature `daemon`. [`CLASSES`] and `FACTORIES` list the classes, and nothing else does.

pub mod kafka;
pub mod kafka_admin;
pub mod kafka_zk;

#[cfg(feature = "daemon")]
mod factory;
#[cfg(feature = "daemon")]
mod takeover;

use std::collections::BTreeSet;

use crate::config::{ConnectionConfig, ConsumerClass, ConsumerSettings};

#[cfg(feature = "daemon")]
pub use factory::{ModuleContext, ModuleFactory, factory};

/// All classes.
pub const CLASSES: &[&dyn ConsumerClass] =
    &[&kafka::KafkaClass, &kafka_zk::KafkaZkClass, &kafka_admin::KafkaAdminClass];

/// The modules of the classes that are supported.
#[cfg(feature = "daemon")]
const FACTORIES: &[&dyn ModuleFactory] = &[&kafka::module::KafkaFactory, &kafka_zk::module::KafkaZkFactory];

/// The settings of the consumer of a cluster that has no consumer section.
#[must_use]
pub fn default_settings(connection: ConnectionConfig) -> Box<dyn ConsumerSettings> {
    Box::new(kafka::KafkaSettings::of_cluster(connection))
}

/// The values of the label `reason` of `warrener_record_errors_total`, of all classes, each once.
#[must_use]
pub fn record_errors() -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    CLASSES
        .iter()
        .flat_map(|class| class.facts().record_errors)
        .copied()
        .filter(|reason| seen.insert(*reason))
        .collect()
}
