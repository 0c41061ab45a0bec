//! Tells the lies of a table and watches what they cost.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use crate::rig::broker::Spec;
use crate::rig::fake_kafka::{FakeKafka, Lie};
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{pause, records, seconds};

use super::{Lies, refuses};

/// How long the lies are told: longer than librdkafka waits for an answer.
const TELLING: Duration = Duration::from_secs(15);
/// How long the real cluster's commits may take, and the liars to be right once they are honest again.
const GOOD: Duration = Duration::from_secs(5);
const RIGHT_AGAIN: Duration = Duration::from_secs(20);
/// The same for liars that refused access, whom nobody asks again for a minute.
const GRANTED_AGAIN: Duration = Duration::from_secs(75);

/// What the scrapes of a test and its real cluster may cost, and each lie: kilobytes, the part of a core, lines of log.
const MEMORY: [u64; 2] = [48 * 1024, 1024];
const CPU: [f64; 2] = [0.3, 0.015];
const LINES: [usize; 2] = [20, 5];

const OFFSETS: &str = "__consumer_offsets";
const TOPIC: &str = "orders";
const COMMITTED: &str = "kafka_consumergroup_current_offset";
const END: &str = "kafka_topic_partition_current_offset";

/// A cluster with a lie to tell.
struct Liar {
    name: &'static str,
    fake: FakeKafka,
    lie: Arc<Lie>,
}

impl Liar {
    fn new(name: &'static str, lie: Lie) -> Self {
        let fake = FakeKafka::start(2);
        fake.create_topic(TOPIC, 3);
        fake.create_topic(OFFSETS, 2);
        let liar = Self { name, fake, lie: Arc::new(lie) };
        liar.go_on();
        liar
    }

    /// A record more in each partition, and a commit of all of them in each partition of the offsets topic.
    fn go_on(&self) {
        for partition in 0..3 {
            self.fake.append(TOPIC, partition, [(b"k".to_vec(), Some(b"v".to_vec()))]);
        }
        for partition in 0..2 {
            let commit = records::commit(&group(partition), TOPIC.as_bytes(), 0, self.end(), records::now());
            self.fake.append(OFFSETS, partition, [commit]);
        }
    }

    fn end(&self) -> i64 {
        self.fake.end(TOPIC, 0)
    }

    /// Whether the page shows the cluster as it is, and nothing else of it.
    fn is_right(&self, page: &Page) -> Result<(), String> {
        let end = self.end();
        let up = page.with("warrener_up", &[("cluster", self.name)]).map(|(_, up)| up).collect::<Vec<_>>();
        let of = |family, topic| {
            let found = page.with(family, &[("cluster", self.name), ("topic", topic)]);
            found.map(|(_, value)| value).collect::<Vec<_>>()
        };
        let topics = page.with(END, &[("cluster", self.name)]).map(|(labels, _)| labels["topic"].clone());
        let found = (up, of(COMMITTED, TOPIC), of(END, TOPIC), topics.collect::<BTreeSet<_>>());
        let value = f64::from(i32::try_from(end).unwrap());
        let topics = [OFFSETS, TOPIC].map(str::to_owned).into();
        let wanted = (vec![1.0, 1.0], vec![value; 2], vec![value; 3], topics);
        if found == wanted { Ok(()) } else { Err(format!("{}: {found:?} instead of {wanted:?}", self.name)) }
    }
}

fn group(partition: usize) -> Vec<u8> {
    format!("group-{partition}").into_bytes()
}

/// Tells all lies of a table together, and looks at what they cost. Where it is not known which of them did what went
/// wrong, each is told by itself.
pub fn judge(table: fn() -> Lies) {
    let bounded = |lies: Lies| {
        let count = lies.len();
        tell(lies).and_then(|cost| cost.is_bounded(count).map_err(Wrong::Somewhere))
    };
    let text = match bounded(table()) {
        Ok(()) => return,
        Err(Wrong::Named(text)) => panic!("{text}"),
        Err(Wrong::Somewhere(text)) => text,
    };
    let alone = table().into_iter().filter_map(|(name, lie)| Some((name, bounded(vec![(name, lie)]).err()?)));
    let alone: Vec<String> = alone.map(|(name, wrong)| format!("{name} alone: {wrong:?}")).collect();
    panic!("together: {text}\n{}", alone.join("\n"));
}

/// What went wrong.
#[derive(Debug)]
pub enum Wrong {
    /// With whom is not known.
    Somewhere(String),
    /// The text names whom with.
    Named(String),
}

/// The real cluster, and commits to it.
struct Good {
    committer: Committer,
    topic: String,
    committed: i64,
}

impl Good {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let topic = format!("beside-liars-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let cluster = Spec::common();
        cluster.create_topic(&topic, 1);
        let mut good = Self { committer: Committer::new(cluster.port()), topic, committed: 0 };
        good.go_on();
        good
    }

    fn go_on(&mut self) {
        self.committed += 1;
        self.committer.commit("beside-liars", &self.topic, &[(0, self.committed)]);
    }

    fn is_right(&self, page: &Page) -> Result<(), String> {
        let found = page.value(COMMITTED, &[("cluster", "good"), ("topic", &self.topic)]);
        let wanted = Some(f64::from(i32::try_from(self.committed).unwrap()));
        if found == wanted { Ok(()) } else { Err(format!("the real cluster: {found:?} instead of {wanted:?}")) }
    }
}

/// Tells these lies beside the real cluster; what that cost the process while they were told.
pub fn tell(lies: Lies) -> Result<Cost, Wrong> {
    let liars: Vec<Liar> = lies.into_iter().map(|(name, lie)| Liar::new(name, lie)).collect();
    let mut good = Good::new();
    let mut program = Program::with_config(&config(&liars));
    let are_right = |liars: &mut dyn Iterator<Item = &Liar>, page: &Page| {
        let wrong: Vec<String> = liars.filter_map(|liar| liar.is_right(page).err()).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    };
    let all_right = |page: &Page| are_right(&mut liars.iter(), page);
    let others_right = |page: &Page| are_right(&mut liars.iter().filter(|liar| !refuses(liar.name)), page);
    within(&mut program, seconds(30), |page| all_right(page).and_then(|()| good.is_right(page)))
        .unwrap_or_else(|text| panic!("before any lie was told: {text}"));

    let (began, before) = (Instant::now(), Cost::of(&mut program));
    liars.iter().for_each(|liar| liar.fake.tell(Arc::clone(&liar.lie)));
    while began.elapsed() < TELLING {
        good.go_on();
        within(&mut program, GOOD, |page| good.is_right(page)).map_err(Wrong::Somewhere)?;
        pause(Duration::from_millis(500));
    }
    let untold: Vec<&str> = liars.iter().filter(|liar| liar.fake.told() == 0).map(|liar| liar.name).collect();
    assert!(untold.is_empty(), "nobody heard these lies: {untold:?}");
    let cost = Cost::of(&mut program).since(&before, began.elapsed());

    liars.iter().for_each(|liar| liar.fake.be_honest());
    liars.iter().for_each(Liar::go_on);
    good.go_on();
    let honest = Instant::now();
    let again = within(&mut program, RIGHT_AGAIN, |page| good.is_right(page).and_then(|()| others_right(page)))
        .and_then(|()| within(&mut program, GRANTED_AGAIN, all_right));
    let names: Vec<&str> = liars.iter().map(|liar| liar.name).collect();
    println!("{cost:?}, right again after {:?}: {}", honest.elapsed(), names.join(", "));
    again.map_err(|text| if program.runs() { Wrong::Named(text) } else { Wrong::Somewhere(text) })?;
    for liar in &liars {
        assert_eq!(liar.fake.asked(ApiKey::DescribeCluster), 0, "{}", liar.name);
    }
    Ok(cost)
}

/// A cluster and a consumer for each.
fn config(liars: &[Liar]) -> String {
    let good = ("good", Spec::common().bootstrap());
    let all = liars.iter().map(|liar| (liar.name, liar.fake.bootstrap())).chain([good]);
    all.fold(String::new(), |mut text, (name, servers)| {
        let servers = servers.replace(',', "\", \"");
        write!(
            text,
            "[cluster.{name}]\nclass-name = \"kafka\"\nservers = [\"{servers}\"]\noffset-refresh = 1\n\
             topic-refresh = 1\n\n[consumer.{name}]\nclass-name = \"kafka\"\ncluster = \"{name}\"\n\
             servers = [\"{servers}\"]\n\n"
        )
        .unwrap();
        text
    })
}

/// Asks for the page until it is as wanted. An error says how the process ended, or what the page said last.
fn within(
    program: &mut Program,
    patience: Duration,
    wanted: impl Fn(&Page) -> Result<(), String>,
) -> Result<(), String> {
    let began = Instant::now();
    loop {
        if let Some(end) = program.ended() {
            return Err(format!("the process ended: {end}\n{}", last_lines(&program.log())));
        }
        // It may end while it is asked.
        let found = program.try_page().and_then(|page| wanted(&page));
        match found {
            Ok(()) => return Ok(()),
            Err(error) if began.elapsed() > patience => return Err(format!("not within {patience:?}: {error}")),
            Err(_) => pause(Duration::from_millis(50)),
        }
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// What the process has taken so far.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Kilobytes of memory, the most that there ever were.
    memory: u64,
    /// Seconds of CPU.
    cpu: f64,
    /// Lines of its log.
    lines: usize,
}

impl Cost {
    fn of(program: &mut Program) -> Self {
        let id = program.id();
        let of = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        let (status, stat) = (of("status"), of("stat"));
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let memory = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0);
        // Behind the name, which may hold anything: utime and stime, in hundredths of a second.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Self { memory, cpu: ticks / 100.0, lines: program.log().lines().count() }
    }

    /// What it took since; CPU as the part of a core.
    fn since(&self, before: &Self, took: Duration) -> Self {
        Self {
            memory: self.memory.saturating_sub(before.memory),
            cpu: (self.cpu - before.cpu) / took.as_secs_f64(),
            lines: self.lines - before.lines,
        }
    }

    fn is_bounded(&self, liars: usize) -> Result<(), String> {
        let count = u32::try_from(liars).unwrap();
        let bounded = self.memory <= MEMORY[0] + MEMORY[1] * u64::from(count)
            && self.cpu <= CPU[0] + CPU[1] * f64::from(count)
            && self.lines <= LINES[0] + LINES[1] * liars;
        if bounded { Ok(()) } else { Err(format!("{self:?} for {liars} lies")) }
    }
}
