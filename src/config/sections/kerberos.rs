//! The keys of `[sasl.*]` for Kerberos.

use crate::config::file::findings::Findings;
use crate::config::file::scalar::ConfigString;
use crate::config::file::section::Section;
use crate::config::sections::tls::read_readable_path;
use crate::config::{KerberosConfig, KerberosLogin, SaslMechanism};

/// Kafka's usual name of the service.
const SERVICE: &str = "kafka";
/// What a value that becomes part of a shell command may consist of.
pub(crate) const SHELL_SAFE: &str = "letters, digits and /@._-:=+, without - at the beginning";

/// Whether a value can stand in a shell command as a single word that is no option.
pub(crate) fn is_shell_safe(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/@._-:=+".contains(c);
    !value.is_empty() && !value.starts_with('-') && value.chars().all(is_plain)
}

/// Reads the keys. `None` for another mechanism.
pub(crate) fn read_kerberos(
    section: &mut Section<'_>,
    mechanism: SaslMechanism,
    findings: &mut Findings<'_>,
) -> Option<KerberosConfig> {
    let (principal, keytab) = (section.text(findings, "principal"), section.text(findings, "keytab"));
    let service_name = section.text(findings, "service-name");
    let texts = [("principal", &principal), ("keytab", &keytab), ("service-name", &service_name)];
    if mechanism != SaslMechanism::Gssapi {
        for (key, _) in texts.iter().filter(|(_, text)| text.is_some()) {
            if *key != "principal" {
                findings.warn(section.path.key(key), "has no effect unless mechanism is \"GSSAPI\"");
            } else if mechanism != SaslMechanism::OauthBearer {
                let text = "has no effect unless mechanism is \"GSSAPI\" or \"OAUTHBEARER\"";
                findings.warn(section.path.key(key), text);
            }
        }
        return None;
    }
    for (_, text) in texts {
        check_shell_safe(text.as_ref(), findings);
    }
    let keytab = keytab.and_then(|_| read_readable_path(section, "keytab", findings));
    match (&principal, &keytab) {
        (Some(_), None) => {
            findings.add_mistake(section.path.key("keytab"), "expected the file of the principal's keys, found none");
        }
        (None, Some(_)) => {
            findings.add_mistake(
                section.path.key("principal"),
                "expected the principal whose keys are in keytab, found none",
            );
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let service_name = service_name.map_or_else(|| SERVICE.to_owned(), |text| text.value);
    let login = principal.zip(keytab).map(|(principal, keytab)| KerberosLogin { principal: principal.value, keytab });
    Some(KerberosConfig { login, service_name })
}

fn check_shell_safe(text: Option<&ConfigString>, findings: &mut Findings<'_>) {
    let Some(text) = text.filter(|text| !is_shell_safe(&text.value)) else { return };
    let problem = format!("expected {SHELL_SAFE}, because it becomes part of a shell command, found {}", text.shown);
    findings.add_mistake(text.path.clone(), problem);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_part_of_a_shell_command_is_one_word() {
        for value in ["warrener/host.example@EXAMPLE.COM", "/etc/warrener/warrener.keytab", "kafka", "FILE:/a_b-c=d+e"]
        {
            assert!(is_shell_safe(value), "{value}");
        }
        for value in [
            "",
            "-c",
            "a; rm -rf /",
            "$(id)",
            "`id`",
            "a\nb",
            "a\"b",
            "a b",
            "%{sasl.password}",
            "a\0",
            "é",
            "a|b",
            "~",
        ] {
            assert!(!is_shell_safe(value), "{value:?}");
        }
    }
}
