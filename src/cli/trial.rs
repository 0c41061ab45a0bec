//! Checks a configuration with the client libraries. It opens no socket and happens before anything is started, so that
//! a refusal of a library is reported like any other mistake of the file.

use std::collections::BTreeSet;

use crate::config::{Config, ConsumerClass};
use crate::consumer::kafka_zk;
use crate::kafka::{Client, Role};
use crate::model::ModuleError;

/// All refusals of librdkafka and the ZooKeeper client, each once, sorted.
pub(super) fn refused(config: &Config) -> BTreeSet<String> {
    let mut tried = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut note = |errors: Vec<ModuleError>| {
        // A missing mechanism has already been reported as not supported yet.
        let errors = errors.into_iter().filter(|error| !matches!(error, ModuleError::Mechanism { .. }));
        refused.extend(errors.map(|error| error.to_string()));
    };
    let clusters = config.clusters.iter().map(|cluster| (&cluster.connection, Role::Cluster));
    let consumers = config.consumers.iter().filter_map(|consumer| match consumer.class {
        ConsumerClass::Kafka(_) => Some((&consumer.connection, Role::Reader)),
        ConsumerClass::KafkaAdmin => Some((&consumer.connection, Role::Cluster)),
        ConsumerClass::KafkaZk(_) => None,
    });
    for (connection, role) in clusters.chain(consumers) {
        // Only the profile matters for creating a client. Servers have already been checked.
        if tried.insert((&connection.client.name, role)) {
            note(Client::trial(connection, role));
        }
    }
    for consumer in &config.consumers {
        if let ConsumerClass::KafkaZk(zookeeper) = &consumer.class {
            note(kafka_zk::check(consumer, zookeeper).err().into_iter().collect());
        }
    }
    refused
}
