//! Topics filled with known timestamps, before any `warrener` is started, and groups that stand at known records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use rdkafka::Offset;
use rdkafka::admin::{NewTopic, TopicReplication};
use rdkafka::producer::{BaseProducer, Producer};

use super::series::{DAY, HOUR, MINUTE, SECOND, SIMPLE, Simple, bursts, idle, offset, steady_month};
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::records::now;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

/// What one partition holds.
#[derive(Clone, Debug)]
pub struct Log {
    pub topic: &'static str,
    pub partition: i32,
    /// Timestamps by offset, from the log start on; what compaction took is not there.
    times: BTreeMap<i64, i64>,
    end: i64,
}

impl Log {
    /// The greatest timestamp up to and including this record; none when nothing waits there.
    pub fn appended(&self, committed: i64) -> Option<i64> {
        let start = *self.times.first_key_value()?.0;
        let until = committed.max(start);
        let times = self.times.range(..=until).map(|(_, time)| *time).max();
        times.filter(|_| committed < self.end)
    }
}

/// A group's last commit in one partition.
#[derive(Clone, Debug)]
pub struct Stand {
    pub group: String,
    pub topic: &'static str,
    pub partition: i32,
    pub committed: i64,
    /// When the oldest record that it has not committed was appended; none when nothing waits.
    pub appended: Option<i64>,
}

/// The broker with all shapes in it.
pub struct Filled {
    pub cluster: Cluster,
    pub logs: Vec<Log>,
    pub stands: Vec<Stand>,
    /// Open as long as the tests.
    _open: Mutex<BaseProducer>,
}

impl Filled {
    /// Filled once, for all tests here.
    pub fn common() -> &'static Self {
        static FILLED: OnceLock<Filled> = OnceLock::new();
        FILLED.get_or_init(|| Self::fill(Spec::new(Version::LATEST).guarded().lasting().start()))
    }

    fn fill(cluster: Cluster) -> Self {
        let (shapes, open) = std::thread::scope(|scope| {
            let cluster = &cluster;
            let simple = SIMPLE.iter().map(|shape| scope.spawn(move || simple(cluster, shape)));
            let mut filling: Vec<_> = simple.collect();
            let others = [several, many_partitions, append_time, purged, emptied, empty, compacted, transactions];
            filling.extend(others.into_iter().map(|shape| scope.spawn(move || shape(cluster))));
            let (last, open) = open_transaction(cluster);
            let mut shapes: Vec<Shape> = filling.into_iter().map(|thread| thread.join().unwrap()).collect();
            shapes.push(last);
            (shapes, open)
        });
        let mut committer = Committer::new(cluster.port());
        let (mut logs, mut stands) = (Vec::new(), Vec::new());
        for shape in shapes {
            stands.extend(shape.commit(&mut committer));
            logs.extend(shape.logs);
        }
        Self { cluster, logs, stands, _open: Mutex::new(open) }
    }

    /// What an hour of the topic `later-purged` is once all below `start` is deleted.
    pub fn purge(&self, start: i64) -> Log {
        let mut log = self.log("later-purged").clone();
        self.cluster.delete_records(log.topic, 0, Offset::Offset(start));
        log.times = log.times.split_off(&start);
        log
    }

    /// A topic of this name, created anew, with a record a minute since `hours` ago, `count` of them.
    pub fn renew(&self, topic: &'static str, hours: i64, count: i64) -> Log {
        eventually(seconds(20), "creation", || {
            std::panic::catch_unwind(|| create(&self.cluster, topic, 1, &[])).map_err(|_| "still there".to_owned())
        });
        let began = now() - hours * HOUR;
        let times: Vec<i64> = (0..count).map(|record| began + record * MINUTE).collect();
        self.cluster.produce_at(topic, times.iter().map(|time| (0, *time)));
        read(&self.cluster, topic, 0, &times)
    }

    /// A commit of a group, now.
    pub fn commit(&self, group: &str, log: &Log, committed: i64) -> Stand {
        Committer::new(self.cluster.port()).commit(group, log.topic, &[(log.partition, committed)]);
        let Log { topic, partition, .. } = *log;
        Stand { group: group.to_owned(), topic, partition, committed, appended: log.appended(committed) }
    }

    pub fn log(&self, topic: &str) -> &Log {
        self.logs.iter().find(|log| log.topic == topic).unwrap()
    }
}

/// A topic's partitions, and the offsets at which a group each is to stand.
struct Shape {
    logs: Vec<Log>,
    offsets: Vec<i64>,
}

impl Shape {
    fn commit(&self, committer: &mut Committer) -> Vec<Stand> {
        let mut stands = Vec::new();
        for committed in self.offsets.iter().collect::<BTreeSet<_>>() {
            let topic = self.logs[0].topic;
            let group = format!("{topic}-at-{committed}");
            // Not the same offset in each partition, but the same for partition 0.
            let at = |log: &Log| committed + i64::from(log.partition % 4) * 7;
            let offsets: Vec<(i32, i64)> = self.logs.iter().map(|log| (log.partition, at(log))).collect();
            committer.commit(&group, topic, &offsets);
            stands.extend(self.logs.iter().map(|log| Stand {
                group: group.clone(),
                topic,
                partition: log.partition,
                committed: at(log),
                appended: log.appended(at(log)),
            }));
        }
        stands
    }
}

/// Kafka's own settings would delete or refuse what is too old or too new.
fn create(cluster: &Cluster, topic: &str, partitions: i32, more: &[(&str, &str)]) {
    let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    for (key, value) in more {
        new = new.set(key, value);
    }
    cluster.create(new);
}

fn by_offset(times: &[i64]) -> BTreeMap<i64, i64> {
    (0..).zip(times.iter().copied()).collect()
}

/// A log that begins at 0, as it was meant and as a consumer reads it.
fn read(cluster: &Cluster, topic: &'static str, partition: i32, meant: &[i64]) -> Log {
    let times = cluster.times(topic, partition);
    assert_eq!(times, by_offset(meant), "{topic} {partition}");
    Log { topic, partition, times, end: offset(meant.len()) }
}

fn simple(cluster: &Cluster, shape: &Simple) -> Shape {
    create(cluster, shape.topic, 1, &[]);
    let times = (shape.times)(now());
    cluster.produce_at(shape.topic, times.iter().map(|time| (0, *time)));
    Shape { logs: vec![read(cluster, shape.topic, 0, &times)], offsets: (shape.offsets)(&times) }
}

/// Partitions as different as can be: a day, bursts, an idle one, and one that is empty.
fn several(cluster: &Cluster) -> Shape {
    let topic = "several-partitions";
    create(cluster, topic, 4, &[]);
    let times = [steady_month(now()), bursts(now()), idle(now()), Vec::new()];
    let each = (0..).zip(&times);
    cluster.produce_at(topic, each.clone().flat_map(|(id, times)| times.iter().map(move |time| (id, *time))));
    let logs = each.map(|(id, times)| read(cluster, topic, id, times)).collect();
    Shape { logs, offsets: vec![0, 450, 2_001] }
}

/// More than one call can ask about, each with a time of its own.
fn many_partitions(cluster: &Cluster) -> Shape {
    let topic = "many-partitions";
    create(cluster, topic, 600, &[]);
    let now = now();
    let times = |id: i32| (0..20).map(move |record| now - 2 * DAY + i64::from(id) * 4 * MINUTE + record * MINUTE);
    cluster.produce_at(topic, (0..600).flat_map(|id| times(id).map(move |time| (id, time))));
    let log = |partition| Log { topic, partition, times: by_offset(&times(partition).collect::<Vec<_>>()), end: 20 };
    let logs: Vec<Log> = (0..600).map(log).collect();
    assert_eq!(cluster.times(topic, 599), logs[599].times);
    Shape { logs, offsets: vec![0] }
}

/// What the producers say is days old: the broker's own clock stands.
fn append_time(cluster: &Cluster) -> Shape {
    let topic = "log-append-time";
    create(cluster, topic, 1, &[("message.timestamp.type", "LogAppendTime")]);
    let began = now();
    for _ in 0..4 {
        cluster.produce_at(topic, (0..50).map(|step| (0, began - DAY + step * MINUTE)));
        pause(seconds(1));
    }
    let times = cluster.times(topic, 0);
    assert_eq!(times.len(), 200);
    assert!(times.values().all(|time| (began..=now()).contains(time)), "{times:?}");
    Shape { logs: vec![Log { topic, partition: 0, times, end: 200 }], offsets: vec![0, 49, 50, 120, 199] }
}

fn purged(cluster: &Cluster) -> Shape {
    let topic = "purged";
    let mut shape = simple(cluster, &Simple { topic, times: idle, offsets: |_| vec![0, 999, 1_000, 1_001, 3_000] });
    cluster.delete_records(topic, 0, Offset::Offset(1_000));
    shape.logs[0].times = shape.logs[0].times.split_off(&1_000);
    assert_eq!(cluster.times(topic, 0), shape.logs[0].times);
    shape
}

fn emptied(cluster: &Cluster) -> Shape {
    let topic = "emptied";
    let mut shape = simple(cluster, &Simple { topic, times: idle, offsets: |_| vec![0, 3_599, 3_600] });
    cluster.delete_records(topic, 0, Offset::End);
    shape.logs[0].times.clear();
    shape
}

fn empty(cluster: &Cluster) -> Shape {
    simple(cluster, &Simple { topic: "empty", times: |_| Vec::new(), offsets: |_| vec![0, 5] })
}

/// The first half was written over by the second: every tenth record of it is left.
fn compacted(cluster: &Cluster) -> Shape {
    let topic = "compacted";
    let quick = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01"), ("segment.ms", "1000")];
    create(cluster, topic, 1, &quick);
    let began = now();
    let times: Vec<i64> = (0..=2_000).map(|record| began - 10 * HOUR + record * 15 * SECOND).collect();
    let key = |record: i64| match record {
        0..1_000 if record % 10 == 0 => format!("kept-{record}"),
        0..2_000 => format!("key-{}", record % 1_000),
        _ => "last".to_owned(),
    };
    let keyed: Vec<_> = (0..).zip(&times).map(|(record, time)| (key(record).into_bytes(), *time)).collect();
    // Each call begins a segment, and the last one is never compacted.
    for part in [&keyed[..1_000], &keyed[1_000..2_000], &keyed[2_000..]] {
        cluster.produce_keys_at(topic, part.to_vec());
    }
    let meant: BTreeMap<i64, i64> =
        (0..).zip(times).filter(|(record, _)| *record >= 1_000 || record % 10 == 0).collect();
    eventually(seconds(30), "compaction", || match cluster.times(topic, 0) {
        times if times == meant => Ok(()),
        times => Err(format!("{} records are left", times.len())),
    });
    Shape { logs: vec![Log { topic, partition: 0, times: meant, end: 2_001 }], offsets: vec![0, 10, 500, 990, 1_500] }
}

/// Each transaction ends with a control record, whose time is the broker's.
fn transactions(cluster: &Cluster) -> Shape {
    let topic = "transactions";
    create(cluster, topic, 1, &[]);
    let mut times = BTreeMap::new();
    for (step, commit) in (0..3).zip([true, false, true]) {
        let began = now() - (3 - step) * HOUR;
        let records: Vec<i64> = (0..20).map(|record| began + record * MINUTE).collect();
        let producer = cluster.begin_at(topic, &records);
        times.extend((step * 21..).zip(&records).map(|(at, time)| (at, *time)));
        if commit {
            producer.commit_transaction(seconds(60)).unwrap();
        } else {
            producer.abort_transaction(seconds(60)).unwrap();
        }
        times.insert(step * 21 + 20, now());
    }
    let markers = [20, 41, 62];
    // Kafka's own lookup by time knows of them.
    assert_eq!(cluster.offset_at(&cluster.bootstrap(), topic, times[&20] - 500), 20);
    let mut data = times.clone();
    data.retain(|at, _| !markers.contains(at));
    assert_eq!(cluster.times(topic, 0), data);
    let logs = vec![Log { topic, partition: 0, times, end: 63 }];
    Shape { logs, offsets: vec![0, 10, 19, 20, 21, 41, 50, 62, 63] }
}

/// A group at the last stable offset waits for what a producer has not made up its mind about.
fn open_transaction(cluster: &Cluster) -> (Shape, BaseProducer) {
    let topic = "open-transaction";
    create(cluster, topic, 1, &[]);
    let began = now();
    let before: Vec<i64> = (0..100).map(|record| began - 5 * HOUR + record * SECOND).collect();
    let open: Vec<i64> = (0..100).map(|record| began - 2 * HOUR + record * SECOND).collect();
    cluster.produce_at(topic, before.iter().map(|time| (0, *time)));
    let producer = cluster.begin_at(topic, &open);
    let logs = vec![read(cluster, topic, 0, &[before, open].concat())];
    (Shape { logs, offsets: vec![50, 99, 100, 150, 199, 200] }, producer)
}
