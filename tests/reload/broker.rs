//! Reloads while a broker is down, and while another reload goes on.

use std::thread;

use super::{File, is_replaced, lags, wait_for};
use crate::rig::broker::Spec;
use crate::rig::maven::Version;
use crate::rig::wire::Committer;
use crate::rig::{eventually, free_port, pause, seconds};

#[test]
fn a_replacement_that_cannot_connect_leaves_what_runs_and_can_be_taken_back() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(4).start();
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 10);
    let mut committer = Committer::new(cluster.port());
    committer.commit("a", "orders", &[(0, 7)]);
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    let lag = |wanted: f64| move |page: &crate::rig::page::Page| lags(page) == [("a".to_owned(), wanted)];
    wait_for(&program, "lag", lag(3.0));

    let servers = file.servers.clone();
    file.change(&program, |file| file.servers = format!("127.0.0.1:{}", free_port()));
    pause(seconds(3));
    committer.commit("a", "orders", &[(0, 8)]);
    let page = wait_for(&program, "lag that the old modules know", lag(2.0));
    assert!(page.family("warrener_up").all(|(_, up)| up == 1.0));
    file.change(&program, |file| file.servers = servers);
    committer.commit("a", "orders", &[(0, 9)]);
    wait_for(&program, "lag after the change was taken back", lag(1.0));
    is_replaced(&program, "consumer.local", 0).unwrap();
    program.terminate();
}

#[test]
fn another_cluster_at_other_servers_takes_the_place_of_the_old_one_as_a_whole() {
    let [old, new] = [("a", 7), ("b", 4)].map(|(group, offset)| {
        let cluster = Spec::new(Version::LATEST).offsets_partitions(4).start();
        cluster.create_topic("orders", 1);
        cluster.produce("orders", 0, 10);
        Committer::new(cluster.port()).commit(group, "orders", &[(0, offset)]);
        cluster
    });
    let mut file = File::new(&old.bootstrap());
    let program = file.start();
    wait_for(&program, "lag of the old cluster", |page| lags(page) == [("a".to_owned(), 3.0)]);
    file.change(&program, |file| file.servers = new.bootstrap());
    wait_for(&program, "lag of the new cluster", |page| {
        let lags = lags(page);
        // While one takes the place of the other, a lag is missing; it is never one of a commit here and a log end there.
        assert!(
            lags.iter().all(|(group, lag)| (&**group, *lag) == ("a", 3.0) || (&**group, *lag) == ("b", 6.0)),
            "{lags:?}"
        );
        lags == [("b".to_owned(), 6.0)]
    });
    program.terminate();
}

#[test]
fn reloads_while_the_broker_is_down_or_at_once_act_one_after_the_other() {
    let mut cluster = Spec::new(Version::LATEST).offsets_partitions(4).start();
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 10);
    Committer::new(cluster.port()).commit("a", "orders", &[(0, 7)]);
    let mut file = File::new(&cluster.bootstrap());
    let program = file.start();
    wait_for(&program, "lag", |page| lags(page).len() == 1);
    cluster.kill(0);
    file.change(&program, |file| file.more = "[metrics]\nlabels = { site = \"north\" }".to_owned());
    let profile = "client-profile = \"p\"".to_owned();
    file.change(&program, |file| {
        (file.cluster, file.consumer) = (profile.clone(), profile);
        file.more += "\n[client-profile.p]\nclient-id = \"other\"";
    });
    cluster.start();
    eventually(seconds(60), "replaced consumer", || is_replaced(&program, "consumer.local", 1));
    wait_for(&program, "lag after the broker's return", |page| lags(page) == [("a".to_owned(), 3.0)]);
    thread::scope(|scope| {
        let posts: Vec<_> = (0..8).map(|_| scope.spawn(|| program.post("/-/reload").status)).collect();
        assert!(posts.into_iter().all(|post| post.join().unwrap() == 200));
    });
    assert_eq!(lags(&program.page()).len(), 1);
    program.terminate();
}
