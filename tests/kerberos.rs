//! Kerberos, against a KDC and a broker with GSSAPI. Only in a build with the feature `gssapi`: `make kerberos`.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::kdc::{Kdc, REALM};
use crate::rig::maven::Version;
use crate::rig::program::{Program, quick};
use crate::rig::scratch::Scratch;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

const JAAS: &str = "listener.name.sasl_ssl.gssapi.sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule \
                    required useKeyTab=true storeKey=true keyTab=\"broker.keytab\" \
                    principal=\"kafka/127.0.0.1@RIG.TEST\";";

/// A realm, and a broker of it.
fn realm() -> &'static (Kdc, Cluster) {
    static REALM_AND_BROKER: OnceLock<(Kdc, Cluster)> = OnceLock::new();
    REALM_AND_BROKER.get_or_init(|| {
        let kdc = Kdc::start();
        let spec = Spec::new(Version::LATEST).secure().lasting();
        let spec = spec.property("listener.name.sasl_ssl.sasl.enabled.mechanisms=GSSAPI").property(JAAS);
        let mut cluster = spec.property("sasl.kerberos.service.name=kafka").prepare();
        kdc.add("kafka/127.0.0.1", Path::new(&cluster.file("node-1/broker.keytab")));
        cluster.start();
        cluster.create_topic("kerberized", 1);
        cluster.produce("kerberized", 0, 5);
        Committer::new(cluster.port()).commit("kerberized-group", "kerberized", &[(0, 2)]);
        (kdc, cluster)
    })
}

/// The program with these keys of `[sasl.x]`, and with tickets of its own.
fn start(scratch: &Scratch, keys: &str) -> Program {
    let (_, cluster) = realm();
    let profile = format!(
        "[client-profile.p]\ntls = \"x\"\nsasl = \"x\"\n[tls.x]\ncafile = {:?}\n[sasl.x]\nmechanism = \"GSSAPI\"\n{keys}\n",
        cluster.file("ca.pem")
    );
    let tickets = scratch.join("tickets");
    Program::changed(&quick(&cluster.sasl_address(), "client-profile = \"p\"", &profile), |command| {
        command.env("KRB5CCNAME", format!("FILE:{}", tickets.display()));
    })
}

fn login(principal: &str, keytab: &Path) -> String {
    format!("principal = \"{principal}@{REALM}\"\nkeytab = {keytab:?}\n")
}

fn shows_the_group(program: &Program) {
    program.await_ready(seconds(60));
    program.page_where(seconds(20), "lag over a connection with Kerberos", |page| {
        match page.value("kafka_consumergroup_lag", &[("consumergroup", "kerberized-group")]) {
            Some(3.0) => Ok(()),
            other => Err(format!("{other:?}; {}", program.log())),
        }
    });
}

fn fails(mut program: Program, clue: &str) {
    eventually(seconds(40), clue, || {
        let log = program.log();
        if log.lines().any(|line| line.contains("Kafka cannot be reached") && line.contains(clue)) {
            Ok(())
        } else {
            Err(log)
        }
    });
    pause(seconds(10));
    let log = program.log();
    assert!(program.runs(), "it is to retry:\n{log}");
    assert!(log.lines().count() <= 25, "the log is flooded:\n{log}");
    assert_eq!(program.page().value("warrener_up", &[("kind", "cluster")]), Some(0.0));
    println!("{log}");
    program.terminate();
}

#[test]
fn a_principal_with_its_keytab_reads_everything() {
    let ((kdc, _), scratch) = (realm(), Scratch::new("kerberos"));
    let keytab = scratch.join("warrener.keytab");
    kdc.add("warrener", &keytab);
    shows_the_group(&start(&scratch, &login("warrener", &keytab)));
}

#[test]
fn tickets_of_the_environment_are_used_without_a_keytab() {
    let ((kdc, _), scratch) = (realm(), Scratch::new("kerberos"));
    let keytab = scratch.join("guest.keytab");
    kdc.add("guest", &keytab);
    let tickets = format!("FILE:{}", scratch.join("tickets").display());
    let mut kinit = Command::new("kinit");
    kinit.args(["-k", "-c", &tickets, "-t"]).arg(&keytab).arg("guest");
    assert!(kinit.status().unwrap().success());
    shows_the_group(&start(&scratch, ""));
}

#[test]
fn keys_that_are_no_longer_those_of_the_principal_are_told_of() {
    let ((kdc, _), scratch) = (realm(), Scratch::new("kerberos"));
    let (old, new) = (scratch.join("old.keytab"), scratch.join("new.keytab"));
    kdc.add("rotated", &old);
    kdc.renew("rotated", &new);
    fails(start(&scratch, &login("rotated", &old)), "no Kerberos ticket: kinit exited with code 1");
}

#[test]
fn a_service_that_the_realm_does_not_have_is_told_of() {
    let ((kdc, _), scratch) = (realm(), Scratch::new("kerberos"));
    let keytab = scratch.join("lost.keytab");
    kdc.add("lost", &keytab);
    let keys = login("lost", &keytab) + "service-name = \"zebra\"\n";
    fails(start(&scratch, &keys), "Server zebra/127.0.0.1@RIG.TEST not found in Kerberos database");
}
