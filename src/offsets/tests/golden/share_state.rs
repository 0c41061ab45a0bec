//! The topic `__share_group_state`.

use super::{Expected, GROUP, LATER, TIME, TOPIC, encode, list};
use crate::model::{Offset, Partition, Timestamp};
use crate::offsets::RecordList;
use crate::offsets::shares::share_state::{
    DeliveryState, SharePartition, ShareStateRecord, ShareStateSnapshot, ShareStateUpdate, StateBatch,
};

const OF: SharePartition<'static> = SharePartition { group: GROUP, topic: TOPIC, partition: Partition(3) };

pub(super) fn expected() -> Expected<ShareStateRecord<'static>> {
    [snapshots(), updates()].concat()
}

fn batch(first: i64, last: i64, state: DeliveryState, deliveries: i16) -> StateBatch {
    StateBatch { first: Offset(first), last: Offset(last), state, deliveries }
}

fn snapshots() -> Expected<ShareStateRecord<'static>> {
    let full = ShareStateSnapshot {
        snapshot_epoch: 1,
        state_epoch: 2,
        leader_epoch: 3,
        start: Some(Offset(100)),
        delivery_complete: None,
        created: TIME,
        written: LATER,
        batches: list![batch(100, 109, DeliveryState::Available, 1), batch(110, 110, DeliveryState::Archived, 5)],
    };
    let without_start = ShareStateSnapshot {
        snapshot_epoch: 0,
        state_epoch: 0,
        leader_epoch: 0,
        start: None,
        delivery_complete: None,
        created: Timestamp(0),
        written: Timestamp(0),
        batches: RecordList::empty(),
    };
    let archiving = ShareStateSnapshot {
        delivery_complete: Some(0),
        written: TIME,
        batches: list![batch(100, 101, DeliveryState::Archiving, 5)],
        ..full
    };
    let record = |snapshot| ShareStateRecord::Snapshot { of: OF, snapshot };
    vec![
        ("snapshot", record(Some(full))),
        ("snapshot-counted", record(Some(ShareStateSnapshot { delivery_complete: Some(1), ..full }))),
        ("snapshot-tagged", record(Some(ShareStateSnapshot { delivery_complete: Some(0), ..full }))),
        ("snapshot-without-start", record(Some(without_start))),
        ("snapshot-archiving", record(Some(archiving))),
        ("snapshot-tombstone", record(None)),
    ]
}

fn updates() -> Expected<ShareStateRecord<'static>> {
    let changed = ShareStateUpdate {
        snapshot_epoch: 1,
        leader_epoch: 3,
        start: None,
        delivery_complete: None,
        batches: list![batch(111, 112, DeliveryState::Acknowledged, 1)],
    };
    let counted = ShareStateUpdate {
        start: Some(Offset(111)),
        delivery_complete: Some(2),
        batches: RecordList::empty(),
        ..changed
    };
    let archiving = ShareStateUpdate {
        delivery_complete: Some(0),
        batches: list![batch(102, 102, DeliveryState::Archiving, 1)],
        ..changed
    };
    let record = |update| ShareStateRecord::Update { of: OF, update };
    vec![
        ("update", record(Some(changed))),
        ("update-counted", record(Some(counted))),
        ("update-tagged", record(Some(changed))),
        ("update-archiving", record(Some(archiving))),
        ("update-tombstone", record(None)),
    ]
}
