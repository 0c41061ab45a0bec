//! Which topics may be read. Pure: the time is an argument.
//!
//! librdkafka repeats a refused fetch every second, for each partition. So one partition of a topic is read first; the
//! others follow once it was answered. When a topic is refused, the reader stops all its partitions, and a minute later
//! reads one of them again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::kafka::{TopicIndex, TopicPartition};

use super::reader_progress::ReadablePartition;

/// The time between two attempts to read a topic that was refused.
const REFUSED: Duration = Duration::from_secs(60);
/// How long the other partitions of a topic wait for the first one to be answered. Its leader has answered before, or
/// its bounds would not be known, but may be down by now.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which topics are read, and the partitions that wait for that.
#[derive(Debug, Default)]
pub struct ReadingRights {
    topics: BTreeMap<TopicIndex, TopicAccess>,
    /// Partitions that have not been read yet.
    waiting: BTreeMap<TopicPartition, ReadablePartition>,
    /// Partitions whose reading was stopped.
    stopped: BTreeSet<TopicPartition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TopicAccess {
    /// All partitions are read. `is_answered` says whether any of them was answered.
    Open { is_answered: bool },
    /// One partition is read, until its answer shows whether the topic may be read.
    Trying { log: TopicPartition, until: Instant },
    /// Nothing is read.
    Closed { until: Instant },
}

/// What to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStep {
    /// Read it for the first time.
    Begin(ReadablePartition),
    /// Go on at its position.
    Resume(TopicPartition),
}

impl ReadingRights {
    /// Adds a partition to read.
    pub fn add(&mut self, begin: ReadablePartition) {
        self.stopped.remove(&begin.log);
        self.waiting.insert(begin.log, begin);
    }

    /// Whether all partitions of a topic are read.
    pub fn is_open(&self, topic: TopicIndex) -> bool {
        matches!(self.topics.get(&topic), Some(TopicAccess::Open { .. }))
    }

    /// The partitions that are read to see whether their topics may be read.
    pub fn trials(&self) -> Vec<TopicPartition> {
        let trial = |access: &TopicAccess| match access {
            TopicAccess::Trying { log, .. } => Some(*log),
            TopicAccess::Open { .. } | TopicAccess::Closed { .. } => None,
        };
        self.topics.values().filter_map(trial).collect()
    }

    /// Whether any partition of a topic is read.
    pub fn is_read(&self, topic: TopicIndex) -> bool {
        matches!(self.topics.get(&topic), Some(TopicAccess::Open { .. } | TopicAccess::Trying { .. }))
    }

    /// Takes what is due. `may_describe` says whether a topic may be described, without which it is not tried.
    pub fn take_due(&mut self, now: Instant, may_describe: impl Fn(TopicIndex) -> bool) -> Vec<ReadStep> {
        let topics: BTreeSet<TopicIndex> = self.waiting.keys().chain(&self.stopped).map(|log| log.topic).collect();
        let mut steps = Vec::new();
        for topic in topics {
            let start = TopicAccess::Closed { until: now };
            match self.topics.get(&topic).copied().unwrap_or(start) {
                TopicAccess::Closed { until } if until <= now && may_describe(topic) => {
                    if let Some((log, step)) = self.take_first(topic) {
                        self.topics.insert(topic, TopicAccess::Trying { log, until: now + PATIENCE });
                        steps.push(step);
                    }
                }
                TopicAccess::Trying { until, .. } if now < until => {}
                TopicAccess::Trying { .. } => {
                    self.topics.insert(topic, TopicAccess::Open { is_answered: false });
                    steps.extend(self.take_all(topic));
                }
                TopicAccess::Open { .. } => steps.extend(self.take_all(topic)),
                TopicAccess::Closed { .. } => {}
            }
        }
        steps
    }

    /// Records that a topic was read. Returns whether that was not known before.
    pub fn record_answer(&mut self, topic: TopicIndex) -> bool {
        let access = self.topics.get(&topic);
        let is_news = matches!(access, Some(TopicAccess::Trying { .. } | TopicAccess::Open { is_answered: false }));
        if is_news {
            self.topics.insert(topic, TopicAccess::Open { is_answered: true });
        }
        is_news
    }

    /// Records that a topic may not be read. Its partitions that are being read, `reading`, have to be stopped.
    pub fn close(&mut self, topic: TopicIndex, reading: impl Iterator<Item = TopicPartition>, now: Instant) {
        let closed = TopicAccess::Closed { until: now + REFUSED };
        self.topics.insert(topic, closed);
        self.stopped.extend(reading.filter(|log| log.topic == topic));
    }

    /// Records that the reader was replaced, so that no partition is read any more on trial.
    pub fn restart_trials(&mut self, now: Instant) {
        for access in self.topics.values_mut() {
            if let TopicAccess::Trying { log, .. } = *access {
                self.stopped.insert(log);
                *access = TopicAccess::Closed { until: now };
            }
        }
    }

    /// Takes the partition that is tried first. The answer about one with records comes at once.
    fn take_first(&mut self, topic: TopicIndex) -> Option<(TopicPartition, ReadStep)> {
        let of_topic = |log: &&TopicPartition| log.topic == topic;
        let has_records = |log: &&TopicPartition| self.waiting.get(log).is_some_and(|begin| begin.start < begin.end);
        let mut waiting = self.waiting.keys().filter(of_topic);
        let first = waiting.clone().find(has_records).or_else(|| waiting.next()).copied();
        if let Some(begin) = first.and_then(|log| self.waiting.remove(&log)) {
            return Some((begin.log, ReadStep::Begin(begin)));
        }
        let first = self.stopped.iter().find(of_topic).copied()?;
        self.stopped.remove(&first);
        Some((first, ReadStep::Resume(first)))
    }

    fn take_all(&mut self, topic: TopicIndex) -> Vec<ReadStep> {
        let waiting = self.waiting.extract_if(.., |log, _| log.topic == topic);
        let begun = waiting.map(|(_, begin)| ReadStep::Begin(begin));
        let stopped = self.stopped.extract_if(.., |log| log.topic == topic);
        begun.chain(stopped.map(ReadStep::Resume)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_topics::{OFFSETS, SHARE_STATE};
    use super::*;
    use crate::model::{Offset, Partition};

    fn begin(topic: TopicIndex, partition: i32, end: i64) -> ReadablePartition {
        let log = TopicPartition { topic, partition: Partition(partition) };
        ReadablePartition { log, start: Offset(0), end: Offset(end), late: false }
    }

    fn due(rights: &mut ReadingRights, now: Instant) -> Vec<ReadStep> {
        rights.take_due(now, |_| true)
    }

    #[test]
    fn the_first_partition_with_records_is_tried_and_the_others_follow_its_answer() {
        let (mut rights, now) = (ReadingRights::default(), Instant::now());
        let parts = [begin(OFFSETS, 0, 0), begin(OFFSETS, 1, 5), begin(OFFSETS, 2, 7)];
        parts.into_iter().for_each(|part| rights.add(part));
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(parts[1])]);
        assert_eq!(due(&mut rights, now), []);
        assert!(rights.record_answer(OFFSETS));
        assert!(!rights.record_answer(OFFSETS));
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(parts[0]), ReadStep::Begin(parts[2])]);
        assert!(rights.is_open(OFFSETS));
        rights.add(begin(OFFSETS, 3, 0));
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(begin(OFFSETS, 3, 0))]);
    }

    #[test]
    fn a_partition_that_is_not_answered_holds_the_others_up_for_a_while() {
        let (mut rights, now) = (ReadingRights::default(), Instant::now());
        [0, 1].into_iter().for_each(|partition| rights.add(begin(OFFSETS, partition, 0)));
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(begin(OFFSETS, 0, 0))]);
        assert_eq!(due(&mut rights, now + PATIENCE / 2), []);
        assert_eq!(due(&mut rights, now + PATIENCE), [ReadStep::Begin(begin(OFFSETS, 1, 0))]);
        assert!(rights.record_answer(OFFSETS), "a late answer is an answer, too");
        assert!(!rights.record_answer(OFFSETS));
    }

    #[test]
    fn a_refused_topic_is_tried_with_one_partition_a_minute() {
        let (mut rights, mut now) = (ReadingRights::default(), Instant::now());
        let logs = [0, 1, 2].map(|partition| begin(OFFSETS, partition, 9).log);
        logs.into_iter().for_each(|log| rights.add(begin(OFFSETS, log.partition.0, 9)));
        due(&mut rights, now);
        rights.record_answer(OFFSETS);
        due(&mut rights, now);
        rights.close(OFFSETS, logs.into_iter(), now);
        assert!(!rights.is_read(OFFSETS));
        for _ in 0..5 {
            assert_eq!(due(&mut rights, now + REFUSED - PATIENCE), []);
            now += REFUSED;
            assert_eq!(due(&mut rights, now), [ReadStep::Resume(logs[0])]);
            assert!(rights.is_read(OFFSETS) && !rights.is_open(OFFSETS));
            rights.close(OFFSETS, logs.into_iter(), now);
        }
        now += REFUSED;
        assert_eq!(due(&mut rights, now), [ReadStep::Resume(logs[0])]);
        assert_eq!(due(&mut rights, now + PATIENCE / 2), []);
        assert!(rights.record_answer(OFFSETS));
        assert_eq!(due(&mut rights, now), [ReadStep::Resume(logs[1]), ReadStep::Resume(logs[2])]);
    }

    #[test]
    fn a_topic_that_may_not_be_described_is_not_tried_and_costs_no_other() {
        let (mut rights, now) = (ReadingRights::default(), Instant::now());
        rights.add(begin(OFFSETS, 0, 9));
        rights.add(begin(SHARE_STATE, 0, 9));
        let steps = rights.take_due(now, |topic| topic != OFFSETS);
        assert_eq!(steps, [ReadStep::Begin(begin(SHARE_STATE, 0, 9))]);
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(begin(OFFSETS, 0, 9))]);
    }

    #[test]
    fn a_trial_is_repeated_with_a_new_reader() {
        let (mut rights, now) = (ReadingRights::default(), Instant::now());
        [0, 1].into_iter().for_each(|partition| rights.add(begin(OFFSETS, partition, 9)));
        due(&mut rights, now);
        rights.restart_trials(now);
        assert_eq!(due(&mut rights, now), [ReadStep::Begin(begin(OFFSETS, 1, 9))]);
        rights.record_answer(OFFSETS);
        assert_eq!(due(&mut rights, now), [ReadStep::Resume(begin(OFFSETS, 0, 9).log)]);
    }
}
