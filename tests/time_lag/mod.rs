//! The age of what waits, held against timestamps that the tests have given themselves
//! (docs/src/reference/status-rules.md, Time lag).

mod price;
mod scrape;
mod series;
mod shapes;

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::rig::program::{Program, quick};
use crate::rig::records::{self, now};
use crate::rig::security::{PASSWORD, USER};
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};
use scrape::{Scrape, assert_none};
use series::{HOUR, MINUTE, SECOND, offset};
use shapes::{Filled, Stand};

fn refreshing(servers: &str, interval: u32) -> String {
    quick(servers, "", "").replace("offset-refresh = 1\n", &format!("offset-refresh = {interval}\n"))
}

#[test]
fn from_the_first_ready_scrape_on_each_age_is_right_and_grows_with_the_clock_at_the_price_of_a_few_questions() {
    let filled = Filled::common();
    let (watch, address) = filled.cluster.watch();
    // It sees what anybody asks.
    filled.cluster.offset_at(&address, "one-record", 47);
    let seen: Vec<_> = watch.take().into_iter().map(|seen| (seen.round, seen.topic, seen.timestamp)).collect();
    assert_eq!(seen, [(1, "one-record".to_owned(), 47)]);
    let program = Program::with_config(&refreshing(&address, 2)).ready();
    let ready = Instant::now();
    let mut scrapes = vec![Scrape::of(&program)];
    let mut wrong = scrapes[0].wrong(&filled.stands, 2.0);
    while ready.elapsed() < seconds(20) {
        pause(Duration::from_millis(500));
        let next = Scrape::of(&program);
        wrong.extend(next.wrong(&filled.stands, 2.0));
        wrong.extend(next.jumps(scrapes.last().unwrap(), &filled.stands));
        scrapes.push(next);
    }
    wrong.extend(scrapes.last().unwrap().jumps(&scrapes[0], &filled.stands));
    // A refresh may ask on before the test has heard that it is ready.
    let caught_up = said(&program.log(), "caught up", "kind=\"cluster\"");
    wrong.extend(price::too_high(&watch.take(), caught_up, 2, filled));
    assert_none(&wrong, "the first scrape and those after it");
    program.terminate();
}

/// When the log told something first.
fn said(log: &str, what: &str, of: &str) -> Instant {
    let line = log.lines().find(|line| line.contains(what) && line.contains(of));
    let time = line.and_then(|line| line.split(' ').next()).unwrap_or_else(|| panic!("no {what} {of}:\n{log}"));
    Instant::now() - humantime::parse_rfc3339(time).unwrap().elapsed().unwrap()
}

#[test]
fn as_started_by_default_the_first_ready_scrape_is_right() {
    let filled = Filled::common();
    let program = Program::with_brokers(&filled.cluster.bootstrap()).ready();
    assert_none(&Scrape::of(&program).wrong(&filled.stands, 10.0), "the first scrape");
    let stand = late(filled, "later-steady", 777, "default");
    becomes_right(&program, &[stand], 10);
    program.terminate();
}

/// A group that commits for the first time, now.
fn late(filled: &Filled, topic: &'static str, committed: i64, name: &str) -> Stand {
    filled.commit(&format!("{topic}-{name}"), filled.log(topic), committed)
}

/// Within one refresh and a moment for the answers, and from then on.
fn becomes_right(program: &Program, stands: &[Stand], interval: u32) {
    let allowed = f64::from(interval);
    let patience = Duration::from_secs_f64(allowed + 1.5);
    let began = Instant::now();
    let mut before = Vec::new();
    eventually(patience, "right age", || {
        let wrong = Scrape::of(program).wrong(stands, allowed);
        if wrong.is_empty() {
            return Ok(());
        }
        before.extend(wrong.iter().filter(|line| !line.contains("shown None")).cloned());
        Err(wrong.join("\n"))
    });
    println!("right after {:?}; shown wrong before: {:?} {}", began.elapsed(), before.first(), before.len());
    for _ in 0..2 {
        pause(Duration::from_millis(500));
        assert_none(&Scrape::of(program).wrong(stands, allowed), "after it was right");
    }
}

#[test]
fn a_group_that_turns_up_late_or_commits_on_is_right_within_a_refresh() {
    let filled = Filled::common();
    let stands = |name: &str, offsets: [i64; 5]| -> Vec<Stand> {
        let topics = ["later-steady", "later-bursts", "later-instant-bursts", "later-curve", "later-backwards"];
        topics.into_iter().zip(offsets).map(|(topic, committed)| late(filled, topic, committed, name)).collect()
    };
    let moving = stands("moving", [4_000, 9_150, 9_150, 25_000, 4_900]);
    let program = Program::with_config(&refreshing(&filled.cluster.bootstrap(), 2)).ready();
    assert_none(&Scrape::of(&program).wrong(&moving, 2.0), "before they move");
    becomes_right(&program, &stands("late", [7, 450, 450, 1_000, 1_300]), 2);
    becomes_right(&program, &stands("moving", [4_200, 12_000, 12_299, 28_000, 4_990]), 2);
    becomes_right(&program, &stands("moving", [4_320, 12_600, 12_600, 999_999, 5_000]), 2);
    becomes_right(&program, &stands("moving", [0, 150, 150, 50, 50]), 2);
    becomes_right(
        &program,
        &[late(filled, "later-idle", 3_599, "late"), late(filled, "later-idle", 17, "too-late")],
        2,
    );
    program.terminate();
}

#[test]
fn what_is_deleted_or_created_again_has_its_new_age_within_a_refresh() {
    let filled = Filled::common();
    let first = filled.renew("renewed", 10, 300);
    let before = [filled.commit("renewed-a", &first, 200), filled.commit("renewed-b", &first, 20)];
    let low = late(filled, "later-purged", 10, "low");
    let program = Program::with_config(&refreshing(&filled.cluster.bootstrap(), 2)).ready();
    assert_none(&Scrape::of(&program).wrong(&before, 2.0), "the first life");
    assert_none(&Scrape::of(&program).wrong(std::slice::from_ref(&low), 2.0), "before the purge");
    let appended = filled.purge(3_000).appended(10);
    becomes_right(&program, &[Stand { appended, ..low }], 2);
    filled.cluster.delete_topic("renewed");
    // Longer than the first: no log end goes back.
    let second = filled.renew("renewed", 40, 2_000);
    let after = [filled.commit("renewed-a", &second, 200), filled.commit("renewed-b", &second, 1_900)];
    becomes_right(&program, &after, 2);
    program.terminate();
}

#[test]
fn while_records_come_in_the_age_of_a_group_that_stopped_grows_right() {
    let filled = Filled::common();
    let (cluster, topic) = (&filled.cluster, "live");
    cluster.create_topic(topic, 1);
    let began = now();
    cluster.produce_at(topic, (0..60).map(|minute| (0, began - 2 * HOUR + minute * MINUTE)));
    let stopped = Stand { group: "live-stopped".into(), topic, partition: 0, committed: 30, appended: None };
    let stopped = Stand { appended: Some(began - 2 * HOUR + 30 * MINUTE), ..stopped };
    let mut committer = Committer::new(cluster.port());
    committer.commit(&stopped.group, topic, &[(0, 30)]);
    let producer: BaseProducer = cluster.client().create().unwrap();
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    let (mut times, mut reader, mut newcomer) = (Vec::new(), None, None);
    let mut last: Option<(Scrape, Vec<Stand>)> = None;
    let mut wrong = Vec::new();
    let start = Instant::now();
    for step in 0_u32..300 {
        pause((Duration::from_millis(50) * step).saturating_sub(start.elapsed()));
        let time = now();
        producer.send(BaseRecord::<[u8], [u8]>::to(topic).partition(0).timestamp(time).payload(b"v")).unwrap();
        producer.flush(seconds(10)).unwrap();
        times.push(time);
        let mut commit = |group: &str, behind: usize| {
            let (committed, appended) = (60 + i64::from(step) - offset(behind), times[times.len() - 1 - behind]);
            committer.commit(group, topic, &[(0, committed)]);
            (Instant::now(), Stand { group: group.into(), topic, partition: 0, committed, appended: Some(appended) })
        };
        // One keeps up until a third is over, one comes at half-time and stands at once.
        if step < 130 && step % 20 == 10 {
            reader = Some(commit("live-reader", 4));
        }
        if step == 200 {
            newcomer = Some(commit("live-newcomer", 120));
        }
        if step % 10 == 0 {
            let settled = [&reader, &newcomer].into_iter().flatten().filter(|(at, _)| at.elapsed() > seconds(2));
            let stands: Vec<Stand> = [&stopped].into_iter().chain(settled.map(|(_, stand)| stand)).cloned().collect();
            let next = Scrape::of(&program);
            wrong.extend(next.wrong(&stands, 1.0));
            if let Some((earlier, stands)) = &last {
                wrong.extend(next.jumps(earlier, stands));
            }
            let moves = reader.as_ref().is_some_and(|_| step < 160);
            last = Some((next, if moves { vec![stopped.clone()] } else { stands }));
        }
    }
    assert_none(&wrong, "while records come in");
    program.terminate();
}

#[test]
fn no_right_to_read_the_topics_is_needed() {
    let filled = Filled::common();
    let cluster = &filled.cluster;
    for (operation, name) in [("Describe", "*"), ("Read", "__consumer_offsets")] {
        cluster.tools().grant(operation, "--topic", name);
    }
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.sasl_address())
        .set("security.protocol", "SASL_SSL")
        .set("ssl.ca.location", cluster.file("ca.pem"))
        .set("sasl.mechanism", "PLAIN")
        .set("sasl.username", USER)
        .set("sasl.password", PASSWORD)
        .set("group.id", "unused")
        .create()
        .unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset("steady-day", 0, Offset::Beginning).unwrap();
    reader.assign(&from).unwrap();
    eventually(seconds(30), "refusal to read", || match reader.poll(seconds(10)).unwrap() {
        Err(KafkaError::MessageConsumption(RDKafkaErrorCode::TopicAuthorizationFailed)) => Ok(()),
        Err(other) => Err(other.to_string()),
        Ok(record) => panic!("it may read {}", record.offset()),
    });
    let program = Program::as_user(cluster).ready();
    assert_none(&Scrape::of(&program).wrong(&filled.stands, 1.0), "with the right to describe alone");
    program.terminate();
}

#[test]
fn where_nothing_is_found_by_time_an_age_is_absent_until_a_log_end_that_was_seen_reaches_it() {
    let kafka = MockCluster::new(1).unwrap();
    kafka.create_topic("__consumer_offsets", 1, 1).unwrap();
    kafka.create_topic("orders", 1, 1).unwrap();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap_servers()).create().unwrap();
    let began = now();
    let produce = |time: i64| {
        producer.send(BaseRecord::<[u8], [u8]>::to("orders").partition(0).timestamp(time).payload(b"v")).unwrap();
        producer.flush(seconds(10)).unwrap();
    };
    let commit = |group: &str, committed: i64| {
        let (key, value) = records::commit(group.as_bytes(), b"orders", 0, committed, now());
        let record = BaseRecord::to("__consumer_offsets").partition(0).key(&key).payload(value.as_ref().unwrap());
        producer.send(record).unwrap();
        producer.flush(seconds(10)).unwrap();
    };
    (0..100).for_each(|record| produce(began - HOUR + record * SECOND));
    commit("behind", 50);
    commit("read", 100);
    let program = Program::quick(&kafka.bootstrap_servers(), "").ready();
    let stand = |group: &str, committed, appended| Stand {
        group: group.into(),
        topic: "orders",
        partition: 0,
        committed,
        appended,
    };
    let behind = stand("behind", 50, Some(began - HOUR + 50 * SECOND));
    let mut times = Vec::new();
    for step in 0..120 {
        if step % 10 == 0 {
            let scrape = Scrape::of(&program);
            assert_eq!(scrape.age(&behind), None, "nobody knows");
            if step == 0 {
                assert_none(&scrape.wrong(&[stand("read", 100, None)], 1.0), "the first scrape");
            }
            if step >= 30 {
                // It has committed nothing since, and its first record is one that was seen to come.
                let read = stand("read", 100, Some(times[0]));
                assert_none(&scrape.wrong(&[read], 1.0), "once log ends were seen");
            }
        }
        times.push(now());
        produce(times[times.len() - 1]);
        pause(Duration::from_millis(50));
    }
    commit("behind", 160);
    becomes_right(&program, &[stand("behind", 160, Some(times[60]))], 1);
    program.terminate();
}
