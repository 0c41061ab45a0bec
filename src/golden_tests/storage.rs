//! The storage behind the golden files. Cluster `main` has groups of every type and every status; `west "2"` was read
//! from the beginning and has no metadata; `empty` has metadata and no group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{BrokerId, Name, Offset, Order, Partition, TopicId};
use crate::storage::{
    Broker, Cluster, ClusterFacts, ExpiryPolicy, GroupFact, GroupKind, LogBounds, Metadata, PastState, SourceId,
    Storage, StorageRules, TimeAnswer, TimeLookupAnswer, TimestampOffset, TopicMetadata, Update,
};

use super::setting::{NOW, RULES, ago};
use super::updates::{
    Member, bounds, commit, commit_tombstone, epoch, facts, group_tombstone, joined, members, owns, registered, runs,
    share, topic, topology,
};

pub(super) const WEST: &str = "west \"2\"";
pub(super) const PAYS: &str = "pay\"s\\";
pub(super) const ODD: &[u8] = b"odd\\\xff\n";
pub(super) const SLASH: &[u8] = b"a/b c%\"";

/// Groups that are shown, by cluster: those of the classic protocol or of none, those of the newer types and of
/// ZooKeeper, and those of the other cluster.
pub(super) const SHOWN: [(&str, &[&[u8]]); 3] = [
    ("main", &[b"billing", b"connect", b"edges", b"left", b"mixed", ODD, b"reborn", b"slow", b"waits"]),
    (
        "main",
        &[
            b"app-assigning",
            b"app-broken",
            b"app-reconciling",
            b"app-stable",
            b"app-streams",
            b"old-consumer",
            b"queue",
        ],
    ),
    (WEST, &[SLASH, b"alike", b"billing"]),
];
/// Groups of `main` that are gone, hidden, expired, and never were.
pub(super) const NOT_SHOWN: [&[u8]; 4] = [b"dead", b"hidden", b"old-expired", b"none"];

/// Topics by cluster: of the metadata, then one that is only committed, one that is only assigned, one that is deleted
/// and one that never was.
pub(super) const TOPICS: [(&str, &[&str]); 2] = [
    (
        "main",
        &[
            "__consumer_offsets",
            "clicks",
            "orders",
            PAYS,
            "payments",
            "reborn",
            "unheard-of",
            "not-here",
            "returns",
            "none",
        ],
    ),
    (WEST, &["gr\u{fc}n", "orders"]),
];

pub(crate) fn storage() -> Storage {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: Duration::from_secs(1),
        expire: ExpiryPolicy::BY_SOURCE,
    };
    let storage = Storage::new(["main", WEST, "empty"], rules);
    storage.apply_metadata("empty", Metadata::default(), ago(600));
    fill_main(&storage);
    fill_west(&storage.cluster(WEST).unwrap());
    storage.expire(NOW);
    storage
}

/// Takes updates in that follow those before in the order of their source.
struct Feed<'s> {
    cluster: &'s Cluster,
    next: i64,
}

impl Feed<'_> {
    fn take(&mut self, source: SourceId, updates: Vec<Update<'static>>) {
        let first = self.next;
        self.next += i64::try_from(updates.len()).unwrap();
        self.cluster.apply(source, PastState::Read, (first..).map(Order).zip(updates), NOW);
    }
}

fn fill_main(storage: &Storage) {
    let cluster = storage.cluster("main").unwrap();
    let (own, ensemble) = (cluster.source("main", 0), cluster.zookeeper_source("legacy"));
    let mut feed = Feed { cluster: &cluster, next: 1 };
    storage.apply_metadata("main", metadata(topics_at_first()), ago(600));
    storage.apply_facts("main", cluster_facts());
    storage.apply_bounds("main", &log_ends([1000, 500, 300], Some((0, 80))), ago(600));
    feed.take(own, first_commits());
    feed.take(own, classic_members());
    feed.take(own, newer_groups());
    feed.take(ensemble, of_zookeeper());
    storage.apply_bounds("main", &log_ends([1100, 500, 320], None), ago(120));
    feed.take(own, second_commits());
    storage.apply_bounds("main", &log_ends([1300, 500, 340], None), ago(20));
    feed.take(own, third_commits());
    // A topic is hidden after the third answer that does not name it.
    (0..3).for_each(|_| storage.apply_metadata("main", metadata(topics_at_last()), ago(12)));
    storage.apply_bounds("main", &log_ends([1400, 502, 360], None), ago(10));
    storage.apply_bounds("main", &[bounds("reborn", 0, Some((0, 3)))], ago(10));
    feed.take(own, last_commits());
    feed.take(cluster.share_source("main", 0), of_share_groups());
    find_times(&cluster);
}

/// The log ends of `orders` 0 and 1 and `payments` 0 in a refresh, the bounds of `payments` 1, and what stays the same.
fn log_ends(ends: [i64; 3], last: Option<(i64, i64)>) -> Vec<LogBounds<'static>> {
    vec![
        bounds("orders", 0, Some((0, ends[0]))),
        bounds("orders", 1, Some((0, ends[1]))),
        bounds("orders", 2, Some((100, 200))),
        bounds("orders", 3, None),
        bounds("payments", 0, Some((200, ends[2]))),
        bounds("payments", 1, last),
        bounds(PAYS, 0, Some((7, 7))),
        bounds("clicks", 0, Some((500, 520))),
    ]
}

fn metadata(topics: Vec<TopicMetadata>) -> Metadata {
    let broker = |id, address: &str| Broker { id: BrokerId(id), address: address.to_owned() };
    Metadata { brokers: vec![broker(2, "kafka2:9092"), broker(1, "[::1]:9092"), broker(3, "kafka\"3")], topics }
}

fn topics_of_both() -> Vec<TopicMetadata> {
    let led = (Some(1), 2);
    vec![
        topic("orders", 1, &[led, (Some(2), 2), (None, 1), (Some(1), 1)]),
        topic("payments", 2, &[led, led]),
        topic(PAYS, 3, &[led]),
        topic("clicks", 0, &[led]),
        topic("__consumer_offsets", 9, &[led, (Some(2), 2), led]),
    ]
}

/// `returns` is there, which is deleted later; `reborn` will be deleted and created again.
fn topics_at_first() -> Vec<TopicMetadata> {
    let others = vec![topic("returns", 5, &[(Some(1), 2)]), topic("reborn", 6, &[(Some(1), 2)])];
    [topics_of_both(), others].concat()
}

fn topics_at_last() -> Vec<TopicMetadata> {
    [topics_of_both(), vec![topic("reborn", 7, &[(Some(2), 1)])]].concat()
}

fn cluster_facts() -> ClusterFacts {
    let racks = BTreeMap::from([(BrokerId(2), "rack\"b".to_owned())]);
    ClusterFacts { cluster_id: Some("lkc-1".to_owned()), controller: Some(BrokerId(2)), racks }
}

/// Before the second refresh. Of `mixed`, `orders` 2 stops here; `edges` never commits again.
fn first_commits() -> Vec<Update<'static>> {
    vec![
        commit(b"billing", "orders", (0, 900), 180),
        commit(b"billing", "orders", (1, 480), 180),
        commit(b"billing", "payments", (1, 70), 180),
        commit(b"mixed", "orders", (0, 700), 180),
        commit(b"mixed", "orders", (1, 499), 180),
        commit(b"mixed", "orders", (2, 150), 180),
        commit(b"mixed", "orders", (2, 160), 170),
        commit(b"mixed", "payments", (0, 290), 180),
        commit(b"mixed", "clicks", (0, 515), 180),
        commit(b"slow", "payments", (0, 291), 180),
        commit(ODD, PAYS, (0, 7), 180),
        commit(ODD, "orders", (3, 5), 180),
        commit(b"edges", "clicks", (0, 480), 150),
        commit(b"edges", "orders", (2, 110), 150),
        commit(b"edges", PAYS, (0, i64::MAX), 150),
        commit(b"left", "orders", (2, 199), 180),
        commit(b"dead", "orders", (2, 199), 180),
        commit(b"hidden", "returns", (0, 3), 180),
        commit(b"reborn", "reborn", (0, 30), 180),
    ]
}

/// Between the second refresh and the third.
fn second_commits() -> Vec<Update<'static>> {
    vec![
        commit(b"billing", "orders", (0, 1090), 100),
        commit(b"billing", "orders", (1, 500), 100),
        commit(b"billing", "payments", (1, 75), 100),
        commit(b"mixed", "orders", (0, 700), 100),
        commit(b"mixed", "orders", (1, 499), 100),
        commit(b"mixed", "payments", (0, 300), 100),
        commit(b"mixed", "clicks", (0, 518), 100),
        commit(b"slow", "payments", (0, 301), 100),
        commit(b"app-stable", "orders", (0, 1000), 100),
        commit_tombstone(b"dead", "orders", 0),
        commit_tombstone(b"dead", "orders", 2),
    ]
}

/// Between the third refresh and the last.
fn third_commits() -> Vec<Update<'static>> {
    vec![
        commit(b"mixed", "orders", (0, 700), 15),
        commit(b"mixed", "orders", (1, 499), 15),
        commit(b"mixed", "payments", (0, 310), 15),
        commit(b"mixed", "clicks", (0, 505), 15),
        commit(b"slow", "payments", (0, 311), 15),
        commit(b"left", "orders", (2, 200), 15),
        commit(b"app-assigning", "orders", (0, 1050), 15),
        commit(b"app-streams", "payments", (0, 340), 15),
        group_tombstone(b"left"),
    ]
}

/// After the last refresh; the second of two commits within a second takes the place of the first.
fn last_commits() -> Vec<Update<'static>> {
    vec![
        commit(b"billing", "orders", (0, 1349), 5),
        commit(b"billing", "orders", (0, 1350), 5),
        commit(b"billing", "orders", (1, 502), 5),
        commit(b"app-stable", "orders", (0, 1380), 5),
        commit(b"reborn", "reborn", (0, 1), 5),
        commit(ODD, "unheard-of", (4, 9), 5),
    ]
}

/// `billing` has a member without a partition and owns partitions that it never committed.
fn classic_members() -> Vec<Update<'static>> {
    let consumer = ("consumer", "range");
    let owners: [Member; 3] = [
        (b"m-1", "/10.0.0.1", &[("orders", &[0, 1])]),
        (b"m-2\"\xfe", "host\\2/10.0.0.2", &[("orders", &[2, 3]), ("payments", &[0, 1])]),
        (b"m-3", "/10.0.0.3", &[]),
    ];
    vec![
        members(b"billing", consumer, 1, &owners[..1]),
        members(b"billing", consumer, 2, &owners),
        members(b"connect", ("connect", "sessioned"), 7, &[(b"w-1", "/10.0.0.4", &[])]),
        members(b"left", consumer, 3, &owners[..1]),
        members(b"waits", consumer, 1, &[(b"m-4", "/10.0.0.5", &[("clicks", &[0]), ("not-here", &[1])])]),
    ]
}

fn newer_groups() -> Vec<Update<'static>> {
    use GroupKind::{Consumer, Share, Streams};
    let target = |epoch| GroupFact::TargetEpoch(Some(epoch));
    let (a, b) = (|| joined("a", "/10.0.1.1"), || joined("b", "/10.0.1.2"));
    let sources = ["orders", "payments"];
    [
        facts(b"app-assigning", Consumer, [a(), epoch(2, None), target(1), owns("a", 1, &[(1, &[0])])]),
        facts(b"app-reconciling", Consumer, [a(), b(), epoch(2, None), target(2), owns("a", 1, &[(1, &[0, 1])])]),
        facts(
            b"app-stable",
            Consumer,
            [a(), b(), epoch(1, None), target(1), owns("a", 1, &[(1, &[0, 1])]), owns("b", 1, &[(2, &[1])])],
        ),
        facts(
            b"app-streams",
            Streams,
            [topology(0, &sources), a(), epoch(1, Some(0)), target(1), runs("a", 1, &[("0", &[0, 1, 2])])],
        ),
        facts(b"app-broken", Streams, [topology(1, &sources), a(), epoch(1, Some(0)), target(1)]),
        facts(
            b"queue",
            Share,
            [a(), b(), epoch(1, None), target(1), owns("a", 1, &[(1, &[0, 1])]), owns("b", 1, &[(1, &[0])])],
        ),
    ]
    .concat()
}

/// The old consumer's groups. One of them is expired by the time that everything is asked for.
fn of_zookeeper() -> Vec<Update<'static>> {
    const WEEK: i64 = 604_800;
    vec![
        commit(b"old-consumer", "orders", (0, 950), 130),
        commit(b"old-consumer", "orders", (2, 200), 125),
        commit(b"old-expired", "orders", (0, 5), WEEK + 1000),
        registered(b"old-consumer", &[(b"old-consumer_host-1", "host-1", &[("orders", &[0, 1])])]),
    ]
}

/// Records are finished out of their order in `orders` 0; how many are in `orders` 1 is not known.
fn of_share_groups() -> Vec<Update<'static>> {
    vec![
        share(b"queue", (1, 0), (1100, Some(0), &[]), 60),
        share(b"queue", (1, 0), (1200, Some(20), &[(1200, 1204), (1210, 1224)]), 30),
        share(b"queue", (1, 1), (490, None, &[]), 30),
    ]
}

/// A broker tells when the record was appended that `app-assigning` waits for. What is known of others is settled, or
/// is not enough.
fn find_times(cluster: &Cluster) {
    let topic = cluster.topics().find(Name(b"orders")).cloned().unwrap();
    let found = Some(TimestampOffset { offset: Offset(1050), time: ago(140) });
    let answer = TimeAnswer::From { asked: ago(145), found, end: Offset(1400) };
    let found = TimeLookupAnswer { topic: topic.name.clone(), id: Some(TopicId(1)), partition: Partition(0), answer };
    cluster.apply_times(&[found], ago(4));
    let unsettled = cluster.settle_time_lags(ago(3), |_, _, _| false);
    assert!(!unsettled.is_empty(), "there are time lags that have to be asked about");
}

/// An id so long that another byte in its middle is not shown.
const fn long_id(different: u8) -> [u8; 600] {
    let mut id = [b'i'; 600];
    id[300] = different;
    id
}

static ONE: [u8; 600] = long_id(b'1');
static OTHER: [u8; 600] = long_id(b'2');

fn fill_west(cluster: &Arc<Cluster>) {
    const TOPIC: &str = "gr\u{fc}n";
    let source = cluster.source(WEST, 3);
    let alike: [Member; 2] = [(&ONE, "/10.0.2.1", &[(TOPIC, &[0, 1])]), (&OTHER, "/10.0.2.1", &[(TOPIC, &[2])])];
    let past = vec![
        commit(b"billing", "orders", (0, 10), 90),
        commit(b"billing", "orders", (0, 20), 60),
        commit(SLASH, TOPIC, (1, 50), 60),
        commit(b"alike", TOPIC, (0, 50), 60),
        members(b"alike", ("consumer", "range"), 1, &alike),
    ];
    let mut build = cluster.start_build(source);
    build.apply((1..).map(Order).zip(past), NOW);
    build.publish();
    Feed { cluster, next: 100 }.take(source, vec![commit(b"billing", "orders", (0, 5), 30)]);
}
