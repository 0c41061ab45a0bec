//! What `/metrics` says against what Kafka's own tools say, on each release.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::broker::Cluster;
use crate::rig::maven::Version;
use crate::rig::page::{Labels, Page, whole};
use crate::rig::tools::{Place, Row};
use crate::rig::{eventually, http, prometheus, seconds};
use world::{World, world};

/// Runs `check` on the page of each program, again until it holds or time is up: both are a refresh behind.
fn on_both_pages(world: &World, what: &str, mut check: impl FnMut(&Page) -> Result<(), String>) {
    for program in [&world.watched, &world.replayed] {
        program.page_where(seconds(20), what, &mut check);
    }
}

fn same<T: PartialEq + std::fmt::Debug>(ours: &T, theirs: &T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("\nours   {ours:?}\ntheirs {theirs:?}")) }
}

fn place(row: &Row) -> Place {
    (row["GROUP"].clone(), row["TOPIC"].clone(), row["PARTITION"].parse().unwrap())
}

/// Committed offsets by the tool.
fn commits(rows: &[Row]) -> BTreeMap<Place, i64> {
    rows.iter().filter_map(|row| Some((place(row), row.get("CURRENT-OFFSET")?.parse().ok()?))).collect()
}

/// Lags by the tool; where a commit lies outside log start to log end, by docs/src/reference/status-rules.md, Lag.
fn lags(cluster: &Cluster, rows: &[Row]) -> BTreeMap<Place, i64> {
    let starts = cluster.tools().offsets("-2");
    let lag = |row: &Row| {
        let (committed, lag): (i64, i64) = (row["CURRENT-OFFSET"].parse().ok()?, row["LAG"].parse().ok()?);
        let end: i64 = row["LOG-END-OFFSET"].parse().ok()?;
        let start = starts[&(row["TOPIC"].clone(), row["PARTITION"].parse().unwrap())];
        let inside = (start..=end).contains(&committed);
        let ruled = (end - committed.max(start)).max(0);
        assert!(!inside || lag == ruled, "{row:?}");
        Some((place(row), ruled))
    };
    rows.iter().filter_map(lag).collect()
}

fn commits_and_lags_equal_what_the_consumer_group_command_says(version: Version) {
    let world = world(version);
    on_both_pages(&world, "commits and lags as the tool has them", |page| {
        let rows = world.cluster.tools().describe("--offsets");
        same(&page.places("kafka_consumergroup_current_offset"), &commits(&rows))?;
        same(&page.places("kafka_consumergroup_lag"), &lags(&world.cluster, &rows))
    });
    // That the situations are there at all, so that the comparison is not one of nothing with nothing.
    let page = world.replayed.page();
    let committed = page.places("kafka_consumergroup_current_offset");
    let at = |group: &str, topic: &str| {
        let of = committed.iter().filter(|((g, t, _), _)| g == group && t == topic).map(|(_, offset)| *offset);
        of.collect::<Vec<_>>()
    };
    assert_eq!(at("idle", "orders"), [20, 20, 20]);
    assert_eq!(at("gone", "orders").iter().sum::<i64>(), 8);
    assert_eq!(at("lagging", "orders").iter().sum::<i64>(), 15);
    assert_eq!(at("rewound", "orders"), [2, 2, 2]);
    assert_eq!(at("tx-committed", "paid"), [3]);
    assert_eq!(at("tx-aborted", "paid"), [1]);
}

fn log_ends_and_log_starts_equal_what_get_offset_shell_says(version: Version) {
    let world = world(version);
    on_both_pages(&world, "log ends and starts as the tool has them", |page| {
        let tools = world.cluster.tools();
        same(&page.logs("kafka_topic_partition_current_offset"), &tools.offsets("-1"))?;
        same(&page.logs("kafka_topic_partition_oldest_offset"), &tools.offsets("-2"))
    });
    assert_eq!(world.replayed.page().logs("kafka_topic_partition_oldest_offset")[&("cleaned".to_owned(), 0)], 50);
}

fn members_and_owners_equal_what_the_consumer_group_command_says(version: Version) {
    let world = world(version);
    on_both_pages(&world, "members and owners as the tool has them", |page| {
        let states = world.cluster.tools().describe("--state");
        let theirs: BTreeMap<&str, i64> =
            states.iter().map(|row| (row["GROUP"].as_str(), row["#MEMBERS"].parse().unwrap())).collect();
        let ours: BTreeMap<&str, i64> = page
            .family("kafka_consumergroup_members")
            .map(|(labels, value)| (labels["consumergroup"].as_str(), whole(value)))
            .collect();
        // The tool lists a group whose only commits were aborted; the offsets topic has no record of it that counts.
        same(&ours, &theirs.into_iter().filter(|(group, _)| *group != "tx-only-aborted").collect())?;
        let rows = world.cluster.tools().describe("--offsets");
        let owned = rows.iter().filter(|row| row["CONSUMER-ID"] != "-");
        let theirs: BTreeSet<(Place, [String; 3])> =
            owned.map(|row| (place(row), ["CONSUMER-ID", "HOST", "CLIENT-ID"].map(|key| row[key].clone()))).collect();
        let ours: BTreeSet<(Place, [String; 3])> = page
            .family("kafka_consumergroup_partition_owner_info")
            .map(|(labels, _)| {
                let place =
                    (labels["consumergroup"].clone(), labels["topic"].clone(), labels["partition"].parse().unwrap());
                (place, ["member_id", "client_host", "client_id"].map(|key| labels[key].clone()))
            })
            .collect();
        same(&ours, &theirs)
    });
}

fn states_and_types_are_those_of_the_group(version: Version) {
    let world = world(version);
    on_both_pages(&world, "states and types", |page| {
        for row in world.cluster.tools().describe("--state") {
            let group = row["GROUP"].as_str();
            if !page.groups().contains(group) {
                continue;
            }
            let state = row["STATE"].to_lowercase();
            for (labels, value) in page.with("kafka_consumergroup_state", &[("consumergroup", group)]) {
                let holds = if labels["state"] == state { 1 } else { 0 };
                same(&(group, &labels["state"], whole(value)), &(group, &labels["state"], holds))?;
            }
            let states: Vec<&str> = page
                .with("kafka_consumergroup_state", &[("consumergroup", group)])
                .map(|(labels, _)| labels["state"].as_str())
                .collect();
            same(&states, &vec!["completing_rebalance", "dead", "empty", "preparing_rebalance", "stable"])?;
        }
        let info = |group: &str| {
            let found = page.with("kafka_consumergroup_info", &[("consumergroup", group)]).collect::<Vec<_>>();
            let [(labels, 1.0)] = found[..] else { return Err(format!("{group}: {found:?}")) };
            Ok(["type", "protocol_type", "protocol"].map(|key| labels[key].clone()))
        };
        same(&info("idle")?, &["classic", "consumer", "range"].map(str::to_owned))?;
        same(&info("gone")?, &["classic", "consumer", ""].map(str::to_owned))?;
        same(&info("below")?, &["simple", "", ""].map(str::to_owned))
    });
}

fn sums_and_counts_follow_from_the_partitions(version: Version) {
    let world = world(version);
    let rows = world.cluster.tools().describe("--offsets");
    let by_topic = |of: &BTreeMap<Place, i64>| {
        let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
        for ((group, topic, _), value) in of {
            *sums.entry((group.clone(), topic.clone())).or_default() += value;
        }
        sums
    };
    let lags = lags(&world.cluster, &rows);
    let starts = world.cluster.tools().offsets("-2");
    let purged: BTreeMap<Place, i64> = commits(&rows)
        .into_iter()
        .map(|(place, offset)| (place.clone(), starts[&(place.1, place.2)] - offset))
        .filter(|(_, purged)| *purged > 0)
        .collect();
    assert_eq!(purged.values().collect::<Vec<_>>(), [&40]);
    let owned = rows.iter().filter(|row| row["CONSUMER-ID"] != "-");
    let assigned = by_topic(&owned.clone().map(|row| (place(row), 1)).collect());
    let uncommitted = by_topic(&owned.map(|row| (place(row), i64::from(row["CURRENT-OFFSET"] == "-"))).collect());
    on_both_pages(&world, "sums as the partitions make them", |page| {
        same(&page.topics("kafka_consumergroup_current_offset_sum"), &by_topic(&commits(&rows)))?;
        same(&page.topics("kafka_consumergroup_lag_sum"), &by_topic(&lags))?;
        same(&page.places("kafka_consumergroup_purged_records"), &purged)?;
        same(&page.topics("kafka_consumergroup_assigned_partitions"), &assigned)?;
        same(&page.topics("kafka_consumergroup_uncommitted_partitions"), &uncommitted)?;
        // A topic that is assigned and has no commit stands there with 0 of either.
        let counted = |known| {
            let found = page.with("kafka_consumergroup_partitions", &[("known", known)]);
            let place = |labels: &Labels| (labels["consumergroup"].clone(), labels["topic"].clone());
            found.map(move |(labels, value)| (place(labels), whole(value))).filter(|(_, count)| *count > 0)
        };
        same(&counted("true").collect(), &by_topic(&lags.keys().map(|place| (place.clone(), 1)).collect()))?;
        same(&counted("false").collect(), &BTreeMap::new())?;
        Ok(())
    });
}

fn what_was_deleted_or_aborted_is_on_no_page(version: Version) {
    let world = world(version);
    on_both_pages(&world, "page without what is gone", |page| {
        let groups = page.groups();
        same(&groups.contains("deleted"), &false)?;
        same(&groups.contains("tx-only-aborted"), &false)?;
        let doomed = page.names().filter(|name| page.with(name, &[("topic", "doomed")]).next().is_some());
        same(&doomed.collect::<Vec<_>>(), &Vec::new())
    });
}

fn topics_and_brokers_are_as_created(version: Version) {
    let world = world(version);
    let page = world.replayed.page();
    let local = ("cluster", "local");
    assert_eq!(page.value("kafka_brokers", &[local]), Some(1.0));
    let address = world.cluster.bootstrap();
    assert_eq!(page.value("kafka_broker_info", &[local, ("id", "1"), ("address", &address)]), Some(1.0));
    assert_eq!(page.value("kafka_topic_partitions", &[local, ("topic", "orders")]), Some(3.0));
    for partition in ["0", "1", "2"] {
        let labels = [local, ("topic", "orders"), ("partition", partition)];
        for (family, value) in [
            ("leader", 1.0),
            ("replicas", 1.0),
            ("in_sync_replica", 1.0),
            ("leader_is_preferred", 1.0),
            ("under_replicated_partition", 0.0),
        ] {
            assert_eq!(page.value(&format!("kafka_topic_partition_{family}"), &labels), Some(value), "{family}");
        }
    }
}

fn every_family_is_a_gauge_but_for_the_counters(version: Version) {
    let world = world(version);
    let text = world.replayed.get("/metrics");
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let page = Page::parse(text.text());
    for name in page.names().filter(|name| name.starts_with("kafka_")) {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        assert_eq!(page.kind(name), Some(kind), "{name}");
        assert!(page.family(name).all(|(labels, _)| name.contains("build_info") || labels.contains_key("cluster")));
    }
    let accept = [("Accept", "application/openmetrics-text;version=1.0.0")];
    let open = http::get(world.replayed.port, "/metrics", &accept).unwrap();
    let kind = open.header("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.text().ends_with("\n# EOF\n"));
    let families =
        |page: &Page| page.names().filter(|name| name.starts_with("kafka_")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(families(&Page::parse(open.text())), families(&page));
}

fn a_real_prometheus_scrapes_it_without_an_error(version: Version) {
    let world = world(version);
    let port = world.replayed.port;
    for target in [port, prometheus::text_only(port)] {
        let prometheus = prometheus::Prometheus::scraping(target);
        assert_eq!(prometheus.target(), ("up".to_owned(), String::new()));
        let page = world.replayed.page();
        let lags = page.family("kafka_consumergroup_lag").count();
        eventually(seconds(20), "all lags in Prometheus", || {
            same(&prometheus.query("min(min_over_time(up[1m]))")?, &1.0)?;
            let found = prometheus.query("count(kafka_consumergroup_lag{cluster=\"local\"})")?;
            same(&whole(found), &i64::try_from(lags).unwrap())
        });
    }
}

fn promtool_complains_only_of_the_names_of_kafka_exporter(version: Version) {
    let world = world(version);
    let said = prometheus::promtool(&world.replayed.get("/metrics").body);
    let sum = "non-histogram and non-summary metrics should not have \"_sum\" suffix";
    let forced = ["kafka_consumergroup_current_offset_sum", "kafka_consumergroup_lag_sum"];
    assert_eq!(said, forced.map(|name| format!("{name} {sum}")));
}

macro_rules! on_each_release {
    ($($test:ident)*) => {
        mod kafka_4_4 { $(#[test] fn $test() { super::$test(super::Version::V4_4); })* }
        mod kafka_4_3 { $(#[test] fn $test() { super::$test(super::Version::V4_3); })* }
        mod kafka_3_9 { $(#[test] fn $test() { super::$test(super::Version::V3_9); })* }
    };
}

on_each_release! {
    commits_and_lags_equal_what_the_consumer_group_command_says
    log_ends_and_log_starts_equal_what_get_offset_shell_says
    members_and_owners_equal_what_the_consumer_group_command_says
    states_and_types_are_those_of_the_group
    sums_and_counts_follow_from_the_partitions
    what_was_deleted_or_aborted_is_on_no_page
    topics_and_brokers_are_as_created
    every_family_is_a_gauge_but_for_the_counters
    a_real_prometheus_scrapes_it_without_an_error
    promtool_complains_only_of_the_names_of_kafka_exporter
}
