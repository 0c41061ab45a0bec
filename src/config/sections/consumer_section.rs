//! A `[consumer.*]` section as its class reads it.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::ConnectionConfig;
use crate::config::file::bounds::ValueBounds;
use crate::config::file::findings::Findings;
use crate::config::file::section::Section;
use crate::config::sections::client::Profiles;
use crate::config::sections::cluster::read_connection;
use crate::config::sections::exposure;
use crate::config::sections::tls::read_readable_path;

/// A section of a consumer, with the profiles that it may name. Its class reads its own keys from it.
pub struct ConsumerSection<'s, 'a, 'f> {
    pub(super) section: &'s mut Section<'a>,
    pub(super) profiles: &'s mut Profiles,
    pub(super) findings: &'s mut Findings<'f>,
}

impl ConsumerSection<'_, '_, '_> {
    /// Reads `servers` and `client-profile` of a connection to Kafka.
    pub fn kafka_connection(&mut self) -> ConnectionConfig {
        let connection = read_connection(self.section, self.profiles, self.findings);
        exposure::warn_of_kafka(&connection, self.findings);
        connection
    }

    /// Reads `servers` and `client-profile` of a connection to ZooKeeper.
    pub fn zookeeper_connection(&mut self) -> ConnectionConfig {
        let connection = read_connection(self.section, self.profiles, self.findings);
        exposure::warn_of_zookeeper(&connection, self.findings);
        connection
    }

    /// Reads a string that has a form. `expected` describes the form in the mistake. An empty string is the same as
    /// none.
    pub fn text(&mut self, key: &'static str, is_valid: fn(&str) -> bool, expected: &str) -> Option<String> {
        let text = self.section.text(self.findings, key)?;
        if !is_valid(&text.value) {
            self.findings.add_mistake(text.path, format!("expected {expected}, found {}", text.shown));
        }
        Some(text.value)
    }

    /// Reads the required path of a file, and checks that the file can be read. `what` describes it in the mistake if it
    /// is missing.
    pub fn required_file(&mut self, key: &'static str, what: &str) -> Option<PathBuf> {
        self.section.required(self.findings, key, what)?;
        read_readable_path(self.section, key, self.findings)
    }

    /// Reads `true` or `false`; false by default.
    pub fn flag(&mut self, key: &'static str) -> bool {
        self.section.flag(self.findings, key)
    }

    /// Reads a time, with a default in seconds.
    pub(crate) fn wait(&mut self, bounds: &ValueBounds<Duration>, default: u64) -> Duration {
        self.section.time_or_default(self.findings, bounds, default)
    }

    /// Adds a mistake in the value of a key.
    pub fn mistake(&mut self, key: &str, problem: &str) {
        self.findings.add_mistake(self.section.path.key(key), problem);
    }

    /// Adds a warning about a key.
    pub fn warn(&mut self, key: &str, problem: &str) {
        self.findings.warn(self.section.path.key(key), problem);
    }

    /// Reports a key as one of a feature that this version does not have.
    pub fn unsupported(&mut self, key: &str) {
        self.findings.add_unsupported(self.section.path.key(key));
    }

    /// Reports the value of a key as one that cannot be supported, and why.
    pub fn unsupported_value(&mut self, key: &str, value: &str, reason: &'static str) {
        self.findings.add_unsupported_because(self.section.path.key(key), value, reason);
    }
}
