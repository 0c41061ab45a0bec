//! The keys of `[sasl.*]` about tokens, and of `[iam.*]`.

use std::collections::BTreeMap;

use crate::config::file::bounds::{EXTENSION, EXTENSIONS};
use crate::config::file::findings::{Findings, KeyPath, quote};
use crate::config::file::scalar::{ConfigString, kind, resolve, text};
use crate::config::file::section::Section;
use crate::config::file::token_values;
use crate::config::{AwsIamConfig, ClientAuthentication, Secret, TlsConfig, TokenConfig, TokenEndpoint, TokenSource};

/// The keys of OAUTHBEARER.
pub(crate) struct TokenKeys {
    token: Option<ConfigString>,
    token_file: Option<ConfigString>,
    token_url: Option<ConfigString>,
    client_id: Option<ConfigString>,
    client_secret: Option<ConfigString>,
    client_secret_file: Option<ConfigString>,
    client_assertion_file: Option<ConfigString>,
    assertion_file: Option<ConfigString>,
    scope: Option<ConfigString>,
    token_tls: Option<(ConfigString, Option<TlsConfig>)>,
    principal: Option<ConfigString>,
    extensions: Option<(KeyPath, BTreeMap<String, String>)>,
}

impl TokenKeys {
    /// Reads the keys, and checks each alone.
    pub(crate) fn read(
        section: &mut Section<'_>,
        tls: &BTreeMap<String, TlsConfig>,
        findings: &mut Findings<'_>,
    ) -> Self {
        let token_tls = section.text(findings, "token-tls");
        Self {
            token: section.text(findings, "token"),
            token_file: readable_file(section, "token-file", findings),
            token_url: section.text(findings, "token-url"),
            client_id: section.text(findings, "client-id"),
            client_secret: section.text(findings, "client-secret"),
            client_secret_file: readable_file(section, "client-secret-file", findings),
            client_assertion_file: readable_file(section, "client-assertion-file", findings),
            assertion_file: readable_file(section, "assertion-file", findings),
            scope: section.text(findings, "scope"),
            token_tls: token_tls.map(|named| {
                let tls = resolve(findings, &named, "tls", tls).map(|(_, tls)| tls.clone());
                (named, tls)
            }),
            principal: section.text(findings, "principal"),
            extensions: read_extensions(section, findings),
        }
    }

    /// The keys that only a request to a token endpoint uses.
    fn of_endpoint(&self) -> impl Iterator<Item = &ConfigString> {
        let secrets = [&self.client_id, &self.client_secret, &self.client_secret_file, &self.client_assertion_file];
        let rest = [&self.assertion_file, &self.scope];
        secrets.into_iter().chain(rest).flatten().chain(self.token_tls.iter().map(|(named, _)| named))
    }

    /// Warns of each key that is set, except `principal`, which is a key of Kerberos too.
    pub(crate) fn warn_of_set(&self, findings: &mut Findings<'_>, why: &str) {
        let sources = [&self.token, &self.token_file, &self.token_url].into_iter().flatten();
        let paths = sources.chain(self.of_endpoint()).map(|text| &text.path);
        for path in paths.chain(self.extensions.iter().map(|(path, _)| path)) {
            findings.warn(path.clone(), why);
        }
    }

    /// Checks the keys together. `None` if they are no source of tokens.
    pub(crate) fn config(self, section: &Section<'_>, findings: &mut Findings<'_>) -> Option<TokenConfig> {
        let sources = [&self.token_url, &self.token_file, &self.token].into_iter().flatten();
        let sources: Vec<KeyPath> = sources.map(|text| text.path.clone()).collect();
        match sources.as_slice() {
            [] => {
                // A key of the wrong type has already been reported.
                if !["token-url", "token-file", "token"].iter().any(|key| section.has_key_of_wrong_type(key)) {
                    let problem = "expected token-url, token-file or token for OAUTHBEARER, found none of them";
                    findings.add_mistake(section.path.clone(), problem);
                }
                return None;
            }
            [_] => {}
            [_, others @ ..] => {
                for path in others {
                    findings
                        .add_mistake(path.clone(), "expected one of token-url, token-file and token, found another");
                }
            }
        }
        if self.token_url.is_none() {
            for text in self.of_endpoint() {
                findings.add_mistake(
                    text.path.clone(),
                    "expected token-url beside it, found none: it is for the request to it",
                );
            }
        }
        if let Some(principal) = self.principal.as_ref().filter(|text| text.value.contains(char::is_control)) {
            findings.add_mistake(principal.path.clone(), "expected a name without control characters, found one with");
        }
        let principal = self.principal.as_ref().map(|text| text.value.clone());
        let extensions = self.extensions.as_ref().map(|(_, extensions)| extensions.clone()).unwrap_or_default();
        let source = match (&self.token_url, &self.token_file, &self.token) {
            (Some(_), _, _) => TokenSource::Endpoint(Box::new(self.endpoint(section, findings)?)),
            (None, Some(file), _) => TokenSource::File(file.value.clone().into()),
            (None, None, Some(token)) => TokenSource::Value(read_token(token, findings)?),
            (None, None, None) => return None,
        };
        Some(TokenConfig { section: section.path.to_string(), source, principal, extensions })
    }

    fn endpoint(self, section: &Section<'_>, findings: &mut Findings<'_>) -> Option<TokenEndpoint> {
        let url = self.token_url.as_ref()?;
        check_url(url, self.token_tls.as_ref().map(|(named, _)| named), findings);
        if let Some((named, Some(tls))) = &self.token_tls
            && tls.no_verify
        {
            let problem = "expected a [tls.*] without noverify, because the client's secret is sent, found one with";
            findings.add_mistake(named.path.clone(), problem);
        }
        let proofs = [&self.client_secret, &self.client_secret_file, &self.client_assertion_file];
        for another in proofs.into_iter().flatten().skip(1) {
            let problem = "expected one of client-secret, client-secret-file and client-assertion-file, found another";
            findings.add_mistake(another.path.clone(), problem);
        }
        let has_secret = self.client_secret.is_some() || self.client_secret_file.is_some();
        if has_secret && self.client_id.is_none() {
            findings
                .add_mistake(section.path.key("client-id"), "expected a client id for the client's secret, found none");
        }
        let file = |text: ConfigString| text.value.into();
        let authentication = match (self.client_secret, self.client_secret_file, self.client_assertion_file) {
            (Some(secret), _, _) => ClientAuthentication::Secret(Secret::new(secret.value)),
            (None, Some(secret), _) => ClientAuthentication::SecretFile(file(secret)),
            (None, None, Some(assertion)) => ClientAuthentication::AssertionFile(file(assertion)),
            (None, None, None) => ClientAuthentication::None,
        };
        if authentication == ClientAuthentication::None && self.assertion_file.is_none() {
            let problem = "expected client-secret, client-secret-file, client-assertion-file or assertion-file with \
                           token-url, found none of them";
            findings.add_mistake(section.path.clone(), problem);
        }
        Some(TokenEndpoint {
            url: url.value.clone(),
            client_id: self.client_id.map(|text| text.value),
            authentication,
            assertion_file: self.assertion_file.map(file),
            scope: self.scope.map(|text| text.value),
            tls: self.token_tls.and_then(|(_, tls)| tls),
        })
    }
}

/// The keys of AWS MSK IAM.
pub(crate) struct IamKeys {
    region: Option<ConfigString>,
    role_arn: Option<ConfigString>,
    profile: Option<ConfigString>,
}

impl IamKeys {
    /// Reads the keys.
    pub(crate) fn read(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Self {
        Self {
            region: section.text(findings, "region"),
            role_arn: section.text(findings, "role-arn"),
            profile: section.text(findings, "profile"),
        }
    }

    /// Warns of each key that is set.
    pub(crate) fn warn_of_set(&self, findings: &mut Findings<'_>, why: &str) {
        for text in [&self.region, &self.role_arn, &self.profile].into_iter().flatten() {
            findings.warn(text.path.clone(), why);
        }
    }

    /// Checks the keys. Without `region`, the region is that of AWS' environment variables.
    pub(crate) fn config(self, section: &Section<'_>, findings: &mut Findings<'_>) -> Option<TokenConfig> {
        let from_env = |name| (findings.outside.env)(name).and_then(|value| value.into_string().ok());
        let (path, region) = match self.region {
            Some(region) => (region.path, Some(region.value)),
            None => {
                let set = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().filter_map(from_env);
                (section.path.key("region"), set.into_iter().find(|value| !value.is_empty()))
            }
        };
        if region.is_none() && !section.has_key_of_wrong_type("region") {
            let problem =
                "expected the region of the cluster, such as \"eu-west-1\", here or in AWS_REGION, found none";
            findings.add_mistake(path.clone(), problem);
        }
        if let Some(region) = region.as_ref().filter(|region| !is_region(region)) {
            let problem = format!("expected a region such as \"eu-west-1\", found {}", quote(region));
            findings.add_mistake(path, problem);
        }
        if let Some(role) = self.role_arn.as_ref().filter(|role| !is_role(&role.value)) {
            let problem =
                format!("expected a role such as \"arn:aws:iam::123456789012:role/reader\", found {}", role.shown);
            findings.add_mistake(role.path.clone(), problem);
        }
        let aws = AwsIamConfig {
            region: region?,
            role_arn: self.role_arn.map(|text| text.value),
            profile: self.profile.map(|text| text.value),
        };
        Some(TokenConfig {
            section: section.path.to_string(),
            source: TokenSource::Aws(aws),
            principal: None,
            extensions: BTreeMap::new(),
        })
    }
}

/// A region becomes part of a host name.
fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else { return false };
    *arn == "arn"
        && partition.starts_with("aws")
        && (*service, *region) == ("iam", "")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource
            .strip_prefix("role/")
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()))
}

/// Reads the path of a file and checks that the file can be read.
fn readable_file(section: &mut Section<'_>, key: &'static str, findings: &mut Findings<'_>) -> Option<ConfigString> {
    let text = section.text(findings, key)?;
    if let Err(why) = (findings.outside.check_readable)(text.value.as_ref()) {
        findings.add_mistake(text.path.clone(), format!("expected a readable file, found {}: {why}", text.shown));
    }
    Some(text)
}

/// A token of the configuration. It is not shown.
fn read_token(token: &ConfigString, findings: &mut Findings<'_>) -> Option<Secret> {
    if token_values::is_bearer_token(&token.value) {
        return Some(Secret::new(token.value.clone()));
    }
    let problem = "expected a token of letters, digits and -._~+/ with = at its end alone, found other characters";
    findings.add_mistake(token.path.clone(), problem);
    None
}

/// Checks a URL. One with a password in it is not shown.
fn check_url(url: &ConfigString, tls: Option<&ConfigString>, findings: &mut Findings<'_>) {
    let Some(parts) = token_values::parse_url(&url.value) else {
        let secret = url.value.contains('@');
        let found = if secret { "one with @, which would show a password" } else { url.shown.as_str() };
        let problem = format!("expected a URL such as \"https://id.example.com/token\", found {found}");
        return findings.add_mistake(url.path.clone(), problem);
    };
    if let Some(named) = tls.filter(|_| !parts.is_https) {
        findings.add_mistake(named.path.clone(), "expected a token-url with https beside it, found one with http");
    }
    if !parts.is_https && !parts.host.is_loopback() {
        findings.warn(url.path.clone(), "secrets and tokens are sent without encryption: use https");
    }
}

/// Reads SASL extensions, in the form of RFC 7628, section 3.1. Kafka refuses an empty value.
fn read_extensions(
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> Option<(KeyPath, BTreeMap<String, String>)> {
    let (path, value) = section.value("extensions")?;
    let Some(table) = value.as_table() else {
        let expected = "expected a table such as { logicalCluster = \"lkc-1\" }";
        findings.add_mistake(path, format!("{expected}, found {}", kind(value)));
        return None;
    };
    findings.check_count(path.clone(), "extensions", table.len(), &EXTENSIONS);
    let mut extensions = BTreeMap::new();
    for (name, value) in table.iter() {
        let name: &str = name.get_ref();
        let path = path.key(name);
        if !token_values::is_extension_name(name) {
            let problem =
                format!("expected a name of the letters A to Z and a to z, other than auth, found {}", quote(name));
            findings.add_mistake(path.clone(), problem);
        }
        let Some(text) = text(findings, path.clone(), value.get_ref()) else { continue };
        findings.check_count(path.clone(), "bytes", text.value.len(), &EXTENSION);
        if !token_values::is_extension_value(&text.value) {
            let problem =
                "expected one or more printable ASCII characters, spaces, tabs and line ends, found others or none";
            findings.add_mistake(path, problem);
        }
        extensions.insert(name.to_owned(), text.value);
    }
    Some((path, extensions))
}
