//! Commits and classic groups: types 0, 1 and 2.

use super::writer::ByteWriter;
use super::{EncodeError, EncodeResult};
use crate::model::{Name, Partition, Timestamp};
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::classic::commit::CommitRecord;
use crate::offsets::classic::group::ClassicGroupMember;

/// The version of a value. Brokers write commits as V1 (0.8.2 to 2.0), V3 (2.1 to 4.0) and V4 (from 4.1), groups as
/// V0 (to 0.10.0), V1 (0.10.1), V2 (2.1) and V3 (from 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueVersion {
    /// 0.
    V0,
    /// 1.
    V1,
    /// 2.
    V2,
    /// 3.
    V3,
    /// 4, the first flexible one.
    V4,
}

/// A classic group to encode. Fields that the version lacks are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicGroup<'a> {
    /// `consumer`, `connect` or another type.
    pub protocol_type: &'a [u8],
    /// The generation.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<&'a [u8]>,
    /// The member that computed the assignment.
    pub leader: Option<&'a [u8]>,
    /// When the group entered its state.
    pub state_timestamp: Option<Timestamp>,
    /// The members.
    pub members: &'a [ClassicGroupMember<'a>],
}

impl ValueVersion {
    /// All versions.
    pub const ALL: [Self; 5] = [Self::V0, Self::V1, Self::V2, Self::V3, Self::V4];

    const fn number(self) -> i16 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    const fn form(self) -> FieldEncoding {
        match self {
            Self::V0 | Self::V1 | Self::V2 | Self::V3 => FieldEncoding::Plain,
            Self::V4 => FieldEncoding::Flexible,
        }
    }
}

/// The value of a commit. Fields that the version lacks are left out, and so are the names, which the key contains.
///
/// # Errors
/// Metadata of more than 32,767 bytes.
pub fn commit_value(version: ValueVersion, commit: &CommitRecord<'_>) -> EncodeResult {
    let mut out = ByteWriter::with_version(version.number(), version.form());
    out.int64(commit.offset.0);
    if version >= ValueVersion::V3 {
        out.int32(commit.leader_epoch.unwrap_or(-1));
    }
    out.string("metadata", Some(commit.metadata))?;
    out.int64(commit.timestamp.0);
    if version == ValueVersion::V1 {
        out.int64(commit.expire.map_or(-1, |expire| expire.0));
    }
    if version == ValueVersion::V4 {
        out.tag(0, commit.topic_id.map(|id| id.0.to_be_bytes()).as_ref().map(|id| &id[..]));
    }
    Ok(out.bytes)
}

/// The value of a classic group.
///
/// # Errors
/// A text of more than 32,767 bytes, or more members or longer bytes than an `int32` can count.
pub fn group_value(version: ValueVersion, group: &ClassicGroup<'_>) -> EncodeResult {
    let mut out = ByteWriter::with_version(version.number(), version.form());
    out.string("protocol_type", Some(group.protocol_type))?;
    out.int32(group.generation);
    out.string("protocol", group.protocol)?;
    out.string("leader", group.leader)?;
    if version >= ValueVersion::V2 {
        out.int64(group.state_timestamp.map_or(-1, |time| time.0));
    }
    out.length("members", group.members.len())?;
    for member in group.members {
        self::member(&mut out, version, member)?;
    }
    out.no_tags();
    Ok(out.bytes)
}

/// A `ConsumerProtocolAssignment` of version 1, without user data.
///
/// # Errors
/// A topic of more than 32,767 bytes, or more items than an `int32` can count.
pub fn assignment(topics: &[(Name<'_>, &[Partition])]) -> EncodeResult {
    let mut out = ByteWriter::with_version(1, FieldEncoding::Plain);
    out.length("assigned_partitions", topics.len())?;
    for (topic, partitions) in topics {
        out.string("topic", Some(topic.0))?;
        out.length("partitions", partitions.len())?;
        for partition in *partitions {
            out.int32(partition.0);
        }
    }
    // Null user data, as the Java client writes it.
    out.int32(-1);
    Ok(out.bytes)
}

/// A `ConsumerProtocolSubscription` of version 0, without user data.
///
/// # Errors
/// See [`assignment`].
pub fn subscription(topics: &[Name<'_>]) -> EncodeResult {
    let mut out = ByteWriter::with_version(0, FieldEncoding::Plain);
    out.length("topics", topics.len())?;
    for topic in topics {
        out.string("topic", Some(topic.0))?;
    }
    out.int32(-1);
    Ok(out.bytes)
}

fn member(out: &mut ByteWriter, version: ValueVersion, member: &ClassicGroupMember<'_>) -> Result<(), EncodeError> {
    out.string("member_id", Some(member.id))?;
    if version >= ValueVersion::V3 {
        out.string("group_instance_id", member.instance_id)?;
    }
    out.string("client_id", Some(member.client_id))?;
    out.string("client_host", Some(member.client_host))?;
    if version >= ValueVersion::V1 {
        out.int32(member.rebalance_timeout.unwrap_or(-1));
    }
    out.int32(member.session_timeout);
    for (field, bytes) in [("subscription", member.subscription), ("assignment", member.assignment)] {
        out.length(field, bytes.len())?;
        out.bytes.extend(bytes);
    }
    out.no_tags();
    Ok(())
}
