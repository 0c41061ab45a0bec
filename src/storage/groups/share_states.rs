//! The states of share groups (KIP-932), which brokers keep for each partition. They name topics by id only.
//!
//! The window of a partition holds the first record that is not finished. The committed offset that is shown is the
//! start offset, which brokers write later.

use crate::invariant::broken;
use crate::lag::OffsetBounds;
use crate::model::{Commit, CommitLag, Offset, Order};

use crate::storage::groups::group::{Group, TOPIC_FOUND, UpdateStream};
use crate::storage::limits::budget::Growth;
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::share::ShareUpdate;
use crate::storage::topics::Topics;
use crate::storage::windows::arriving::ArrivingCommit;
use crate::storage::windows::group_partition::CommitOutcome;
use crate::storage::windows::group_partitions::GroupPartitions;
use crate::storage::windows::share_progress::ShareProgress;

/// A record with the state of a partition.
#[derive(Clone, Copy)]
struct StateRecord<'a> {
    update: &'a ShareUpdate<'a>,
    /// Its ranges of finished records, sorted.
    finished: &'a [(Offset, Offset)],
    order: Order,
}

impl Group {
    /// Applies the state of a partition. `finished` are its ranges of finished records, sorted.
    pub fn apply_share_state(
        &mut self,
        update: &ShareUpdate<'_>,
        finished: &[(Offset, Offset)],
        order: Order,
        stream: &UpdateStream<'_>,
    ) -> CommitOutcome {
        if stream.rules.expire.is_commit_too_old(update.at, stream.now) {
            return CommitOutcome::Dropped(DropReason::Expired);
        }
        let record = StateRecord { update, finished, order };
        let mut growth = Growth::default();
        let Some(name) = stream.topics.name_by_id(update.topic) else {
            let taken = self.unnamed_topics.apply(update.topic, &mut growth, |slots, growth| {
                apply_share_state(slots, record, OffsetBounds::default(), stream, growth)
            });
            self.account.grow(growth);
            return taken;
        };
        let bounds = stream.topics.bounds(&name, update.partition);
        let place = self.position_or_insert(name, &mut growth);
        let Some(topic) = self.topics.get_mut(place) else {
            broken(TOPIC_FOUND);
            return CommitOutcome::Repeated;
        };
        let taken = apply_share_state(&mut topic.partitions, record, bounds, stream, &mut growth);
        if stream.live && taken == CommitOutcome::Added && update.state.is_some() {
            topic.commits = topic.commits.saturating_add(1);
        }
        self.remove_topic_if_empty(place, &mut growth);
        self.account.grow(growth);
        taken
    }

    /// Resolves topic ids to names, where the names have become known.
    pub fn resolve_names(&mut self, topics: &Topics) {
        let mut named = Vec::new();
        self.unnamed_topics.change(|id, slots| {
            if let Some(name) = topics.name_by_id(id) {
                named.push((name, std::mem::take(slots)));
            }
        });
        if named.is_empty() {
            return;
        }
        for (name, slots) in named {
            let place = self.position_or_insert(name, &mut Growth::default());
            match self.topics.get_mut(place) {
                Some(topic) => topic.partitions.merge(slots),
                None => broken(TOPIC_FOUND),
            }
        }
        self.count_again();
    }
}

fn apply_share_state(
    slots: &mut GroupPartitions,
    record: StateRecord<'_>,
    bounds: OffsetBounds,
    stream: &UpdateStream<'_>,
    growth: &mut Growth,
) -> CommitOutcome {
    let StateRecord { update, finished, order } = record;
    let (partition, source) = (update.partition, stream.source);
    let held = slots.get(partition).filter(|slot| slot.source == source);
    if held.is_some_and(|slot| order <= slot.window.newest().order) {
        return CommitOutcome::Repeated;
    }
    let before = held.and_then(|slot| slots.progress(slot));
    let progress = update.state.as_ref().and_then(|state| match before {
        Some(before) if !state.whole => Some(before.updated(state.start, state.done, finished)),
        Some(_) | None => Some(ShareProgress::new(state.start?, state.done, finished)),
    });
    let Some(progress) = progress else {
        slots.remove(partition, source, order, growth);
        return CommitOutcome::Added;
    };
    // Brokers rewrite the state of an idle partition from time to time.
    if before == Some(&progress) && update.state.as_ref().is_some_and(|state| state.whole) {
        return CommitOutcome::Repeated;
    }
    let commit = Commit { order, offset: progress.first_unfinished(), timestamp: update.at, lag: CommitLag::Unknown };
    let arriving = ArrivingCommit { source, partition, commit, progress: Some(progress) };
    slots.add_commit(arriving, bounds, stream.rules, growth)
}

#[cfg(test)]
#[path = "share_states_tests.rs"]
mod tests;
