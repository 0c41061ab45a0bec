//! Who a member of a group that is not a classic one is: types 5, 10 and 19.

use crate::model::Name;
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{Item, List};
use crate::offsets::records::group_type::GroupType;

/// A member, as its last heartbeat that changed something told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberMetadata<'a> {
    /// Its own id that outlives it, if it is a static member; share groups have none.
    pub instance_id: Option<Name<'a>>,
    /// Where it runs, if it says so.
    pub rack_id: Option<Name<'a>>,
    /// Its client's id, as configured.
    pub client_id: Name<'a>,
    /// Where it comes from, as in the record: `/10.0.0.1`.
    pub client_host: Name<'a>,
    /// What only the members of its type of group have.
    pub details: MemberDetails<'a>,
}

/// What only the members of one type of group have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDetails<'a> {
    /// Of the type `consumer`.
    Consumer {
        /// The topics it wants by name.
        topics: List<'a, Name<'a>>,
        /// The expression of the topics it wants besides.
        regex: Option<Name<'a>>,
        /// How long it may take to give partitions back, in milliseconds.
        rebalance_timeout: i32,
        /// The assignor of the broker that it asked for.
        assignor: Option<Name<'a>>,
        /// What it told, if it speaks the classic protocol still.
        classic: Option<ClassicMember<'a>>,
    },
    /// Of a share group.
    Share {
        /// The topics it wants.
        topics: List<'a, Name<'a>>,
    },
    /// Of a streams group.
    Streams {
        /// How long it may take to give tasks back, in milliseconds.
        rebalance_timeout: i32,
        /// The topology that it runs.
        topology_epoch: i32,
        /// Which process it is in; others of the group may be in the same.
        process_id: Name<'a>,
        /// Where it answers interactive queries.
        endpoint: Option<Endpoint<'a>>,
        /// What tells racks and the like apart.
        tags: List<'a, KeyValue<'a>>,
    },
}

/// A member of a group of the type `consumer` that speaks the classic protocol, as while a group is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicMember<'a> {
    /// How long it may be silent, in milliseconds.
    pub session_timeout: i32,
    /// The assignors it knows.
    pub protocols: List<'a, ClassicProtocol<'a>>,
}

/// An assignor that a member knows, and what it tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicProtocol<'a> {
    /// The assignor.
    pub name: Name<'a>,
    /// A `ConsumerProtocolSubscription`.
    pub metadata: &'a [u8],
}

/// Where a member answers.
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

pub(crate) fn metadata(bytes: &[u8], kind: GroupType) -> Result<MemberMetadata<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let instance_id = match kind {
        GroupType::Consumer | GroupType::Streams => cursor.nullable_text("instance_id")?,
        GroupType::Share => None,
    };
    let read = MemberMetadata {
        instance_id,
        rack_id: cursor.nullable_text("rack_id")?,
        client_id: cursor.text("client_id")?,
        client_host: cursor.text("client_host")?,
        details: match kind {
            GroupType::Consumer => consumer(&mut cursor)?,
            GroupType::Share => share(&mut cursor)?,
            GroupType::Streams => streams(&mut cursor)?,
        },
    };
    cursor.end("value")?;
    Ok(read)
}

fn consumer<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let topics = List::read(cursor, "subscribed_topic_names", Form::Flexible)?;
    let regex = cursor.nullable_text("subscribed_topic_regex")?;
    let rebalance_timeout = cursor.int32("rebalance_timeout_ms")?;
    let assignor = cursor.nullable_text("server_assignor")?;
    let mut classic = None;
    cursor.tags(|tag, value| {
        if tag == 0 {
            // As a tagged field the struct may be null in spite of being there: a varint of 0.
            let there = value.varint("classic_member_metadata")? > 0;
            classic = if there { Some(classic_member(value)?) } else { None };
        }
        Ok(())
    })?;
    Ok(MemberDetails::Consumer { topics, regex, rebalance_timeout, assignor, classic })
}

fn classic_member<'a>(cursor: &mut Cursor<'a>) -> Result<ClassicMember<'a>, DecodeError> {
    let session_timeout = cursor.int32("session_timeout_ms")?;
    let protocols = List::read(cursor, "supported_protocols", Form::Flexible)?;
    cursor.skip_tags()?;
    Ok(ClassicMember { session_timeout, protocols })
}

fn share<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let topics = List::read(cursor, "subscribed_topic_names", Form::Flexible)?;
    cursor.skip_tags()?;
    Ok(MemberDetails::Share { topics })
}

fn streams<'a>(cursor: &mut Cursor<'a>) -> Result<MemberDetails<'a>, DecodeError> {
    let details = MemberDetails::Streams {
        rebalance_timeout: cursor.int32("rebalance_timeout_ms")?,
        topology_epoch: cursor.int32("topology_epoch")?,
        process_id: cursor.text("process_id")?,
        // Not tagged, so marked by a byte: negative is null.
        endpoint: if cursor.int8("user_endpoint")? < 0 { None } else { Some(endpoint(cursor)?) },
        tags: List::read(cursor, "client_tags", Form::Flexible)?,
    };
    cursor.skip_tags()?;
    Ok(details)
}

fn endpoint<'a>(cursor: &mut Cursor<'a>) -> Result<Endpoint<'a>, DecodeError> {
    let endpoint = Endpoint { host: cursor.text("host")?, port: cursor.uint16("port")? };
    cursor.skip_tags()?;
    Ok(endpoint)
}

impl<'a> Item<'a> for ClassicProtocol<'a> {
    const LEAST: usize = 3;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let protocol = Self { name: cursor.text("name")?, metadata: cursor.bytes("metadata", Form::Flexible)? };
        cursor.skip_tags()?;
        Ok(protocol)
    }
}

impl<'a> Item<'a> for KeyValue<'a> {
    const LEAST: usize = 3;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let pair = Self { key: cursor.text("key")?, value: cursor.text("value")? };
        cursor.skip_tags()?;
        Ok(pair)
    }
}
