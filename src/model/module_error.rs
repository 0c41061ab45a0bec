//! What can go wrong with a module.

use std::io;
use std::path::PathBuf;

/// Why a module cannot be configured, started or go on. What waiting repairs is none of these: a server that
/// cannot be reached is retried.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// A property that librdkafka does not know, or not with this value.
    #[error(
        "{section}.properties.{name:?}: expected what librdkafka's CONFIGURATION.md lists, found other: {reason}; correct it or remove it"
    )]
    Property {
        /// The section that names it.
        section: String,
        /// The property.
        name: String,
        /// librdkafka's words, without the value.
        reason: String,
    },
    /// A SASL mechanism that this build lacks.
    #[error("{section}: mechanism {mechanism} is not supported by this build")]
    Mechanism {
        /// The section that names it.
        section: String,
        /// The mechanism.
        mechanism: &'static str,
    },
    /// A file of certificates or keys that cannot be read.
    #[error("{section}: cannot read {}", path.display())]
    Unreadable {
        /// The section and key that name it.
        section: String,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// librdkafka refuses to make a client: key material that does not fit, a mechanism without a user.
    #[error("{section}: no Kafka client can be made: {reason}")]
    Client {
        /// The section it is made for.
        section: String,
        /// librdkafka's words.
        reason: String,
    },
    /// Key material that does not fit a client of ZooKeeper.
    #[error("{section}: no ZooKeeper client can be made: {reason}")]
    ZooKeeper {
        /// The section and key that name it.
        section: String,
        /// What is wrong with it.
        reason: String,
    },
    /// librdkafka refuses a call that cannot fail but by a mistake, or for want of memory.
    #[error("librdkafka cannot {doing}: {reason}")]
    Call {
        /// What was asked for.
        doing: &'static str,
        /// The error code that it answered with, in words.
        reason: String,
    },
    /// A name that holds a NUL.
    #[error("{0:?} is no name for Kafka: it holds a NUL")]
    Nul(String),
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}
