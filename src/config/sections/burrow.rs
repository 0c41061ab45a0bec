//! Sections of Burrow. Those that have no effect are accepted, with a warning that says what applies instead.

use crate::config::GeneralConfig;
use crate::config::file::findings::Findings;
use crate::config::file::section::Section;
use crate::config::file::values;

pub(crate) fn read_general(root: &mut Section<'_>, findings: &mut Findings<'_>) -> GeneralConfig {
    let mut general = root.section(findings, "general");
    general.ignore(findings, "pidfile", "no such file is written; the service manager knows the process id");
    general.ignore(findings, "stdout-logfile", "the log is written to standard error");
    general.ignore(findings, "env-var-prefix", "write ${VAR} in any string instead");
    let origin = general.text(findings, "access-control-allow-origin");
    if let Some(origin) = origin.as_ref().filter(|origin| !values::is_header(&origin.value)) {
        let problem = format!("expected an origin in printable ASCII, found {}", origin.shown);
        findings.add_mistake(origin.path.clone(), problem);
    }
    general.finish(findings);
    GeneralConfig { access_control_allow_origin: origin.map(|origin| origin.value) }
}

pub(crate) fn read(root: &mut Section<'_>, findings: &mut Findings<'_>) {
    // One warning for the whole section. Nothing in it is checked.
    if root.section(findings, "zookeeper").exists() {
        let path = root.path.key("zookeeper");
        findings.warn(path, "has no effect: any number of instances may run without a lock");
    }
    for (_, mut notifier) in root.read_sections(findings, "notifier") {
        notifier.refuse_renamed(findings, "group-whitelist", "group-allowlist");
        notifier.refuse_renamed(findings, "group-blacklist", "group-denylist");
        findings.warn(notifier.path, "has no effect: use alerting rules on the metrics and Alertmanager instead");
    }
}
