use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::evaluate::EvaluatorRules;
use crate::model::{BrokerId, Order, Timestamp};
use crate::storage::{
    LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState, Storage, StorageRules,
    TopicMetadata, Update,
};

const INTERVALS: NonZeroUsize = NonZeroUsize::new(3).unwrap();
const NOW: Timestamp = Timestamp(1_000_000);
const HEAD: &str = "CLUSTER  GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  TIME-LAG  STATUS  OWNER\n";

fn name(text: &str) -> Name<'_> {
    Name(text.as_bytes())
}

/// Clusters `a` and `b`, each with a topic `t` of two partitions whose logs hold 100 records.
fn storage() -> Storage {
    let storage = Storage::new(
        ["a", "b"],
        StorageRules {
            intervals: INTERVALS,
            min_distance: Duration::ZERO,
            expire: crate::storage::ExpiryPolicy::NEVER,
        },
    );
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    for cluster in ["a", "b"] {
        let topic = TopicMetadata { name: "t".to_owned(), id: None, partitions: vec![partition.clone(); 2] };
        storage.apply_metadata(cluster, Metadata { brokers: Vec::new(), topics: vec![topic] }, NOW);
        let bounds = [0, 1].map(|partition| LogBounds {
            topic: "t",
            partition: Partition(partition),
            start: Some(Offset(0)),
            end: Some(Offset(100)),
        });
        storage.apply_bounds(cluster, &bounds, NOW);
    }
    storage
}

fn live(storage: &Storage, cluster: &str, updates: Vec<Update<'_>>) {
    let cluster = storage.cluster(cluster).unwrap();
    let source = cluster.source("m", 0);
    let ordered = updates.into_iter().zip(1..).map(|(update, order)| (Order(order), update));
    cluster.apply(source, PastState::Read, ordered, NOW);
}

/// Commits one second apart, the last one now.
fn commits<'a>(group: &'a str, topic: &'a str, partition: i32, offsets: &[i64]) -> Vec<Update<'a>> {
    let ago = (0..offsets.len()).rev().map(|ago| i64::try_from(ago).unwrap() * 1000);
    let commit = |(offset, ago): (&i64, i64)| Update::Commit {
        group: name(group),
        topic: name(topic),
        partition: Partition(partition),
        offset: Offset(*offset),
        timestamp: Timestamp(NOW.0 - ago),
    };
    offsets.iter().zip(ago).map(commit).collect()
}

fn member<'a>(group: &'a str, client: &'a str, host: &'a str, assigned: &[i32]) -> Update<'a> {
    Update::Members(MembersUpdate {
        group: name(group),
        protocol_type: name("consumer"),
        protocol: name("range"),
        at: NOW,
        generation: 1,
        members: vec![MemberUpdate {
            id: name("member-1"),
            client_id: name(client),
            client_host: name(host),
            assigned: vec![(name("t"), assigned.iter().map(|partition| Partition(*partition)).collect())],
        }],
    })
}

fn view(storage: &Storage) -> View {
    let rules = EvaluatorRules { intervals: INTERVALS, minimum_complete: 0.0, allowed_lag: Lag(0) };
    storage.view(Timestamp(NOW.0 + 500), &rules)
}

/// The table of these groups, or of all groups if there are none.
fn table(storage: &Storage, groups: &[&str]) -> String {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    LagTable(&rows(&view(storage), &groups)).to_string()
}

/// A row with all values set, to be modified.
fn row(group: &str) -> LagRow<'_> {
    LagRow {
        cluster: name("c"),
        group: name(group),
        topic: name("t"),
        partition: Partition(0),
        current_offset: Some(Offset(1)),
        log_end_offset: Some(Offset(8)),
        lag: Some(Lag(7)),
        time_lag: Some(TimeLag(432_000)),
        status: PartitionStatus::Ok,
        owner: None,
    }
}

#[test]
fn without_groups_the_table_is_its_head() {
    assert_eq!(table(&storage(), &[]), HEAD);
}

#[test]
fn a_group_shows_what_it_committed_where_the_log_ends_and_who_reads() {
    let storage = storage();
    let mut updates = commits("pay", "t", 0, &[40]);
    updates.extend(commits("pay", "gone", 7, &[5]));
    updates.push(member("pay", "worker", "/10.0.0.7", &[0, 1]));
    live(&storage, "a", updates);
    let expected = "\
CLUSTER  GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  TIME-LAG  STATUS  OWNER
a        pay    t      0          40              100             60   -         STALL   worker@10.0.0.7
a        pay    gone   7          5               -               -    -         OK      -
a        pay    t      1          -               100             -    -         OK      worker@10.0.0.7
";
    assert_eq!(table(&storage, &[]), expected);
}

#[test]
fn a_group_stays_together_and_the_one_with_the_worst_partition_comes_first() {
    let storage = storage();
    live(&storage, "a", [commits("calm", "t", 0, &[98, 99, 100]), commits("calm", "t", 1, &[100])].concat());
    live(
        &storage,
        "b",
        [
            commits("mixed", "t", 0, &[98, 99, 100]),
            commits("mixed", "t", 1, &[10, 10, 10]),
            commits("behind", "t", 0, &[10, 11, 12]),
            commits("rewound", "t", 0, &[50, 60, 20]),
        ]
        .concat(),
    );
    let view = view(&storage);
    let order: Vec<_> = rows(&view, &[])
        .iter()
        .map(|row| format!("{} {} {} {}", row.cluster, row.group, row.partition.0, row.status_name()))
        .collect();
    let expected =
        ["b mixed 1 STALL", "b mixed 0 OK", "b rewound 0 REWIND", "b behind 0 OK", "a calm 0 OK", "a calm 1 OK"];
    assert_eq!(order, expected);
}

#[test]
fn rows_are_sorted_by_status_then_time_lag_then_lag_then_names() {
    use PartitionStatus::{Ok, Rewind, Stall, Stop, Warn};
    let with = |group, status, time_lag: Option<u64>, lag: Option<u64>| LagRow {
        status,
        time_lag: time_lag.map(TimeLag),
        lag: lag.map(Lag),
        ..row(group)
    };
    let sorted = [
        with("a", Stop, Some(1), Some(1)),
        with("b", Stall, Some(9_000), Some(9)),
        with("c", Rewind, Some(9_000), Some(9)),
        with("d", Warn, Some(9_000), Some(1)),
        with("e", Warn, Some(8_000), Some(9)),
        with("f", Warn, Some(8_000), Some(3)),
        with("g", Warn, Some(8_000), None),
        with("h", Ok, Some(1), Some(1)),
        with("i", Ok, None, Some(1_000)),
        with("j", Ok, None, Some(2)),
        with("k", Ok, None, None),
        with("l", Ok, None, Some(0)),
        with("m", Ok, Some(0), Some(0)),
        LagRow { topic: name("u"), ..with("m", Ok, Some(0), Some(0)) },
        LagRow { topic: name("u"), partition: Partition(2), ..with("m", Ok, Some(0), Some(0)) },
        LagRow { topic: name("u"), partition: Partition(10), ..with("m", Ok, Some(0), Some(0)) },
        with("n", Ok, Some(0), Some(0)),
        LagRow { cluster: name("d"), ..with("a", Ok, Some(0), Some(0)) },
    ];
    let mut rows: Vec<_> = sorted.iter().rev().cloned().collect();
    rows.sort_unstable_by_key(LagRow::sort_key);
    assert_eq!(rows, sorted);
}

#[test]
fn groups_are_chosen_by_their_exact_names_and_unknown_ones_are_told() {
    let storage = storage();
    live(&storage, "a", [commits("pay", "t", 0, &[100]), commits("pay2", "t", 0, &[100])].concat());
    live(&storage, "b", [commits("pay", "t", 0, &[100]), commits("", "t", 0, &[100])].concat());
    let chosen = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let view = view(&storage);
        let names: Vec<_> = rows(&view, &groups).iter().map(|row| format!("{}/{}", row.cluster, row.group)).collect();
        let unknown = unknown_groups(&view, &groups).iter().map(|group| (*group).to_owned()).collect::<Vec<_>>();
        (names, unknown)
    };
    let expect = |names: &[&str], unknown: &[&str]| {
        (names.iter().map(|name| (*name).to_owned()).collect(), unknown.iter().map(|name| (*name).to_owned()).collect())
    };
    assert_eq!(chosen(&[]), expect(&["a/pay", "a/pay2", "b/", "b/pay"], &[]));
    assert_eq!(chosen(&["pay", "pa", "Pay"]), expect(&["a/pay", "b/pay"], &["pa", "Pay"]));
    assert_eq!(chosen(&["", "pay2"]), expect(&["a/pay2", "b/"], &[]));
}

#[test]
fn a_group_whose_name_is_not_utf8_is_chosen_by_its_bytes_shown() {
    let storage = storage();
    let mut commit = commits("x", "t", 0, &[100]);
    if let Some(Update::Commit { group, .. }) = commit.first_mut() {
        *group = Name(b"a\xff");
    }
    live(&storage, "a", commit);
    assert_eq!(rows(&view(&storage), &["a\\xff".to_owned()]).len(), 1);
}

#[test]
fn the_columns_are_as_wide_as_what_stands_in_them() {
    let rows = [
        LagRow {
            current_offset: Some(Offset(9_223_372_036_854_775_807)),
            lag: Some(Lag(u64::MAX)),
            ..row("gr\u{fc}n")
        },
        LagRow { time_lag: Some(TimeLag(277_200_000)), status: PartitionStatus::Rewind, ..row("b") },
    ];
    let expected = "\
CLUSTER  GROUP  TOPIC  PARTITION  CURRENT-OFFSET       LOG-END-OFFSET  LAG                   TIME-LAG  STATUS  OWNER
c        gr\u{fc}n   t      0          9223372036854775807  8               18446744073709551615  7m12s     OK      -
c        b      t      0          1                    8               7                     3d5h      REWIND  -
";
    assert_eq!(LagTable(&rows).to_string(), expected);
}

#[test]
fn a_very_long_name_shifts_its_own_line_and_no_other() {
    let long = "g".repeat(5_000);
    let rows = [row(&long), row("b")];
    let shown = LagTable(&rows).to_string();
    let lengths: Vec<_> = shown.lines().map(str::len).collect();
    assert!(lengths[1] > 5_000 && lengths[0] < 200 && lengths[2] < 200, "{lengths:?}");
    assert!(shown.contains(&long));
}

#[test]
fn no_name_can_harm_a_terminal() {
    let rows = [
        LagRow { topic: name("a\tb\r\n"), ..row("\u{1b}[31mred\u{7}") },
        LagRow {
            topic: Name(b"\xff\x1b"),
            owner: Some(OwnerName { client_id: name("x\u{202e}y\u{9b}"), host: name("/\u{0}"), id: name("") }),
            ..row("")
        },
    ];
    let shown = LagTable(&rows).to_string();
    assert!(shown.chars().all(|c| c == '\n' || !is_unseen(c)), "{shown:?}");
    for part in [r"\u{1b}[31mred\u{7} ", r" a\u{9}b\u{d}\u{a} ", r" \xff\u{1b} ", r"x\u{202e}y\u{9b}@\u{0}", " \"\" "] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

fn is_unseen(c: char) -> bool {
    c.is_control() || c == '\u{202e}'
}

#[test]
fn an_owner_is_its_client_and_its_host_as_far_as_they_are_known() {
    let owner = |client, host| OwnerName { client_id: name(client), host: name(host), id: name("id") }.to_string();
    assert_eq!(owner("worker", "/10.0.0.7"), "worker@10.0.0.7");
    assert_eq!(owner("worker", "host.example/10.0.0.7"), "worker@host.example/10.0.0.7");
    assert_eq!(owner("worker", ""), "worker");
    assert_eq!(owner("", "/10.0.0.7"), "10.0.0.7");
    assert_eq!(owner("", "/"), "id");
}

#[test]
fn in_json_numbers_are_numbers_and_what_is_unknown_is_null() {
    let full = LagRow {
        time_lag: Some(TimeLag(432_125)),
        status: PartitionStatus::Stop,
        owner: Some(OwnerName { client_id: name("w"), host: name("/h"), id: name("") }),
        ..row("\u{1b}g\"")
    };
    let expected = r#"{"cluster":"c","group":"\u001bg\"","topic":"t","partition":0,"current_offset":1,"log_end_offset":8,"lag":7,"time_lag":432.125,"status":"STOP","owner":"w@h"}"#;
    assert_eq!(serde_json::to_string(&full).unwrap(), expected);
    let empty = LagRow { current_offset: None, log_end_offset: None, lag: None, time_lag: None, ..row("g") };
    let expected = r#"{"cluster":"c","group":"g","topic":"t","partition":0,"current_offset":null,"log_end_offset":null,"lag":null,"time_lag":null,"status":"OK","owner":null}"#;
    assert_eq!(serde_json::to_string(&empty).unwrap(), expected);
    let keys: Vec<_> = COLUMNS.iter().map(|column| column.to_lowercase().replace('-', "_")).collect();
    let object = serde_json::to_value(&full).unwrap();
    let mut found: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    let mut sorted = keys.clone();
    found.sort();
    sorted.sort();
    assert_eq!(found, sorted);
}
