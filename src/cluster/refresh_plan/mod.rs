//! Decides which leaders are asked for log starts and log ends, and when. Pure: the time is an argument.
//!
//! `requests` cuts the partitions of a leader into requests, `answers` handles answers and failures.
//!
//! A *round* is one scheduled refresh. Each partition is in at most one request in flight. A partition that a round
//! could not read is reported as unknown once in that round, so that storage can count rounds; quick retries in
//! between are not counted. Each leader fails, backs off and recovers independently.

mod answers;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::layout::PartitionLayout;
use crate::invariant::broken;
use crate::model::BrokerId;

pub(super) use answers::{AnswerEffects, PartitionOutcome, StartAndEnd};
pub(super) use requests::OffsetsRequest;
use requests::RequestChunk;

/// The state of all partitions and of their leaders.
#[derive(Debug)]
pub(super) struct RefreshPlan {
    every: Duration,
    layout: PartitionLayout,
    seats: Vec<PartitionProgress>,
    leaders: BTreeMap<BrokerId, LeaderState>,
    chunks: BTreeMap<usize, RequestChunk>,
    next_chunk: usize,
    next_round: Option<Instant>,
    round: Option<RefreshRound>,
    /// Whether partitions may be waiting for a request.
    waiting: bool,
}

/// The state of a partition in the current round.
#[derive(Clone, Copy, Debug, Default)]
struct PartitionProgress {
    /// Whether a request is in flight.
    in_flight: bool,
    /// Whether it was read in this round, or refused for the rest of it.
    done: bool,
    /// Whether it was reported as unknown in this round.
    reported_unknown: bool,
    /// Whether it waits for newer metadata.
    awaits_metadata: bool,
    /// Until when it is not asked about, because the user has no right to its topic.
    forbidden_until: Option<Instant>,
}

#[derive(Debug, Default)]
struct LeaderState {
    failures: u32,
    retry_at: Option<Instant>,
    in_flight: usize,
    /// Whether its waiting partitions were reported as unknown in this round.
    reported_unknown: bool,
}

#[derive(Debug)]
struct RefreshRound {
    began: Instant,
    open: usize,
    failed: bool,
}

/// What is due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DueWork {
    /// Requests to send.
    pub(super) requests: Vec<OffsetsRequest>,
    /// Partitions to report as unknown.
    pub(super) unknown: Vec<usize>,
    /// How long the round took, if it is complete.
    pub(super) complete: Option<Duration>,
    /// Whether a round was closed: every leader has had time to answer.
    pub(super) closed: bool,
}

impl RefreshPlan {
    /// A plan without partitions. Nothing is due before there is a layout.
    pub(super) const fn new(every: Duration) -> Self {
        Self {
            every,
            layout: PartitionLayout::empty(),
            seats: Vec::new(),
            leaders: BTreeMap::new(),
            chunks: BTreeMap::new(),
            next_chunk: 0,
            next_round: None,
            round: None,
            waiting: false,
        }
    }

    pub(super) const fn layout(&self) -> &PartitionLayout {
        &self.layout
    }

    /// Applies newer metadata.
    pub(super) fn set_layout(&mut self, layout: PartitionLayout, now: Instant) {
        if layout != self.layout {
            self.rearrange(layout);
        }
        for progress in &mut self.seats {
            progress.awaits_metadata = false;
        }
        self.waiting = true;
        self.next_round.get_or_insert(now);
        self.count_open();
    }

    fn rearrange(&mut self, layout: PartitionLayout) {
        let moved_to = self.layout.indexes_in(&layout);
        let mut seats = vec![PartitionProgress::default(); layout.partitions().len()];
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
        leaders.values_mut().for_each(|leader| leader.reported_unknown = false);
    }

    /// The state of the partition at an index of the layout.
    fn progress_of(&mut self, seat: usize) -> Option<&mut PartitionProgress> {
        let progress = self.seats.get_mut(seat);
        if progress.is_none() {
            broken("every partition of the layout has a state");
        }
        progress
    }

    /// Counts the partitions that the round still has to read.
    fn count_open(&mut self) {
        let open = self.layout.partitions().iter().zip(&self.seats);
        let open = open.filter(|(seat, progress)| seat.leader.is_some() && !progress.done).count();
        if let Some(round) = &mut self.round {
            round.open = open;
        }
    }

    /// Makes the next round due at once, because the cluster has come back.
    pub(super) fn start_round_now(&mut self, now: Instant) {
        if let Some(due) = &mut self.next_round {
            *due = now;
        }
    }

    /// When the next action is due, if nothing happens before.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let retries = self.leaders.values().filter(|leader| leader.in_flight == 0).filter_map(|leader| leader.retry_at);
        retries.chain(self.next_round).min()
    }

    /// Does what is due.
    pub(super) fn take_due_work(&mut self, now: Instant) -> DueWork {
        let mut step = DueWork::default();
        if self.next_round.is_some_and(|due| due <= now) {
            step.closed = self.round.is_some();
            self.begin_round(now, &mut step.unknown);
        }
        let probes: BTreeSet<BrokerId> = self
            .leaders
            .iter()
            .filter(|(_, leader)| leader.in_flight == 0 && leader.retry_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        if self.waiting || !probes.is_empty() {
            self.create_requests(&probes, &mut step.requests);
        }
        step.complete = self.take_completed(now);
        step
    }

    /// Closes the round and begins the next one.
    fn begin_round(&mut self, now: Instant, unknown: &mut Vec<usize>) {
        let had_round = self.round.is_some();
        self.leaders.values_mut().for_each(|leader| leader.reported_unknown = false);
        for (place, (seat, progress)) in self.layout.partitions().iter().zip(&mut self.seats).enumerate() {
            let missed = had_round && !progress.done && !progress.reported_unknown;
            let is_forbidden = progress.forbidden_until.is_some_and(|until| now < until);
            *progress = PartitionProgress { done: is_forbidden, reported_unknown: false, ..*progress };
            if seat.leader.is_none() || is_forbidden {
                progress.reported_unknown = true;
            }
            if missed || progress.reported_unknown {
                unknown.push(place);
            }
        }
        let next = self.next_round.map_or(now, |due| due + self.every);
        self.next_round = Some(if next <= now { now + self.every } else { next });
        self.round = Some(RefreshRound { began: now, open: 0, failed: false });
        self.waiting = true;
        self.count_open();
    }

    /// How long the round took, once nothing is left to read. Returned once per round.
    fn take_completed(&mut self, now: Instant) -> Option<Duration> {
        let round = self.round.as_mut().filter(|round| round.open == 0 && !round.failed)?;
        // Prevents the round from completing a second time.
        round.failed = true;
        Some(now.saturating_duration_since(round.began))
    }
}

#[cfg(test)]
mod tests;
