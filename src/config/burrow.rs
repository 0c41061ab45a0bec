//! Sections of Burrow's that have no meaning here: accepted, and each told what takes its place.

use super::findings::Findings;
use super::section::Section;

pub(super) fn read(root: &mut Section<'_>, findings: &mut Findings<'_>) {
    let mut general = root.section(findings, "general");
    general.ignore(findings, "pidfile", "a service manager keeps the process id");
    general.ignore(findings, "stdout-logfile", "the log goes to standard error, for the service manager to keep");
    general.ignore(findings, "env-var-prefix", "${VAR} in any string takes its place");
    if let Some(origin) = general.text(findings, "access-control-allow-origin") {
        // Left out it only keeps browsers out, so a file that names it may start.
        findings.warn(origin.path, "has no meaning yet: Burrow's API, whose answers it marks, is not served");
    }
    general.finish(findings);

    // One warning for all of it, and nothing in it is checked.
    if root.section(findings, "zookeeper").exists() {
        let path = root.path.key("zookeeper");
        findings.warn(path, "has no meaning here: no lock is needed, since any number of instances may run");
    }
    for (_, mut notifier) in root.sections(findings, "notifier") {
        notifier.renamed(findings, "group-whitelist", "group-allowlist");
        notifier.renamed(findings, "group-blacklist", "group-denylist");
        findings.warn(
            notifier.path,
            "has no meaning here: alerting rules on the metrics, and Alertmanager, take its place",
        );
    }
    for (_, iam) in root.sections(findings, "iam") {
        findings.warn(iam.path, "has no meaning unless a [client-profile.*] names it, which is not supported yet");
    }
}
