//! One setting after the other is changed.

use std::io::Write;

use super::{COMMITTED, File, is_replaced, lags, wait_for};
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, free_port, http, seconds};

/// A broker with the groups `a` and `b`, 3 and 5 records behind on `orders`, and `b` 2 behind on `bills`.
fn broker() -> Cluster {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(4).start();
    cluster.create_topic("orders", 1);
    cluster.create_topic("bills", 1);
    cluster.produce("orders", 0, 10);
    cluster.produce("bills", 0, 10);
    let mut committer = Committer::new(cluster.port());
    committer.commit("a", "orders", &[(0, 7)]);
    committer.commit("b", "orders", &[(0, 5)]);
    committer.commit("b", "bills", &[(0, 8)]);
    cluster
}

fn lagging(groups: &[(&str, f64)]) -> Vec<(String, f64)> {
    groups.iter().map(|(group, lag)| ((*group).to_owned(), *lag)).collect()
}

#[test]
fn filters_act_at_once_and_what_they_allow_again_comes_back() {
    let cluster = broker();
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    let all = lagging(&[("a", 3.0), ("b", 2.0), ("b", 5.0)]);
    wait_for(&program, "all lags", |page| lags(page) == all);

    file.change(&program, |file| file.consumer = "group-denylist = \"^b$\"".to_owned());
    wait_for(&program, "page without b", |page| lags(page) == lagging(&[("a", 3.0)]));
    is_replaced(&program, "consumer.local", 0).unwrap();
    file.change(&program, |file| file.consumer.clear());
    wait_for(&program, "page with b", |page| lags(page) == all);
    is_replaced(&program, "consumer.local", 1).unwrap();

    file.change(&program, |file| file.cluster = "topic-denylist = \"^orders$\"".to_owned());
    let page = wait_for(&program, "page without orders", |page| lags(page) == lagging(&[("b", 2.0)]));
    assert_eq!(page.with("kafka_topic_partitions", &[("topic", "orders")]).count(), 0);
    file.change(&program, |file| file.cluster.clear());
    wait_for(&program, "page with orders", |page| lags(page) == all);
    program.terminate();
}

#[test]
fn settings_of_pages_act_at_once() {
    let cluster = broker();
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    wait_for(&program, "three lags", |page| lags(page).len() == 3);

    file.change(&program, |file| file.more = "[metrics]\nlabels = { site = \"north\" }".to_owned());
    let page = program.page();
    assert_eq!(page.with(COMMITTED, &[("site", "north")]).count(), 3);
    assert_eq!(page.with("warrener_up", &[("site", "north")]).count(), 2);
    file.change(&program, |file| file.more = "[metrics]\nnames = [\"burrow\"]\n".to_owned());
    let page = program.page();
    assert_eq!((page.family(COMMITTED).count(), page.with("warrener_up", &[("site", "north")]).count()), (0, 0));
    assert!(
        page.names().any(|name| name.starts_with("burrow_kafka_consumer")),
        "{:?}",
        page.names().collect::<Vec<_>>()
    );
    file.change(&program, |file| file.more = "[metrics]\ngranularity = \"group\"\n".to_owned());
    assert_eq!(program.page().family("kafka_consumergroup_lag").count(), 0);
    file.change(&program, |file| {
        file.more = "[[metrics.limit]]\ngroup = \"^a$\"\nlag-seconds = 7\n[logging]\nlevel = \"debug\"\n\
                     [storage.default]\nclass-name = \"inmemory\"\nintervals = 3\n\
                     [evaluator.default]\nclass-name = \"caching\"\nallowed-lag = 9\n"
            .to_owned()
    });
    let page = program.page();
    assert_eq!(page.value("kafka_consumergroup_lag_limit_seconds", &[("consumergroup", "a")]), Some(7.0));
    assert!(program.get("/v3/admin/loglevel").text().contains("\"debug\""));
    assert!(program.get("/v3/config/storage/default").text().contains("\"intervals\":3"));
    assert!(program.get("/v3/config/evaluator/default").text().contains("\"caching\""));
    for module in ["cluster.local", "consumer.local"] {
        is_replaced(&program, module, 0).unwrap();
    }
    file.change(&program, |file| file.more = "[logging]\nformat = \"json\"".to_owned());
    // Lines that are repeated come ten seconds later.
    eventually(seconds(20), "line in JSON", || {
        let log = program.log();
        if log.lines().any(|line| line.starts_with("{\"timestamp\"")) { Ok(()) } else { Err(log) }
    });
    program.terminate();
}

#[test]
fn clusters_and_consumers_come_and_go_and_profiles_change_without_a_gap() {
    let cluster = broker();
    let servers = cluster.bootstrap();
    let mut file = File::new(&servers);
    let program = file.start();
    wait_for(&program, "three lags", |page| lags(page).len() == 3);

    file.change(&program, |file| {
        file.more = format!("[cluster.second]\nclass-name = \"kafka\"\nservers = [\"{servers}\"]\noffset-refresh = 1")
    });
    wait_for(&program, "lags of both clusters", |page| lags(page).len() == 6);
    assert_eq!(program.get("/-/ready").status, 200);
    file.change(&program, |file| file.more.clear());
    let page = program.page();
    assert_eq!(lags(&page).len(), 3);
    let left: Vec<_> = page.names().flat_map(|name| page.with(name, &[("cluster", "second")])).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(program.get("/v3/kafka/second").status, 404);

    let profile = "client-profile = \"p\"".to_owned();
    file.change(&program, |file| {
        (file.cluster, file.consumer) = (profile.clone(), profile);
        file.more = "[client-profile.p]\nclient-id = \"other\"".to_owned();
    });
    eventually(seconds(20), "both modules replaced", || {
        assert_eq!(lags(&program.page()).len(), 3);
        let up = program.page().family("warrener_up").map(|(_, up)| up).collect::<Vec<_>>();
        assert_eq!(up, [1.0, 1.0]);
        is_replaced(&program, "cluster.local", 1).and_then(|()| is_replaced(&program, "consumer.local", 1))
    });
    Committer::new(cluster.port()).commit("a", "orders", &[(0, 9)]);
    wait_for(&program, "a commit that the new module reads", |page| lags(page)[0] == ("a".to_owned(), 1.0));
    program.terminate();
}

#[test]
fn listeners_come_and_go_and_keep_their_sockets() {
    let cluster = broker();
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    let second = free_port();
    file.change(&program, |file| file.more = format!("[httpserver.second]\naddress = \"127.0.0.1:{second}\"\n"));
    assert_eq!(http::get(second, "/-/healthy", &[]).unwrap().status, 200);
    assert_eq!(http::request(second, "POST", "/-/reload", &[]).unwrap().status, 403);
    file.change(&program, |file| file.more += "enable-lifecycle = true\n");
    assert_eq!(http::request(second, "POST", "/-/reload", &[]).unwrap().status, 200);
    file.change(&program, |file| file.more.clear());
    eventually(seconds(5), "closed listener", || match http::get(second, "/-/healthy", &[]) {
        Err(_) => Ok(()),
        Ok(answer) => Err(format!("{}", answer.status)),
    });
    // A client that does not end its request keeps the old server alive for a while.
    let slow = std::net::TcpStream::connect(("127.0.0.1", file.port)).unwrap();
    (&slow).write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ").unwrap();
    file.change(&program, |file| file.server = "allowed-hosts = [\"127.0.0.1\"]".to_owned());
    for _ in 0..50 {
        assert_eq!(http::get(file.port, "/-/ready", &[]).unwrap().status, 200);
    }
    drop(slow);
    let host = |name| http::get(file.port, "/-/healthy", &[("Host", name)]).unwrap().status;
    assert_eq!((host("127.0.0.1"), host("example.com")), (200, 403));
    program.terminate();
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let cluster = broker();
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    wait_for(&program, "three lags", |page| lags(page).len() == 3);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    for (bad, why) in [
        (
            "[storage.default]\nintervals = 0\nclass-name = \"inmemory\"",
            "storage.default.intervals: expected an integer from 1 to 1000, found 0",
        ),
        ("[metrics", "expected"),
        (&format!("[httpserver.second]\naddress = \"{taken}\""), "Address already in use"),
    ] {
        program.rewrite(&format!(
            "{}{bad}\n[cluster.third]\nclass-name = \"kafka\"\nservers = [\"127.0.0.1:1\"]\n",
            file.text()
        ));
        let answer = program.post("/-/reload");
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(why), "{}", answer.text());
        assert!(program.log().contains(why), "{}", program.log());
        let page = program.page();
        assert_eq!(page.value("warrener_config_last_reload_successful", &[]), Some(0.0));
        assert_eq!((lags(&page).len(), page.family("warrener_up").count()), (3, 2));
    }
    file.change(&program, |_| ());
    assert_eq!(program.page().value("warrener_config_last_reload_successful", &[]), Some(1.0));
    // It would wait for somebody who writes.
    program.replace_file_with_a_pipe();
    let answer = program.post("/-/reload");
    assert_eq!((answer.status, answer.text().contains("not a regular file")), (400, true), "{}", answer.text());
    program.remove_file();
    file.change(&program, |_| ());
    program.terminate();
}

#[test]
fn signals_and_changes_of_the_file_have_it_read_again() {
    let cluster = broker();
    let mut file = File::new(&cluster.bootstrap());
    let mut program = file.start();
    file.consumer = "group-denylist = \"^b$\"".to_owned();
    program.rewrite(&file.text());
    program.signal(libc::SIGHUP);
    wait_for(&program, "page without b", |page| lags(page).len() == 1);
    program.terminate();

    let text = file.text();
    let program = Program::changed_at(file.port, &text, |command| {
        command.arg("--watch-config");
    })
    .ready();
    file.consumer.clear();
    program.rewrite(&file.text());
    wait_for(&program, "page with b", |page| lags(page).len() == 3);
    let answer = program.post("/-/quit");
    assert_eq!((answer.status, answer.text()), (200, "stopping\n"));
    let mut program = program;
    assert_eq!(program.wait(seconds(5)).code(), Some(0));

    let mut flags = Program::with_brokers(&cluster.bootstrap()).ready();
    flags.signal(libc::SIGHUP);
    eventually(seconds(5), "line about SIGHUP", || {
        let said = flags.log().contains("the configuration is not read again: it came from the command line");
        if said { Ok(()) } else { Err(flags.log()) }
    });
    assert_eq!(lags(&flags.page()).len(), 3);
    flags.terminate();
}
