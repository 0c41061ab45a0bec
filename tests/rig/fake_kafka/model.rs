//! What an honest cluster knows.

use std::collections::BTreeMap;

/// Brokers and topics.
#[derive(Debug)]
pub struct Model {
    pub cluster_id: String,
    pub nodes: Vec<Node>,
    pub topics: BTreeMap<String, Topic>,
    topics_made: u128,
}

/// A broker, which listens on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub id: i32,
    pub port: u16,
}

#[derive(Debug)]
pub struct Topic {
    pub id: u128,
    pub partitions: Vec<Log>,
}

/// A partition's log; its first record has offset 0.
#[derive(Debug, Default)]
pub struct Log {
    /// By offset; `None` for one that nobody can read.
    pub records: Vec<Option<Entry>>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub time: i64,
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

impl Default for Model {
    fn default() -> Self {
        Self { cluster_id: "a-fake-cluster".to_owned(), nodes: Vec::new(), topics: BTreeMap::new(), topics_made: 0 }
    }
}

impl Model {
    pub fn next_topic_id(&mut self) -> u128 {
        self.topics_made += 1;
        self.topics_made
    }

    /// The id of the broker that leads a partition: all lead in turn.
    pub fn leader(&self, partition: usize) -> i32 {
        self.nodes[partition % self.nodes.len()].id
    }

    /// The log of a partition as a request names it.
    pub fn log(&self, topic: &str, partition: i32) -> Option<&Log> {
        self.topics.get(topic)?.partitions.get(usize::try_from(partition).ok()?)
    }

    /// The name of the topic with an id.
    pub fn name_of(&self, id: u128) -> Option<&str> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, _)| name.as_str())
    }
}

impl Log {
    pub fn end(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap()
    }

    /// The records from an offset on that can be read, with their offsets.
    pub fn from(&self, offset: i64) -> impl Iterator<Item = (i64, &Entry)> {
        let records = (0..).zip(&self.records).skip(usize::try_from(offset).unwrap());
        records.filter_map(|(offset, record)| Some((offset, record.as_ref()?)))
    }

    /// Offset and time of the first record at or after a time.
    pub fn at(&self, time: i64) -> Option<(i64, i64)> {
        let (found, record) = self.from(0).find(|(_, record)| record.time >= time)?;
        Some((found, record.time))
    }
}
