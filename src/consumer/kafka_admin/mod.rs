//! Class `kafka_admin`: asks brokers for committed offsets. This version has no module of it.

use crate::config::{
    ClassFacts, ConnectionConfig, ConsumerClass, ConsumerSection, ConsumerSettings, SettingLine, connection_lines,
};

/// The value of `class-name`.
pub(crate) const NAME: &str = "kafka_admin";

/// The class.
#[derive(Debug)]
pub struct KafkaAdminClass;

/// Settings of a consumer of class `kafka_admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaAdminSettings {
    /// Servers and client profile.
    pub connection: ConnectionConfig,
}

impl ConsumerClass for KafkaAdminClass {
    fn facts(&self) -> ClassFacts {
        ClassFacts { name: NAME, is_supported: false, waits_for: "reading committed offsets", record_errors: &[] }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["servers", "client-profile"]
    }

    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings> {
        Box::new(KafkaAdminSettings { connection: section.kafka_connection() })
    }
}

impl ConsumerSettings for KafkaAdminSettings {
    fn equals(&self, other: &dyn ConsumerSettings) -> bool {
        other.of() == Some(self)
    }

    fn connection(&self) -> Option<&ConnectionConfig> {
        Some(&self.connection)
    }

    fn lines(&self) -> Vec<SettingLine> {
        let mut lines = connection_lines(&self.connection);
        lines.push(SettingLine::new("reads", "committed offsets, from the group coordinators"));
        lines
    }
}
