//! Records as brokers write them: what the demo, the tests and the benchmarks feed to the decoder.

use thiserror::Error;

use super::cursor::Form;
use super::group::Member;
use super::record::Commit;
use crate::model::{Name, Partition, Timestamp};

/// A value's version. Brokers write commits as V1 (0.8.2 to 2.0), V3 (2.1 to 4.0) and V4 (from 4.1), groups as
/// V0 (to 0.10.0), V1 (0.10.1), V2 (2.1) and V3 (from 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
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

/// A text or list that its length field can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: needed a length of at most {most}, found {found}")]
pub struct EncodeError {
    /// The field.
    pub field: &'static str,
    /// Its length.
    pub found: usize,
    /// The longest that can be written.
    pub most: usize,
}

/// A classic group to be written. What the version has no field for is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// `consumer`, `connect` and the like.
    pub protocol_type: &'a [u8],
    /// The generation.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<&'a [u8]>,
    /// The member that assigned.
    pub leader: Option<&'a [u8]>,
    /// When the group came into its state.
    pub state_timestamp: Option<Timestamp>,
    /// The members.
    pub members: &'a [Member<'a>],
}

type Encoded = Result<Vec<u8>, EncodeError>;

impl Version {
    /// All of them.
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

    const fn form(self) -> Form {
        match self {
            Self::V0 | Self::V1 | Self::V2 | Self::V3 => Form::Plain,
            Self::V4 => Form::Flexible,
        }
    }
}

/// The key of a commit, and so the whole of its tombstone.
///
/// # Errors
/// A name of more than 32,767 bytes; likewise below.
pub fn commit_key(group: &[u8], topic: &[u8], partition: Partition) -> Encoded {
    typed_commit_key(1, group, topic, partition)
}

/// The key of a commit, as brokers before 0.8.2 wrote it.
///
/// # Errors
/// See [`commit_key`].
pub fn legacy_commit_key(group: &[u8], topic: &[u8], partition: Partition) -> Encoded {
    typed_commit_key(0, group, topic, partition)
}

fn typed_commit_key(kind: i16, group: &[u8], topic: &[u8], partition: Partition) -> Encoded {
    let mut out = Writer::starting(kind, Form::Plain);
    out.string("group", Some(group))?;
    out.string("topic", Some(topic))?;
    out.int32(partition.0);
    Ok(out.bytes)
}

/// The key of a classic group, and so the whole of its tombstone.
///
/// # Errors
/// See [`commit_key`].
pub fn group_key(group: &[u8]) -> Encoded {
    let mut out = Writer::starting(2, Form::Plain);
    out.string("group", Some(group))?;
    Ok(out.bytes)
}

/// The value of a commit. What the version has no field for is left out, and so are the names, which are the key's.
///
/// # Errors
/// Metadata of more than 32,767 bytes.
pub fn commit_value(version: Version, commit: &Commit<'_>) -> Encoded {
    let mut out = Writer::starting(version.number(), version.form());
    out.int64(commit.offset.0);
    if version >= Version::V3 {
        out.int32(commit.leader_epoch.unwrap_or(-1));
    }
    out.string("metadata", Some(commit.metadata))?;
    out.int64(commit.timestamp.0);
    if version == Version::V1 {
        out.int64(commit.expire.map_or(-1, |expire| expire.0));
    }
    if version == Version::V4 {
        match commit.topic_id {
            // One tag, number 0, 16 bytes.
            Some(id) => {
                out.bytes.extend([1, 0, 16]);
                out.bytes.extend(id.0.to_be_bytes());
            }
            None => out.no_tags(),
        }
    }
    Ok(out.bytes)
}

/// The value of a classic group.
///
/// # Errors
/// A text of more than 32,767 bytes; more members, or longer bytes, than an `int32` can count.
pub fn group_value(version: Version, group: &Group<'_>) -> Encoded {
    let mut out = Writer::starting(version.number(), version.form());
    out.string("protocol_type", Some(group.protocol_type))?;
    out.int32(group.generation);
    out.string("protocol", group.protocol)?;
    out.string("leader", group.leader)?;
    if version >= Version::V2 {
        out.int64(group.state_timestamp.map_or(-1, |time| time.0));
    }
    out.length("members", group.members.len())?;
    for member in group.members {
        out.member(version, member)?;
    }
    out.no_tags();
    Ok(out.bytes)
}

/// A `ConsumerProtocolAssignment` of version 1, without user data.
///
/// # Errors
/// A topic of more than 32,767 bytes; more of anything than an `int32` can count.
pub fn assignment(topics: &[(Name<'_>, &[Partition])]) -> Encoded {
    let mut out = Writer::starting(1, Form::Plain);
    out.length("assigned_partitions", topics.len())?;
    for (topic, partitions) in topics {
        out.string("topic", Some(topic.0))?;
        out.length("partitions", partitions.len())?;
        for partition in *partitions {
            out.int32(partition.0);
        }
    }
    // Null, as the Java client writes it.
    out.int32(-1);
    Ok(out.bytes)
}

/// A `ConsumerProtocolSubscription` of version 0, without user data.
///
/// # Errors
/// See [`assignment`].
pub fn subscription(topics: &[Name<'_>]) -> Encoded {
    let mut out = Writer::starting(0, Form::Plain);
    out.length("topics", topics.len())?;
    for topic in topics {
        out.string("topic", Some(topic.0))?;
    }
    out.int32(-1);
    Ok(out.bytes)
}

struct Writer {
    bytes: Vec<u8>,
    form: Form,
}

impl Writer {
    fn starting(number: i16, form: Form) -> Self {
        Self { bytes: number.to_be_bytes().to_vec(), form }
    }

    fn int32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn int64(&mut self, value: i64) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn varint(&mut self, mut value: u32) {
        loop {
            let [low, ..] = (value & 0x7f).to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.bytes.push(low);
            }
            self.bytes.push(low | 0x80);
        }
    }

    fn no_tags(&mut self) {
        match self.form {
            Form::Plain => {}
            Form::Flexible => self.bytes.push(0),
        }
    }

    fn string(&mut self, field: &'static str, text: Option<&[u8]>) -> Result<(), EncodeError> {
        let Some(text) = text else {
            match self.form {
                Form::Plain => self.bytes.extend((-1_i16).to_be_bytes()),
                Form::Flexible => self.varint(0),
            }
            return Ok(());
        };
        let too_long = EncodeError { field, found: text.len(), most: 0x7fff };
        let length = i16::try_from(text.len()).map_err(|_| too_long)?;
        match self.form {
            Form::Plain => self.bytes.extend(length.to_be_bytes()),
            Form::Flexible => self.varint(u32::from(length.unsigned_abs()).saturating_add(1)),
        }
        self.bytes.extend(text);
        Ok(())
    }

    /// Of bytes or of a list.
    fn length(&mut self, field: &'static str, length: usize) -> Result<(), EncodeError> {
        let too_long = EncodeError { field, found: length, most: 0x7fff_ffff };
        let length = i32::try_from(length).map_err(|_| too_long)?;
        match self.form {
            Form::Plain => self.int32(length),
            Form::Flexible => self.varint(length.unsigned_abs().saturating_add(1)),
        }
        Ok(())
    }

    fn member(&mut self, version: Version, member: &Member<'_>) -> Result<(), EncodeError> {
        self.string("member_id", Some(member.id))?;
        if version >= Version::V3 {
            self.string("group_instance_id", member.instance_id)?;
        }
        self.string("client_id", Some(member.client_id))?;
        self.string("client_host", Some(member.client_host))?;
        if version >= Version::V1 {
            self.int32(member.rebalance_timeout.unwrap_or(-1));
        }
        self.int32(member.session_timeout);
        for (field, bytes) in [("subscription", member.subscription), ("assignment", member.assignment)] {
            self.length(field, bytes.len())?;
            self.bytes.extend(bytes);
        }
        self.no_tags();
        Ok(())
    }
}
