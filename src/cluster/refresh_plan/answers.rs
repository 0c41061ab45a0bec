//! Handles answers and failures: what to report about partitions, and when a leader is asked again.

use std::time::{Duration, Instant};

use super::{LeaderState, RefreshPlan};
use crate::cluster::retry_schedule::backoff;
use crate::invariant::broken;
use crate::model::{BrokerId, Offset};

/// The pause before a partition is asked about again that the user has no right to.
const FORBIDDEN: Duration = Duration::from_secs(60);

/// The result of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum PartitionOutcome {
    /// The log start, if known, and the log end.
    Known(Option<Offset>, Offset),
    /// Another broker may know.
    Moved,
    /// No answer is possible in this round.
    Refused,
    /// The user has no right to the topic.
    Forbidden,
}

/// The log start, if known, and the log end.
pub(in crate::cluster) type StartAndEnd = (Option<Offset>, Offset);

/// The effects of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cluster) struct AnswerEffects {
    /// Log start and log end by index; `None` for a partition to report as unknown.
    pub(in crate::cluster) bounds: Vec<(usize, Option<StartAndEnd>)>,
    /// Partitions to which the user has no right, by index.
    pub(in crate::cluster) forbidden: Vec<usize>,
    /// Whether newer metadata is wanted at once.
    pub(in crate::cluster) wants_metadata: bool,
    /// How long the round took, if it is complete.
    pub(in crate::cluster) complete: Option<Duration>,
}

/// The effects of a failed request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cluster) struct FailureEffects {
    /// The broker that the request was sent to.
    pub(in crate::cluster) leader: Option<BrokerId>,
    /// Partitions to report as unknown.
    pub(in crate::cluster) unknown: Vec<usize>,
    /// Whether this is the first failure of the round.
    pub(in crate::cluster) first: bool,
}

/// A leader is kept while a request to it is in flight.
const LEADER_IS_KNOWN: &str = "the leader that a request was sent to is known";

impl LeaderState {
    /// Counts a request without an answer. Several that fail together count once.
    fn fail(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.retry_at.is_none() {
            self.failures = self.failures.saturating_add(1);
            self.retry_at = Some(now + backoff(self.failures));
        }
    }
}

impl RefreshPlan {
    /// Handles the answer to a request, with an outcome for each of its partitions in order.
    pub(in crate::cluster) fn record_answer(
        &mut self,
        chunk: usize,
        outcomes: impl Iterator<Item = PartitionOutcome>,
        now: Instant,
    ) -> AnswerEffects {
        let mut settled = AnswerEffects::default();
        let Some(chunk) = self.chunks.remove(&chunk) else { return settled };
        settled.wants_metadata = self.reset_leader(chunk.leader);
        // Partitions beyond the end of a short answer count as refused.
        let outcomes = outcomes.chain(std::iter::repeat(PartitionOutcome::Refused));
        for (seat, outcome) in chunk.seats.iter().zip(outcomes) {
            // Metadata does not name a topic that may not be described.
            settled.wants_metadata |= matches!(outcome, PartitionOutcome::Moved | PartitionOutcome::Forbidden);
            let Some(seat) = *seat else { continue };
            if outcome == PartitionOutcome::Forbidden {
                settled.forbidden.push(seat);
            }
            if let Some(bounds) = self.apply_outcome(seat, outcome, now) {
                settled.bounds.push((seat, bounds));
            }
        }
        settled.complete = self.take_completed(now);
        settled
    }

    /// The leader that an unanswered request was sent to.
    pub(in crate::cluster) fn leader(&self, chunk: usize) -> Option<BrokerId> {
        self.chunks.get(&chunk).map(|chunk| chunk.leader)
    }

    /// Resets the failures of a leader that answered. Returns true when it had failed before.
    fn reset_leader(&mut self, leader: BrokerId) -> bool {
        let Some(leader) = self.leaders.get_mut(&leader) else {
            broken(LEADER_IS_KNOWN);
            return false;
        };
        leader.in_flight = leader.in_flight.saturating_sub(1);
        let back = std::mem::take(&mut leader.failures) > 0;
        leader.retry_at = None;
        self.waiting |= back;
        back
    }

    /// Applies the outcome of a partition. Returns what to report about it, if anything.
    fn apply_outcome(&mut self, seat: usize, outcome: PartitionOutcome, now: Instant) -> Option<Option<StartAndEnd>> {
        let progress = self.progress_of(seat)?;
        progress.in_flight = false;
        progress.forbidden_until = (outcome == PartitionOutcome::Forbidden).then(|| now + FORBIDDEN);
        let open = !progress.done && outcome != PartitionOutcome::Moved;
        let bounds = match outcome {
            PartitionOutcome::Known(start, end) => {
                progress.done = true;
                Some(Some((start, end)))
            }
            PartitionOutcome::Moved => {
                progress.awaits_metadata = true;
                (!std::mem::replace(&mut progress.reported_unknown, true)).then_some(None)
            }
            PartitionOutcome::Refused | PartitionOutcome::Forbidden => {
                progress.done = true;
                (!std::mem::replace(&mut progress.reported_unknown, true)).then_some(None)
            }
        };
        if open && let Some(round) = &mut self.round {
            round.open = round.open.saturating_sub(1);
        }
        bounds
    }

    /// Handles a request that got no answer.
    pub(in crate::cluster) fn record_failure(&mut self, chunk: usize, now: Instant) -> FailureEffects {
        let Some(chunk) = self.chunks.remove(&chunk) else { return FailureEffects::default() };
        let mut failed = FailureEffects { leader: Some(chunk.leader), ..FailureEffects::default() };
        match self.leaders.get_mut(&chunk.leader) {
            Some(leader) => leader.fail(now),
            None => broken(LEADER_IS_KNOWN),
        }
        for seat in chunk.seats.into_iter().flatten() {
            let Some(progress) = self.progress_of(seat) else { continue };
            progress.in_flight = false;
            if !progress.done && !std::mem::replace(&mut progress.reported_unknown, true) {
                failed.unknown.push(seat);
            }
        }
        // A failing leader gets a single request, whose failure counts for its other partitions, too.
        let told = self
            .leaders
            .get_mut(&chunk.leader)
            .is_some_and(|leader| std::mem::replace(&mut leader.reported_unknown, true));
        let others = if told { &[][..] } else { self.layout.led_by(chunk.leader) };
        for place in others {
            let waiting = self.seats.get_mut(*place).filter(|progress| !progress.in_flight && !progress.done);
            if waiting.is_some_and(|progress| !std::mem::replace(&mut progress.reported_unknown, true)) {
                failed.unknown.push(*place);
            }
        }
        if let Some(round) = &mut self.round {
            failed.first = !std::mem::replace(&mut round.failed, true);
        }
        failed
    }
}
