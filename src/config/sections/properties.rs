//! `properties` of a `[client-profile.*]`: librdkafka's own properties. They are checked by name before librdkafka sees
//! them, because setting some of them loads code at once.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::config::ClientProfile;
use crate::config::Secret;
use crate::config::file::findings::{Findings, KeyPath, quote};
use crate::config::file::scalar::{kind, text};
use crate::config::sections::kerberos::is_shell_safe;

/// A property that a profile may not set.
pub(crate) struct ForbiddenProperty {
    /// Name of the property. A `*` at the beginning or at the end stands for any text.
    pub(crate) name: &'static str,
    /// Why it may not be set.
    why: &'static str,
    /// What to do instead.
    instead: &'static str,
}

const fn forbidden(name: &'static str, why: &'static str, instead: &'static str) -> ForbiddenProperty {
    ForbiddenProperty { name, why, instead }
}

const REMOVE: &str = "remove it";
const READS: &str = "warrener only reads";
const OWN: &str = "warrener sets it itself, and would not work with another value";
const CODE: &str = "it loads code into the process";
const POINTER: &str = "it is a pointer inside a program, and has no value in a file";
const VERSIONS: &str = "without the API versions of the brokers, aborted transactions would count as commits";

/// Properties that would make values wrong, disable stopping or recovery, write, or load code. Aliases are not listed:
/// they are resolved first.
pub(crate) const REFUSED: &[ForbiddenProperty] = &[
    forbidden("allow.auto.create.topics", READS, REMOVE),
    forbidden("api.version.fallback.ms", VERSIONS, REMOVE),
    forbidden("api.version.request", VERSIONS, REMOVE),
    forbidden("auto.commit.enable", READS, REMOVE),
    forbidden("auto.offset.reset", OWN, REMOVE),
    forbidden("broker.version.fallback", VERSIONS, REMOVE),
    forbidden("client.id", "it has a key of its own", "set client-id"),
    forbidden("default_topic_conf", POINTER, REMOVE),
    forbidden("enable.auto.commit", READS, REMOVE),
    forbidden("enable.auto.offset.store", READS, REMOVE),
    forbidden("enable.partition.eof", OWN, REMOVE),
    forbidden("enable.sasl.oauthbearer.unsecure.jwt", "such a token has no signature, and proves nothing", REMOVE),
    forbidden(
        "enable.sparse.connections",
        "librdkafka would try a broker that refuses connections thousands of times a second",
        REMOVE,
    ),
    forbidden("enable.ssl.certificate.verification", "it has a key of its own", "set noverify in the [tls.*]"),
    forbidden("enable_sasl_queue", OWN, REMOVE),
    forbidden("enabled_events", OWN, REMOVE),
    forbidden("group.id", READS, REMOVE),
    forbidden("group.instance.id", READS, REMOVE),
    forbidden("group.protocol", READS, REMOVE),
    forbidden("interceptors", POINTER, REMOVE),
    forbidden("internal.termination.signal", "librdkafka would take the signals that end the program", REMOVE),
    forbidden("isolation.level", "warrener counts only records of committed transactions", REMOVE),
    forbidden("log.queue", OWN, REMOVE),
    forbidden("log.thread.name", OWN, REMOVE),
    forbidden("log_level", OWN, "set level in [logging]"),
    forbidden("metadata.broker.list", "it has a key of its own", "set servers in the [cluster.*] and [consumer.*]"),
    forbidden("offset.store.*", "it writes offsets to files, and warrener only reads", REMOVE),
    forbidden("opaque", POINTER, REMOVE),
    forbidden("plugin.library.paths", CODE, REMOVE),
    forbidden(
        "sasl.kerberos.kinit.cmd",
        "it is a shell command",
        "set sasl.kerberos.min.time.before.relogin to 0, and run the command beside warrener",
    ),
    forbidden("ssl.engine.*", CODE, REMOVE),
    forbidden("ssl.providers", CODE, REMOVE),
    forbidden("ssl_ca", POINTER, "set cafile in the [tls.*]"),
    forbidden("ssl_certificate", POINTER, "set certfile in the [tls.*]"),
    forbidden("ssl_engine_callback_data", POINTER, REMOVE),
    forbidden("ssl_key", POINTER, "set keyfile in the [tls.*]"),
    forbidden("statistics.interval.ms", OWN, REMOVE),
    forbidden("test.mock.*", "librdkafka would show a simulated cluster", REMOVE),
    forbidden(
        "topic.blacklist",
        "librdkafka would hide topics without an error",
        "set topic-denylist in the [cluster.*]",
    ),
    forbidden("ut_*", POINTER, REMOVE),
    forbidden("*_cb", POINTER, REMOVE),
];

/// Aliases of properties (`_RK_C_ALIAS` in librdkafka's `rdkafka_conf.c`).
pub const ALIASES: [(&str, &str); 11] = [
    ("acks", "request.required.acks"),
    ("bootstrap.servers", "metadata.broker.list"),
    ("compression.type", "compression.codec"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("linger.ms", "queue.buffering.max.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("retries", "message.send.max.retries"),
    ("sasl.mechanism", "sasl.mechanisms"),
    ("sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"),
    ("sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"),
];

/// Properties that librdkafka inserts into a shell command without escaping.
const IN_A_SHELL: [&str; 3] = ["sasl.kerberos.keytab", "sasl.kerberos.principal", "sasl.kerberos.service.name"];

/// Resolves a name to its property. librdkafka also accepts topic properties with the prefix `topic.`.
fn resolve_alias(name: &str) -> &str {
    let is_global = ["topic.metadata.", "topic.blacklist"].iter().any(|own| name.starts_with(own));
    let name = name.strip_prefix("topic.").filter(|_| !is_global).unwrap_or(name);
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, meant)| meant)
}

impl ForbiddenProperty {
    fn matches_name(&self, name: &str) -> bool {
        match (self.name.strip_suffix('*'), self.name.strip_prefix('*')) {
            (Some(start), _) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (None, None) => name == self.name,
        }
    }
}

/// Reads the properties of a profile, after its TLS and SASL. A property is stored under its resolved name, so that it
/// has only one value.
pub(crate) fn read(path: &KeyPath, table: &DeTable<'_>, profile: &mut ClientProfile, findings: &mut Findings<'_>) {
    read_table(path, "", table, &mut profile.properties, findings);
    if let Some(protocol) = profile.properties.get("security.protocol") {
        check_protocol(path.key("security.protocol"), protocol.reveal(), profile, findings);
    }
}

/// Names of properties contain dots, which TOML reads as nested tables unless they are quoted.
fn read_table(
    path: &KeyPath,
    prefix: &str,
    table: &DeTable<'_>,
    properties: &mut BTreeMap<String, Secret>,
    findings: &mut Findings<'_>,
) {
    for (key, value) in table.iter() {
        let path = path.key(key.get_ref());
        let name = format!("{prefix}{}", key.get_ref());
        if let Some(table) = value.get_ref().as_table() {
            read_table(&path, &format!("{name}."), table, properties, findings);
            continue;
        }
        let meant = resolve_alias(&name);
        if let Some(problem) = name_problem(&name, meant) {
            findings.add_mistake(path, problem);
            continue;
        }
        let Some(value) = property(path.clone(), value.get_ref(), findings) else { continue };
        if let Some(problem) = value_problem(meant, &value) {
            findings.add_mistake(path.clone(), problem);
        }
        if properties.insert(meant.to_owned(), Secret::new(value)).is_some() {
            findings.add_mistake(path, format!("expected {} once, found it twice", quote(meant)));
        }
    }
}

fn name_problem(name: &str, meant: &str) -> Option<String> {
    if name.is_empty() || name.contains('\0') {
        return Some(format!("expected the name of a property, found {}", quote(name)));
    }
    let ForbiddenProperty { why, instead, .. } = REFUSED.iter().find(|refusal| refusal.matches_name(meant))?;
    let stands_for = if name == meant { String::new() } else { format!(" (it stands for {})", quote(meant)) };
    Some(format!("cannot be set{stands_for}: {why}; {instead}"))
}

/// Returns what is wrong with a value. The value is not shown, because it may be secret.
fn value_problem(name: &str, value: &str) -> Option<&'static str> {
    if value.contains('\0') {
        return Some("expected a value without NUL characters, found one");
    }
    (IN_A_SHELL.contains(&name) && !is_shell_safe(value)).then_some(
        "expected only letters, digits and /@._-:=+, without - at the beginning, found something else: the value \
         becomes part of a shell command",
    )
}

/// Refuses a protocol that is weaker than `tls` and `sasl`: it would send in the clear what they protect.
fn check_protocol(path: KeyPath, protocol: &str, profile: &ClientProfile, findings: &mut Findings<'_>) {
    let protocol = protocol.to_ascii_lowercase();
    for (key, named, protects) in [
        ("tls", profile.tls.is_some(), protocol.ends_with("ssl")),
        ("sasl", profile.sasl.is_some(), protocol.starts_with("sasl")),
    ] {
        if named && !protects {
            let problem =
                format!("expected a protocol with {key}, because the profile sets {key}, found {}", quote(&protocol));
            findings.add_mistake(path.clone(), format!("{problem}; remove the property: tls and sasl imply it"));
        }
    }
}

fn property(path: KeyPath, value: &DeValue<'_>, findings: &mut Findings<'_>) -> Option<String> {
    match value {
        DeValue::String(_) => text(findings, path, value).map(|text| text.value),
        DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str().to_owned()),
        DeValue::Float(float) => Some(float.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Integer(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            findings.add_mistake(path, format!("expected a string, a number or a boolean, found {}", kind(value)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(name: &str) -> bool {
        name_problem(name, resolve_alias(name)).is_some()
    }

    #[test]
    fn a_name_is_judged_by_what_it_stands_for() {
        for name in [
            "metadata.broker.list",
            "bootstrap.servers",
            "topic.auto.offset.reset",
            "topic.enable.auto.commit",
            "topic.opaque",
            "test.mock.num.brokers",
            "test.mock.broker.rtt",
            "test.mock.anything.to.come",
            "ssl.engine.id",
            "ut_handle_ProduceResponse",
            "open_cb",
            "ssl.certificate.verify_cb",
            "",
            "a\0b",
        ] {
            assert!(is_refused(name), "{name}");
        }
        for name in [
            "broker.address.family",
            "broker.address.ttl",
            "connections.max.idle.ms",
            "debug",
            "max.partition.fetch.bytes",
            "ssl.ca.pem",
            "topic.metadata.refresh.interval.ms",
            "no.such.thing",
        ] {
            assert!(!is_refused(name), "{name}");
        }
    }

    #[test]
    fn an_alias_is_refused_with_the_name_it_stands_for() {
        let problem = name_problem("topic.enable.auto.commit", resolve_alias("topic.enable.auto.commit"));
        let expected = "cannot be set (it stands for \"enable.auto.commit\"): warrener only reads; remove it";
        assert_eq!(problem.as_deref(), Some(expected));
    }

    #[test]
    fn what_becomes_part_of_a_shell_command_is_no_command() {
        assert_eq!(value_problem("sasl.kerberos.principal", "warrener/host.example@EXAMPLE.COM"), None);
        for name in IN_A_SHELL {
            for value in ["a; rm -rf /", "$(id)", "`id`", "a\nb", "a\"b", "a b", "%{sasl.password}"] {
                assert!(value_problem(name, value).is_some(), "{name} = {value}");
            }
        }
        assert_eq!(value_problem("sasl.password", "a; b"), None);
        assert!(value_problem("sasl.password", "a\0b").is_some());
    }
}
