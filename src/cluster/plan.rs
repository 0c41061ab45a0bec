//! Decides which leaders are asked for log starts and log ends, and when. Pure: the time is an argument.
//!
//! A *round* is one scheduled refresh. Each partition is in at most one request in flight. A partition that a round
//! could not read is reported as unknown once in that round, so that storage can count rounds; quick retries in
//! between are not counted. Each leader fails, backs off and recovers independently.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::layout::Layout;
use super::pace::backoff;
use crate::model::{BrokerId, Offset};

/// Maximum number of partitions per request: librdkafka's work grows with the square of their number.
const CHUNK: usize = 500;

/// The state of all partitions and of their leaders.
#[derive(Debug)]
pub(super) struct Plan {
    every: Duration,
    layout: Layout,
    seats: Vec<Progress>,
    leaders: BTreeMap<BrokerId, Leader>,
    chunks: BTreeMap<usize, Chunk>,
    next_chunk: usize,
    next_round: Option<Instant>,
    round: Option<Round>,
    /// Whether partitions may be waiting for a request.
    waiting: bool,
}

/// The state of a partition in the current round.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Whether a request is in flight.
    asked: bool,
    /// Whether it was read in this round, or refused for the rest of it.
    settled: bool,
    /// Whether it was reported as unknown in this round.
    told: bool,
    /// Whether it waits for newer metadata.
    moved: bool,
}

#[derive(Debug, Default)]
struct Leader {
    failures: u32,
    retry_at: Option<Instant>,
    in_flight: usize,
    /// Whether its waiting partitions were reported as unknown in this round.
    told: bool,
}

#[derive(Debug)]
struct Chunk {
    leader: BrokerId,
    /// Indexes in the layout; `None` for a partition that no longer exists.
    seats: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Round {
    began: Instant,
    open: usize,
    failed: bool,
}

/// A request to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) chunk: usize,
    pub(super) seats: Vec<usize>,
}

/// What is due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Requests to send.
    pub(super) asks: Vec<Ask>,
    /// Partitions to report as unknown.
    pub(super) unknown: Vec<usize>,
    /// How long the round took, if it is complete.
    pub(super) complete: Option<Duration>,
    /// Whether a round was closed: every leader has had time to answer.
    pub(super) closed: bool,
}

/// The result of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The log start, if known, and the log end.
    Known(Option<Offset>, Offset),
    /// Another broker may know.
    Moved,
    /// No answer is possible in this round.
    Refused,
}

/// The log start, if known, and the log end.
pub(super) type Bounds = (Option<Offset>, Offset);

/// The effects of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Log start and log end by index; `None` for a partition to report as unknown.
    pub(super) bounds: Vec<(usize, Option<Bounds>)>,
    /// Whether newer metadata is wanted at once.
    pub(super) hurry: bool,
    /// How long the round took, if it is complete.
    pub(super) complete: Option<Duration>,
}

/// The effects of a failed request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Failed {
    /// The broker that the request was sent to.
    pub(super) leader: Option<BrokerId>,
    /// Partitions to report as unknown.
    pub(super) unknown: Vec<usize>,
    /// Whether this is the first failure of the round.
    pub(super) first: bool,
}

impl Plan {
    /// A plan without partitions. Nothing is due before there is a layout.
    pub(super) const fn new(every: Duration) -> Self {
        Self {
            every,
            layout: Layout::empty(),
            seats: Vec::new(),
            leaders: BTreeMap::new(),
            chunks: BTreeMap::new(),
            next_chunk: 0,
            next_round: None,
            round: None,
            waiting: false,
        }
    }

    pub(super) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Applies newer metadata.
    pub(super) fn adopt(&mut self, layout: Layout, now: Instant) {
        if layout != self.layout {
            self.rearrange(layout);
        }
        for progress in &mut self.seats {
            progress.moved = false;
        }
        self.waiting = true;
        self.next_round.get_or_insert(now);
        self.recount();
    }

    fn rearrange(&mut self, layout: Layout) {
        let moved_to = self.layout.moved_to(&layout);
        let mut seats = vec![Progress::default(); layout.seats().len()];
        for (progress, to) in self.seats.iter().zip(&moved_to) {
            if let Some(place) = to.and_then(|to| seats.get_mut(to)) {
                *place = *progress;
            }
        }
        for seat in self.chunks.values_mut().flat_map(|chunk| &mut chunk.seats) {
            *seat = seat.and_then(|old| moved_to.get(old).copied().flatten());
        }
        self.seats = seats;
        self.layout = layout;
        let Self { leaders, layout, .. } = self;
        leaders.retain(|id, leader| leader.in_flight > 0 || !layout.led_by(*id).is_empty());
        leaders.values_mut().for_each(|leader| leader.told = false);
    }

    /// Counts the partitions that the round still has to read.
    fn recount(&mut self) {
        let open = self.layout.seats().iter().zip(&self.seats);
        let open = open.filter(|(seat, progress)| seat.leader.is_some() && !progress.settled).count();
        if let Some(round) = &mut self.round {
            round.open = open;
        }
    }

    /// Makes the next round due at once, because the cluster has come back.
    pub(super) fn hasten(&mut self, now: Instant) {
        if let Some(due) = &mut self.next_round {
            *due = now;
        }
    }

    /// When the next action is due, if nothing happens before.
    pub(super) fn due(&self) -> Option<Instant> {
        let retries = self.leaders.values().filter(|leader| leader.in_flight == 0).filter_map(|leader| leader.retry_at);
        retries.chain(self.next_round).min()
    }

    /// Does what is due.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let mut step = Step::default();
        if self.next_round.is_some_and(|due| due <= now) {
            step.closed = self.round.is_some();
            self.begin(now, &mut step.unknown);
        }
        let probes: BTreeSet<BrokerId> = self
            .leaders
            .iter()
            .filter(|(_, leader)| leader.in_flight == 0 && leader.retry_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        if self.waiting || !probes.is_empty() {
            self.ask(&probes, &mut step.asks);
        }
        step.complete = self.completed(now);
        step
    }

    /// Closes the round and begins the next one.
    fn begin(&mut self, now: Instant, unknown: &mut Vec<usize>) {
        let had_round = self.round.is_some();
        self.leaders.values_mut().for_each(|leader| leader.told = false);
        for (place, (seat, progress)) in self.layout.seats().iter().zip(&mut self.seats).enumerate() {
            let missed = had_round && !progress.settled && !progress.told;
            *progress = Progress { settled: false, told: false, ..*progress };
            if seat.leader.is_none() {
                progress.told = true;
            }
            if missed || progress.told {
                unknown.push(place);
            }
        }
        let next = self.next_round.map_or(now, |due| due + self.every);
        self.next_round = Some(if next <= now { now + self.every } else { next });
        self.round = Some(Round { began: now, open: 0, failed: false });
        self.waiting = true;
        self.recount();
    }

    /// Creates requests for all waiting partitions. A failing leader gets a single request, and only when it is to
    /// be probed.
    fn ask(&mut self, probes: &BTreeSet<BrokerId>, asks: &mut Vec<Ask>) {
        // If none is waiting, the only partitions without a request are those of failing leaders.
        let all = std::mem::take(&mut self.waiting);
        let leaders = if all { self.layout.leaders().collect() } else { probes.clone() };
        for id in leaders {
            let failing = self.leaders.get(&id).is_some_and(|leader| leader.failures > 0);
            if failing && !probes.contains(&id) {
                continue;
            }
            let waits = |place: &usize| {
                let progress = self.seats.get(*place);
                progress.is_some_and(|progress| !progress.asked && !progress.settled && !progress.moved)
            };
            let most = if failing { CHUNK } else { usize::MAX };
            let places: Vec<usize> = self.layout.led_by(id).iter().copied().filter(waits).take(most).collect();
            for seats in places.chunks(CHUNK) {
                asks.push(self.send(id, seats));
            }
        }
        // A failing leader whose partitions have all been read needs no probe.
        for id in probes {
            if let Some(leader) = self.leaders.get_mut(id)
                && leader.in_flight == 0
            {
                *leader = Leader::default();
            }
        }
    }

    fn send(&mut self, id: BrokerId, seats: &[usize]) -> Ask {
        let chunk = self.next_chunk;
        self.next_chunk = chunk.wrapping_add(1);
        for seat in seats {
            if let Some(progress) = self.seats.get_mut(*seat) {
                progress.asked = true;
            }
        }
        let leader = self.leaders.entry(id).or_default();
        leader.in_flight = leader.in_flight.saturating_add(1);
        leader.retry_at = None;
        self.chunks.insert(chunk, Chunk { leader: id, seats: seats.iter().copied().map(Some).collect() });
        Ask { chunk, seats: seats.to_vec() }
    }

    /// Handles the answer to a request, with an outcome for each of its partitions in order.
    pub(super) fn answered(&mut self, chunk: usize, outcomes: impl Iterator<Item = Outcome>, now: Instant) -> Settled {
        let mut settled = Settled::default();
        let Some(chunk) = self.chunks.remove(&chunk) else { return settled };
        settled.hurry = self.recover(chunk.leader);
        // Partitions beyond the end of a short answer count as refused.
        let outcomes = outcomes.chain(std::iter::repeat(Outcome::Refused));
        for (seat, outcome) in chunk.seats.iter().zip(outcomes) {
            settled.hurry |= outcome == Outcome::Moved;
            if let Some(seat) = *seat
                && let Some(bounds) = self.settle(seat, outcome)
            {
                settled.bounds.push((seat, bounds));
            }
        }
        settled.complete = self.completed(now);
        settled
    }

    /// The leader that an unanswered request was sent to.
    pub(super) fn leader(&self, chunk: usize) -> Option<BrokerId> {
        self.chunks.get(&chunk).map(|chunk| chunk.leader)
    }

    /// Resets the failures of a leader that answered. Returns true when it had failed before.
    fn recover(&mut self, leader: BrokerId) -> bool {
        let Some(leader) = self.leaders.get_mut(&leader) else { return false };
        leader.in_flight = leader.in_flight.saturating_sub(1);
        let back = std::mem::take(&mut leader.failures) > 0;
        leader.retry_at = None;
        self.waiting |= back;
        back
    }

    /// Applies the outcome of a partition. Returns what to report about it, if anything.
    fn settle(&mut self, seat: usize, outcome: Outcome) -> Option<Option<Bounds>> {
        let progress = self.seats.get_mut(seat)?;
        progress.asked = false;
        let open = !progress.settled && outcome != Outcome::Moved;
        let bounds = match outcome {
            Outcome::Known(start, end) => {
                progress.settled = true;
                Some(Some((start, end)))
            }
            Outcome::Moved => {
                progress.moved = true;
                (!std::mem::replace(&mut progress.told, true)).then_some(None)
            }
            Outcome::Refused => {
                progress.settled = true;
                (!std::mem::replace(&mut progress.told, true)).then_some(None)
            }
        };
        if open && let Some(round) = &mut self.round {
            round.open = round.open.saturating_sub(1);
        }
        bounds
    }

    /// Handles a request that got no answer.
    pub(super) fn failed(&mut self, chunk: usize, now: Instant) -> Failed {
        let Some(chunk) = self.chunks.remove(&chunk) else { return Failed::default() };
        let mut failed = Failed { leader: Some(chunk.leader), ..Failed::default() };
        if let Some(leader) = self.leaders.get_mut(&chunk.leader) {
            leader.in_flight = leader.in_flight.saturating_sub(1);
            if leader.retry_at.is_none() {
                leader.failures = leader.failures.saturating_add(1);
                leader.retry_at = Some(now + backoff(leader.failures));
            }
        }
        for seat in chunk.seats.into_iter().flatten() {
            let Some(progress) = self.seats.get_mut(seat) else { continue };
            progress.asked = false;
            if !progress.settled && !std::mem::replace(&mut progress.told, true) {
                failed.unknown.push(seat);
            }
        }
        // A failing leader gets a single request, whose failure counts for its other partitions, too.
        let told = self.leaders.get_mut(&chunk.leader).is_some_and(|leader| std::mem::replace(&mut leader.told, true));
        let others = if told { &[][..] } else { self.layout.led_by(chunk.leader) };
        for place in others {
            let waiting = self.seats.get_mut(*place).filter(|progress| !progress.asked && !progress.settled);
            if waiting.is_some_and(|progress| !std::mem::replace(&mut progress.told, true)) {
                failed.unknown.push(*place);
            }
        }
        if let Some(round) = &mut self.round {
            failed.first = !std::mem::replace(&mut round.failed, true);
        }
        failed
    }

    /// How long the round took, once nothing is left to read. Returned once per round.
    fn completed(&mut self, now: Instant) -> Option<Duration> {
        let round = self.round.as_mut().filter(|round| round.open == 0 && !round.failed)?;
        // Prevents the round from completing a second time.
        round.failed = true;
        Some(now.saturating_duration_since(round.began))
    }
}

#[cfg(test)]
mod tests;
