//! Makes the modules of a class.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{ConsumerConfig, ConsumerFilters, ConsumerSettings};
use crate::coordinator::{Handover, Module};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::Cluster;
use crate::task::FailureSender;
use crate::token::TokenProviders;

use super::FACTORIES;

/// Makes the modules of a class. Its name is that of the class.
pub trait ModuleFactory: fmt::Debug + Sync {
    /// The value of `class-name`.
    fn name(&self) -> &'static str;

    /// Checks what only client libraries can check. Nothing is connected and nothing stays.
    fn check(&self, _section: &ConsumerConfig) -> Vec<ModuleError> {
        Vec::new()
    }

    /// Makes a module, without a connection.
    ///
    /// # Errors
    /// Settings that a client library refuses.
    fn configure(&self, section: &ConsumerConfig, context: ModuleContext) -> Result<Box<dyn Module>, ModuleError>;
}

/// The settings of a section, as the type of its class.
///
/// # Panics
/// The section is of another class. A factory gets only sections of its own.
#[expect(clippy::expect_used, reason = "a factory gets the sections of its class, whose settings are of this type")]
pub(super) fn settings<T: ConsumerSettings>(section: &ConsumerConfig) -> &T {
    section.settings.of().expect("invariant: a section has the settings of its class")
}

/// The factory of a section's class. `None` for a class that is not supported yet, whose sections a run refuses.
#[must_use]
pub fn factory(section: &ConsumerConfig) -> Option<&'static dyn ModuleFactory> {
    FACTORIES.iter().copied().find(|factory| factory.name() == section.class.name)
}

/// What a module receives in addition to its own section.
#[derive(Debug)]
pub struct ModuleContext {
    /// The filters of the module's section, of storage and of the cluster, which a reload may change. The module applies
    /// them, and removes what they no longer allow.
    pub filters: watch::Receiver<Arc<ConsumerFilters>>,
    /// When the module may show what it has read.
    pub handover: Handover,
    /// How often log ends are requested.
    pub offset_refresh: Duration,
    /// The cluster in storage that the module updates.
    pub cluster: Arc<Cluster>,
    /// The module's own metrics.
    pub metrics: ModuleMetrics,
    /// Where the module reports that it cannot continue.
    pub failures: FailureSender,
    /// The providers of tokens, for clients that authenticate with them.
    pub tokens: TokenProviders,
    /// Cancelled when the program stops.
    pub stop: CancellationToken,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::CLASSES;

    #[test]
    fn every_supported_class_has_a_factory_of_its_name_and_no_other_has_one() {
        let classes: Vec<_> = CLASSES
            .iter()
            .map(|class| class.facts())
            .filter(|class| class.is_supported)
            .map(|class| class.name)
            .collect();
        let factories: Vec<_> = FACTORIES.iter().map(|factory| factory.name()).collect();
        assert_eq!(classes, factories);
    }
}
