//! Configuration: checks a raw file as a whole. In: the text of a file, or flags. Out: a [`Config`], or all mistakes at
//! once.
//!
//! | file | contains |
//! |---|---|
//! | `file` | the text: its syntax, sections, single values and bounds, and the mistakes in them |
//! | `sections` | the keys of each section, and the checked configuration that follows from them |
//! | `flags` | a configuration from flags without a file, and flags that override one |
//! | `settings` | the checked configuration: [`Config`] and its sections |
//! | `client_settings`, `tls_settings`, `token_settings`, `secret` | its client profiles: servers, TLS, SASL, tokens |
//! | `consumer_settings` | its `[consumer.*]` sections |
//! | `filter`, `host` | a pair of allow and deny lists; the host of a server |
//! | `class`, `registry` | what a class of consumers has to offer; the classes and name sets that a file may name |
//! | `system_access` | access to the environment and to files, which the caller passes in |
//! | `difference` | what differs between two configurations, for a reload |
//! | `lines` | the lines in which `check` shows a client profile |
//!
//! The grammar and its rules are in docs/src/reference/configuration.md. Only `main` and this module see the raw form;
//! a [`Config`] is always checked. The core reads neither files nor the environment: both are passed in as
//! [`SystemAccess`].
//!
//! An empty string is the same as no key. Relative paths are relative to the current directory, as in Burrow.

mod class;
mod client_settings;
mod consumer_settings;
mod difference;
#[cfg(test)]
mod documented_tests;
mod file;
mod filter;
mod flags;
mod host;
mod lines;
mod registry;
mod secret;
mod sections;
mod settings;
mod system_access;
#[cfg(test)]
mod tests;
mod tls_settings;
mod token_settings;

use file::{findings, section, syntax};
use sections::{burrow, client, cluster, consumer, exposition, limits, listener, service};

pub use class::ConsumerClass;
pub use client_settings::{
    ClientProfile, ConnectionConfig, KerberosConfig, KerberosLogin, PasswordSource, SaslConfig, SaslMechanism,
};
pub use consumer_settings::{BurrowKeys, ClassFacts, ConsumerConfig, ConsumerSettings, SettingLine};
pub use difference::{ConfigDifference, ConsumerFilters, ModuleChange};
pub(crate) use file::bounds;
pub use file::findings::{ConfigWarning, Mistake, Mistakes, UnsupportedSetting};
pub use file::token_values::is_bearer_token;
pub(crate) use file::values;
pub use file::values::{parse_address, parse_level, parse_timeout};
pub use filter::Filter;
pub use flags::{Flags, Overrides, from_flags};
pub use host::HostName;
pub use lines::{connection_lines, profile_line, servers_line, tls_line};
pub use registry::Registry;
pub use secret::Secret;
pub use sections::consumer_section::ConsumerSection;
pub use sections::properties::ALIASES;
pub use settings::*;
pub use system_access::SystemAccess;
pub use tls_settings::{TlsConfig, TlsIdentity};
pub use token_settings::{AwsIamConfig, ClientAuthentication, TokenConfig, TokenEndpoint, TokenSource};

/// A checked configuration, with its warnings.
#[derive(Debug)]
pub struct LoadedConfig {
    /// The configuration.
    pub config: Config,
    /// Settings that do not do what the user may expect.
    pub warnings: Vec<ConfigWarning>,
    /// Settings of features that this version does not have. A run must refuse them.
    pub unsupported: Vec<UnsupportedSetting>,
}

/// Checks the text of a configuration file and applies the command line's overrides.
///
/// # Errors
/// All mistakes of the text, sorted by position. They contain no secret: values from the environment are shown as they
/// are written in the file, passwords not at all.
pub fn load(
    text: &str,
    registry: &Registry,
    overrides: &Overrides,
    outside: &SystemAccess<'_>,
) -> Result<LoadedConfig, Mistakes> {
    let mut findings = findings::Findings::new(outside);
    let config = read(text, registry, overrides, &mut findings)?;
    let (warnings, unsupported) = findings.finish()?;
    Ok(LoadedConfig { config, warnings, unsupported })
}

/// Reads as much of the text as possible. Mistakes are added to `findings`; only syntax errors are returned.
fn read(
    text: &str,
    registry: &Registry,
    overrides: &Overrides,
    findings: &mut findings::Findings<'_>,
) -> Result<Config, Mistakes> {
    let table = syntax::parse(text)?;
    let mut root = section::Section::new(findings::KeyPath::root(), Some(&table));
    let mut profiles = client::Profiles::read(&mut root, findings);
    let clusters = cluster::read_clusters(&mut root, &mut profiles, findings);
    let consumers = consumer::read_consumers(&mut root, registry, &mut profiles, &clusters, findings);
    let mut config = Config {
        clusters: clusters.into_values().collect(),
        consumers,
        storage: service::read_storage(&mut root, findings),
        limits: limits::read_limits(&mut root, findings),
        evaluator: service::read_evaluator(&mut root, findings),
        http: service::read_http(&mut root, &mut profiles, findings),
        metrics: exposition::read_metrics(&mut root, registry, findings),
        logging: service::read_logging(&mut root, findings),
        general: burrow::read_general(&mut root, findings),
    };
    profiles.warn_of_unused(findings);
    burrow::read(&mut root, findings);
    if overrides.listen.is_some() && root.has_key("httpserver") {
        findings.remove_unsupported("httpserver.");
        findings.warn(root.path.key("httpserver"), "has no effect: --listen replaces it");
    }
    root.finish(findings);
    if overrides.listen.is_none() {
        listener::warn_of_unused(&config.http, overrides, findings);
    }
    overrides.apply(&mut config);
    Ok(config)
}
