//! Topics that groups name and the metadata does not: whether each does not exist, or may not be described. Pure.
//!
//! An answer for all topics leaves both out. Asked by name, a broker tells them apart: a topic that may not be
//! described is refused whether it exists or not, any other that does not exist is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::kafka::ErrorCode;

/// The pause before a refused topic is asked about again. It doubles each time, up to an hour: once the right is
/// granted, the metadata for all topics names the topic anyway.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LAST_PAUSE: Duration = Duration::from_secs(3600);
/// Maximum number of refused topics, because each question about one costs a line of the broker's log.
const REFUSED: usize = 100;
/// Maximum number of topics that are remembered.
const REMEMBERED: usize = 10_000;

/// What brokers have answered about the topics.
#[derive(Debug, Default)]
pub(super) struct UnnamedTopics {
    topics: BTreeMap<String, UnnamedTopic>,
}

#[derive(Clone, Copy, Debug)]
struct UnnamedTopic {
    is_refused: bool,
    pause: Duration,
    due: Instant,
}

impl UnnamedTopics {
    /// Forgets the topics that are not among `unnamed`.
    pub(super) fn retain(&mut self, unnamed: &BTreeSet<String>) {
        self.topics.retain(|name, _| unnamed.contains(name));
    }

    /// The topics to ask about.
    pub(super) fn due(&self, unnamed: &BTreeSet<String>, now: Instant) -> Vec<String> {
        let again = self.topics.iter().filter(|(_, topic)| topic.due <= now).map(|(name, _)| name);
        let room = REFUSED.saturating_sub(self.refused()).min(REMEMBERED.saturating_sub(self.topics.len()));
        let fresh = unnamed.iter().filter(|name| !self.topics.contains_key(*name) && is_legal(name)).take(room);
        again.take(REFUSED).chain(fresh).cloned().collect()
    }

    /// Records what a broker answered about a topic; `None` for no error. Returns whether the topic is refused, and
    /// `None` when the answer says nothing about that.
    pub(super) fn record_answer(&mut self, name: &str, error: Option<ErrorCode>, now: Instant) -> Option<bool> {
        let is_refused = match error {
            None | Some(ErrorCode::UNKNOWN_TOPIC_OR_PART) => false,
            Some(code) if code.is_refusal() => true,
            Some(_) => return None,
        };
        let before = self.topics.get(name).filter(|topic| topic.is_refused == is_refused);
        let has_room = if is_refused { self.refused() < REFUSED } else { self.topics.len() < REMEMBERED };
        if before.is_none() && !has_room {
            return None;
        }
        let first = if is_refused { FIRST_PAUSE } else { LAST_PAUSE };
        let pause = before.map_or(first, |topic| topic.pause.saturating_mul(2).min(LAST_PAUSE));
        let due = now.checked_add(pause).unwrap_or(now);
        self.topics.insert(name.to_owned(), UnnamedTopic { is_refused, pause, due });
        Some(is_refused)
    }

    /// The number of topics that are refused.
    pub(super) fn refused(&self) -> usize {
        self.topics.values().filter(|topic| topic.is_refused).count()
    }
}

/// Whether Kafka allows a topic of this name. A broker would not accept a request with any other name.
fn is_legal(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && name.bytes().all(legal) && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: Option<ErrorCode> = Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    const ABSENT: Option<ErrorCode> = Some(ErrorCode::UNKNOWN_TOPIC_OR_PART);

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_refused_topic_is_asked_about_less_and_less_often() {
        let (mut topics, mut now) = (UnnamedTopics::default(), Instant::now());
        let unnamed = names(["orders"]);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert_eq!(topics.due(&unnamed, now), ["orders"]);
            assert_eq!(topics.record_answer("orders", DENIED, now), Some(true));
            let minutes = (0..).find(|minutes| !topics.due(&unnamed, now + FIRST_PAUSE * *minutes).is_empty());
            pauses.push(minutes.unwrap());
            now += FIRST_PAUSE * minutes.unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_topic_that_is_named_again_is_forgotten() {
        let (mut topics, now) = (UnnamedTopics::default(), Instant::now());
        topics.record_answer("gone", ABSENT, now);
        topics.record_answer("orders", DENIED, now);
        topics.retain(&names(["gone", "orders"]));
        assert_eq!((topics.refused(), topics.due(&names(["gone", "orders"]), now)), (1, vec![]));
        topics.retain(&names(["gone"]));
        assert_eq!((topics.refused(), topics.due(&names(["gone", "orders"]), now)), (0, vec!["orders".to_owned()]));
    }

    #[test]
    fn an_answer_that_tells_nothing_changes_nothing() {
        let (mut topics, now) = (UnnamedTopics::default(), Instant::now());
        let unnamed = names(["orders"]);
        assert_eq!(topics.record_answer("orders", Some(ErrorCode::LEADER_NOT_AVAILABLE), now), None);
        assert_eq!(topics.due(&unnamed, now), ["orders"]);
        assert_eq!(topics.record_answer("orders", DENIED, now), Some(true));
        assert_eq!(topics.record_answer("orders", ABSENT, now), Some(false));
        assert_eq!(topics.due(&unnamed, now + LAST_PAUSE - FIRST_PAUSE), [""; 0]);
    }

    #[test]
    fn neither_many_refused_topics_nor_many_names_are_asked_about_without_end() {
        let (mut topics, now) = (UnnamedTopics::default(), Instant::now());
        let many: BTreeSet<String> = (0..20_000).map(|number| format!("topic-{number}")).collect();
        let first = topics.due(&many, now);
        assert_eq!(first.len(), 100);
        let told = first.iter().filter(|name| topics.record_answer(name, DENIED, now) == Some(true)).count();
        assert_eq!((told, topics.due(&many, now).len()), (100, 0));
        assert_eq!(topics.record_answer("another", DENIED, now), None);
        let mut absent = UnnamedTopics::default();
        let mut asked = 0;
        loop {
            let due = absent.due(&many, now);
            asked += due.len();
            for name in &due {
                absent.record_answer(name, ABSENT, now);
            }
            if due.is_empty() {
                break;
            }
        }
        assert_eq!(asked, 10_000);
    }

    #[test]
    fn names_that_kafka_does_not_allow_are_not_asked_about() {
        let (topics, now) = (UnnamedTopics::default(), Instant::now());
        let long = "x".repeat(250);
        let unnamed = names(["", ".", "..", "a/b", "\u{e9}", &long, "a.b_c-D1"]);
        assert_eq!(topics.due(&unnamed, now), ["a.b_c-D1"]);
    }
}
