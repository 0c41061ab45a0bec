//! Certificates and passwords that change while the program runs: nothing that it shows may stop or go.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::{Page, whole};
use crate::rig::program::{Program, quick};
use crate::rig::scratch::Scratch;
use crate::rig::security::{self, PASSWORD, USER};
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

const GROUP: &str = "rotated-group";
const TOPIC: &str = "rotated";
const TAKEN_OVER: &str = "a Kafka client with the changed files has taken over";

/// A secure broker with a topic of a hundred records.
fn cluster(prepare: impl FnOnce(&Cluster)) -> Cluster {
    let mut cluster = Spec::new(Version::LATEST).secure().prepare();
    prepare(&cluster);
    cluster.start();
    cluster.create_topic(TOPIC, 1);
    cluster.produce(TOPIC, 0, 100);
    cluster
}

fn start(servers: &str, profile: &str) -> Program {
    let more = format!("[client-profile.p]\n{profile}");
    Program::with_config(&quick(servers, "client-profile = \"p\"", &more))
}

/// What scrapes saw while something else went on.
struct Watched {
    commits: i64,
    /// Of each program, whether every module was up whenever the broker was there.
    up: Vec<bool>,
}

/// Scrapes until it is `done`; whether every module was up whenever the broker was there.
fn scrape(program: &Program, done: &AtomicBool, is_away: &AtomicBool) -> bool {
    let (mut last, mut up) = (0.0, true);
    while !done.load(Ordering::Relaxed) {
        let was_away = is_away.load(Ordering::Relaxed);
        let page = program.page();
        let shown = page.value("kafka_consumergroup_current_offset", &[("consumergroup", GROUP)]);
        let shown = shown.unwrap_or_else(|| panic!("the group is gone:\n{}", program.log()));
        assert!(shown >= last, "a commit went back from {last} to {shown}");
        last = shown;
        if !was_away && !is_away.load(Ordering::Relaxed) {
            assert_eq!(log_end(&page), Some(100.0), "{}", program.log());
            up &= page.family("warrener_up").all(|(_, value)| value == 1.0);
        }
        pause(Duration::from_millis(250));
    }
    up
}

/// Commits five times a second, and scrapes until `during` has ended: every series stays, its commit never goes back.
fn watch(programs: &[&Program], port: u16, first: i64, is_away: &AtomicBool, during: impl FnOnce()) -> Watched {
    let (done, committed) = (AtomicBool::new(false), AtomicI64::new(first));
    thread::scope(|scope| {
        let commit = || {
            while !done.load(Ordering::Relaxed) {
                if !is_away.load(Ordering::Relaxed) {
                    let next = committed.load(Ordering::Relaxed) + 1;
                    Committer::new(port).commit(GROUP, TOPIC, &[(0, next)]);
                    committed.store(next, Ordering::Relaxed);
                }
                pause(Duration::from_millis(200));
            }
        };
        scope.spawn(commit);
        let scrapes: Vec<_> = programs.iter().map(|program| scope.spawn(|| scrape(program, &done, is_away))).collect();
        during();
        let newest = committed.load(Ordering::Relaxed);
        for program in programs {
            program.page_where(seconds(20), "the newest commit", |page| {
                let shown = page.value("kafka_consumergroup_current_offset", &[("consumergroup", GROUP)]).map(whole);
                if shown >= Some(newest) { Ok(()) } else { Err(format!("{shown:?} of {newest}\n{}", program.log())) }
            });
        }
        done.store(true, Ordering::Relaxed);
        let up = scrapes.into_iter().map(|scrape| scrape.join().unwrap()).collect();
        Watched { commits: committed.load(Ordering::Relaxed), up }
    })
}

fn await_line(program: &Program, text: &str, count: usize, patience: u64) {
    eventually(seconds(patience), text, || {
        let log = program.log();
        if log.matches(text).count() >= count { Ok(()) } else { Err(log) }
    });
}

/// Stops the broker, changes something behind it, and starts it again.
fn restart(cluster: &mut Cluster, is_away: &AtomicBool, change: impl FnOnce(&Cluster)) {
    is_away.store(true, Ordering::Relaxed);
    // The committer may be at it.
    pause(seconds(1));
    cluster.stop(0);
    change(cluster);
    cluster.start();
}

fn log_end(page: &Page) -> Option<f64> {
    page.value("kafka_topic_partition_current_offset", &[("topic", TOPIC)])
}

/// Waits until all modules have been up for five seconds: a program may not have noticed yet that the broker was away.
fn await_up(programs: &[&Program], is_away: &AtomicBool) {
    let is_up = |program: &&Program| {
        let page = program.page();
        page.family("warrener_up").all(|(_, value)| value == 1.0) && log_end(&page).is_some()
    };
    let mut since = Instant::now();
    eventually(seconds(90), "all modules up", || {
        if !programs.iter().all(is_up) {
            since = Instant::now();
        }
        if since.elapsed() >= seconds(5) { Ok(()) } else { Err(programs[0].log()) }
    });
    is_away.store(false, Ordering::Relaxed);
}

fn expiry(program: &Program, kind: &str) -> Option<f64> {
    let labels = [("kind", kind), ("certificate", "client")];
    program.page().value("warrener_certificate_expiry_timestamp_seconds", &labels)
}

/// A program whose client certificate and key are read from files, which the test replaces.
fn with_certificate(cluster: &Cluster, scratch: &Scratch) -> Program {
    let profile = format!(
        "tls = \"t\"\n[tls.t]\ncafile = {:?}\ncertfile = {:?}\nkeyfile = {:?}\n",
        scratch.join("ca.pem"),
        scratch.join("client.pem"),
        scratch.join("client.key"),
    );
    start(&cluster.mutual_address(), &profile)
}

/// A program whose password is in a file.
fn with_password(cluster: &Cluster, scratch: &Scratch) -> Program {
    let profile = format!(
        "tls = \"t\"\nsasl = \"s\"\n[tls.t]\ncafile = {:?}\n\
         [sasl.s]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"{USER}\"\npassword-file = {:?}\n",
        scratch.join("ca.pem"),
        scratch.write("password", PASSWORD),
    );
    start(&cluster.sasl_address(), &profile)
}

/// A certificate is renewed and the broker then refuses the old one; a password changes in the file first and on the
/// broker later. One broker and one restart of it for both.
#[test]
fn certificates_and_passwords_change_without_a_gap() {
    const NEXT: &str = "battery-staple-horse";
    let (old, new) = (security::authority("old"), security::authority("new"));
    let trust = |cluster: &Cluster, pem: String| std::fs::write(cluster.file("ca.pem"), pem).unwrap();
    let scratch = Scratch::new("rotated");
    let mut cluster = cluster(|cluster| {
        // Who signed the broker's own certificate is what the programs trust.
        std::fs::copy(cluster.file("ca.pem"), scratch.join("ca.pem")).unwrap();
        trust(cluster, old.pem() + &new.pem());
    });
    let write = |authority, year| {
        let (certificate, key) = security::expiring("warrener", authority, year);
        scratch.write("client.pem", certificate);
        scratch.write("client.key", key);
    };
    write(&old, 2034);
    Committer::new(cluster.port()).commit(GROUP, TOPIC, &[(0, 1)]);
    let [certified, known] =
        [with_certificate(&cluster, &scratch), with_password(&cluster, &scratch)].map(Program::ready);
    assert_eq!([expiry(&certified, "cluster"), expiry(&certified, "consumer")], [Some(2_019_686_400.0); 2]);
    let (port, is_away) = (cluster.port(), AtomicBool::new(false));
    let before = cluster.log().matches("Failed authentication").count();
    let seen = watch(&[&certified, &known], port, 1, &is_away, || {
        scratch.write("password", format!("{NEXT}\n"));
        // Half of it first: it is not used.
        scratch.write("client.key", "-----BEGIN PRIVATE KEY-----\n");
        await_line(&certified, "a changed file cannot be used", 2, 30);
        let began = Instant::now();
        write(&new, 2035);
        await_line(&certified, TAKEN_OVER, 3, 40);
        println!("all clients had taken over {:.1} s after the change", began.elapsed().as_secs_f64());
        assert_eq!([expiry(&certified, "cluster"), expiry(&certified, "consumer")], [Some(2_051_222_400.0); 2]);
        await_line(&known, "a Kafka client with the changed files does not connect: the old one goes on", 1, 60);
        pause(seconds(5));
        cluster.tools().change_password(USER, NEXT);
        // The connections that are open stay open until then.
        restart(&mut cluster, &is_away, |cluster| trust(cluster, new.pem()));
        await_up(&[&certified, &known], &is_away);
        await_line(&known, TAKEN_OVER, 3, 90);
        pause(seconds(12));
    });
    let logs = [&certified, &known].map(Program::log);
    assert_eq!(seen.up, [true; 2], "a module was down while the broker was not:\n{logs:?}");
    assert!(seen.commits > 50, "{}", seen.commits);
    let [log, other] = &logs;
    assert_eq!(log.matches("a changed file cannot be used").count(), 2, "once for each module:\n{log}");
    assert!(!log.contains("does not connect"), "{log}");
    assert!(!log.contains("PRIVATE"), "a key is in the log:\n{log}");
    assert!(!other.contains(PASSWORD) && !other.contains(NEXT), "a password is in the log:\n{other}");
    assert!(other.lines().count() <= 45, "the log is flooded:\n{other}");
    let failed = cluster.log().matches("Failed authentication").count() - before;
    println!("{failed} failed attempts");
    assert!((1..=120).contains(&failed), "{failed} failed attempts");
}
