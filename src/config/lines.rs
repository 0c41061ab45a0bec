//! The lines in which `check` shows how a client connects.

use super::{ClientProfile, ConnectionConfig, SettingLine, TlsConfig};

/// The lines of a connection to Kafka: servers and profile.
#[must_use]
pub fn connection_lines(ConnectionConfig { servers, client }: &ConnectionConfig) -> Vec<SettingLine> {
    let sasl = client.sasl.as_ref().map_or("none", |sasl| sasl.mechanism.name());
    let mut lines = vec![
        servers_line(servers),
        profile_line(client),
        SettingLine::new("client id", format!("{:?}", client.client_id)),
        tls_line(client.tls.as_ref()),
        SettingLine::new("sasl", sasl),
    ];
    if !client.properties.is_empty() {
        // Only names are shown, because a property may be a password.
        let names: Vec<_> = client.properties.keys().map(String::as_str).collect();
        lines.push(SettingLine::new("properties", names.join(", ")));
    }
    lines
}

/// The line with the servers.
#[must_use]
pub fn servers_line(servers: &[String]) -> SettingLine {
    SettingLine::new("servers", servers.join(", "))
}

/// The line with the name of a profile.
#[must_use]
pub fn profile_line(client: &ClientProfile) -> SettingLine {
    let name = client.name.as_ref().map_or_else(|| "default".to_owned(), |name| format!("{name:?}"));
    SettingLine::new("profile", name)
}

/// The line of TLS settings.
#[must_use]
pub fn tls_line(tls: Option<&TlsConfig>) -> SettingLine {
    SettingLine::new("tls", tls.map_or_else(|| "none".to_owned(), tls_text))
}

fn tls_text(tls: &TlsConfig) -> String {
    let verified = match (tls.no_verify, &tls.ca_file) {
        (true, _) => "certificates are NOT verified".to_owned(),
        (false, Some(path)) => format!("CA certificates in {}", path.display()),
        (false, None) => "CA certificates of the system".to_owned(),
    };
    match &tls.identity {
        Some(identity) => format!("{:?}: {verified}, certificate {}", tls.name, identity.cert_file.display()),
        None => format!("{:?}: {verified}", tls.name),
    }
}
