//! The epochs of groups that are not classic: types 3, 11, 17 and 6, 12, 20.

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
}

pub(crate) fn epoch(bytes: &[u8], kind: GroupProtocol) -> Result<Epoch, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let mut read = Epoch { epoch: cursor.int32("epoch")?, metadata_hash: None, validated_topology_epoch: None };
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
                if tag == 0 {
                    read.validated_topology_epoch = Some(value.int32("validated_topology_epoch")?);
                }
                Ok(())
            })?;
        }
    }
    cursor.end("value")?;
    Ok(read)
}

/// The group epoch that the target assignment was computed for.
pub(crate) fn target_epoch(bytes: &[u8]) -> Result<i32, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let epoch = cursor.int32("assignment_epoch")?;
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(epoch)
}
