//! Groups from ZooKeeper, alone and together with groups from Kafka.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::tests::{commit, live, members, metadata};
use super::*;
use crate::model::{Lag, Name, Order, Partition};

const NOW: Timestamp = Timestamp(1_000_000_000);

fn cluster(expire: ExpiryPolicy) -> Arc<Cluster> {
    let rules = StorageRules { intervals: NonZeroUsize::new(3).unwrap(), min_distance: Duration::ZERO, expire };
    let cluster = Cluster::new("c", rules, &Arc::default());
    cluster.apply_metadata(metadata(&[("t", 1, 2), ("u", 2, 8)]), Timestamp(0));
    Arc::new(cluster)
}

fn registered<'a>(group: &'a str, owners: &[(&'a str, &'a str, &[i32])]) -> Update<'a> {
    let Update::Members(MembersUpdate { group, members, .. }) = members(group, 0, owners) else { panic!() };
    Update::Registered { group, members }
}

fn told(cluster: &Cluster, updates: Vec<(i64, Update<'_>)>) {
    let updates = updates.into_iter().map(|(order, update)| (Order(order), update));
    cluster.apply(cluster.zookeeper_source("zk"), PastState::Read, updates, NOW);
}

/// Type, state, members and owners of a group.
fn shown(cluster: &Cluster, group: &str) -> Option<(GroupType, GroupState, Vec<String>, Vec<String>)> {
    let (intervals, allowed_lag) = (cluster.rules().intervals, Lag(0));
    let view = ClusterView::of(cluster, NOW, &EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag });
    let found = view.groups.iter().find(|found| found.label.name() == Name(group.as_bytes()))?;
    let members = found.members.iter().map(|member| member.id.name().to_string()).collect();
    let mut owned = Vec::new();
    for topic in view.topics_of(found) {
        let owner = |member: usize| topic.members[member].id.name().to_string();
        let topic_name = topic.name.label.name();
        owned
            .extend(topic.assigned.iter().map(|one| format!("{topic_name}/{} {}", one.partition.0, owner(one.member))));
    }
    Some((found.kind, found.state, members, owned))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const ZOOKEEPER: GroupType = GroupType::Kind(GroupKind::ZooKeeper);
const CLASSIC: GroupType = GroupType::Kind(GroupKind::Classic);

#[test]
fn a_group_is_zookeepers_by_its_commits_or_its_members() {
    let cluster = cluster(ExpiryPolicy::NEVER);
    told(&cluster, vec![(5, commit("g", "t", 0, 1, 1)), (0, registered("m", &[("a", "t", &[0, 1])]))]);
    live(&cluster, vec![(5, commit("k", "t", 0, 1, 1))]);
    assert_eq!(shown(&cluster, "g"), Some((ZOOKEEPER, GroupState::Empty, Vec::new(), Vec::new())));
    let owned = texts(&["t/0 a", "t/1 a"]);
    assert_eq!(shown(&cluster, "m"), Some((ZOOKEEPER, GroupState::Stable, texts(&["a"]), owned)));
    assert_eq!(shown(&cluster, "k").unwrap().0, GroupType::Simple);
    told(&cluster, vec![(0, registered("m", &[]))]);
    assert_eq!(shown(&cluster, "m"), None, "it has neither members nor commits");
}

#[test]
fn a_record_of_kafkas_says_what_a_group_is_while_there_is_one() {
    let cluster = cluster(ExpiryPolicy::NEVER);
    let old = || registered("g", &[("old", "t", &[0])]);
    told(&cluster, vec![(0, old())]);
    live(&cluster, vec![(1, members("g", 1, &[("new", "t", &[1])]))]);
    let kafka = Some((CLASSIC, GroupState::Stable, texts(&["new"]), texts(&["t/1 new"])));
    assert_eq!(shown(&cluster, "g"), kafka);
    told(&cluster, vec![(0, old())]);
    assert_eq!(shown(&cluster, "g"), kafka);
    live(&cluster, vec![(2, Update::GroupTombstone { group: Name(b"g") })]);
    let zookeeper = Some((ZOOKEEPER, GroupState::Stable, texts(&["old"]), texts(&["t/0 old"])));
    assert_eq!(shown(&cluster, "g"), zookeeper);
    // Neither rebuild affects the data of the other source.
    cluster.start_build(cluster.source("m", 0)).publish();
    assert_eq!(shown(&cluster, "g"), zookeeper);
    live(&cluster, vec![(3, members("g", 2, &[("new", "t", &[1])]))]);
    let mut build = cluster.start_build(cluster.zookeeper_source("zk"));
    build.apply([(Order(0), registered("g", &[("other", "u", &[7])]))], NOW);
    build.publish_and_continue();
    assert_eq!(shown(&cluster, "g"), kafka);
    live(&cluster, vec![(4, Update::GroupTombstone { group: Name(b"g") })]);
    assert_eq!(shown(&cluster, "g").unwrap().3, ["u/7 other"]);
    cluster.start_build(cluster.zookeeper_source("zk")).publish_and_continue();
    assert_eq!(shown(&cluster, "g"), None);
}

#[test]
fn a_newer_commit_of_either_is_shown_and_the_other_one_counted() {
    let cluster = cluster(ExpiryPolicy::NEVER);
    let offset = || {
        let detail = cluster.group(Name(b"g")).unwrap();
        let partition = detail.partitions(&detail.topics[0]).next().unwrap();
        (partition.partition, partition.window.unwrap().newest().offset.0)
    };
    live(&cluster, vec![(900, commit("g", "t", 0, 50, 1_000))]);
    told(&cluster, vec![(7, commit("g", "t", 0, 60, 2_000))]);
    assert_eq!(offset(), (Partition(0), 60));
    live(&cluster, vec![(901, commit("g", "t", 0, 55, 1_500))]);
    assert_eq!(offset().1, 60);
    live(&cluster, vec![(902, commit("g", "t", 0, 70, 3_000))]);
    // Data from Kafka is not removed with the ZooKeeper node.
    told(
        &cluster,
        vec![(i64::MAX, Update::CommitTombstone { group: Name(b"g"), topic: Name(b"t"), partition: Partition(0) })],
    );
    assert_eq!(offset().1, 70);
    let superseded = cluster.dropped().find(|(why, _)| *why == DropReason::Superseded).unwrap().1;
    assert_eq!(superseded, 1);
}

#[test]
fn zookeepers_groups_expire_after_a_week_where_nothing_is_set_and_kafkas_do_not() {
    const WEEK: i64 = 604_800_000;
    let cluster = cluster(ExpiryPolicy::BY_SOURCE);
    let (old, young) = (NOW.0 - WEEK - 1, NOW.0 - WEEK);
    // A partition that was idle for longer is not removed before the others of its group.
    told(&cluster, vec![(1, commit("young", "t", 0, 1, old)), (2, commit("young", "t", 1, 1, young))]);
    told(&cluster, vec![(3, commit("old", "t", 0, 1, old)), (4, commit("alive", "t", 0, 1, old))]);
    told(&cluster, vec![(0, registered("alive", &[("a", "t", &[0])]))]);
    live(&cluster, vec![(5, commit("kafkas", "t", 0, 1, old))]);
    told(&cluster, vec![(6, commit("busy", "t", 0, 1, NOW.0))]);
    cluster.expire(NOW);
    let names: Vec<String> = cluster.used_groups().iter().map(|label| label.name().to_string()).collect();
    assert_eq!(names, ["alive", "busy", "kafkas", "young"]);
    assert_eq!(cluster.group(Name(b"young")).unwrap().topics.len(), 1);
}

#[test]
fn groups_of_a_source_that_is_silent_do_not_age_and_of_the_others_they_do() {
    const DAY: i64 = 86_400_000;
    let cluster = cluster(ExpiryPolicy::after(Duration::from_secs(3 * 86_400)));
    let names = || cluster.used_groups().iter().map(|label| label.name().to_string()).collect::<Vec<_>>();
    told(&cluster, vec![(1, commit("z-old", "t", 0, 1, NOW.0 - 2 * DAY)), (2, commit("z-last", "t", 0, 1, NOW.0))]);
    live(&cluster, vec![(1, commit("k-old", "t", 0, 1, NOW.0 - 2 * DAY)), (2, commit("k-busy", "t", 0, 1, NOW.0))]);
    let later = Timestamp(NOW.0 + 2 * DAY);
    live(&cluster, vec![(3, commit("k-busy", "t", 0, 2, later.0))]);
    // A commit ahead of our clock may be from a clock that is wrong.
    let mut build = cluster.start_build(cluster.source("m", 1));
    build.apply([(Order(1), commit("k-mad", "t", 0, 1, later.0 + 9 * DAY))], later);
    build.publish();
    // `live` applies its commits at a time before that of the last one.
    cluster.apply(cluster.source("m", 0), PastState::Read, [(Order(4), commit("k-busy", "t", 0, 3, later.0))], later);
    cluster.expire(ExpiryTime { time: later, trusted: false });
    assert_eq!(names(), ["k-busy", "k-mad", "k-old", "z-last", "z-old"]);
    cluster.expire(later);
    assert_eq!(names(), ["k-busy", "k-mad", "z-last", "z-old"]);
    // The last commit from the ensemble ages only by the clock.
    let late = Timestamp(NOW.0 + 4 * DAY);
    cluster.expire(late);
    assert_eq!(names(), ["k-busy", "k-mad", "z-old"]);
}

#[test]
fn ten_days_ahead_for_half_a_minute_end_no_group_and_drop_no_commit() {
    let cluster = cluster(ExpiryPolicy::after(Duration::from_secs(86_400)));
    let (mut clock, start) = (crate::wall_clock::WallClock::new(), NOW.0);
    for second in 0..2_000_i64 {
        let ahead = if (100..135).contains(&second) { 864_000_000 } else { 0 };
        let tick = crate::model::Tick(second * 1_000);
        let (now, _) = clock.compare_clocks(Timestamp(start + second * 1_000 + ahead), tick);
        // The broker's clock is right. The second group has the last commit of its source.
        let (group, at) = if second == 50 { ("silent", start + 50_000) } else { ("busy", start + second * 1_000) };
        let order = Order(second + 1);
        let source = cluster.source("m", i32::from(group == "silent"));
        cluster.apply(source, PastState::Read, [(order, commit(group, "t", 0, second, at))], now);
        cluster.expire(now);
        assert_eq!(cluster.used_groups().len(), if second < 50 { 1 } else { 2 }, "second {second}");
    }
    assert_eq!(cluster.dropped().map(|(_, count)| count).sum::<u64>(), 0);
}
