//! Reading the offsets topic from its start: no page shows what never was.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::Offset;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::client::Record;
use crate::rig::maven::Version;
use crate::rig::page::{Page, whole};
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, http, pause, records, seconds};

const COMMITTED: &str = "kafka_consumergroup_current_offset";
const PARTITIONS: i32 = 100;
const END: i64 = 200;
const LIVE: i32 = 10;

/// 1,000,000 for a full run; the default keeps the tests quick.
fn commits() -> i32 {
    let count = std::env::var("WARRENER_RIG_COMMITS").ok();
    count.map_or(200_000, |count| count.parse().expect("WARRENER_RIG_COMMITS is a number"))
}

/// Ten commits a partition, of which only the last is the truth; every third group went back with it.
fn history(group: i32) -> impl Iterator<Item = Vec<(i32, i64)>> {
    (1..=10)
        .map(move |round| (0..PARTITIONS).map(|partition| (partition, committed(group, partition, round))).collect())
}

fn committed(group: i32, partition: i32, round: i64) -> i64 {
    let back = if group % 3 == 0 && round == 10 { 50 } else { 0 };
    round * 10 + i64::from(partition % 7) - back
}

fn last(group: i32, partition: i32) -> i64 {
    committed(group, partition, 10)
}

/// What the live groups have committed: sent before the request, acknowledged after it.
#[derive(Default)]
struct Live {
    sent: Mutex<i64>,
    acknowledged: Mutex<i64>,
    over: AtomicBool,
}

impl Live {
    fn step(&self, committer: &mut Committer) {
        let next = *self.acknowledged.lock().unwrap() + 1;
        *self.sent.lock().unwrap() = next;
        let offsets: Vec<(i32, i64)> = (0..LIVE).map(|partition| (partition, next)).collect();
        committer.commit("live", "bulk", &offsets);
        *self.acknowledged.lock().unwrap() = next;
    }
}

#[test]
fn scraped_from_its_start_no_page_shows_a_lag_a_sum_or_a_group_that_never_was() {
    let cluster = Spec::new(Version::LATEST).start();
    let groups = commits() / PARTITIONS / 10;
    fill(&cluster, groups);
    let live = Live::default();
    live.step(&mut Committer::new(cluster.port()));
    let before = *live.acknowledged.lock().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut committer = Committer::new(cluster.port());
            // Bounded by the log end: beyond it the lag would be 0 for another reason.
            while !live.over.load(Ordering::Relaxed) && *live.sent.lock().unwrap() < END {
                live.step(&mut committer);
                pause(Duration::from_millis(100));
            }
        });
        // Ends the thread also when a page is wrong.
        let _over = Over(&live.over);
        let program = Program::quick(&cluster.bootstrap(), "");
        let mut floor = before;
        let mut ready = None;
        let began = Instant::now();
        while ready.is_none_or(|since: Instant| since.elapsed() < seconds(3)) {
            let tick = Instant::now();
            let page = program.page();
            let ceiling = *live.sent.lock().unwrap();
            check(&page, groups);
            floor = check_live(&page, floor, ceiling);
            if ready.is_none() && program.get("/-/ready").status == 200 {
                ready = Some(Instant::now());
            }
            assert!(began.elapsed() < seconds(120), "not ready: {}", program.get("/-/ready").text());
            pause(Duration::from_millis(100).saturating_sub(tick.elapsed()));
        }
        let page = program.page();
        let shown = page.groups().iter().filter(|group| group.starts_with("bulk-")).count();
        assert_eq!(shown, usize::try_from(groups).unwrap(), "all groups are there once it is ready");
        assert!(page.groups().contains("live"));
        slow_clients_hold_nobody_up(&program);
        program.terminate();
    });
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn fill(cluster: &Cluster, groups: i32) {
    cluster.create_topic("bulk", PARTITIONS);
    let record = || (b"k".to_vec(), Some(b"v".to_vec()));
    cluster.produce_raw("bulk", (0..END).flat_map(|_| (0..PARTITIONS).map(|partition| (partition, record()))));
    let mut committer = Committer::new(cluster.port());
    for group in 0..groups {
        for offsets in history(group) {
            committer.commit(&format!("bulk-{group}"), "bulk", &offsets);
        }
    }
    for group in 0..3 {
        let name = format!("deleted-{group}");
        committer.commit(&name, "bulk", &[(0, 5)]);
        cluster.delete_group(&name);
    }
}

/// Every group that any family names is there whole, with its last commits, and none that was deleted.
fn check(page: &Page, groups: i32) {
    let mut found: BTreeMap<&str, BTreeMap<i32, i64>> = BTreeMap::new();
    for (labels, value) in page.family(COMMITTED) {
        let partition = labels["partition"].parse().unwrap();
        found.entry(&labels["consumergroup"]).or_default().insert(partition, whole(value));
    }
    let names = page.groups();
    let sums = page.topics("kafka_consumergroup_current_offset_sum");
    let lag_sums = page.topics("kafka_consumergroup_lag_sum");
    let mut lags: BTreeMap<&str, BTreeMap<i32, i64>> = BTreeMap::new();
    for (labels, value) in page.family("kafka_consumergroup_lag") {
        lags.entry(&labels["consumergroup"]).or_default().insert(labels["partition"].parse().unwrap(), whole(value));
    }
    for name in names.iter().filter(|name| **name != "live") {
        let group = name.strip_prefix("bulk-").and_then(|number| number.parse().ok()).filter(|group| *group < groups);
        let Some(group) = group else { panic!("a group that is gone: {name}") };
        let truth: BTreeMap<i32, i64> = (0..PARTITIONS).map(|partition| (partition, last(group, partition))).collect();
        assert_eq!(found.get(*name), Some(&truth), "{name}");
        let key = ((*name).to_owned(), "bulk".to_owned());
        assert_eq!(sums.get(&key), Some(&truth.values().sum()), "{name}");
        for (partition, lag) in lags.get(*name).into_iter().flatten() {
            assert_eq!(*lag, END - truth[partition], "{name} {partition}");
        }
        if let Some(sum) = lag_sums.get(&key) {
            assert_eq!(*sum, truth.values().map(|offset| END - offset).sum::<i64>(), "{name}");
        }
    }
}

/// A live group's commits lie between what was acknowledged and what was sent, never go back, and agree with
/// lag and sum on the same page. Returns the new floor.
fn check_live(page: &Page, floor: i64, ceiling: i64) -> i64 {
    let with = |family| page.with(family, &[("consumergroup", "live")]).map(|(_, value)| whole(value));
    let offsets: Vec<i64> = with(COMMITTED).collect();
    if offsets.is_empty() {
        assert!(!page.groups().contains("live"));
        return floor;
    }
    assert_eq!(offsets.len(), usize::try_from(LIVE).unwrap());
    assert!(offsets.iter().all(|offset| (floor..=ceiling).contains(offset)), "{offsets:?} not in {floor}..={ceiling}");
    let sum: i64 = offsets.iter().sum();
    assert_eq!(with("kafka_consumergroup_current_offset_sum").collect::<Vec<_>>(), [sum]);
    let lags: Vec<i64> = with("kafka_consumergroup_lag").collect();
    if lags.len() == offsets.len() {
        assert_eq!(lags.iter().sum::<i64>(), i64::from(LIVE) * END - sum, "lag and commit of one page disagree");
        let lag_sum: Vec<i64> = with("kafka_consumergroup_lag_sum").collect();
        assert_eq!(lag_sum, [i64::from(LIVE) * END - sum]);
    }
    offsets.into_iter().min().unwrap()
}

/// On a page of megabytes: clients that ask and do not read.
fn slow_clients_hold_nobody_up(program: &Program) {
    let slow: Vec<std::net::TcpStream> = (0..12)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", program.port)).unwrap();
            std::io::Write::write_all(&mut stream, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    for path in ["/-/healthy", "/-/ready", "/metrics"] {
        let began = Instant::now();
        let answer = eventually(seconds(10), "answer beside slow clients", || http::get(program.port, path, &[]));
        assert_eq!(answer.status, 200, "{path}");
        assert!(began.elapsed() < seconds(5), "{path} took {:?} beside slow clients", began.elapsed());
    }
    drop(slow);
}

#[test]
fn while_an_offsets_partition_is_read_again_its_groups_stay_as_they_were_until_it_is_caught_up() {
    let cluster = Spec::common();
    cluster.create_topic("reread-offsets", 1);
    let life = |of: i64| -> Vec<(i32, Record)> {
        let each = |round: i64| {
            (0..100).map(move |group: i64| {
                let name = format!("group-{group}");
                let offset = of * 1_000_000 + round * 1000 + group;
                (0, records::commit(name.as_bytes(), b"somewhere", 0, offset, records::now()))
            })
        };
        (0..500).flat_map(each).collect()
    };
    cluster.produce_raw("reread-offsets", life(1));
    let mut program = Program::reading(&cluster.bootstrap(), "reread-offsets").ready();
    let truth = |of: i64| -> BTreeMap<String, i64> {
        (0..100).map(|group| (format!("group-{group}"), of * 1_000_000 + 499_000 + group)).collect()
    };
    let shown = |page: &Page| -> BTreeMap<String, i64> {
        page.family(COMMITTED).map(|(labels, value)| (labels["consumergroup"].clone(), whole(value))).collect()
    };
    assert_eq!(shown(&program.page()), truth(1));
    // While it sleeps, what it would read next is produced and deleted: its position falls out of range.
    program.signal(libc::SIGSTOP);
    cluster.produce_raw("reread-offsets", life(2));
    cluster.delete_records("reread-offsets", 0, Offset::End);
    cluster.produce_raw("reread-offsets", life(3));
    program.signal(libc::SIGCONT);
    // A fetch that was under way may have brought it some of the second life, which it follows as it comes. The
    // third is rebuilt beside that, and only its end is ever shown, for all groups at once.
    eventually(seconds(30), "third life", || {
        let found = shown(&program.page());
        if found == truth(3) {
            return Ok(());
        }
        assert_eq!(found.len(), 100, "groups are missing");
        let early: Vec<_> = found.iter().filter(|(_, offset)| **offset >= 3_000_000).collect();
        assert!(early.is_empty(), "shown before it was caught up: {early:?}");
        Err("still the old state".to_owned())
    });
    assert!(program.log().contains("out of range"), "it was to be read again:\n{}", program.log());
}

#[test]
fn an_offsets_topic_that_appears_late_and_grows_is_followed() {
    let cluster = Spec::common();
    let program = Program::reading(&cluster.bootstrap(), "late-offsets");
    assert_eq!(program.page().groups().len(), 0);
    cluster.create_topic("late-offsets", 1);
    let commit = |partition: i32, group: &[u8]| {
        let record = records::commit(group, b"somewhere", 0, 42, records::now());
        cluster.produce_raw("late-offsets", [(partition, record)]);
    };
    let await_group = |group: &str| {
        program.page_where(seconds(30), group, |page| match page.value(COMMITTED, &[("consumergroup", group)]) {
            Some(42.0) => Ok(()),
            other => Err(format!("{other:?}")),
        });
    };
    commit(0, b"first");
    await_group("first");
    program.await_ready(seconds(20));
    cluster.grow_topic("late-offsets", 3);
    commit(2, b"grown");
    await_group("grown");
    await_group("first");
}

#[test]
fn it_commits_nothing_and_joins_nothing() {
    let cluster = Spec::common();
    let mut committer = Committer::new(cluster.port());
    cluster.create_topic("watched", 1);
    committer.commit("watched-group", "watched", &[(0, 0)]);
    let before = cluster.tools().offsets("-1");
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    program.page_where(seconds(20), "group", |page| match page.groups().contains("watched-group") {
        true => Ok(()),
        false => Err(String::new()),
    });
    let groups = cluster.tools().groups(&["--list"]);
    assert!(!groups.to_lowercase().contains("warrener"), "{groups}");
    drop(program);
    let written = |offsets: &BTreeMap<(String, i32), i64>| -> i64 {
        offsets.iter().filter(|((topic, _), _)| topic == "__consumer_offsets").map(|(_, end)| end).sum()
    };
    assert_eq!(written(&cluster.tools().offsets("-1")), written(&before));
}
