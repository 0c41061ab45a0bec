//! The epochs of groups that are not classic: types 3, 11, 17 and 6, 12, 20.

use crate::model::Timestamp;
use crate::offsets::bytes::cursor::Cursor;
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::records::group_type::GroupProtocol;

/// The epoch of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Increased by each change of members, subscriptions or subscribed topics.
    pub epoch: i32,
    /// A hash of the metadata of the group's topics (KIP-1101); `None` from brokers before 4.1.
    pub metadata_hash: Option<i64>,
    /// The epoch of the topology that the broker has validated (streams groups from 4.2). `Some(-1)` if there is
    /// none; brokers that write the field may also omit it then.
    pub validated_topology_epoch: Option<i32>,
    /// The epoch of the topology whose description the broker's plugin holds (streams groups, KIP-1331). `Some(-2)`
    /// if a broker was interrupted while it stored one; the field may be omitted while there is none.
    pub stored_description_epoch: Option<i32>,
    /// The epoch of the topology whose description the broker's plugin has refused for good (streams groups,
    /// KIP-1331).
    pub failed_description_epoch: Option<i32>,
}

impl Epoch {
    /// An epoch alone, without the other fields.
    #[must_use]
    pub const fn new(epoch: i32) -> Self {
        Self {
            epoch,
            metadata_hash: None,
            validated_topology_epoch: None,
            stored_description_epoch: None,
            failed_description_epoch: None,
        }
    }
}

/// The epoch of the target assignment of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetEpoch {
    /// The group epoch that the assignment was computed for.
    pub epoch: i32,
    /// When the computation ended (KIP-1263, from 4.3), if the broker wrote it.
    pub timestamp: Option<Timestamp>,
}

pub(crate) fn epoch(cursor: &mut Cursor<'_>, kind: GroupProtocol) -> Result<Epoch, DecodeError> {
    cursor.version(0)?;
    let mut read = Epoch::new(cursor.int32("epoch")?);
    match kind {
        GroupProtocol::Consumer => {
            cursor.tags(|tag, value| {
                if tag == 0 {
                    read.metadata_hash = Some(value.int64("metadata_hash")?);
                }
                Ok(())
            })?;
        }
        GroupProtocol::Share => {
            // Records of 4.0 (early access) end here, without tagged fields.
            if cursor.rest() != [0] {
                read.metadata_hash = Some(cursor.int64("metadata_hash")?);
            }
            cursor.skip_tags()?;
        }
        GroupProtocol::Streams => {
            read.metadata_hash = Some(cursor.int64("metadata_hash")?);
            cursor.tags(|tag, value| {
                let (known, field) = match tag {
                    0 => (&mut read.validated_topology_epoch, "validated_topology_epoch"),
                    2 => (&mut read.stored_description_epoch, "stored_description_topology_epoch"),
                    3 => (&mut read.failed_description_epoch, "failed_description_topology_epoch"),
                    _ => return Ok(()),
                };
                *known = Some(value.int32(field)?);
                Ok(())
            })?;
        }
    }
    Ok(read)
}

pub(crate) fn target_epoch(cursor: &mut Cursor<'_>) -> Result<TargetEpoch, DecodeError> {
    cursor.version(0)?;
    let (epoch, mut timestamp) = (cursor.int32("assignment_epoch")?, None);
    cursor.tags(|tag, value| {
        if tag == 0 {
            let time = value.int64("assignment_timestamp")?;
            timestamp = (time > 0).then_some(Timestamp(time));
        }
        Ok(())
    })?;
    Ok(TargetEpoch { epoch, timestamp })
}
