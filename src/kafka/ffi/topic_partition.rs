//! How a reader names the partitions of its topics.

use crate::model::Partition;

/// The index of a topic in the list of a reader's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIndex(pub usize);

/// One partition of one of a reader's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicIndex,
    /// The partition.
    pub partition: Partition,
}
