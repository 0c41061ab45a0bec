//! Assignments of which not all topics are kept, because the number of topics that the metadata does not name is
//! limited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::model::Name;

/// An assignment of which some topics are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedTopics {
    /// The group.
    pub group: String,
    /// Number of topics that are not kept.
    pub topics: usize,
}

/// The number of topics that were not kept, and the first such assignment until it is taken.
#[derive(Debug, Default)]
pub(crate) struct DroppedTopicCounter {
    topics: AtomicU64,
    first: Mutex<FirstDropped>,
}

#[derive(Debug, Default)]
enum FirstDropped {
    #[default]
    None,
    Held(DroppedTopics),
    Taken,
}

impl DroppedTopicCounter {
    /// Counts topics of a group's assignment that are not kept. The number may be 0.
    pub fn count(&self, group: Name<'_>, topics: usize) {
        if topics == 0 {
            return;
        }
        self.topics.fetch_add(u64::try_from(topics).unwrap_or(u64::MAX), Ordering::Relaxed);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*first, FirstDropped::None) {
            *first = FirstDropped::Held(DroppedTopics { group: group.to_string(), topics });
        }
    }

    pub fn topics(&self) -> u64 {
        self.topics.load(Ordering::Relaxed)
    }

    pub fn take_first(&self) -> Option<DroppedTopics> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*first, FirstDropped::None) {
            return None;
        }
        match std::mem::replace(&mut *first, FirstDropped::Taken) {
            FirstDropped::Held(cut) => Some(cut),
            FirstDropped::None | FirstDropped::Taken => None,
        }
    }
}
