//! What Redpanda does otherwise than Kafka: its records, through an ordinary topic of a real broker that the program
//! takes for its offsets topic, and ends of partitions that nobody can read.

use std::time::{Duration, Instant};

use crate::rig::broker::Spec;
use crate::rig::client::Record;
use crate::rig::fake_kafka::FakeKafka;
use crate::rig::page::Page;
use crate::rig::program::{Program, quick};
use crate::rig::{http, pause, records, seconds};

const FIXTURE: &str = include_str!("fixtures/records/redpanda.txt");
const GROUP: &str = "gr\u{fc}ppe";

/// A record of the fixture.
fn record(name: &str) -> Record {
    let line = FIXTURE.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
    let [_, _, key, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    (records::hex(key), (value != "-").then(|| records::hex(value)))
}

fn of_group<'a>(labels: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("consumergroup", GROUP)], labels].concat()
}

#[test]
fn a_group_of_redpanda_shows_its_members_its_state_and_its_type() {
    let (cluster, topic) = (Spec::common(), "redpanda-offsets");
    cluster.create_topic("t", 4);
    cluster.create_topic(topic, 1);
    let write = |records: Vec<Record>| cluster.produce_raw(topic, records.into_iter().map(|record| (0, record)));
    write(vec![record("redpanda-group"), record("redpanda-commit")]);
    let program = Program::reading_with(&cluster.bootstrap(), topic, "[metrics]\nowners = true\n").ready();
    program.page_where(seconds(10), "the group", |page| shows_the_group(page, 1));
    let page = program.page();
    let owned = page.with("kafka_consumergroup_partition_owner_info", &of_group(&[("topic", "t")]));
    let owners: Vec<[String; 3]> =
        owned.map(|(labels, _)| ["partition", "client_id", "client_host"].map(|label| labels[label].clone())).collect();
    let own = |partition: &str| [partition, "rdkafka", "10.0.0.123"].map(str::to_owned);
    assert_eq!(owners, [own("0"), own("3")]);
    write(vec![record("redpanda-commit-tombstone")]);
    program.page_where(seconds(10), "the commit gone", |page| shows_the_group(page, 0));
    write(vec![record("redpanda-group-tombstone")]);
    program.page_where(seconds(10), "the group gone", |page| {
        let left = page.with("kafka_consumergroup_members", &of_group(&[])).count();
        if left == 0 { Ok(()) } else { Err(format!("{left} groups")) }
    });
    assert_eq!(counted(&program.page(), "warrener_record_errors_total"), 0.0);
    assert_eq!(counted(&program.page(), "warrener_record_oddities_total"), 0.0);
}

fn shows_the_group(page: &Page, commits: usize) -> Result<(), String> {
    let info = [("type", "classic"), ("protocol_type", "consumer"), ("protocol", "range")];
    let found = (
        page.value("kafka_consumergroup_members", &of_group(&[])),
        page.value("kafka_consumergroup_info", &of_group(&info)),
        page.value("kafka_consumergroup_state", &of_group(&[("state", "stable")])),
        page.with("kafka_consumergroup_current_offset", &of_group(&[("topic", "t"), ("partition", "3")])).count(),
    );
    if found == (Some(2.0), Some(1.0), Some(1.0), commits) { Ok(()) } else { Err(format!("{found:?}")) }
}

fn counted(page: &Page, family: &str) -> f64 {
    page.family(family).map(|(_, value)| value).sum()
}

#[test]
fn what_is_odd_about_a_record_is_counted_and_costs_nothing() {
    let (cluster, topic) = (Spec::common(), "odd-offsets");
    cluster.create_topic(topic, 1);
    let (key, value) = records::commit(b"trailing", b"t", 0, 7, records::now());
    let value = value.unwrap();
    let with_more = |bytes: &[u8]| [bytes, b"more"].concat();
    let all = vec![
        record("null-metadata"),
        (with_more(&key), Some(value.clone())),
        (key, Some(with_more(&value))),
        records::commit(b"behind", b"t", 0, 8, records::now()),
    ];
    cluster.produce_raw(topic, all.into_iter().map(|record| (0, record)));
    let program = Program::reading(&cluster.bootstrap(), topic).ready();
    let page = program.page();
    let committed = |group| {
        page.with("kafka_consumergroup_current_offset", &[("consumergroup", group)]).map(|(_, at)| at).collect()
    };
    let found: [Vec<f64>; 3] = [GROUP, "trailing", "behind"].map(committed);
    assert_eq!(found, [[123.0], [7.0], [8.0]]);
    let odd = |reason| page.value("warrener_record_oddities_total", &[("reason", reason)]);
    assert_eq!((odd("null"), odd("trailing")), (Some(1.0), Some(2.0)));
    assert_eq!(counted(&page, "warrener_record_errors_total"), 0.0);
}

const OFFSETS: &str = "__consumer_offsets";
const REDPANDA: &str = "redpanda.2b9c2b0a-6f0c-4b61-8f0f-2f6f7f3a9d11";

/// A cluster of which one partition of the offsets topic ends with five offsets that nobody can read, and another has
/// nothing else.
fn with_unreadable_tails(cluster_id: &str) -> FakeKafka {
    let fake = FakeKafka::start(2);
    fake.set_cluster_id(cluster_id);
    fake.create_topic("orders", 1);
    fake.create_topic(OFFSETS, 4);
    commit(&fake, 41);
    fake.append_unreadable(OFFSETS, 0, 5);
    fake.append_unreadable(OFFSETS, 1, 3);
    fake
}

fn commit(fake: &FakeKafka, offset: i64) {
    fake.append("orders", 0, [(b"k".to_vec(), Some(b"v".to_vec()))]);
    fake.append(OFFSETS, 0, [records::commit(b"billing", b"orders", 0, offset, records::now())]);
}

/// Reading from the beginning, and from the end with the past behind.
const STARTS: [&str; 2] = ["", "start-latest = true\nbackfill-earliest = true\n"];

fn start(fake: &FakeKafka, keys: &str) -> Program {
    let file = quick(&fake.bootstrap(), "", "");
    let (head, consumer) = file.split_once("[consumer.local]\n").unwrap();
    Program::with_config(&format!("{head}[consumer.local]\n{keys}{consumer}"))
}

fn lags(page: &Page) -> Vec<f64> {
    page.family("warrener_offsets_topic_lag").map(|(_, lag)| lag).collect()
}

fn has_lag(page: &Page, wanted: f64) -> Result<(), String> {
    if lags(page)[0] == wanted { Ok(()) } else { Err(format!("{:?}", lags(page))) }
}

#[test]
fn a_partition_of_redpanda_with_an_unreadable_tail_is_ready_within_five_seconds() {
    for keys in STARTS {
        let fake = with_unreadable_tails(REDPANDA);
        let began = Instant::now();
        let program = start(&fake, keys);
        program.await_ready(seconds(10));
        let took = began.elapsed();
        assert!(took <= seconds(5), "{keys}: {took:?}\n{}", program.log());
        let shown = |offset| {
            move |page: &Page| {
                let at = page.value("kafka_consumergroup_current_offset", &[("consumergroup", "billing")]);
                if at == Some(offset) && lags(page) == [0.0; 4] {
                    Ok(())
                } else {
                    Err(format!("{at:?} {:?}", lags(page)))
                }
            }
        };
        program.page_where(seconds(10), "the commit and no lag", shown(41.0));
        // What comes behind such a tail is read, and so is the next one.
        commit(&fake, 42);
        program.page_where(seconds(10), "the next commit and no lag", shown(42.0));
        fake.append_unreadable(OFFSETS, 0, 2);
        program.page_where(seconds(10), "a lag", |page| has_lag(page, 2.0));
        program.page_where(seconds(10), "no lag", |page| has_lag(page, 0.0));
        assert_eq!(counted(&program.page(), "warrener_reader_restarts_total"), 0.0);
    }
}

#[test]
fn a_partition_of_any_other_cluster_with_an_unreadable_tail_is_waited_for() {
    for keys in STARTS {
        let fake = with_unreadable_tails("MkU3OEVBNTcwNTJENDM2Qk");
        let program = start(&fake, keys);
        let began = Instant::now();
        while began.elapsed() < seconds(10) {
            assert_eq!(http::get(program.port, "/-/ready", &[]).unwrap().status, 503, "{keys}");
            pause(Duration::from_millis(200));
        }
        if keys.is_empty() {
            let page = program.page();
            assert_eq!(lags(&page), [5.0, 3.0, 0.0, 0.0]);
            assert_eq!(page.family("kafka_consumergroup_current_offset").count(), 0);
        }
        // What comes behind the tails ends the waiting.
        for partition in [0, 1] {
            fake.append(OFFSETS, partition, [records::commit(b"billing", b"orders", 0, 42, records::now())]);
        }
        program.await_ready(seconds(10));
    }
}
