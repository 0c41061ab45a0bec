//! The thread that requests log starts and log ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::past_times::PastTimes;
use super::plan::{Ask, Bounds, Outcome, Plan, Step};
use super::pulse::Pulse;
use super::times::Times;
use super::topics::{Hurry, Shape};
use super::{NOTICE, Running};
use crate::clock;
use crate::config::Cluster;
use crate::invariant::broken;
use crate::kafka::{Answer, Cause, Client, Code, Found, Isolation, Keeper, Lookups, Place, Spec};
use crate::metrics::own::RefreshKind;
use crate::model::BrokerId;
use crate::storage::{self, Broker, LogBounds};

/// How long a request may wait for its broker.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a probe may take, and the time between two probes.
const PROBE: Duration = Duration::from_secs(3);
/// The topic that a probe asks for. An error for it is an answer, too.
const SIGN_OF_LIFE: &str = "__consumer_offsets";
/// Maximum number of answers that are handled before the other work continues.
const ANSWERS_AT_ONCE: usize = 1000;

/// The answer to one of the two requests of a chunk.
type Half = Result<Vec<Result<Found, Code>>, Code>;

/// The two requests of a chunk. Their tags are twice the chunk's number, and that plus one.
#[derive(Default)]
struct Pair {
    starts: Option<Half>,
    ends: Option<Half>,
}

pub(super) struct Offsets {
    cluster: Arc<Cluster>,
    client: Arc<Client>,
    pulse: Arc<Pulse>,
    storage: Arc<storage::Cluster>,
    stop: CancellationToken,
    lookups: Lookups,
    shapes: Receiver<Shape>,
    hurry: Sender<Hurry>,
    plan: Plan,
    past: PastTimes,
    pairs: HashMap<usize, Pair>,
    brokers: Vec<Broker>,
    next_probe: Instant,
    probed: usize,
}

impl Offsets {
    pub(super) fn new(running: &Running, lookups: Lookups, shapes: Receiver<Shape>, hurry: Sender<Hurry>) -> Self {
        Self {
            cluster: Arc::clone(&running.cluster),
            client: Arc::clone(&running.client),
            pulse: Arc::clone(&running.pulse),
            storage: Arc::clone(&running.storage),
            stop: running.stop.clone(),
            lookups,
            shapes,
            hurry,
            plan: Plan::new(running.cluster.offset_refresh),
            past: PastTimes::new(running),
            pairs: HashMap::new(),
            brokers: Vec::new(),
            next_probe: Instant::now(),
            probed: 0,
        }
    }

    /// Runs until the module is stopped, or until the client has to be replaced, and returns the replacement.
    pub(super) fn run(mut self, keeper: &mut Keeper) -> Option<Arc<Client>> {
        while !self.stop.is_cancelled() {
            self.client.serve();
            let now = Instant::now();
            if let Some(client) = keeper.look(now) {
                return Some(client);
            }
            if !self.adopt() {
                return None;
            }
            let step = self.plan.step(now);
            self.take_step(step);
            self.past.look(self.plan.layout(), &self.lookups, now);
            self.probe(now);
            let left = self.plan.due().map_or(NOTICE, |due| due.saturating_duration_since(Instant::now()));
            let mut answer = self.lookups.next(left.min(NOTICE));
            for _ in 0..ANSWERS_AT_ONCE {
                let Some(taken) = answer else { break };
                self.take_answer(taken);
                answer = self.lookups.next(Duration::ZERO);
            }
        }
        None
    }

    /// Applies the newest metadata. Returns false when the other thread has ended.
    fn adopt(&mut self) -> bool {
        loop {
            match self.shapes.try_recv() {
                Ok(Shape { layout, brokers, back }) => {
                    self.brokers = brokers;
                    self.plan.adopt(layout, Instant::now());
                    if back {
                        self.plan.hasten(Instant::now());
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn take_step(&mut self, step: Step) {
        self.tell(step.unknown.into_iter().map(|seat| (seat, None)));
        for ask in step.asks {
            self.ask(&ask);
        }
        if let Some(took) = step.complete {
            self.refreshed(took);
        }
        if step.closed {
            self.pulse.round_closed();
            self.past.refreshed(Instant::now());
        }
    }

    fn refreshed(&mut self, took: Duration) {
        self.pulse.refreshed(RefreshKind::Offsets, took);
        self.past.refreshed(Instant::now());
    }

    /// Requests the log starts first: a broker answers in order, so no log end is older than its log start.
    fn ask(&mut self, ask: &Ask) {
        let number = ask.chunk.wrapping_mul(2);
        self.pairs.insert(ask.chunk, Pair::default());
        for (tag, spec) in [(number, Spec::Earliest), (number.wrapping_add(1), Spec::Latest)] {
            let places: Vec<Place<'_>> = ask
                .seats
                .iter()
                .filter_map(|seat| self.plan.layout().place(*seat))
                .map(|(topic, partition)| Place { topic, partition, spec })
                .collect();
            if places.len() < ask.seats.len() {
                // The answer could not be assigned to the partitions.
                broken("a request is for partitions of the layout");
                self.take_half(tag, Err(Code::INVALID_ARG));
            } else if self.lookups.offsets(tag, places.into_iter(), Isolation::Uncommitted, LIMIT).is_err() {
                self.take_half(tag, Err(Code::INVALID_ARG));
            }
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Offsets { tag, result } if Times::is_own(tag) => self.past.take(tag, result, &self.lookups),
            Answer::Offsets { tag, result } => self.take_half(tag, result),
            // It does not matter what the broker answers about the topic, not even if it is an error.
            Answer::Topics { result: Ok(_), .. } => self.heard(Instant::now()),
            Answer::Topics { result: Err(code), .. } if code.is_brokers() => self.heard(Instant::now()),
            Answer::Topics { result: Err(_), .. } => {}
        }
    }

    /// Records that a broker answered. If none did before, everything is requested again.
    fn heard(&mut self, now: Instant) {
        if self.pulse.answered(now) {
            self.plan.hasten(now);
            // Fails when the other thread has stopped; then this one is about to stop.
            self.hurry.send(Hurry).ok();
        }
    }

    fn take_half(&mut self, tag: usize, half: Half) {
        let chunk = tag / 2;
        let Some(pair) = self.pairs.get_mut(&chunk) else { return broken("an answer belongs to a request in flight") };
        if tag.is_multiple_of(2) {
            pair.starts = Some(half);
        } else {
            pair.ends = Some(half);
        }
        if let Pair { starts: Some(_), ends: Some(_) } = pair
            && let Some(Pair { starts: Some(starts), ends: Some(ends) }) = self.pairs.remove(&chunk)
        {
            self.take_pair(chunk, starts.unwrap_or_default(), ends);
        }
    }

    fn take_pair(&mut self, chunk: usize, starts: Vec<Result<Found, Code>>, ends: Half) {
        let now = Instant::now();
        let silent =
            |ends: &[Result<Found, Code>]| ends.iter().all(|end| matches!(end, Err(code) if is_silence(*code)));
        let settled = match ends {
            Err(code) if code.wants_metadata() => self.plan.answered(chunk, std::iter::repeat(Outcome::Moved), now),
            Err(code) => return self.failed(chunk, code, now),
            Ok(ends) if silent(&ends) => return self.failed(chunk, Code::TIMED_OUT, now),
            Ok(ends) => {
                self.heard(now);
                self.pulse.answered_by(self.address(self.plan.leader(chunk)));
                let starts = starts.into_iter().map(Result::ok).chain(std::iter::repeat(None));
                let outcomes = ends.into_iter().zip(starts).map(|(end, start)| outcome(end, start));
                self.plan.answered(chunk, outcomes, now)
            }
        };
        if settled.hurry {
            // Fails when the other thread has stopped; then this one is about to stop.
            self.hurry.send(Hurry).ok();
        }
        self.tell(settled.bounds.into_iter());
        if let Some(took) = settled.complete {
            self.refreshed(took);
        }
    }

    fn failed(&mut self, chunk: usize, code: Code, now: Instant) {
        let failed = self.plan.failed(chunk, now);
        if failed.first && !self.stop.is_cancelled() {
            let cause = Cause::own(code, "no answer to a request for log ends");
            self.pulse.refresh_failed(RefreshKind::Offsets, &cause.of_broker(self.address(failed.leader)));
        }
        self.tell(failed.unknown.into_iter().map(|seat| (seat, None)));
    }

    fn address(&self, id: Option<BrokerId>) -> Option<&str> {
        self.brokers.iter().find(|broker| Some(broker.id) == id).map(|broker| broker.address.as_str())
    }

    fn tell(&self, bounds: impl Iterator<Item = (usize, Option<Bounds>)>) {
        let layout = self.plan.layout();
        let bounds: Vec<LogBounds<'_>> = bounds
            .filter_map(|(seat, bounds)| {
                let (topic, partition) = layout.place(seat)?;
                let (start, end) = bounds.map_or((None, None), |(start, end)| (start, Some(end)));
                Some(LogBounds { topic, partition, start, end })
            })
            .collect();
        if !bounds.is_empty() {
            self.storage.apply_bounds(&bounds, clock::now());
        }
    }

    /// Probes the brokers in turn while no refresh is answered.
    fn probe(&mut self, now: Instant) {
        if !self.pulse.quiet(now) || now < self.next_probe || self.brokers.is_empty() {
            return;
        }
        self.next_probe = now + PROBE;
        self.probed = self.probed.wrapping_add(1);
        let turn = self.probed.checked_rem(self.brokers.len()).unwrap_or(0);
        if let Some(broker) = self.brokers.get(turn)
            && let Err(error) = self.lookups.topics(0, broker.id, &[SIGN_OF_LIFE], PROBE)
        {
            tracing::debug!(cluster = self.cluster.name, %error, "a probe could not be sent");
        }
    }
}

/// Whether the code means that no answer came, rather than an error from the broker.
const fn is_silence(code: Code) -> bool {
    matches!(code, Code::TIMED_OUT | Code::TRANSPORT)
}

fn outcome(end: Result<Found, Code>, start: Option<Found>) -> Outcome {
    match end {
        Ok(Found { offset: Some(end), .. }) => Outcome::Known(start.and_then(|start| start.offset), end),
        Ok(Found { offset: None, .. }) => Outcome::Refused,
        Err(code) if code.wants_metadata() => Outcome::Moved,
        Err(_) => Outcome::Refused,
    }
}
