//! All sets of names at once, on a cluster of two: each says what the default set says, and Prometheus takes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::{Labels, Page, whole};
use crate::rig::process::Process;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, http, prometheus, seconds};

const METRICS: &str = "[metrics]\nowners = true\n\
                       names = [\"kafka_exporter\", \"burrow\", \"kafka-lag-exporter\", \"kminion\"]\n\
                       [[metrics.limit]]\ngroup = \"^bil\"\nlag-seconds = \"5m\"\n\
                       [[metrics.limit]]\ngroup = \"ing\"\nlag-seconds = 7\n";

/// Their partitions of the offsets topic are 5, 3, 3, 4 and 0 of 8: each node leads one.
const COMMITTERS: [&str; 5] = ["billing", "consumers", "two-topics", "stuck", "rewound"];

/// A group with two members of which one has nothing to do, groups that only commit, and the program that watched.
fn watched() -> (Cluster, Program, Vec<Process>) {
    let cluster = Spec::new(Version::LATEST).nodes(2).start();
    for (topic, partitions) in [("orders", 3), ("paid", 1)] {
        cluster.create_topic(topic, partitions);
    }
    for partition in 0..3 {
        cluster.produce("orders", partition, 20);
    }
    cluster.produce("paid", 0, 5);
    let members = [(), ()].map(|()| cluster.tools().consumer("crew", "paid", &[]));
    let mut committer = Committer::new(cluster.port());
    committer.commit("billing", "orders", &[(0, 3), (1, 20)]);
    let program = Program::quick(&cluster.bootstrap(), METRICS).ready();
    for group in COMMITTERS {
        committer.commit(group, "orders", &[(0, 4), (1, 20), (2, 0)]);
    }
    committer.commit("two-topics", "paid", &[(0, 5)]);
    (cluster, program, members.into())
}

fn is_complete(page: &Page) -> Result<(), String> {
    let of = |group: &str| page.with("kafka_consumergroup_lag", &[("consumergroup", group)]).count();
    let seen: Vec<usize> = COMMITTERS.iter().map(|group| of(group)).collect();
    let members = page.value("kafka_consumergroup_members", &[("consumergroup", "crew")]);
    let owned = page.with("kafka_consumergroup_partition_owner_info", &[("consumergroup", "crew")]).count();
    let live = page.value("kminion_kafka_consumer_group_offset_commits_total", &[("group_id", "billing")]);
    match (&seen[..], of("crew"), members, owned, live) {
        ([3, 3, 4, 3, 3], 1, Some(2.0), 1, Some(3.0)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn each_set_says_what_the_default_set_says_and_prometheus_takes_them_all() {
    let (cluster, program, _members) = watched();
    let page = program.page_where(seconds(60), "all groups on the page", is_complete);
    the_values_are_those_of_the_default_set(&page);
    what_only_other_sets_have_is_right(&page, &cluster);
    every_family_has_its_type(&page);
    let open =
        http::get(program.port, "/metrics", &[("Accept", "application/openmetrics-text;version=1.0.0")]).unwrap();
    assert_eq!(Page::parse(open.text()).names().collect::<Vec<_>>(), page.names().collect::<Vec<_>>());
    for target in [program.port, prometheus::text_only(program.port)] {
        prometheus_has_it_all(target, &page);
    }
    promtool_complains_of_the_sets_own_names_alone(&program);
}

/// A family's series under the default set's labels, without those that it does not have.
/// In thousandths, which is what times are told in.
fn series(page: &Page, name: &str) -> BTreeMap<Labels, i64> {
    let labels = |labels: &Labels| -> Labels {
        labels.iter().filter_map(|(name, value)| Some((default_label(name)?.to_owned(), value.clone()))).collect()
    };
    page.family(name).map(|(found, value)| (labels(found), whole((value * 1000.0).round()))).collect()
}

fn default_label(label: &str) -> Option<&'static str> {
    match label {
        "cluster" | "cluster_name" => Some("cluster"),
        "consumergroup" | "group" | "consumer_group" | "group_id" => Some("consumergroup"),
        "topic" | "topic_name" => Some("topic"),
        "partition" | "partition_id" => Some("partition"),
        _ => None,
    }
}

fn the_values_are_those_of_the_default_set(page: &Page) {
    for (default, others) in [
        (
            "kafka_topic_partition_current_offset",
            &[
                "burrow_kafka_topic_partition_offset",
                "kafka_partition_latest_offset",
                "kminion_kafka_topic_partition_high_water_mark",
            ][..],
        ),
        (
            "kafka_topic_partition_oldest_offset",
            &["kafka_partition_earliest_offset", "kminion_kafka_topic_partition_low_water_mark"],
        ),
        (
            "kafka_consumergroup_current_offset",
            &["burrow_kafka_consumer_current_offset", "kafka_consumergroup_group_offset"],
        ),
        (
            "kafka_consumergroup_lag",
            &[
                "burrow_kafka_consumer_partition_lag",
                "kafka_consumergroup_group_lag",
                "kminion_kafka_consumer_group_topic_partition_lag",
            ],
        ),
        ("kafka_consumergroup_lag_seconds", &["kafka_consumergroup_group_lag_seconds"]),
        (
            "kafka_consumergroup_lag_sum",
            &["kafka_consumergroup_group_topic_sum_lag", "kminion_kafka_consumer_group_topic_lag"],
        ),
        ("kafka_consumergroup_current_offset_sum", &["kminion_kafka_consumer_group_topic_offset_sum"]),
        ("kafka_consumergroup_assigned_partitions", &["kminion_kafka_consumer_group_topic_assigned_partitions"]),
        ("kafka_consumergroup_members", &["kminion_kafka_consumer_group_members"]),
    ] {
        let expected = series(page, default);
        assert!(!expected.is_empty(), "no {default}");
        for name in others {
            assert_eq!(series(page, name), expected, "{name}");
        }
    }
    let sums = |name| by_group(&series(page, name), |sum, value| sum + value);
    for name in ["burrow_kafka_consumer_lag_total", "kafka_consumergroup_group_sum_lag"] {
        assert_eq!(series(page, name), sums("kafka_consumergroup_lag_sum"), "{name}");
    }
    let commits = "kminion_kafka_consumer_group_offset_commits_total";
    assert_eq!(series(page, commits), sums("kafka_consumergroup_commits_total"));
    let greatest = by_group(&series(page, "kafka_consumergroup_lag"), i64::max);
    assert_eq!(series(page, "kafka_consumergroup_group_max_lag"), greatest);
}

fn by_group(of: &BTreeMap<Labels, i64>, join: fn(i64, i64) -> i64) -> BTreeMap<Labels, i64> {
    let mut groups: BTreeMap<Labels, i64> = BTreeMap::new();
    for (labels, value) in of {
        let group = ["cluster", "consumergroup"].map(|name| (name.to_owned(), labels[name].clone()));
        groups.entry(group.into()).and_modify(|held| *held = join(*held, *value)).or_insert(*value);
    }
    groups
}

fn what_only_other_sets_have_is_right(page: &Page, cluster: &Cluster) {
    let statuses = page.family("kafka_consumergroup_status").filter(|(_, value)| *value == 1.0);
    let number = |status: &str| ["ok", "warn", "err"].iter().position(|known| *known == status).unwrap() + 1;
    let expected = statuses.map(|(labels, _)| (labels["consumergroup"].clone(), number(&labels["status"])));
    let found = page.family("burrow_kafka_consumer_status");
    let found = found.map(|(labels, value)| (labels["consumer_group"].clone(), usize::try_from(whole(value)).unwrap()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected.collect());

    let owner = |labels: &Labels, names: [&str; 3]| names.map(|name| labels[name].clone());
    let owners = page.family("kafka_consumergroup_partition_owner_info");
    let owners: BTreeSet<_> =
        owners.map(|(labels, _)| owner(labels, ["client_host", "member_id", "client_id"])).collect();
    let owned = page.family("kafka_consumergroup_group_lag");
    let owned = owned.map(|(labels, _)| owner(labels, ["member_host", "consumer_id", "client_id"]));
    let owned: BTreeSet<_> = owned.filter(|owner| *owner != ["", "", ""].map(str::to_owned)).collect();
    assert_eq!((owned.len(), owned), (1, owners));

    for (name, value) in [("empty_members", 1.0), ("topic_members", 1.0), ("members", 2.0)] {
        let name = format!("kminion_kafka_consumer_group_{name}");
        assert_eq!(page.value(&name, &[("group_id", "crew")]), Some(value), "{name}");
    }
    let limits = page.family("kafka_consumergroup_lag_limit_seconds");
    let limits: Vec<_> = limits.map(|(labels, value)| (labels["consumergroup"].as_str(), whole(value))).collect();
    assert_eq!(limits, [("billing", 300)]);
    the_cluster_describes_itself(page, cluster);
}

fn the_cluster_describes_itself(page: &Page, cluster: &Cluster) {
    let infos: Vec<&Labels> = page.family("kminion_kafka_cluster_info").map(|(labels, _)| labels).collect();
    let [info] = infos[..] else { panic!("{infos:?}") };
    assert_eq!((info["cluster_id"].as_str(), info["broker_count"].as_str()), (cluster.id().as_str(), "2"));
    let brokers = page.family("kminion_kafka_broker_info").map(|(labels, _)| labels);
    let brokers: BTreeSet<_> = brokers
        .map(|labels| {
            (
                format!("{}:{}", labels["address"], labels["port"]),
                labels["broker_id"].clone(),
                labels["is_controller"] == "true",
            )
        })
        .collect();
    let addresses = cluster.bootstrap();
    let expected = addresses.split(',').zip(["1", "2"]);
    let expected = expected.map(|(address, id)| (address.to_owned(), id.to_owned(), id == info["controller_id"]));
    assert_eq!(brokers, expected.collect());

    let printed = cluster.tools().groups(&["--describe", "--all-groups", "--state", "--timeout", "30000"]);
    let coordinator = |line: &str| {
        let group = line.split_whitespace().next()?;
        let id =
            line.split_whitespace().find_map(|word| word.strip_prefix('(')?.strip_suffix(')')?.parse::<i32>().ok());
        Some((group.to_owned(), id?.to_string()))
    };
    let infos = page.family("kminion_kafka_consumer_group_info");
    let found: BTreeMap<_, _> =
        infos.map(|(labels, _)| (labels["group_id"].clone(), labels["coordinator_id"].clone())).collect();
    assert_eq!(found, printed.lines().filter_map(coordinator).collect());
    assert_eq!(found.values().collect::<BTreeSet<_>>().len(), 2, "one node coordinates all: {found:?}");
}

fn every_family_has_its_type(page: &Page) {
    let ours = |name: &&str| !name.starts_with("warrener_") && !name.starts_with("process_");
    for name in page.names().filter(ours) {
        // Burrow's name says counter, and it is none.
        let counts = name.ends_with("_total") && name != "burrow_kafka_consumer_lag_total";
        assert_eq!(page.kind(name), Some(if counts { "counter" } else { "gauge" }), "{name}");
        let cluster = |labels: &Labels| labels.contains_key("cluster") || labels.contains_key("cluster_name");
        assert!(name == "kafka_exporter_build_info" || page.family(name).all(|(labels, _)| cluster(labels)), "{name}");
    }
}

fn prometheus_has_it_all(target: u16, page: &Page) {
    let prometheus = prometheus::Prometheus::scraping(target);
    assert_eq!(prometheus.target(), ("up".to_owned(), String::new()));
    let names = "__name__=~\"(burrow|kafka|kminion)_.*\"";
    let count = page.names().filter(|name| !name.starts_with("warrener_") && !name.starts_with("process_"));
    let count: usize = count.map(|name| page.family(name).count()).sum();
    eventually(seconds(20), "all series in Prometheus", || {
        let up = whole(prometheus.query("min(min_over_time(up[1m]))")?);
        match (up, whole(prometheus.query(&format!("count({{{names}}})"))?)) {
            (1, found) if usize::try_from(found) == Ok(count) => Ok(()),
            other => Err(format!("{other:?}, not {count}")),
        }
    });
}

fn promtool_complains_of_the_sets_own_names_alone(program: &Program) {
    let said = prometheus::promtool(&program.get("/metrics").body);
    let sum = "non-histogram and non-summary metrics should not have \"_sum\" suffix";
    let mut forced: Vec<String> = [
        "kafka_consumergroup_current_offset_sum",
        "kafka_consumergroup_lag_sum",
        "kminion_kafka_consumer_group_topic_offset_sum",
        "kminion_kafka_topic_high_water_mark_sum",
        "kminion_kafka_topic_low_water_mark_sum",
    ]
    .map(|name| format!("{name} {sum}"))
    .into();
    forced.push("burrow_kafka_consumer_lag_total non-counter metrics should not have \"_total\" suffix".to_owned());
    assert_eq!(said.iter().collect::<BTreeSet<_>>(), forced.iter().collect());
}

#[test]
fn without_kafka_exporters_names_its_build_info_is_not_there() {
    let build = |names: &str| {
        let program = Program::quick("127.0.0.1:1", &format!("[metrics]\nnames = {names}\n"));
        let page = program.page();
        ["kafka_exporter_build_info", "warrener_build_info", "process_start_time_seconds"]
            .map(|name| page.family(name).count())
    };
    assert_eq!(build("[\"burrow\", \"kminion\"]"), [0, 1, 1]);
    assert_eq!(build("[\"kminion\", \"kafka_exporter\"]"), [1, 1, 1]);
}
