//! Converts decoded records about members, epochs, topologies and share groups to storage's updates.

use crate::config::Filter;
use crate::model::{Name, Offset, Partition, Timestamp, TopicId};
use crate::offsets::Topology;
use crate::offsets::{
    CurrentAssignment, Epoch, MemberState, OwnedItems, RecordList, SubscribedTopic, Subtopology, SubtopologyTasks,
    TopicPartitions,
};
use crate::offsets::{RecordType, share_state};
use crate::storage::{CurrentUpdate, EpochUpdate, OwnedUpdate, ShareState, ShareUpdate, TopologyUpdate};

pub(super) const fn epoch(epoch: Epoch) -> EpochUpdate {
    EpochUpdate { number: epoch.epoch, validated_topology: epoch.validated_topology_epoch }
}

pub(super) fn current(current: CurrentAssignment<'_>) -> CurrentUpdate<'_> {
    let settled = match current.state {
        MemberState::Stable => true,
        MemberState::Unrevoked | MemberState::Unreleased | MemberState::Unknown(_) => false,
    };
    CurrentUpdate { epoch: current.epoch, settled, owned: owned(current.assigned) }
}

fn owned(owned: OwnedItems<'_>) -> OwnedUpdate<'_> {
    match owned {
        OwnedItems::Partitions(list) => OwnedUpdate::Partitions(list.map(|owned| partitions(owned.item)).collect()),
        OwnedItems::SharePartitions(list) => OwnedUpdate::Partitions(list.map(partitions).collect()),
        OwnedItems::Tasks(tasks) => OwnedUpdate::Tasks(tasks.active.map(|owned| task(owned.item)).collect()),
    }
}

fn partitions(of: TopicPartitions<'_>) -> (TopicId, Vec<Partition>) {
    (of.topic, of.partitions.collect())
}

fn task(task: SubtopologyTasks<'_>) -> (Name<'_>, Vec<Partition>) {
    (task.subtopology, task.partitions.collect())
}

/// The topics that each subtopology reads, without those that are not kept.
pub(super) fn topology<'a>(topology: Topology<'a>, kept: &Filter) -> TopologyUpdate<'a> {
    let sources = |subtopology: Subtopology<'a>| {
        let made = subtopology.repartition_source_topics.map(|topic| topic.name);
        let topics = subtopology.source_topics.chain(made);
        (subtopology.id, topics.filter(|topic| kept.allows(topic.0)).collect())
    };
    TopologyUpdate { epoch: topology.epoch, sources: topology.subtopologies.map(sources).collect() }
}

/// The names of topics by id, without those that are not kept.
pub(super) fn names<'a>(topics: RecordList<'a, SubscribedTopic<'a>>, kept: &Filter) -> Vec<(TopicId, Name<'a>)> {
    topics.map(|topic| (topic.id, topic.name)).filter(|(_, name)| kept.allows(name.0)).collect()
}

pub(super) const fn share_type(key: &share_state::ShareStateKey<'_>) -> RecordType {
    match key {
        share_state::ShareStateKey::Snapshot(_) => RecordType::ShareSnapshot,
        share_state::ShareStateKey::Update(_) => RecordType::ShareUpdate,
        share_state::ShareStateKey::Unknown(_) => RecordType::Unknown,
    }
}

/// The progress of a share group. `at` is the time when the record was written.
pub(super) fn share(record: share_state::ShareStateRecord<'_>, at: Timestamp) -> Option<ShareUpdate<'_>> {
    let (of, at, state) = match record {
        share_state::ShareStateRecord::Snapshot { of, snapshot } => {
            // Brokers rewrite the state of an idle partition from time to time, with the time of the original
            // snapshot.
            let made = snapshot.map(|snapshot| snapshot.created).filter(|made| *made > Timestamp(0));
            let state = |snapshot: share_state::ShareStateSnapshot<'_>| ShareState {
                whole: true,
                start: snapshot.start,
                done: snapshot.delivery_complete,
                finished: finished(snapshot.batches),
            };
            (of, made.unwrap_or(at), snapshot.map(state))
        }
        share_state::ShareStateRecord::Update { of, update: Some(update) } => {
            let (start, done) = (update.start, update.delivery_complete);
            (of, at, Some(ShareState { whole: false, start, done, finished: finished(update.batches) }))
        }
        // The tombstones that brokers write are snapshots.
        share_state::ShareStateRecord::Update { update: None, .. } | share_state::ShareStateRecord::Unknown(_) => {
            return None;
        }
    };
    let share_state::SharePartition { group, topic, partition } = of;
    Some(ShareUpdate { group, topic, partition, at, state })
}

fn finished(batches: RecordList<'_, share_state::StateBatch>) -> Vec<(Offset, Offset)> {
    let is_finished = |batch: &share_state::StateBatch| match batch.state {
        share_state::DeliveryState::Acknowledged | share_state::DeliveryState::Archived => true,
        share_state::DeliveryState::Available
        | share_state::DeliveryState::Archiving
        | share_state::DeliveryState::Other(_) => false,
    };
    batches.filter(is_finished).map(|batch| (batch.first, batch.last)).collect()
}
