//! Checks a configuration with the client libraries. It opens no socket and happens before anything is started, so that
//! a refusal of a library is reported like any other mistake of the file.

use std::collections::BTreeSet;

use crate::config::{Config, ConsumerConfig};
use crate::consumer;
use crate::kafka::{Client, ClientRole};
use crate::model::ModuleError;

/// All refusals of the client libraries, each once, sorted.
pub(super) fn check_with_libraries(config: &Config) -> BTreeSet<String> {
    // Only the profile matters for creating a client, once for each class. Servers have already been checked.
    let mut tried = BTreeSet::new();
    let mut refusals = Vec::new();
    for cluster in &config.clusters {
        if tried.insert(("", cluster.connection.client.name.as_deref())) {
            refusals.append(&mut Client::rejected_settings(&cluster.connection, ClientRole::Cluster));
        }
    }
    for consumer in &config.consumers {
        if tried.insert((consumer.class.name, profile(consumer))) {
            refusals.append(&mut match (consumer::factory(consumer), consumer.settings.connection()) {
                (Some(factory), _) => factory.check(consumer),
                // A class that is not supported yet; its profile is one of Kafka's clients.
                (None, Some(connection)) => Client::rejected_settings(connection, ClientRole::Cluster),
                (None, None) => Vec::new(),
            });
        }
    }
    // A missing mechanism has already been reported as not supported yet.
    let refusals = refusals.iter().filter(|error| !matches!(error, ModuleError::Mechanism { .. }));
    refusals.map(ToString::to_string).collect()
}

fn profile(consumer: &ConsumerConfig) -> Option<&str> {
    consumer.settings.connection().and_then(|connection| connection.client.name.as_deref())
}
