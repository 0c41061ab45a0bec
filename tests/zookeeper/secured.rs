//! Digests, access control lists and TLS, right and wrong.

use crate::rig::program::Program;
use crate::rig::zookeeper::{Release, ZooKeeper};
use crate::rig::{eventually, seconds};

use super::{commit, commits, file, says, shows};

const PASSWORD: &str = "correct-horse-battery";

/// With a profile of these bodies of a `[tls.x]` and a `[sasl.x]` section.
fn start(servers: &str, tls: &str, sasl: &str) -> Program {
    let mut more = "[client-profile.p]\n".to_owned();
    let sections = [("tls", tls), ("sasl", sasl)];
    for (name, _) in sections.iter().filter(|(_, body)| !body.is_empty()) {
        more += &format!("{name} = \"x\"\n");
    }
    for (name, body) in sections.iter().filter(|(_, body)| !body.is_empty()) {
        more += &format!("[{name}.x]\n{body}\n");
    }
    Program::with_config(&file("127.0.0.1:1", servers, "client-profile = \"p\"", &more))
}

fn sasl(password: &str) -> String {
    format!("username = \"warrener\"\npassword = \"{password}\"")
}

/// Says within 15 s why it cannot, is down, and floods nobody.
fn fails(program: Program, clue: &str) {
    eventually(seconds(15), "line that names the mistake", || {
        let log = program.log();
        if log.contains(clue) { Ok(()) } else { Err(log) }
    });
    program.page_where(seconds(15), "module that is down", |page| match says(page, "warrener_up") {
        Some(0.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let log = program.log();
    assert!(log.lines().count() <= 25, "the log is flooded:\n{log}");
    assert!(!log.contains(PASSWORD), "the password is in the log");
    program.terminate();
}

#[test]
fn a_digest_opens_what_is_locked_and_one_locked_group_costs_no_other() {
    let zookeeper = ZooKeeper::start(Release::V3_4);
    let znodes = zookeeper.znodes();
    znodes.put(&commit("open", "t", 0), "1");
    znodes.put(&commit("locked", "t", 0), "2");
    znodes.login(&format!("warrener:{PASSWORD}"));
    znodes.lock("/consumers/locked/offsets");
    let right = start(&zookeeper.servers(), "", &sasl(PASSWORD));
    let both = commits([("open", "t", 0, 1), ("locked", "t", 0, 2)]);
    right.page_where(seconds(20), "both groups", |page| shows(page, &both));
    let wrong = start(&zookeeper.servers(), "", &sasl("wrong"));
    let page = wrong.page_where(seconds(20), "the open group", |page| shows(page, &commits([("open", "t", 0, 1)])));
    let refused = [("module", "zk"), ("reason", "authorization")];
    assert_eq!(page.value("warrener_record_errors_total", &refused), Some(1.0));
    assert_eq!(says(&page, "warrener_ready"), Some(1.0));
    znodes.lock("/consumers");
    fails(start(&zookeeper.servers(), "", &sasl("wrong")), "no permission to read /consumers");
    assert!(!right.log().contains(PASSWORD));
    right.terminate();
}

#[test]
fn tls_and_mutual_tls_work_and_what_fails_says_so() {
    let zookeeper = ZooKeeper::secure(true);
    let znodes = zookeeper.znodes();
    znodes.put(&commit("a", "t", 0), "5");
    let [ca, other, cert, key] =
        ["ca.pem", "other-ca.pem", "client.pem", "client.key"].map(|name| zookeeper.file(name));
    let identity = format!("certfile = \"{cert}\"\nkeyfile = \"{key}\"");
    let secure = zookeeper.secure_server();
    let program = start(&secure, &format!("cafile = \"{ca}\"\n{identity}"), "");
    program.page_where(seconds(20), "commit over mutual TLS", |page| shows(page, &commits([("a", "t", 0, 5)])));
    program.terminate();
    fails(start(&secure, &format!("cafile = \"{other}\"\n{identity}"), ""), "TLS fails: invalid peer certificate");
    fails(start(&secure, &format!("cafile = \"{ca}\""), ""), "TLS fails: received fatal alert");
    fails(start(&zookeeper.servers(), &format!("cafile = \"{ca}\""), ""), "TLS fails");
    fails(start(&secure, "", ""), "opens no session");
    let plain = ZooKeeper::secure(false);
    plain.znodes().put(&commit("b", "t", 0), "6");
    let program = start(&plain.secure_server(), &format!("cafile = \"{}\"", plain.file("ca.pem")), "");
    program.page_where(seconds(20), "commit over TLS", |page| shows(page, &commits([("b", "t", 0, 6)])));
    program.terminate();
}
