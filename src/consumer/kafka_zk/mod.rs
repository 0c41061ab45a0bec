//! Class `kafka_zk`: follows `/consumers` in ZooKeeper.

#[cfg(feature = "daemon")]
pub mod module;

use std::time::Duration;

use crate::config::{
    BurrowKeys, ClassFacts, ConnectionConfig, ConsumerClass, ConsumerSection, ConsumerSettings, SaslConfig,
    SaslMechanism, SettingLine, bounds, profile_line, servers_line, tls_line, values,
};
use crate::zktree::NodeFault;

/// Default session timeout, in seconds.
const TIMEOUT: u64 = 30;

/// The key that names the profile.
const KEY: &str = "client-profile";

/// The value of `class-name`.
pub(crate) const NAME: &str = "kafka_zk";

/// The class.
#[derive(Debug)]
pub struct KafkaZkClass;

/// Settings of a consumer of class `kafka_zk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaZkSettings {
    /// Servers of the ensemble, and client profile.
    pub connection: ConnectionConfig,
    /// The chroot. Empty for the root.
    pub path: String,
    /// Session timeout.
    pub timeout: Duration,
}

impl ConsumerClass for KafkaZkClass {
    fn facts(&self) -> ClassFacts {
        ClassFacts {
            name: NAME,
            is_supported: true,
            waits_for: "reading the ZooKeeper tree",
            record_errors: &NodeFault::REASONS,
        }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["servers", "client-profile", "zookeeper-path", "zookeeper-timeout"]
    }

    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings> {
        let connection = section.zookeeper_connection();
        check_profile(section, &connection);
        let form = "a path such as /kafka, which begins with / and does not end with /";
        let path = section.text("zookeeper-path", values::is_zookeeper_path, form).unwrap_or_default();
        let timeout = section.wait(&bounds::ZOOKEEPER_TIMEOUT, TIMEOUT);
        Box::new(KafkaZkSettings { connection, path, timeout })
    }
}

/// Checks what a profile needs for ZooKeeper, and warns of what has no effect there.
fn check_profile(section: &mut ConsumerSection<'_, '_, '_>, connection: &ConnectionConfig) {
    let profile = &connection.client;
    if let Some(sasl) = &profile.sasl {
        check_sasl(section, sasl);
    }
    if let Some(tls) = profile.tls.as_ref().filter(|tls| tls.no_verify) {
        let reason = "the ZooKeeper client always verifies the server's certificate; set cafile instead";
        section.unsupported_value(KEY, &format!("noverify = true in [tls.{}], for ZooKeeper", tls.name), reason);
    }
    if !profile.properties.is_empty() {
        section.warn(KEY, "the properties of the profile apply to librdkafka only, not to ZooKeeper");
    }
}

/// ZooKeeper's digest is user and password in one string. The user ends at the first colon.
fn check_sasl(section: &mut ConsumerSection<'_, '_, '_>, sasl: &SaslConfig) {
    match sasl.mechanism {
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            let user = !sasl.username.is_empty() && !sasl.username.contains(':');
            if !user || sasl.password.is_none() {
                let needed = "expected a profile whose [sasl.*] has a password and a user name without a colon";
                section.mistake(KEY, &format!("{needed}, for ZooKeeper's digest, found [sasl.{}]", sasl.name));
            }
        }
        SaslMechanism::OauthBearer | SaslMechanism::AwsMskIam | SaslMechanism::Gssapi => {
            let reason = "the ZooKeeper client of this program knows the digest of a user name and a password only";
            let kind = if sasl.is_of_iam_section() { "iam" } else { "sasl" };
            let value = format!("mechanism {} in [{kind}.{}], for ZooKeeper", sasl.mechanism.name(), sasl.name);
            section.unsupported_value(KEY, &value, reason);
        }
    }
}

impl ConsumerSettings for KafkaZkSettings {
    fn equals(&self, other: &dyn ConsumerSettings) -> bool {
        other.of() == Some(self)
    }

    fn connection(&self) -> Option<&ConnectionConfig> {
        Some(&self.connection)
    }

    fn lines(&self) -> Vec<SettingLine> {
        let client = &self.connection.client;
        let digest = client.sasl.as_ref().map(|sasl| format!("user {:?}", sasl.username));
        vec![
            servers_line(&self.connection.servers),
            profile_line(client),
            tls_line(client.tls.as_ref()),
            SettingLine::new("digest", digest.unwrap_or_else(|| "none".to_owned())),
            SettingLine::new("follows", format!("{}/consumers", self.path)),
            SettingLine::new("timeout", humantime::format_duration(self.timeout).to_string()),
        ]
    }

    fn burrow_keys(&self) -> BurrowKeys {
        let (zookeeper_path, zookeeper_timeout) = (self.path.clone(), self.timeout);
        BurrowKeys { zookeeper_path, zookeeper_timeout, ..BurrowKeys::default() }
    }
}
