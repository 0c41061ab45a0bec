//! Classic groups: generation, members, assignments.

use std::fmt;

use crate::model::{Name, Timestamp};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::{DecodeError, FieldProblem};

/// A classic group in one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMetadata<'a> {
    /// The group.
    pub group: Name<'a>,
    /// `consumer`, `connect`, or another type that the clients agreed on. Empty for a group that never had members.
    pub protocol_type: &'a [u8],
    /// The generation, which each rebalance increases.
    pub generation: i32,
    /// The chosen assignor; `None` for a group without members.
    pub protocol: Option<&'a [u8]>,
    /// The member that computed the assignment; `None` for a group without members.
    pub leader: Option<&'a [u8]>,
    /// When the group entered its state (from version 2), if the broker wrote it.
    pub state_timestamp: Option<Timestamp>,
    /// The members; none in an empty group.
    pub members: ClassicGroupMembers<'a>,
}

/// A member of a classic group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicGroupMember<'a> {
    /// The id that the broker assigned.
    pub id: &'a [u8],
    /// The configured id of a static member, which outlives the member (KIP-345, from version 3).
    pub instance_id: Option<&'a [u8]>,
    /// The client id, as configured.
    pub client_id: &'a [u8],
    /// The host that it connects from, as in the record: `/10.0.0.1`.
    pub client_host: &'a [u8],
    /// Maximum time to rejoin, in milliseconds (from version 1).
    pub rebalance_timeout: Option<i32>,
    /// Maximum time without a heartbeat, in milliseconds.
    pub session_timeout: i32,
    /// The subscription. A `ConsumerProtocolSubscription` only if the protocol type is `consumer`.
    pub subscription: &'a [u8],
    /// The assignment. Decoded by [`crate::offsets::assignment`] only if the protocol type is `consumer`.
    pub assignment: &'a [u8],
}

/// The members of a group, decoded when they are requested. All members were checked once when the group was
/// decoded, so [`ExactSizeIterator::len`] is the true number. Like [`crate::offsets::RecordList`], but the layout
/// depends on the version and the writer.
#[derive(Clone, Copy)]
pub struct ClassicGroupMembers<'a> {
    bytes: &'a [u8],
    count: usize,
    layout: Layout,
}

/// The layout of a value: its version, and who has written it.
#[derive(Clone, Copy)]
struct Layout {
    version: i16,
    writer: Writer,
}

/// Who has written a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Kafka,
    /// Its members begin with a version of their own (`member_state::encode` in Redpanda's `group_metadata.cc`).
    Redpanda,
}

/// The only version of groups, and of members in them, that Redpanda writes.
const REDPANDA: i16 = 3;

impl<'a> Iterator for ClassicGroupMembers<'a> {
    type Item = ClassicGroupMember<'a>;

    fn next(&mut self) -> Option<ClassicGroupMember<'a>> {
        self.count = self.count.checked_sub(1)?;
        let mut cursor = Cursor::new(self.bytes);
        let member = member(&mut cursor, self.layout).ok()?;
        self.bytes = cursor.rest();
        Some(member)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for ClassicGroupMembers<'_> {}

impl PartialEq for ClassicGroupMembers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && Iterator::eq(*self, *other)
    }
}

impl Eq for ClassicGroupMembers<'_> {}

impl fmt::Debug for ClassicGroupMembers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl Layout {
    const fn form(self) -> FieldEncoding {
        if self.version >= 4 { FieldEncoding::Flexible } else { FieldEncoding::Plain }
    }

    /// The minimum size of a member in bytes: its lengths, timeouts and tags.
    const fn min_member_size(self) -> usize {
        let own_version = match self.writer {
            Writer::Kafka => 0,
            Writer::Redpanda => 2,
        };
        let fields = match self.version {
            0 => 3 * 2 + 4 + 2 * 4,
            1 | 2 => 3 * 2 + 2 * 4 + 2 * 4,
            3 => 4 * 2 + 2 * 4 + 2 * 4,
            _ => 4 + 2 * 4 + 2 + 1,
        };
        own_version + fields
    }
}

/// Decodes a group. Redpanda's layout has the same version as Kafka's, so the one that ends on the last byte is taken;
/// where neither does, Kafka's.
pub(crate) fn group<'a>(cursor: &mut Cursor<'a>, group: Name<'a>) -> Result<GroupMetadata<'a>, DecodeError> {
    let version = cursor.version(4)?;
    let mut other = *cursor;
    let read = fields(cursor, group, Layout { version, writer: Writer::Kafka });
    if version == REDPANDA && !(read.is_ok() && cursor.is_at_end()) {
        let layout = Layout { version, writer: Writer::Redpanda };
        if let Ok(read) = fields(&mut other, group, layout)
            && other.is_at_end()
        {
            *cursor = other;
            return Ok(read);
        }
    }
    read
}

fn fields<'a>(cursor: &mut Cursor<'a>, group: Name<'a>, layout: Layout) -> Result<GroupMetadata<'a>, DecodeError> {
    let (version, form) = (layout.version, layout.form());
    let protocol_type = cursor.string("protocol_type", form)?;
    let generation = cursor.int32("generation")?;
    let protocol = cursor.nullable_string("protocol", form)?;
    let leader = cursor.nullable_string("leader", form)?;
    let state_timestamp = if version >= 2 { Some(cursor.int64("current_state_timestamp")?) } else { None };
    let count = cursor.count("members", form, layout.min_member_size())?;
    let start = *cursor;
    for _ in 0..count {
        member(cursor, layout)?;
    }
    let members = ClassicGroupMembers { bytes: cursor.since(&start), count, layout };
    if form == FieldEncoding::Flexible {
        cursor.skip_tags()?;
    }
    Ok(GroupMetadata {
        group,
        protocol_type,
        generation,
        protocol,
        leader,
        state_timestamp: state_timestamp.filter(|time| *time >= 0).map(Timestamp),
        members,
    })
}

fn member<'a>(cursor: &mut Cursor<'a>, layout: Layout) -> Result<ClassicGroupMember<'a>, DecodeError> {
    let (version, form) = (layout.version, layout.form());
    if layout.writer == Writer::Redpanda {
        let start = *cursor;
        let found = cursor.version(REDPANDA)?;
        if found != REDPANDA {
            return Err(start.error("member_version", FieldProblem::Version { found, highest: REDPANDA }));
        }
    }
    let id = cursor.string("member_id", form)?;
    let instance_id = if version >= 3 { cursor.nullable_string("group_instance_id", form)? } else { None };
    let client_id = cursor.string("client_id", form)?;
    let client_host = cursor.string("client_host", form)?;
    let rebalance_timeout = if version >= 1 { Some(cursor.int32("rebalance_timeout")?) } else { None };
    let session_timeout = cursor.int32("session_timeout")?;
    let subscription = cursor.bytes("subscription", form)?;
    let assignment = cursor.bytes("assignment", form)?;
    if form == FieldEncoding::Flexible {
        cursor.skip_tags()?;
    }
    Ok(ClassicGroupMember {
        id,
        instance_id,
        client_id,
        client_host,
        rebalance_timeout,
        session_timeout,
        subscription,
        assignment,
    })
}
