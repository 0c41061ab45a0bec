//! The topics that are read, in a reader's order.

use crate::kafka::TopicAt;

/// The offsets topic: commits, members, owners.
pub const OFFSETS: TopicAt = TopicAt(0);
/// How far share groups have come (KIP-932). It comes up with the first of them; many clusters have none.
pub const SHARE_STATE: TopicAt = TopicAt(1);

/// The topics' names.
#[derive(Clone, Debug)]
pub struct Topics {
    names: [String; 2],
}

impl Topics {
    /// With the name that the configuration gives the offsets topic; the other one's is fixed in the broker.
    pub fn new(offsets: &str) -> Self {
        Self { names: [offsets.to_owned(), "__share_group_state".to_owned()] }
    }

    /// All, in order.
    pub fn names(&self) -> [&str; 2] {
        self.names.each_ref().map(String::as_str)
    }

    /// The name of one.
    pub fn name(&self, TopicAt(place): TopicAt) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    /// Which one has a name.
    pub fn find(&self, name: &str) -> Option<TopicAt> {
        self.names.iter().position(|known| known == name).map(TopicAt)
    }
}
