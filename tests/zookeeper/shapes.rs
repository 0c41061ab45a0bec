//! Trees of all sorts, made by hand.

use crate::rig::broker::Spec;
use crate::rig::program::Program;
use crate::rig::seconds;
use crate::rig::zookeeper::{Release, ZooKeeper};

use super::{commit, commits, following, says, shows};

fn errors(program: &Program, reason: &str) -> f64 {
    let labels = [("module", "zk"), ("reason", reason)];
    program.page().value("warrener_record_errors_total", &labels).unwrap_or_default()
}

fn follows_what_comes_and_goes(release: Release) {
    let zookeeper = ZooKeeper::start(release);
    let znodes = zookeeper.znodes();
    let program = following(&zookeeper, "");
    program.page_where(seconds(20), "module that has walked an empty tree", |page| {
        let said = [says(page, "warrener_up"), says(page, "warrener_ready")];
        if said == [Some(1.0); 2] { Ok(()) } else { Err(format!("{said:?}")) }
    });
    let see = |what: &str, expected| program.page_where(seconds(2), what, |page| shows(page, &expected));

    znodes.put("/consumers", "");
    znodes.put(&commit("a", "t", 0), "5");
    znodes.put(&commit("a", "t", 11), "0");
    see("first commits", commits([("a", "t", 0, 5), ("a", "t", 11, 0)]));
    let info = [("consumergroup", "a"), ("type", "zookeeper"), ("protocol_type", ""), ("protocol", "")];
    let page = program.page();
    assert_eq!(page.value("kafka_consumergroup_info", &info), Some(1.0));
    assert_eq!(page.value("kafka_consumergroup_state", &[("consumergroup", "a"), ("state", "empty")]), Some(1.0));
    assert_eq!(page.value("kafka_consumergroup_state", &[("consumergroup", "a"), ("state", "stable")]), Some(0.0));
    assert_eq!(page.with("kafka_consumergroup_state", &[("consumergroup", "a")]).count(), 2);
    assert_eq!(page.value("kafka_consumergroup_members", &[("consumergroup", "a")]), Some(0.0));
    assert_eq!(page.value("warrener_groups", &[("type", "zookeeper")]), Some(1.0));

    // Other shapes are left alone, and what is no offset is counted and watched on.
    znodes.put("/consumers/a/offsets/t/x", "7");
    znodes.put("/consumers/a/offsets/t/00", "7");
    znodes.put("/consumers/a/other/t/0", "7");
    znodes.put("/consumers/a/offsets/t/0/deeper", "7");
    znodes.put("/consumers/data-of-its-own", "7");
    znodes.put(&commit("a", "t", 1), "many");
    znodes.put(&commit("b", "u", 3), "9007199254740992");
    see("more shapes", commits([("a", "t", 0, 5), ("a", "t", 11, 0), ("b", "u", 3, 1 << 53)]));
    assert_eq!(errors(&program, "offset"), 1.0);
    znodes.put(&commit("a", "t", 1), "6");
    znodes.put(&commit("a", "t", 11), "-1");
    see("a number, and none", commits([("a", "t", 0, 5), ("a", "t", 1, 6), ("b", "u", 3, 1 << 53)]));
    assert_eq!(errors(&program, "offset"), 2.0);

    // What is deleted leaves, what is made again comes back, with a lower offset too.
    znodes.delete(&commit("a", "t", 1));
    znodes.delete("/consumers/b");
    see("deletions", commits([("a", "t", 0, 5)]));
    znodes.put(&commit("b", "u", 3), "2");
    znodes.put(&commit("a", "t", 1), "1");
    znodes.put(&commit("a", "t", 0), "4");
    see("returns", commits([("a", "t", 0, 4), ("a", "t", 1, 1), ("b", "u", 3, 2)]));
    znodes.delete("/consumers");
    see("nothing", commits([]));
    assert!(program.page().groups().is_empty());
    znodes.put(&commit("c", "t", 0), "8");
    see("a new tree", commits([("c", "t", 0, 8)]));
    program.terminate();
}

#[test]
fn zookeeper_3_8_is_followed_as_its_tree_changes() {
    follows_what_comes_and_goes(Release::V3_8);
}

#[test]
fn zookeeper_3_4_is_followed_as_its_tree_changes() {
    follows_what_comes_and_goes(Release::V3_4);
}

#[test]
fn members_and_owners_are_those_that_are_registered() {
    let zookeeper = ZooKeeper::start(Release::V3_8);
    let znodes = zookeeper.znodes();
    // A topic that is only owned is shown once the cluster has it.
    let cluster = Spec::common();
    cluster.create_topic("owned", 6);
    let program = Program::with_config(&super::file(&cluster.bootstrap(), &zookeeper.servers(), "", ""));
    let consumer = "a_web-1.example.com-1396460000000-1a2b3c4d";
    znodes.put(&format!("/consumers/a/ids/{consumer}"), r#"{"version":1}"#);
    znodes.put("/consumers/a/ids/a_mine", r#"{"version":1}"#);
    znodes.put("/consumers/a/owners/owned/0", &format!("{consumer}-0"));
    znodes.put("/consumers/a/owners/owned/1", "a_mine-12");
    // Other clients' owners are the ids themselves, which may end in a number of their own.
    znodes.put("/consumers/a/ids/a_mine-7", r#"{"version":1}"#);
    znodes.put("/consumers/a/owners/owned/2", "a_mine-7");
    znodes.put("/consumers/a/owners/owned/3", "a_mine-7-0");
    znodes.put("/consumers/a/owners/owned/4", "web-2:0f1e2d3c");
    znodes.put("/consumers/a/owners/owned/5", "");
    let owner = |page: &crate::rig::page::Page, partition: &str| {
        let labels = [("consumergroup", "a"), ("topic", "owned"), ("partition", partition)];
        let mut owners = page
            .with(super::OWNER, &labels)
            .map(|(labels, _)| ["member_id", "client_host", "client_id"].map(|key| labels[key].clone()));
        owners.next()
    };
    let page = program.page_where(seconds(20), "owners", |page| {
        let found = ["0", "1", "2", "3", "4", "5"].map(|partition| owner(page, partition));
        let first = [consumer, "web-1.example.com", ""].map(str::to_owned);
        let others = ["a_mine", "a_mine-7", "a_mine-7", "web-2:0f1e2d3c"].map(|id| [id, "", ""].map(str::to_owned));
        let [second, third, fourth, fifth] = others;
        let expected = [Some(first), Some(second), Some(third), Some(fourth), Some(fifth), None];
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    });
    // Three that are registered, and one that owns something without.
    assert_eq!(page.value("kafka_consumergroup_members", &[("consumergroup", "a")]), Some(4.0));
    assert_eq!(page.value("kafka_consumergroup_state", &[("consumergroup", "a"), ("state", "stable")]), Some(1.0));
    let topic = [("consumergroup", "a"), ("topic", "owned")];
    assert_eq!(page.value("kafka_consumergroup_assigned_partitions", &topic), Some(5.0));
    // They own, and have committed nothing.
    assert_eq!(page.value("kafka_consumergroup_uncommitted_partitions", &topic), Some(5.0));
    assert_eq!(errors(&program, "owner"), 0.0);
    // Once it is registered, it is the one that it looked like a thread of.
    znodes.put("/consumers/a/owners/owned/4", "a_mine-8");
    let owns = |what: &str, id: &'static str| {
        program.page_where(seconds(2), what, |page| match owner(page, "4") {
            Some([found, ..]) if found == id => Ok(()),
            other => Err(format!("{other:?}")),
        });
    };
    owns("owner that is a thread", "a_mine");
    znodes.put("/consumers/a/ids/a_mine-8", r#"{"version":1}"#);
    owns("owner that is registered", "a_mine-8");
    for gone in ["a_mine-7", "a_mine-8"] {
        znodes.delete(&format!("/consumers/a/ids/{gone}"));
    }
    for partition in 2..6 {
        znodes.delete(&format!("/consumers/a/owners/owned/{partition}"));
    }
    znodes.put("/consumers/a/owners/owned/0", "a_mine-0");
    znodes.delete(&format!("/consumers/a/ids/{consumer}"));
    program.page_where(seconds(2), "one owner", |page| {
        let found = ["0", "1"].map(|partition| owner(page, partition).map(|[id, ..]| id));
        let members = page.value("kafka_consumergroup_members", &[("consumergroup", "a")]);
        let right = found == [(); 2].map(|()| Some("a_mine".to_owned())) && members == Some(1.0);
        if right { Ok(()) } else { Err(format!("{found:?} {members:?}")) }
    });
    znodes.delete("/consumers/a");
    program.page_where(seconds(2), "no group", |page| {
        if page.groups().is_empty() { Ok(()) } else { Err(format!("{:?}", page.groups())) }
    });
}

#[test]
fn a_chroot_and_the_lists_cut_the_tree_before_it_is_read() {
    let zookeeper = ZooKeeper::start(Release::V3_4);
    let znodes = zookeeper.znodes();
    for group in ["pay-1", "pay-2", "pay-test", "other"] {
        for topic in ["t", "secret"] {
            znodes.put(&format!("/a/b{}", commit(group, topic, 0)), "1");
        }
    }
    znodes.put(&commit("pay-outside", "t", 0), "2");
    let keys = "zookeeper-path = \"/a/b\"\ngroup-allowlist = \"^pay\"\ngroup-denylist = \"test$\"";
    let more = "[storage.default]\nclass-name = \"inmemory\"\ngroup-denylist = \"2$\"";
    let file = super::file("127.0.0.1:1", &zookeeper.servers(), keys, more);
    let program = Program::with_config(&file.replacen("[consumer", "topic-denylist = \"secret\"\n[consumer", 1));
    program.page_where(seconds(20), "one group", |page| shows(page, &commits([("pay-1", "t", 0, 1)])));
    // The list of groups, a group's parts, its topics, the partitions of one topic, and one offset.
    assert_eq!(zookeeper.watches(), 5);
    assert_eq!(program.page().value("warrener_zookeeper_nodes", &[("module", "zk")]), Some(5.0));
}
