//! The lines in which `check` shows how a client connects.

use super::{
    ClientAuthentication, ClientProfile, ConnectionConfig, SettingLine, TlsConfig, TokenConfig, TokenEndpoint,
    TokenSource,
};

/// The lines of a connection to Kafka: servers and profile.
#[must_use]
pub fn connection_lines(ConnectionConfig { servers, client }: &ConnectionConfig) -> Vec<SettingLine> {
    let sasl = client.sasl.as_ref().map_or("none", |sasl| sasl.mechanism.name());
    let token = client.sasl.as_ref().and_then(|sasl| sasl.token.as_ref());
    let mut lines = vec![
        servers_line(servers),
        profile_line(client),
        SettingLine::new("client id", format!("{:?}", client.client_id)),
        tls_line(client.tls.as_ref()),
        SettingLine::new("sasl", sasl),
    ];
    lines.extend(token.into_iter().flat_map(token_lines));
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

/// The lines of tokens. Of what may be secret, only the place is shown.
fn token_lines(token: &TokenConfig) -> Vec<SettingLine> {
    let source = match &token.source {
        TokenSource::Endpoint(endpoint) => format!("from {}", endpoint.url),
        TokenSource::File(path) => format!("in {}", path.display()),
        TokenSource::Value(_) => "of the configuration".to_owned(),
        TokenSource::Aws(aws) => format!("signed for {}", aws.region),
    };
    let mut lines = vec![SettingLine::new("token", source)];
    match &token.source {
        TokenSource::Endpoint(endpoint) => lines.extend(endpoint_lines(endpoint)),
        TokenSource::Aws(aws) => {
            let profile = aws.profile.as_ref().map_or_else(
                || "the usual sources of AWS credentials".to_owned(),
                |profile| format!("profile {profile:?} of AWS' files"),
            );
            lines.push(SettingLine::new("credentials", profile));
            lines.extend(aws.role_arn.as_ref().map(|role| SettingLine::new("role", role)));
        }
        TokenSource::File(_) | TokenSource::Value(_) => {}
    }
    lines.extend(token.principal.as_ref().map(|name| SettingLine::new("principal", format!("{name:?}"))));
    if !token.extensions.is_empty() {
        let names: Vec<_> = token.extensions.keys().map(String::as_str).collect();
        lines.push(SettingLine::new("extensions", names.join(", ")));
    }
    lines
}

fn endpoint_lines(endpoint: &TokenEndpoint) -> Vec<SettingLine> {
    let grant = match &endpoint.assertion_file {
        Some(path) => format!("jwt-bearer, with the assertion in {}", path.display()),
        None => "client_credentials".to_owned(),
    };
    let client = endpoint.client_id.as_ref().map_or_else(|| "no id".to_owned(), |id| format!("{id:?}"));
    let proof = match &endpoint.authentication {
        ClientAuthentication::Secret(_) => ", with a secret".to_owned(),
        ClientAuthentication::SecretFile(path) => format!(", with the secret in {}", path.display()),
        ClientAuthentication::AssertionFile(path) => format!(", with the assertion in {}", path.display()),
        ClientAuthentication::None => String::new(),
    };
    let mut lines = vec![SettingLine::new("grant", grant), SettingLine::new("client", format!("{client}{proof}"))];
    lines.extend(endpoint.scope.as_ref().map(|scope| SettingLine::new("scope", format!("{scope:?}"))));
    lines.extend(endpoint.tls.as_ref().map(|tls| SettingLine::new("token tls", tls_text(tls))));
    lines
}
