//! All attacks at once on one process that also serves a good client of a good cluster: a minute of it with
//! `make test`, twenty with `make soak`. (`tests/soak.rs` is another thing: the core alone, an hour replayed in
//! seconds.)
//!
//! A new attacker is added to the list in `attackers`.

mod attackers;
mod clients;
mod good;
mod liars;
mod poison;
mod report;
mod servers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::measure::usage;
use crate::rig::program::Program;
use crate::rig::{eventually, pause, seconds};
use attackers::Attacker;
use good::Good;
use report::{Report, Turns};

/// Between two looks of the good client.
const PACE: Duration = Duration::from_millis(250);
/// What every attack needs at first is there after this, and after the first turn of each.
const WARM_UP: Duration = Duration::from_secs(20);
/// Resident bytes at which it is given up: the machine has others to serve.
const RUNAWAY: u64 = 1 << 30;

#[test]
fn a_good_client_feels_nothing_of_all_attacks_at_once() {
    let mut good = Good::start();
    let mut attackers = attackers::all(&good);
    let sections: String = attackers.iter().map(|attacker| attacker.sections()).collect();
    let mut program = Program::administered_with(&format!("{}{sections}", good.sections()));
    good.await_shown(program.port);
    let target = Target { port: program.port, over: AtomicBool::new(false) };
    let report = besiege(&mut program, &target, &mut good, &mut attackers);
    println!("{report}");
    let wrong = report.wrong();
    assert!(wrong.is_empty(), "{wrong:#?}\n{report}\n{}", program.log());
    program.terminate();
}

/// What the attackers see of the program.
pub struct Target {
    pub port: u16,
    over: AtomicBool,
}

impl Target {
    /// For so long, or until the siege is over.
    pub fn pause(&self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time && !self.is_over() {
            pause(Duration::from_millis(50).min(time.saturating_sub(began.elapsed())));
        }
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

fn length() -> Duration {
    let minutes = std::env::var("WARRENER_SOAK_MINUTES").map_or(1, |text| text.parse().expect("a number of minutes"));
    Duration::from_secs(60 * minutes)
}

fn besiege(program: &mut Program, target: &Target, good: &mut Good, attackers: &mut [Box<dyn Attacker>]) -> Report {
    let turns: Vec<Turns> = attackers.iter().map(|attacker| Turns::of(attacker.name())).collect();
    let report = std::thread::scope(|scope| {
        for (attacker, turns) in attackers.iter_mut().zip(&turns) {
            scope.spawn(|| attack(attacker.as_mut(), target, turns));
        }
        // A panic here is not to leave them at it.
        let _over = Over(target);
        warm_up(program, good, &turns);
        watch(program, good)
    });
    let peace = attackers.iter_mut().filter_map(|attacker| attacker.make_peace(target).err());
    let peace = if program.runs() { peace.collect() } else { Vec::new() };
    Report { turns, peace, ..report }
}

struct Over<'a>(&'a Target);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

fn attack(attacker: &mut dyn Attacker, target: &Target, turns: &Turns) {
    while !target.is_over() {
        if let Err(wrong) = attacker.turn(target) {
            turns.wrong.lock().unwrap().push(wrong);
            target.pause(seconds(1));
        }
        turns.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Until each attacker has had a turn. What is seen meanwhile does not count, but that the program runs.
fn warm_up(program: &mut Program, good: &mut Good, turns: &[Turns]) {
    let began = Instant::now();
    eventually(seconds(180), "first turn of every attacker", || {
        assert!(program.runs(), "it ended in the warm-up:\n{}", program.log());
        let memory = usage::resident(program.id());
        assert!(memory < RUNAWAY, "{} MB in the warm-up", memory >> 20);
        good.look(program.port);
        pause(PACE);
        let waiting: Vec<_> = turns.iter().filter(|turns| turns.count() == 0).map(|turns| turns.name).collect();
        let is_warm = waiting.is_empty() && began.elapsed() >= WARM_UP;
        if is_warm { Ok(()) } else { Err(format!("{waiting:?}")) }
    });
    good.forget();
}

fn watch(program: &mut Program, good: &mut Good) -> Report {
    let (id, began, lines) = (program.id(), Instant::now(), program.log().lines().count());
    let (cpu, start) = (usage::cpu(id), usage::resident(id));
    usage::forget_peak(id);
    let mut report = Report { start, most: start, end: start, ..Report::default() };
    while began.elapsed() < length() && report.most < RUNAWAY {
        good.look(program.port);
        if !program.runs() {
            report.ended = true;
            break;
        }
        report.end = usage::resident(id);
        report.most = report.most.max(report.end);
        report.peak = usage::peak(id);
        report.cpu = usage::cpu(id) - cpu;
        pause(PACE);
    }
    report.length = began.elapsed();
    report.lines = program.log().lines().count() - lines;
    report.good = good.seen.clone();
    report
}
