//! TLS and SASL, right and wrong.

use crate::rig::broker::Spec;
use crate::rig::maven::Version;
use crate::rig::program::{Program, quick};
use crate::rig::scratch::Scratch;
use crate::rig::security::{self, PASSWORD, USER};
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds, side_by_side};

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
    let scratch = Scratch::new("password");
    let file = scratch.write("password", format!("{PASSWORD}\n"));
    let sasl = format!("mechanism = \"SCRAM-SHA-512\"\nusername = \"{USER}\"\npassword-file = \"{}\"", file.display());
    let tls = format!("cafile = \"{}\"\nnoverify = true", Spec::common().file("other-ca.pem"));
    works(&start(&Spec::common().sasl_address(), &tls, &sasl));
}

/// Runs it for ten seconds against what will not have it: the log names the mistake, once for each module, and what to
/// try; nothing is shown, and neither log nor broker sees a flood.
fn fails(program: Program, reason: &str, cause: &str) {
    let mut program = program;
    let told = format!("reason=\"{reason}\" ");
    let cause = format!("cause={cause:?}");
    let count = |log: &str| log.lines().filter(|line| line.contains(&told) && line.ends_with(&cause)).count();
    eventually(seconds(20), "line for each module that names the mistake", || {
        let log = program.log();
        if count(&log) == 2 { Ok(()) } else { Err(log) }
    });
    pause(seconds(10));
    let log = program.log();
    assert!(program.runs(), "it is to retry:\n{log}");
    assert!(log.lines().count() <= 25, "the log is flooded:\n{log}");
    assert_eq!(count(&log), 2, "{log}");
    assert!(!log.contains(PASSWORD), "the password is in the log");
    let page = program.page();
    assert_eq!(page.value("warrener_up", &[("kind", "cluster")]), Some(0.0), "{told}");
    assert_eq!(page.value("warrener_up", &[("kind", "consumer")]), Some(0.0), "{told}");
    assert_eq!(page.family("kafka_topic_partitions").count(), 0);
    program.terminate();
}

fn plain_address() -> String {
    format!("127.0.0.1:{}", Spec::common().port())
}

const WITHOUT_TLS: &str = "the server does not answer in TLS: is this a listener without TLS? Remove tls from the \
                           client profile, or name the port of a listener with TLS";
const WITH_TLS: &str = "the server closed the connection at the first request: does this listener want TLS? Set tls in \
                        the client profile";
const WITHOUT_SASL: &str = "the server does not want SASL: is this a listener without SASL? Remove sasl from the client \
                            profile, or name the port of a listener with SASL";
const WITH_SASL: &str = "the server closed the connection at the second request: does this listener want SASL? Set sasl \
                         in the client profile";

#[test]
fn what_is_wrong_is_named_for_each_module_and_floods_nobody() {
    let [plain, secure] = [plain_address(), Spec::common().sasl_address()];
    let protocol = |address: &str, tls: &str, sasl: &str, cause| fails(start(address, tls, sasl), "protocol", cause);
    let known = sasl("SCRAM-SHA-512", PASSWORD);
    side_by_side(&[
        ("a wrong password for SCRAM", &a_wrong_password_for_scram),
        ("a wrong password for PLAIN", &a_wrong_password_for_plain),
        ("a mechanism that the broker lacks", &a_mechanism_that_the_broker_lacks_is_named_with_those_that_it_offers),
        ("another authority", &a_certificate_of_another_authority_is_refused_with_its_issuer),
        ("another name", &a_certificate_for_another_name_is_refused_with_its_names),
        ("an expired certificate", &a_certificate_that_has_expired_is_refused_with_its_date),
        ("no client certificate", &a_missing_client_certificate_is_named),
        (
            "an unknown client certificate",
            &a_client_certificate_of_an_authority_that_the_broker_does_not_trust_is_named,
        ),
        ("TLS at a port without it", &|| protocol(&plain, &ca(), "", WITHOUT_TLS)),
        ("a port with TLS without it", &|| protocol(&secure, "", "", WITH_TLS)),
        ("a port with TLS without it, with SASL", &|| protocol(&secure, "", &known, WITH_TLS)),
        ("SASL at a port without it", &|| protocol(&plain, "", &known, WITHOUT_SASL)),
        ("a port with SASL without it", &|| protocol(&secure, &ca(), "", WITH_SASL)),
    ]);
}

fn a_wrong_password_for_scram() {
    let mechanism = "invalid credentials with SASL mechanism SCRAM-SHA-512";
    let is_failure = |line: &&str| line.contains("Failed authentication") && line.contains(mechanism);
    let failures = || Spec::common().log().lines().filter(is_failure).count();
    let before = failures();
    fails(
        start(&Spec::common().sasl_address(), &ca(), &sasl("SCRAM-SHA-512", "wrong-one")),
        "authentication",
        "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL \
         mechanism SCRAM-SHA-512: user name or password is wrong",
    );
    // Two clients, at most one attempt a second each after the first quick ones.
    let tried = failures() - before;
    assert!((2..=60).contains(&tried), "{tried} failed attempts in some ten seconds");
}

fn a_wrong_password_for_plain() {
    fails(
        start(&Spec::common().sasl_address(), &ca(), &sasl("PLAIN", "wrong-one")),
        "authentication",
        "SASL authentication error: Authentication failed: Invalid username or password",
    );
}

fn a_mechanism_that_the_broker_lacks_is_named_with_those_that_it_offers() {
    fails(
        start(&Spec::common().sasl_address(), &ca(), &sasl("SCRAM-SHA-256", PASSWORD)),
        "mechanism",
        "the server does not offer mechanism SCRAM-SHA-256 on this listener; it offers PLAIN, SCRAM-SHA-512",
    );
}

fn a_certificate_of_another_authority_is_refused_with_its_issuer() {
    let tls = format!("cafile = \"{}\"", Spec::common().file("other-ca.pem"));
    fails(
        start(&Spec::common().sasl_address(), &tls, &sasl("SCRAM-SHA-512", PASSWORD)),
        "certificate",
        "the server's certificate was issued by \"CN=rig\", which is not in cafile",
    );
}

fn a_certificate_for_another_name_is_refused_with_its_names() {
    let address = Spec::common().sasl_address().replace("127.0.0.1", "localhost");
    fails(
        start(&address, &ca(), &sasl("SCRAM-SHA-512", PASSWORD)),
        "certificate",
        "the server's certificate is for \"127.0.0.1\", not for \"localhost\"",
    );
}

fn a_certificate_that_has_expired_is_refused_with_its_date() {
    let authority = security::authority("old");
    let mut cluster = Spec::new(Version::LATEST).secure().prepare();
    let (certificate, key) = security::expiring("127.0.0.1", &authority, 2020);
    std::fs::write(cluster.file("server.pem"), key + &certificate).unwrap();
    std::fs::write(cluster.file("old-ca.pem"), authority.pem()).unwrap();
    cluster.start();
    let tls = format!("cafile = \"{}\"", cluster.file("old-ca.pem"));
    fails(
        start(&cluster.sasl_address(), &tls, &sasl("SCRAM-SHA-512", PASSWORD)),
        "certificate",
        "the server's certificate expired on 2020-01-01",
    );
}

fn a_missing_client_certificate_is_named() {
    fails(
        start(&Spec::common().mutual_address(), &ca(), ""),
        "client_certificate",
        "the server demands a client certificate: set certfile and keyfile in the [tls.*]",
    );
}

fn a_client_certificate_of_an_authority_that_the_broker_does_not_trust_is_named() {
    let (scratch, authority) = (Scratch::new("stranger"), security::authority("stranger"));
    let (certificate, key) = security::signed("warrener", &authority);
    let tls = format!(
        "{}\ncertfile = {:?}\nkeyfile = {:?}",
        ca(),
        scratch.write("client.pem", certificate),
        scratch.write("client.key", key)
    );
    fails(
        start(&Spec::common().mutual_address(), &tls, ""),
        "client_certificate",
        "the server does not accept the client certificate in certfile: is it signed by an authority that the server \
         trusts, and still valid?",
    );
}
