//! The errors for settings that librdkafka refuses. They never show a password or another secret value.

use rdkafka::error::KafkaError;

use crate::config::{ConnectionConfig, Secret};
use crate::model::ModuleError;

/// The configuration section that a property comes from.
fn section(connection: &ConnectionConfig) -> String {
    match &connection.client.name {
        Some(name) => format!("client-profile.{name}"),
        None => "client-profile".to_owned(),
    }
}

/// librdkafka's refusal without the property's value, which may be a secret.
pub(super) fn refusal_error(
    connection: &ConnectionConfig,
    password: Option<&Secret>,
    error: KafkaError,
) -> ModuleError {
    let section = section(connection);
    if let KafkaError::ClientConfig(_, reason, name, value) = error {
        // A number that is out of range is no secret, and its digits may also occur in the range itself.
        let is_plain = value.is_empty() || !is_secret(&name) && value.parse::<f64>().is_ok();
        let reason = if is_plain { reason } else { reason.replace(&value, "***") };
        return ModuleError::Property { section, name, reason: reason.trim().to_owned() };
    }
    let reason = if let KafkaError::ClientCreation(reason) = error { reason } else { error.to_string() };
    ModuleError::Client {
        section,
        reason: without_secrets(connection, password, reason.trim_end_matches([':', '\n', ' '])),
    }
}

pub(super) fn without_secrets(connection: &ConnectionConfig, password: Option<&Secret>, reason: &str) -> String {
    let properties = connection.client.properties.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    properties
        .chain(password)
        .map(Secret::reveal)
        .filter(|secret| !secret.is_empty())
        .fold(reason.to_owned(), |text, secret| text.replace(secret, "***"))
}

fn is_secret(property: &str) -> bool {
    ["password", "secret", "key.pem", "sasl.oauthbearer.config"].iter().any(|part| property.contains(part))
}
