//! Assignments of which not all topics are kept, because the number of topics that the metadata does not name is
//! limited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::model::Name;

/// An assignment of which some topics are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The group.
    pub group: String,
    /// Number of topics that are not kept.
    pub topics: usize,
}

/// The number of topics that were not kept, and the first such assignment until it is taken.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    topics: AtomicU64,
    first: Mutex<First>,
}

#[derive(Debug, Default)]
enum First {
    #[default]
    None,
    Held(Cut),
    Taken,
}

impl Cuts {
    /// Counts topics of a group's assignment that are not kept. The number may be 0.
    pub fn count(&self, group: Name<'_>, topics: usize) {
        if topics == 0 {
            return;
        }
        self.topics.fetch_add(u64::try_from(topics).unwrap_or(u64::MAX), Ordering::Relaxed);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*first, First::None) {
            *first = First::Held(Cut { group: group.to_string(), topics });
        }
    }

    pub fn topics(&self) -> u64 {
        self.topics.load(Ordering::Relaxed)
    }

    pub fn take_first(&self) -> Option<Cut> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*first, First::None) {
            return None;
        }
        match std::mem::replace(&mut *first, First::Taken) {
            First::Held(cut) => Some(cut),
            First::None | First::Taken => None,
        }
    }
}
