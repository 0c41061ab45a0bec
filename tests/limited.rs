//! Limits of storage with a real broker: `memory` at a tenth of what the groups need.

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::{Page, whole};
use crate::rig::program::{Program, quick};
use crate::rig::tools::{GROUPS, Place, rows};
use crate::rig::wire::Committer;
use crate::rig::{pause, seconds};

const TOPIC: &str = "orders";
const GROUPS_MADE: i64 = 8_000;
const PARTITIONS: i32 = 10;
/// Records of each partition.
const RECORDS: i64 = 30;

fn group(number: i64) -> String {
    format!("team-{:02}.consumer-{number:05}", number % 97)
}

fn fill(cluster: &Cluster) -> Committer {
    cluster.create_topic(TOPIC, PARTITIONS);
    let records = usize::try_from(RECORDS).unwrap();
    (0..PARTITIONS).for_each(|partition| cluster.produce(TOPIC, partition, records));
    let mut committer = Committer::of_one_broker(cluster.port());
    for number in 0..GROUPS_MADE {
        let offset = number % RECORDS;
        let offsets: Vec<_> = (0..PARTITIONS).map(|partition| (partition, offset)).collect();
        committer.commit(&group(number), TOPIC, &offsets);
    }
    committer
}

fn of_cluster(page: &Page, name: &str) -> Option<i64> {
    page.value(name, &[("cluster", "local")]).map(whole)
}

fn number(page: &Page, name: &str) -> i64 {
    whole(page.value(name, &[]).unwrap_or_else(|| panic!("{name} is absent")))
}

fn count(groups: &BTreeSet<String>) -> i64 {
    i64::try_from(groups.len()).unwrap()
}

fn incomplete(page: &Page) -> i64 {
    of_cluster(page, "warrener_incomplete_groups").unwrap()
}

fn groups_of(page: &Page, family: &str) -> BTreeSet<String> {
    page.family(family).map(|(labels, _)| labels["consumergroup"].clone()).collect()
}

/// Committed offsets and lags of some groups, by Kafka's own tool.
fn by_the_tool(cluster: &Cluster, groups: &[String]) -> [BTreeMap<Place, i64>; 2] {
    let named = groups.iter().flat_map(|group| ["--group", group.as_str()]);
    let words: Vec<&str> = ["--describe", "--offsets", "--timeout", "30000"].into_iter().chain(named).collect();
    let mut told = [BTreeMap::new(), BTreeMap::new()];
    for row in rows(&cluster.tools().run(GROUPS, &words)) {
        let place = (row["GROUP"].clone(), row["TOPIC"].clone(), row["PARTITION"].parse().unwrap());
        told[0].insert(place.clone(), row["CURRENT-OFFSET"].parse().unwrap());
        told[1].insert(place, row["LAG"].parse().unwrap());
    }
    told
}

/// Checks that a page shows of these groups what the tool says, and nothing else.
fn equals_the_tool(cluster: &Cluster, page: &Page, groups: &[String]) {
    let families = ["kafka_consumergroup_current_offset", "kafka_consumergroup_lag"];
    for (family, told) in families.into_iter().zip(by_the_tool(cluster, groups)) {
        let mut shown = page.places(family);
        shown.retain(|(group, ..), _| groups.contains(group));
        assert_eq!(shown, told, "{family}");
        assert_eq!(told.len(), groups.len() * usize::try_from(PARTITIONS).unwrap());
    }
}

#[test]
fn at_a_tenth_of_the_memory_that_the_groups_need_what_is_shown_is_right_and_the_rest_is_counted() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(8).start();
    let mut committer = fill(&cluster);
    let (needed, resident) = unlimited(&cluster);
    let limit = needed / 10;
    let file = quick(&cluster.bootstrap(), "", &format!("[limits]\nmemory = {limit}\n"));
    let mut limited = Program::with_config(&file).ready();
    let page = limited.page();
    let (bytes, rss) = (number(&page, "warrener_storage_bytes"), number(&page, "process_resident_memory_bytes"));
    let refused = of_cluster(&page, "warrener_limited_groups").unwrap();
    println!("without a limit: {needed} bytes counted, {resident} resident");
    println!("with memory = {limit}: {bytes} bytes counted, {rss} resident, {refused} groups refused");
    let all = groups_of(&page, "kafka_consumergroup_current_offset");
    // When a partition has caught up, its lists are trimmed: that makes room for a group or two that had been refused.
    let (shown, incomplete) = (groups_of(&page, "kafka_consumergroup_lag_sum"), incomplete(&page));
    assert_eq!((count(&all) + refused, count(&shown) + incomplete), (GROUPS_MADE, count(&all)));
    assert!(incomplete < 50, "{incomplete} groups are incomplete");
    assert!(!shown.is_empty() && count(&shown) < GROUPS_MADE / 5, "{} groups are shown", shown.len());
    // A group that is let in may take more than was left.
    assert!(rss < resident && bytes < limit + 10_000);
    assert_eq!(page.value("warrener_storage_limit", &[("limit", "memory")]).map(whole), Some(limit));
    // Sums over all groups.
    assert_eq!((page.family("warrener_groups").count(), page.family("warrener_group_partitions").count()), (0, 0));
    let some: Vec<String> = shown.iter().step_by(shown.len() / 20).cloned().collect();
    equals_the_tool(&cluster, &page, &some);
    says_once_what_it_refuses(&limited);
    gets_in_where_there_is_room(&cluster, &mut committer, &limited, &shown);
    assert!(limited.runs());
    limited.terminate();
}

/// Memory of storage, and of the whole process.
fn unlimited(cluster: &Cluster) -> (i64, i64) {
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    let page = program.page_where(seconds(60), "all groups", |page| {
        let found = count(&groups_of(page, "kafka_consumergroup_lag_sum"));
        if found == GROUPS_MADE { Ok(()) } else { Err(format!("{found} groups")) }
    });
    assert_eq!(of_cluster(&page, "warrener_limited_groups"), Some(0));
    let partitions = GROUPS_MADE * i64::from(PARTITIONS);
    assert_eq!(of_cluster(&page, "warrener_group_partitions"), Some(partitions));
    let found = (number(&page, "warrener_storage_bytes"), number(&page, "process_resident_memory_bytes"));
    program.terminate();
    found
}

fn says_once_what_it_refuses(limited: &Program) {
    pause(seconds(11));
    let log = limited.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("new groups are refused")).collect();
    assert!(matches!(lines[..], [line] if line.contains("limit=\"memory\"") && line.contains("WARN")), "{log}");
}

/// Deletes most of the groups that are shown. One that was refused gets in with its next commit, and is complete when
/// each of its partitions has been committed again.
fn gets_in_where_there_is_room(
    cluster: &Cluster,
    committer: &mut Committer,
    limited: &Program,
    shown: &BTreeSet<String>,
) {
    let deleted: Vec<String> = shown.iter().take(shown.len() / 2).cloned().collect();
    for some in deleted.chunks(100) {
        let named = some.iter().flat_map(|group| ["--group", group.as_str()]);
        let words: Vec<&str> = ["--delete", "--timeout", "30000"].into_iter().chain(named).collect();
        cluster.tools().run(GROUPS, &words);
    }
    limited.page_where(seconds(30), "room", |page| {
        let left = groups_of(page, "kafka_consumergroup_current_offset");
        if deleted.iter().any(|group| left.contains(group)) { Err(format!("{} are left", left.len())) } else { Ok(()) }
    });
    let before = incomplete(&limited.page());
    let all = groups_of(&limited.page(), "kafka_consumergroup_current_offset");
    let back = (0..GROUPS_MADE).map(group).find(|group| !shown.contains(group) && !all.contains(group)).unwrap();
    let lag_of = |page: &Page| page.with("kafka_consumergroup_lag", &[("consumergroup", &back)]).count();
    let sum_of = |page: &Page| page.with("kafka_consumergroup_lag_sum", &[("consumergroup", &back)]).count();
    committer.commit(&back, TOPIC, &[(3, 7)]);
    let page = limited.page_where(seconds(30), "the group that was refused", |page| {
        if lag_of(page) == 1 { Ok(()) } else { Err(format!("{} of its lags", lag_of(page))) }
    });
    assert_eq!((sum_of(&page), incomplete(&page)), (0, before + 1));
    let rest: Vec<_> = (0..PARTITIONS).filter(|partition| *partition != 3).map(|partition| (partition, 8)).collect();
    committer.commit(&back, TOPIC, &rest);
    let page = limited.page_where(seconds(30), "its sum", |page| {
        if sum_of(page) == 1 { Ok(()) } else { Err(format!("{} of its lags", lag_of(page))) }
    });
    assert_eq!(incomplete(&page), before);
    equals_the_tool(cluster, &page, &[back]);
}
