//! Errors of modules.

use std::io;
use std::path::PathBuf;

/// Why a module cannot be configured, started or continued.
///
/// A problem that may pass by itself is not among them: a server that cannot be reached is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// librdkafka does not know a property, or does not accept its value.
    #[error(
        "{section}.properties.{name:?}: librdkafka refuses it: {reason}; correct it as its CONFIGURATION.md says, or remove it"
    )]
    Property {
        /// The section that contains the property.
        section: String,
        /// The property.
        name: String,
        /// librdkafka's message, without the value.
        reason: String,
    },
    /// This build does not support a SASL mechanism.
    #[error("{section}: mechanism {mechanism} is not supported by this build")]
    Mechanism {
        /// The section that names the mechanism.
        section: String,
        /// The mechanism.
        mechanism: &'static str,
    },
    /// A file of certificates or keys cannot be read.
    #[error("{section}: cannot read {}", path.display())]
    Unreadable {
        /// The section and the key that name the file.
        section: String,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of certificates, keys or passwords has another content.
    #[error("{section}: expected {expected}, found {}: {reason}", path.display())]
    Unfit {
        /// The section and the key that name the file.
        section: String,
        /// What the file should be.
        expected: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without any of its content.
        reason: String,
    },
    /// librdkafka refuses to create a client: key material does not match, or a mechanism has no user.
    #[error("{section}: cannot create a Kafka client: {reason}")]
    Client {
        /// The section that the client is for.
        section: String,
        /// librdkafka's message.
        reason: String,
    },
    /// Key material for a ZooKeeper client is invalid.
    #[error("{section}: cannot create a ZooKeeper client: {reason}")]
    ZooKeeper {
        /// The section and the key that name the material.
        section: String,
        /// What is wrong with it.
        reason: String,
    },
    /// librdkafka refuses a call that fails only because of a programming mistake or a lack of memory.
    #[error("librdkafka cannot {doing}: {reason}")]
    Call {
        /// What the call should do, as an infinitive.
        doing: &'static str,
        /// librdkafka's text for the error code.
        reason: String,
    },
    /// A name contains a NUL byte.
    #[error("{0:?} is not a valid name in Kafka: it contains a NUL character")]
    Nul(String),
    /// The system cannot create a thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}
