//! Class `kafka`: reads the offsets topic and the topic with the state of share groups.

#[cfg(feature = "daemon")]
pub mod module;

use crate::config::{
    BurrowKeys, ClassFacts, ConnectionConfig, ConsumerClass, ConsumerSection, ConsumerSettings, Secret, SettingLine,
    connection_lines, values,
};
use crate::offsets::DecodeError;

/// The topic in which Kafka keeps committed offsets.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// How long a broker may delay an answer without records. Partitions are requested as they are found, so the first
/// answer often has no records. The default of half a second, which a run uses, would be most of the time of a reading.
const FETCH_WAIT: (&str, &str) = ("fetch.wait.max.ms", "50");

/// The value of `class-name`.
pub(crate) const NAME: &str = "kafka";

/// The class.
#[derive(Debug)]
pub struct KafkaClass;

/// Settings of a consumer of class `kafka`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaSettings {
    /// Servers and client profile.
    pub connection: ConnectionConfig,
    /// Name of the topic, usually `__consumer_offsets`.
    pub topic: String,
    /// Where reading begins.
    pub start: StartMode,
    /// Instances with the same name share the partitions of the topic.
    pub share_group: Option<String>,
}

/// Where reading of the offsets topic begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartMode {
    /// At the beginning.
    Earliest,
    /// At the end: only new commits are read.
    Latest,
    /// At the end, while the past is read beside the live stream.
    LatestThenBackfill,
}

impl KafkaSettings {
    /// The settings of the consumer of a cluster that has no consumer section.
    #[must_use]
    pub fn of_cluster(connection: ConnectionConfig) -> Self {
        Self { connection, topic: OFFSETS_TOPIC.to_owned(), start: StartMode::Earliest, share_group: None }
    }
}

impl ConsumerClass for KafkaClass {
    fn facts(&self) -> ClassFacts {
        ClassFacts {
            name: NAME,
            is_supported: true,
            waits_for: "reading the offsets topic to its end",
            record_errors: &DecodeError::REASONS,
        }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["servers", "client-profile", "offsets-topic", "start-latest", "backfill-earliest", "share-group"]
    }

    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings> {
        let mut settings = KafkaSettings::of_cluster(section.kafka_connection());
        if let Some(topic) = section.text(
            "offsets-topic",
            values::is_topic,
            "the name of a topic (letters, digits, \".\", \"_\" and \"-\")",
        ) {
            settings.topic = topic;
        }
        settings.start = read_start(section);
        settings.share_group = section.text("share-group", |_| true, "a name");
        if settings.share_group.is_some() {
            section.unsupported("share-group");
        }
        Box::new(settings)
    }
}

fn read_start(section: &mut ConsumerSection<'_, '_, '_>) -> StartMode {
    let (latest, backfill) = (section.flag("start-latest"), section.flag("backfill-earliest"));
    match (latest, backfill) {
        (true, true) => StartMode::LatestThenBackfill,
        (true, false) => StartMode::Latest,
        (false, false) => StartMode::Earliest,
        (false, true) => {
            section.warn("backfill-earliest", "has no effect without start-latest = true");
            StartMode::Earliest
        }
    }
}

impl ConsumerSettings for KafkaSettings {
    fn equals(&self, other: &dyn ConsumerSettings) -> bool {
        other.of() == Some(self)
    }

    fn connection(&self) -> Option<&ConnectionConfig> {
        Some(&self.connection)
    }

    fn lines(&self) -> Vec<SettingLine> {
        let start = match self.start {
            StartMode::Earliest => "from its beginning",
            StartMode::Latest => "from its end",
            StartMode::LatestThenBackfill => "from its end, then the records before it",
        };
        let mut lines = connection_lines(&self.connection);
        lines.push(SettingLine::new("reads", format!("{} {start}", self.topic)));
        lines.extend(self.share_group.iter().map(|group| SettingLine::new("share group", format!("{group:?}"))));
        lines
    }

    fn burrow_keys(&self) -> BurrowKeys {
        let start_latest = self.start != StartMode::Earliest;
        BurrowKeys { offsets_topic: self.topic.clone(), start_latest, ..BurrowKeys::default() }
    }

    /// All groups are read, even those that a run leaves out or leaves to other instances, and brokers wait less.
    fn read_once(&mut self) {
        (self.start, self.share_group) = (StartMode::Earliest, None);
        let (name, value) = FETCH_WAIT;
        let properties = &mut self.connection.client.properties;
        properties.entry(name.to_owned()).or_insert_with(|| Secret::new(value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ClientProfile;

    fn settings() -> KafkaSettings {
        KafkaSettings::of_cluster(ConnectionConfig {
            servers: vec!["a:1".to_owned()],
            client: ClientProfile::default(),
        })
    }

    #[test]
    fn a_reading_is_of_the_whole_topic_and_shared_with_nobody() {
        let mut settings = KafkaSettings { start: StartMode::Latest, share_group: Some("w".to_owned()), ..settings() };
        settings.read_once();
        assert_eq!((settings.start, settings.share_group), (StartMode::Earliest, None));
    }

    #[test]
    fn a_reading_is_in_a_hurry_unless_its_profile_knows_better() {
        let wait = |mut settings: KafkaSettings| {
            settings.read_once();
            settings.connection.client.properties.get(FETCH_WAIT.0).map(|value| value.reveal().to_owned())
        };
        assert_eq!(wait(settings()).as_deref(), Some(FETCH_WAIT.1));
        let mut own = settings();
        own.connection.client.properties.insert(FETCH_WAIT.0.to_owned(), Secret::new("7".to_owned()));
        assert_eq!(wait(own).as_deref(), Some("7"));
    }
}
