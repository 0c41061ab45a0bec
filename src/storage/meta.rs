//! What a group's own records say, but for its commits.

use std::sync::Arc;

use crate::model::{Order, Timestamp};

use super::SourceId;
use super::names::Label;
use super::update::{GroupKind, MemberUpdate};

/// A live member.
#[derive(Debug)]
pub struct Member {
    /// Its id.
    pub id: Label,
    /// Its client id.
    pub client_id: Label,
    /// Its host, as the record has it.
    pub client_host: Label,
}

/// What the group's own records say.
#[derive(Debug)]
pub(super) struct Meta {
    /// The source, place and time of the newest record.
    pub held: Option<(SourceId, Order, Timestamp)>,
    pub kind: Option<GroupKind>,
    pub protocol_type: Arc<Label>,
    pub protocol: Arc<Label>,
    pub generation: Option<i32>,
    /// Known for classic groups alone.
    pub members: Arc<[Member]>,
}

impl Meta {
    pub fn none() -> Self {
        let empty = Arc::new(Label::new(b""));
        let protocol = Arc::clone(&empty);
        Self { held: None, kind: None, protocol_type: empty, protocol, generation: None, members: Arc::default() }
    }

    /// Orders compare within a source alone; between sources the later time counts, as for commits.
    pub fn is_newer(&self, source: SourceId, order: Order, at: Timestamp) -> bool {
        self.held.is_none_or(|(held, newest, time)| if held == source { newest < order } else { time < at })
    }
}

impl Member {
    pub(super) fn new(update: &MemberUpdate<'_>) -> Self {
        Self {
            id: Label::new(update.id.0),
            client_id: Label::new(update.client_id.0),
            client_host: Label::new(update.client_host.0),
        }
    }
}
