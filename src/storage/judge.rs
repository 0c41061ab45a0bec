//! A window judged where it lies, by what is known of its log.

use crate::evaluate::{self, Evaluation, EvaluatorRules, Log, PartitionStatus};
use crate::lag::Bounds;
use crate::model::Partition;

use super::partition::PartitionState;
use super::settle::Moment;
use super::slot::Slot;
use super::slots::Standing;
use super::view::CommitView;

/// What the windows are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub moment: Moment,
    pub rules: &'a EvaluatorRules,
}

pub(super) fn state_of(states: &[PartitionState], partition: Partition) -> Option<&PartitionState> {
    states.get(usize::try_from(partition.0).ok()?)
}

impl Judge<'_> {
    pub fn slot(self, slot: &Slot, standing: Standing, state: Option<&PartitionState>) -> Evaluation {
        let log = state.map_or_else(Log::default, |state| Log {
            current: standing.lag(state.bounds),
            ends: state.ends(),
            first_end: state.first_end(),
            shared: slot.source.is_share(),
        });
        evaluate::partition(slot.window.iter(), &log, self.moment.now, self.rules)
    }

    /// The commit of a slot, judged to be of a status.
    pub fn commit(
        self,
        slot: &Slot,
        Standing { committed, done }: Standing,
        state: Option<&PartitionState>,
        status: PartitionStatus,
    ) -> CommitView {
        let bounds = state.map_or_else(Bounds::default, |state| state.bounds);
        let time_lag = state.and_then(|state| self.moment.time_lag(slot, Standing { committed, done }, state));
        CommitView { partition: slot.partition, committed, done, bounds, time_lag, status }
    }
}
