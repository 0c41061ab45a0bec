//! Groups that are not classic: types 3 to 23. All their values have version 0, which is flexible.

use super::writer::ByteWriter;
use super::{EncodeError, EncodeResult};
use crate::model::Name;
use crate::offsets::assigned::epoch::{Epoch, TargetEpoch};
use crate::offsets::assigned::member::{ClassicMember, MemberDetails, MemberMetadata};
use crate::offsets::assigned::member_assignment::{AssignedItems, CurrentAssignment, OwnedItems, StreamsTasks};
use crate::offsets::assigned::topics::{MatchedTopics, SubscribedTopic};
use crate::offsets::assigned::topology::Topology;
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::bytes::list::{ListItem, RecordList};
use crate::offsets::records::group_type::GroupProtocol;
use crate::offsets::shares::share::StatePartitions;

/// The value of an epoch. A share group's epoch without a hash is that of 4.0; a streams group's always has one.
#[must_use]
pub fn epoch_value(kind: GroupProtocol, epoch: &Epoch) -> Vec<u8> {
    let mut out = ByteWriter::flexible();
    out.int32(epoch.epoch);
    match kind {
        GroupProtocol::Consumer => out.tag(0, epoch.metadata_hash.map(i64::to_be_bytes).as_ref().map(|hash| &hash[..])),
        GroupProtocol::Share => {
            if let Some(hash) = epoch.metadata_hash {
                out.int64(hash);
            }
            out.no_tags();
        }
        GroupProtocol::Streams => {
            out.int64(epoch.metadata_hash.unwrap_or(0));
            let tags = [
                (0, epoch.validated_topology_epoch),
                (2, epoch.stored_description_epoch),
                (3, epoch.failed_description_epoch),
            ];
            let written = || tags.iter().filter_map(|(tag, epoch)| Some((*tag, (*epoch)?)));
            out.varint(u32::try_from(written().count()).unwrap_or(u32::MAX));
            written().for_each(|(tag, epoch)| out.tagged_field(tag, &epoch.to_be_bytes()));
        }
    }
    out.bytes
}

/// The value of the epoch of a target assignment.
#[must_use]
pub fn target_epoch_value(target: &TargetEpoch) -> Vec<u8> {
    let mut out = ByteWriter::flexible();
    out.int32(target.epoch);
    out.tag(0, target.timestamp.map(|time| time.0.to_be_bytes()).as_ref().map(|time| &time[..]));
    out.bytes
}

/// The value of a member. A share group's member has no instance id.
///
/// # Errors
/// A text of more than 32,767 bytes, or more items than an `int32` can count.
pub fn member_value(member: &MemberMetadata<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    match member.details {
        MemberDetails::Consumer { .. } | MemberDetails::Streams { .. } => {
            out.nullable("instance_id", member.instance_id)?;
        }
        MemberDetails::Share { .. } => {}
    }
    out.nullable("rack_id", member.rack_id)?;
    out.string("client_id", Some(member.client_id.0))?;
    out.string("client_host", Some(member.client_host.0))?;
    details(&mut out, &member.details)?;
    Ok(out.bytes)
}

fn details(out: &mut ByteWriter, details: &MemberDetails<'_>) -> Result<(), EncodeError> {
    match details {
        MemberDetails::Consumer { topics, regex, rebalance_timeout, assignor, classic } => {
            out.list("subscribed_topic_names", topics)?;
            out.nullable("subscribed_topic_regex", *regex)?;
            out.int32(*rebalance_timeout);
            out.nullable("server_assignor", *assignor)?;
            // Brokers write the tag even if the struct is null.
            out.tag(0, Some(&classic.as_ref().map_or(Ok(vec![0]), classic_member)?));
        }
        MemberDetails::Share { topics } => {
            out.list("subscribed_topic_names", topics)?;
            out.no_tags();
        }
        MemberDetails::Streams { rebalance_timeout, topology_epoch, process_id, endpoint, tags } => {
            out.int32(*rebalance_timeout);
            out.int32(*topology_epoch);
            out.string("process_id", Some(process_id.0))?;
            match endpoint {
                Some(endpoint) => {
                    out.int8(1);
                    out.string("host", Some(endpoint.host.0))?;
                    out.int16(i16::from_be_bytes(endpoint.port.to_be_bytes()));
                    out.no_tags();
                }
                None => out.int8(-1),
            }
            out.list("client_tags", tags)?;
            out.no_tags();
        }
    }
    Ok(())
}

fn classic_member(member: &ClassicMember<'_>) -> EncodeResult {
    let mut out = ByteWriter::empty(FieldEncoding::Flexible);
    out.varint(1);
    out.int32(member.session_timeout);
    out.list("supported_protocols", &member.protocols)?;
    out.no_tags();
    Ok(out.bytes)
}

/// The value of a target assignment.
///
/// # Errors
/// More bytes than an `int32` can count.
pub fn target_value(target: &AssignedItems<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    match target {
        AssignedItems::Partitions(partitions) => out.list("topic_partitions", partitions)?,
        AssignedItems::Tasks(tasks) => self::tasks(&mut out, tasks)?,
    }
    out.no_tags();
    Ok(out.bytes)
}

/// The value of a current assignment. A share group's has nothing to revoke.
///
/// # Errors
/// See [`target_value`].
pub fn current_value(kind: GroupProtocol, current: &CurrentAssignment<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.int32(current.epoch);
    out.int32(current.previous_epoch);
    out.int8(current.state.number(kind));
    owned(&mut out, &current.assigned)?;
    match kind {
        GroupProtocol::Consumer | GroupProtocol::Streams => owned(&mut out, &current.revoking)?,
        GroupProtocol::Share => {}
    }
    out.no_tags();
    Ok(out.bytes)
}

fn owned(out: &mut ByteWriter, owned: &OwnedItems<'_>) -> Result<(), EncodeError> {
    match owned {
        OwnedItems::Partitions(partitions) => out.list("assigned_partitions", partitions),
        OwnedItems::SharePartitions(partitions) => out.list("assigned_partitions", partitions),
        OwnedItems::Tasks(tasks) => self::tasks(out, tasks),
    }
}

fn tasks<'a, T: ListItem<'a>>(out: &mut ByteWriter, tasks: &StreamsTasks<'a, T>) -> Result<(), EncodeError> {
    out.list("active_tasks", &tasks.active)?;
    out.list("standby_tasks", &tasks.standby)?;
    out.list("warmup_tasks", &tasks.warmup)
}

/// The value of the topics that a group knew.
///
/// # Errors
/// See [`target_value`].
pub fn topics_value(topics: &RecordList<'_, SubscribedTopic<'_>>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.list("topics", topics)?;
    out.no_tags();
    Ok(out.bytes)
}

/// The value of the topics that match a regular expression.
///
/// # Errors
/// See [`target_value`].
pub fn matched_value(matched: &MatchedTopics<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.list("topics", &matched.topics)?;
    out.int64(matched.version);
    out.int64(matched.timestamp.0);
    out.no_tags();
    Ok(out.bytes)
}

/// The value of the partitions that a share group keeps state of.
///
/// # Errors
/// See [`target_value`].
pub fn state_partitions_value(partitions: &StatePartitions<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.list("initializing_topics", &partitions.initializing)?;
    out.list("initialized_topics", &partitions.initialized)?;
    out.list("deleting_topics", &partitions.deleting)?;
    out.no_tags();
    Ok(out.bytes)
}

/// The value of a topology.
///
/// # Errors
/// See [`target_value`].
pub fn topology_value(topology: &Topology<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.int32(topology.epoch);
    out.list("subtopologies", &topology.subtopologies)?;
    out.no_tags();
    Ok(out.bytes)
}

impl ByteWriter {
    fn nullable(&mut self, field: &'static str, text: Option<Name<'_>>) -> Result<(), EncodeError> {
        self.string(field, text.map(|text| text.0))
    }
}
