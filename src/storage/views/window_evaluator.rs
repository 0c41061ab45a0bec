//! Evaluates a window without copying it, with the state of its log.

use crate::evaluate::{self, Evaluation, EvaluatorRules, LogState};
use crate::lag::OffsetBounds;
use crate::model::Partition;

use crate::storage::topics::partition::PartitionState;
use crate::storage::views::commit::CommitView;
use crate::storage::windows::group_partition::GroupPartition;
use crate::storage::windows::moment::TimeLagInputs;
use crate::storage::windows::standing::CommittedPosition;

/// What windows are evaluated by.
#[derive(Clone, Copy)]
pub(crate) struct WindowEvaluator<'a> {
    pub inputs: TimeLagInputs,
    pub rules: &'a EvaluatorRules,
}

pub(crate) fn partition_state(states: &[PartitionState], partition: Partition) -> Option<&PartitionState> {
    states.get(usize::try_from(partition.0).ok()?)
}

/// The state of the log of a window's partition. `slot` is the window with its committed offset.
pub(crate) fn log_state<'a>(
    state: &'a PartitionState,
    slot: Option<(&GroupPartition, CommittedPosition)>,
) -> LogState<'a> {
    LogState {
        current_lag: slot.and_then(|(_, standing)| standing.lag(state.bounds)),
        ends: state.ends(),
        first_end: state.first_end(),
        shared: slot.is_some_and(|(slot, _)| slot.source.is_share()),
    }
}

impl WindowEvaluator<'_> {
    /// Evaluates a slot. Returns the evaluation, and the slot as views show it.
    #[inline]
    pub fn evaluate(
        self,
        slot: &GroupPartition,
        standing: CommittedPosition,
        state: Option<&PartitionState>,
    ) -> (Evaluation, CommitView) {
        let log = state.map_or_else(LogState::default, |state| log_state(state, Some((slot, standing))));
        let evaluation = evaluate::evaluate_partition(slot.window.iter(), &log, self.inputs.now, self.rules);
        let bounds = state.map_or_else(OffsetBounds::default, |state| state.bounds);
        let time_lag = state.and_then(|state| self.inputs.time_lag(slot, standing, state));
        let (CommittedPosition { committed, done }, status) = (standing, evaluation.status);
        (evaluation, CommitView { partition: slot.partition, committed, done, bounds, time_lag, status })
    }
}
