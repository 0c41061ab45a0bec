//! What the libraries think of a configuration. They are asked without a socket being opened, and before anything is
//! started: what they refuse is a mistake of the file like any other.

use std::collections::BTreeSet;

use crate::config::{Config, ConsumerClass};
use crate::consumer::kafka_zk;
use crate::kafka::{Client, Role};
use crate::model::ModuleError;

/// All that librdkafka and the client of ZooKeeper refuse, each once, sorted.
pub(super) fn refused(config: &Config) -> BTreeSet<String> {
    let mut tried = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut note = |errors: Vec<ModuleError>| {
        // A mechanism that is not there is not supported yet, which has been found out already.
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
        // What a client is made of is its profile; the servers have been checked.
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
