//! Members of groups that are not classic: types 5, 10 and 19.

use crate::model::Name;
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, RecordList};
use crate::offsets::records::group_type::GroupProtocol;

/// A member, as of its last heartbeat that changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberMetadata<'a> {
    /// The configured id of a static member, which outlives the member. Share groups have none.
    pub instance_id: Option<Name<'a>>,
    /// The rack that it runs in, if it sends one.
    pub rack_id: Option<Name<'a>>,
    /// The client id, as configured.
    pub client_id: Name<'a>,
    /// The host that it connects from, as in the record: `/10.0.0.1`.
    pub client_host: Name<'a>,
    /// The fields that depend on the type of group.
    pub details: MemberDetails<'a>,
}

/// The fields that depend on the type of group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDetails<'a> {
    /// A member of a group of the type `consumer`.
    Consumer {
        /// The names of the topics that it subscribes to.
        topics: RecordList<'a, Name<'a>>,
        /// The regular expression of further topics that it subscribes to.
        regex: Option<Name<'a>>,
        /// Maximum time to revoke partitions, in milliseconds.
        rebalance_timeout: i32,
        /// The server-side assignor that it asked for.
        assignor: Option<Name<'a>>,
        /// The fields of the classic protocol, if it still uses that.
        classic: Option<ClassicMember<'a>>,
    },
    /// A member of a share group.
    Share {
        /// The names of the topics that it subscribes to.
        topics: RecordList<'a, Name<'a>>,
    },
    /// A member of a streams group.
    Streams {
        /// Maximum time to revoke tasks, in milliseconds.
        rebalance_timeout: i32,
        /// The epoch of the topology that it runs.
        topology_epoch: i32,
        /// The id of its process. Several members may run in one process.
        process_id: Name<'a>,
        /// The address of its interactive queries.
        endpoint: Option<Endpoint<'a>>,
        /// Its client tags, used for rack awareness.
        tags: RecordList<'a, KeyValue<'a>>,
    },
}

/// A member of a group of the type `consumer` that uses the classic protocol, as during a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicMember<'a> {
    /// Maximum time without a heartbeat, in milliseconds.
    pub session_timeout: i32,
    /// The assignors that it supports.
    pub protocols: RecordList<'a, ClassicProtocol<'a>>,
}

/// An assignor that a member supports, with the member's subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicProtocol<'a> {
    /// The assignor.
    pub name: Name<'a>,
    /// A `ConsumerProtocolSubscription`.
    pub metadata: &'a [u8],
}

/// The address of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The host.
    pub host: Name<'a>,
    /// The port.
    pub port: u16,
}

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyValue<'a> {
    /// The key.
    pub key: Name<'a>,
    /// The value.
    pub value: Name<'a>,
}

pub(crate) fn metadata<'a>(cursor: &mut Cursor<'a>, kind: GroupProtocol) -> Result<MemberMetadata<'a>, DecodeError> {
    cursor.version(0)?;
    let instance_id = match kind {
        GroupProtocol::Consumer | GroupProtocol::Streams => cursor.nullable_text("instance_id")?,
        GroupProtocol::Share => None,
    };
    Ok(MemberMetadata {
        instance_id,
        rack_id: cursor.nullable_text("rack_id")?,
        client_id: cursor.text("client_id")?,
        client_host: cursor.text("client_host")?,
        details: match kind {
            GroupProtocol::Consumer => consumer(cursor)?,
            GroupProtocol::Share => share(cursor)?,
            GroupProtocol::Streams => streams(cursor)?,
        },
    })
}

fn consumer<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let topics = RecordList::read(cursor, "subscribed_topic_names", FieldEncoding::Flexible)?;
    let regex = cursor.nullable_text("subscribed_topic_regex")?;
    let rebalance_timeout = cursor.int32("rebalance_timeout_ms")?;
    let assignor = cursor.nullable_text("server_assignor")?;
    let mut classic = None;
    cursor.tags(|tag, value| {
        if tag == 0 {
            // A tagged struct may be null although the tag is present: a varint of 0.
            let there = value.varint("classic_member_metadata")? > 0;
            classic = if there { Some(classic_member(value)?) } else { None };
        }
        Ok(())
    })?;
    Ok(MemberDetails::Consumer { topics, regex, rebalance_timeout, assignor, classic })
}

fn classic_member<'a>(cursor: &mut Cursor<'a>) -> Result<ClassicMember<'a>, DecodeError> {
    let session_timeout = cursor.int32("session_timeout_ms")?;
    let protocols = RecordList::read(cursor, "supported_protocols", FieldEncoding::Flexible)?;
    cursor.skip_tags()?;
    Ok(ClassicMember { session_timeout, protocols })
}

fn share<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let topics = RecordList::read(cursor, "subscribed_topic_names", FieldEncoding::Flexible)?;
    cursor.skip_tags()?;
    Ok(MemberDetails::Share { topics })
}

fn streams<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let details = MemberDetails::Streams {
        rebalance_timeout: cursor.int32("rebalance_timeout_ms")?,
        topology_epoch: cursor.int32("topology_epoch")?,
        process_id: cursor.text("process_id")?,
        // Not a tagged field, so a byte marks it: negative is null.
        endpoint: if cursor.int8("user_endpoint")? < 0 { None } else { Some(endpoint(cursor)?) },
        tags: RecordList::read(cursor, "client_tags", FieldEncoding::Flexible)?,
    };
    cursor.skip_tags()?;
    Ok(details)
}

fn endpoint<'a>(cursor: &mut Cursor<'a>) -> Result<Endpoint<'a>, DecodeError> {
    let endpoint = Endpoint { host: cursor.text("host")?, port: cursor.uint16("port")? };
    cursor.skip_tags()?;
    Ok(endpoint)
}

impl<'a> ListItem<'a> for ClassicProtocol<'a> {
    const LEAST: usize = 3;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let protocol =
            Self { name: cursor.text("name")?, metadata: cursor.bytes("metadata", FieldEncoding::Flexible)? };
        cursor.skip_tags()?;
        Ok(protocol)
    }
}

impl<'a> ListItem<'a> for KeyValue<'a> {
    const LEAST: usize = 3;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let pair = Self { key: cursor.text("key")?, value: cursor.text("value")? };
        cursor.skip_tags()?;
        Ok(pair)
    }
}
