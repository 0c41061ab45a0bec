//! One broker of three that is dead, its port refused, for a minute.

use std::time::{Duration, Instant};

use rdkafka::admin::{NewTopic, TopicReplication};

use super::{logged_since, short_or};
use crate::measure::usage;
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::{Page, whole};
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{pause, seconds};

/// Of a core.
const BOUND: f64 = 0.05;

#[test]
fn a_dead_broker_that_nothing_is_asked_of_is_not_felt() {
    let mut field = Field::start(&[&[1, 2], &[2, 1]]);
    field.cluster.kill(2);
    let spell = field.watch();
    println!("broker without partitions dead: {spell:#?}");
    assert_eq!((&spell.logged[..], &spell.down[..]), (&[][..], &[][..]), "{spell:#?}");
    field.ends_well(&spell);
}

#[test]
fn a_dead_broker_of_three_whose_partitions_have_moved_costs_no_cpu() {
    let mut field = Field::start(&[&[1, 2, 3], &[2, 3, 1], &[3, 1, 2]]);
    field.cluster.kill(2);
    let spell = field.watch();
    println!("broker with a third of all partitions dead: {spell:#?}");
    field.ends_well(&spell);
}

/// What the program did for a while.
#[derive(Debug)]
struct Spell {
    /// Of a core.
    cpu: f64,
    logged: Vec<String>,
    /// After how long which module was not up.
    down: Vec<(Duration, String)>,
}

struct Field {
    program: Program,
    committer: Committer,
    cluster: Cluster,
}

impl Field {
    /// All partitions of an ordinary topic and of the offsets topic have their replicas so.
    fn start(replicas: &[&[i32]]) -> Self {
        let partitions = i32::try_from(replicas.len()).unwrap();
        // The coordinator counts with what the file says.
        let spec = Spec::new(Version::V4_4).nodes(3).offsets_partitions(partitions.unsigned_abs());
        let cluster = spec.start();
        let placed = || TopicReplication::Variable(replicas);
        cluster.create(NewTopic::new("__consumer_offsets", partitions, placed()).set("cleanup.policy", "compact"));
        cluster.create(NewTopic::new("orders", partitions, placed()));
        let mut committer = Committer::new(cluster.port());
        for partition in 0..partitions {
            cluster.produce("orders", partition, 10);
            committer.commit("billing", "orders", &[(partition, 4)]);
        }
        let program = Program::quick(&cluster.bootstrap(), "").ready();
        program.page_where(seconds(20), "all brokers", |page| {
            let brokers = page.value("kafka_brokers", &[]);
            if brokers == Some(3.0) { Ok(()) } else { Err(format!("{brokers:?}")) }
        });
        Self { program, committer, cluster }
    }

    /// From now on, with a look at the page each second.
    fn watch(&mut self) -> Spell {
        let (id, lines) = (self.program.id(), self.program.log().lines().count());
        let (began, before) = (Instant::now(), usage::cpu(id));
        let mut down = Vec::new();
        while began.elapsed() < short_or(seconds(20), seconds(60)) {
            let page = self.program.page();
            down.extend(modules_down(&page).map(|module| (began.elapsed(), module)));
            pause(seconds(1));
        }
        let cpu = (usage::cpu(id) - before).as_secs_f64() / began.elapsed().as_secs_f64();
        Spell { cpu, logged: logged_since(&self.program, lines), down }
    }

    /// What the two others have goes on.
    fn ends_well(mut self, spell: &Spell) {
        assert!(spell.cpu < BOUND, "{spell:#?}");
        self.committer.commit("billing", "orders", &[(0, 7)]);
        self.program.page_where(seconds(5), "commit while a broker is dead", |page| {
            let place = [("topic", "orders"), ("partition", "0")];
            let committed = page.value("kafka_consumergroup_current_offset", &place).map(whole);
            let lag = page.value("kafka_consumergroup_lag", &place).map(whole);
            let down: Vec<_> = modules_down(page).collect();
            let right = (committed, lag) == (Some(7), Some(3)) && down.is_empty();
            if right { Ok(()) } else { Err(format!("commit {committed:?}, lag {lag:?}, down {down:?}")) }
        });
        self.program.terminate();
    }
}

fn modules_down(page: &Page) -> impl Iterator<Item = String> {
    page.family("warrener_up").filter(|(_, up)| *up != 1.0).map(|(labels, _)| labels["kind"].clone())
}
