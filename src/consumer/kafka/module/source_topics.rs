//! The topics that the module reads, in the order of a reader's topics.

use crate::invariant::broken;
use crate::kafka::TopicIndex;

/// The offsets topic: commits, members and owners.
pub const OFFSETS: TopicIndex = TopicIndex(0);
/// The topic with the progress of share groups (KIP-932). Kafka creates it with the first share group; many
/// clusters have none.
pub const SHARE_STATE: TopicIndex = TopicIndex(1);

/// The names of the topics.
#[derive(Clone, Debug)]
pub struct SourceTopics {
    names: [String; 2],
}

impl SourceTopics {
    /// `offsets` is the configured name of the offsets topic. The name of the other topic is fixed in the broker.
    pub fn new(offsets: &str) -> Self {
        Self { names: [offsets.to_owned(), "__share_group_state".to_owned()] }
    }

    /// All names, in order.
    pub fn names(&self) -> [&str; 2] {
        self.names.each_ref().map(String::as_str)
    }

    /// The name of a topic.
    pub fn name(&self, TopicIndex(place): TopicIndex) -> &str {
        let name = self.names.get(place);
        if name.is_none() {
            broken("a topic is one of the reader's");
        }
        name.map_or("", String::as_str)
    }

    /// The topic with a name, if it is one of these.
    pub fn find(&self, name: &str) -> Option<TopicIndex> {
        self.names.iter().position(|known| known == name).map(TopicIndex)
    }
}
