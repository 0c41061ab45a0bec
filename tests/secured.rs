//! TLS and SASL, right and wrong.

use crate::rig::broker::Spec;
use crate::rig::program::{Program, quick};
use crate::rig::security::{PASSWORD, USER};
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

/// A client profile `p`, with these bodies of its `[tls]` and `[sasl]` sections.
fn start(servers: &str, tls: &str, sasl: &str) -> Program {
    let mut more = "[client-profile.p]\nclient-id = \"warrener-test\"\n".to_owned();
    for (name, body) in [("tls", tls), ("sasl", sasl)] {
        if !body.is_empty() {
            more += &format!("{name} = \"x\"\n");
        }
    }
    for (name, body) in [("tls", tls), ("sasl", sasl)] {
        if !body.is_empty() {
            more += &format!("[{name}.x]\n{body}\n");
        }
    }
    Program::with_config(&quick(servers, "client-profile = \"p\"", &more))
}

fn sasl(mechanism: &str, password: &str) -> String {
    format!("mechanism = \"{mechanism}\"\nusername = \"{USER}\"\npassword = \"{password}\"")
}

fn ca() -> String {
    format!("cafile = \"{}\"", Spec::common().file("ca.pem"))
}

fn mutual() -> String {
    let cluster = Spec::common();
    format!("{}\ncertfile = \"{}\"\nkeyfile = \"{}\"", ca(), cluster.file("client.pem"), cluster.file("client.key"))
}

/// It reads log ends (cluster) and commits (consumer).
fn works(program: &Program) {
    let cluster = Spec::common();
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        cluster.create_topic("secured", 1);
        cluster.produce("secured", 0, 5);
        Committer::new(cluster.port()).commit("secured-group", "secured", &[(0, 2)]);
    });
    program.await_ready(seconds(60));
    program.page_where(seconds(20), "lag over a secured connection", |page| {
        match page.value("kafka_consumergroup_lag", &[("consumergroup", "secured-group")]) {
            Some(3.0) => Ok(()),
            other => Err(format!("{other:?}; {}", program.log())),
        }
    });
    let log = program.log();
    assert!(!log.contains(PASSWORD), "the password is in the log");
}

#[test]
fn scram_sha_512_over_tls_works() {
    works(&start(&Spec::common().sasl_address(), &ca(), &sasl("SCRAM-SHA-512", PASSWORD)));
}

#[test]
fn plain_over_tls_works() {
    works(&start(&Spec::common().sasl_address(), &ca(), &sasl("PLAIN", PASSWORD)));
}

#[test]
fn mutual_tls_works() {
    works(&start(&Spec::common().mutual_address(), &mutual(), ""));
}

#[test]
fn a_password_file_works_and_noverify_takes_any_server() {
    let scratch = crate::rig::scratch::Scratch::new("password");
    let file = scratch.write("password", format!("{PASSWORD}\n"));
    let sasl = format!("mechanism = \"SCRAM-SHA-512\"\nusername = \"{USER}\"\npassword-file = \"{}\"", file.display());
    let tls = format!("cafile = \"{}\"\nnoverify = true", Spec::common().file("other-ca.pem"));
    works(&start(&Spec::common().sasl_address(), &tls, &sasl));
}

/// Runs it for ten seconds against what will not have it: the log names the mistake in one of these ways, nothing
/// is shown, and neither log nor broker sees a flood.
fn fails(program: Program, clues: &[&str]) {
    let mut program = program;
    let told = eventually(seconds(15), "line that names the mistake", || {
        let log = program.log();
        let line = log.lines().find(|line| clues.iter().any(|clue| line.to_lowercase().contains(clue)));
        line.map(str::to_owned).ok_or(log.clone())
    });
    pause(seconds(10));
    let log = program.log();
    assert!(program.runs(), "it is to retry:\n{log}");
    assert!(log.lines().count() <= 25, "the log is flooded:\n{log}");
    assert!(!log.contains(PASSWORD), "the password is in the log");
    let page = program.page();
    assert_eq!(page.value("warrener_up", &[("kind", "cluster")]), Some(0.0), "{told}");
    assert_eq!(page.value("warrener_up", &[("kind", "consumer")]), Some(0.0), "{told}");
    assert_eq!(page.family("kafka_topic_partitions").count(), 0);
    program.terminate();
}

#[test]
fn a_wrong_password_says_so_and_floods_nobody() {
    let failures = || Spec::common().log().matches("Failed authentication").count();
    let before = failures();
    fails(
        start(&Spec::common().sasl_address(), &ca(), &sasl("SCRAM-SHA-512", "wrong-one")),
        &["authentication failed", "invalid credentials"],
    );
    // Two clients, at most one attempt a second each after the first quick ones.
    let tried = failures() - before;
    assert!((2..=60).contains(&tried), "{tried} failed attempts in some ten seconds");
}

#[test]
fn a_mechanism_that_the_broker_lacks_is_named() {
    let program = start(&Spec::common().sasl_address(), &ca(), &sasl("SCRAM-SHA-256", PASSWORD));
    fails(program, &["scram-sha-256"]);
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let tls = format!("cafile = \"{}\"", Spec::common().file("other-ca.pem"));
    let program = start(&Spec::common().sasl_address(), &tls, &sasl("SCRAM-SHA-512", PASSWORD));
    fails(program, &["certificate verify failed", "could not be verified", "self-signed certificate"]);
}

#[test]
fn a_missing_client_certificate_is_named() {
    let program = start(&Spec::common().mutual_address(), &ca(), "");
    fails(
        program,
        &["certificate required", "client authentication might be required", "bad certificate", "client certificate"],
    );
}

#[test]
fn a_plaintext_client_at_a_tls_port_is_told_so() {
    let program = start(&Spec::common().sasl_address(), "", "");
    fails(program, &["ssl", "tls"]);
}
