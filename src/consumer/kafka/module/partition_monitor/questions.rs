//! Cuts the partitions of a question into ListOffsets requests, and keeps the requests in flight.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::consumer::kafka::module::source_topics::SourceTopics;
use crate::kafka::{
    IsolationLevel, ListOffsetsPartition, LookupResponse, Lookups, OffsetSpec, PARTITIONS_PER_REQUEST, TopicIndex,
    TopicPartition,
};
use crate::model::{BrokerId, ModuleError};

/// How long to wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is asked about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetQuery {
    /// The log start.
    Start,
    /// The last stable offset.
    End,
    /// The current last stable offset of a partition that has been read up to an earlier one.
    NewEnd,
    /// The high watermark.
    HighWatermark,
    /// The last stable offset of a partition that brings no records although its log grows.
    Stable,
    /// The last stable offset of a partition whose tail may not be readable.
    Tail,
}

/// The requests for log starts and ends of the reader's topics, and those in flight.
pub(super) struct Questions {
    lookups: Lookups,
    /// By tag: the question, and the partitions in the order of the request.
    asked: HashMap<usize, (OffsetQuery, Vec<TopicPartition>)>,
    next_tag: usize,
}

impl Questions {
    /// Starts without a request in flight.
    pub(super) fn new(lookups: Lookups) -> Self {
        Self { lookups, asked: HashMap::new(), next_tag: 0 }
    }

    /// Sends a question about partitions, one request per leader, so that a silent broker affects only its own
    /// partitions. Partitions of which it is already asked are left out.
    pub(super) fn ask(
        &mut self,
        question: OffsetQuery,
        about: &BTreeSet<TopicPartition>,
        leaders: &BTreeMap<TopicPartition, Option<BrokerId>>,
        topics: &SourceTopics,
    ) -> Result<(), ModuleError> {
        let pending: BTreeSet<TopicPartition> = self
            .asked
            .values()
            .filter(|(asked, _)| *asked == question)
            .flat_map(|(_, logs)| logs.iter().copied())
            .collect();
        let mut by_leader: BTreeMap<Option<BrokerId>, Vec<TopicPartition>> = BTreeMap::new();
        for log in about.difference(&pending) {
            by_leader.entry(leaders.get(log).copied().flatten()).or_default().push(*log);
        }
        let (spec, isolation) = match question {
            OffsetQuery::Start => (OffsetSpec::Earliest, IsolationLevel::Uncommitted),
            OffsetQuery::End | OffsetQuery::NewEnd | OffsetQuery::Stable | OffsetQuery::Tail => {
                (OffsetSpec::Latest, IsolationLevel::Committed)
            }
            OffsetQuery::HighWatermark => (OffsetSpec::Latest, IsolationLevel::Uncommitted),
        };
        for chunk in by_leader.values().flat_map(|logs| logs.chunks(PARTITIONS_PER_REQUEST)) {
            let tag = self.next_tag;
            self.next_tag = tag.wrapping_add(1);
            let place = |log: &TopicPartition| ListOffsetsPartition {
                topic: topics.name(log.topic),
                partition: log.partition,
                spec,
            };
            let places = chunk.iter().map(place);
            self.lookups.offsets(tag, places, isolation, TIMEOUT)?;
            self.asked.insert(tag, (question, chunk.to_vec()));
        }
        Ok(())
    }

    /// Asks a broker about one topic by name. The tag of the answer is the topic's index.
    pub(super) fn ask_about_topic(
        &self,
        TopicIndex(tag): TopicIndex,
        name: &str,
        broker: BrokerId,
    ) -> Result<(), ModuleError> {
        self.lookups.topics(tag, broker, &[name], TIMEOUT)
    }

    /// Waits up to `timeout` for the next answer.
    pub(super) fn next_answer(&self, timeout: Duration) -> Option<LookupResponse> {
        self.lookups.next(timeout)
    }

    /// Takes the question that an answer belongs to.
    pub(super) fn take(&mut self, tag: usize) -> Option<(OffsetQuery, Vec<TopicPartition>)> {
        self.asked.remove(&tag)
    }
}
