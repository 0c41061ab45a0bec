//! The connections of all servers together: so many at most, for each takes a descriptor that a module may need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::serving::watch::Watch;

/// Connections at the most.
const MOST: usize = 512;
/// Connections that there may be however few descriptors there are: so that operators can still look at the program.
const FEWEST: usize = 16;
/// Descriptors that are left to the modules.
const RESERVED: u64 = 256;

/// The clients that are connected to any of the servers. When there is no room for another one, the one longest silent
/// is cut.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Without those that have been cut, whose tasks are about to end.
    watches: HashMap<u64, Arc<Watch>>,
    admitted: u64,
}

/// A connected client; dropped when its connection is closed.
#[derive(Debug)]
pub(crate) struct Guest {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    /// Room for so many connections.
    #[must_use]
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), open: Mutex::default() })
    }

    /// Room for as many connections as a process that may open so many descriptors can have.
    #[must_use]
    pub fn within(descriptors: u64) -> Arc<Self> {
        let spare = usize::try_from(descriptors.saturating_sub(RESERVED)).unwrap_or(MOST);
        Self::of(spare.clamp(FEWEST, MOST))
    }

    /// How many connections there may be.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }

    /// Whether the descriptors are too few for the usual number of connections.
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.most < MOST
    }

    /// Lets a client in; if there is no room, the one longest silent has to go.
    pub(crate) fn admit(self: &Arc<Self>, watch: Arc<Watch>) -> Guest {
        let mut open = self.open();
        while open.watches.len() >= self.most {
            open.cut_longest_silent();
        }
        open.admitted = open.admitted.wrapping_add(1);
        let number = open.admitted;
        open.watches.insert(number, watch);
        Guest { crowd: Arc::clone(self), number }
    }

    /// Cuts one connection, so that its descriptor is free.
    pub(crate) fn cut_longest_silent(&self) {
        self.open().cut_longest_silent();
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn cut_longest_silent(&mut self) {
        let silent = self.watches.iter().min_by_key(|(_, watch)| watch.moved()).map(|(number, _)| *number);
        if let Some(watch) = silent.and_then(|number| self.watches.remove(&number)) {
            watch.cut.cancel();
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.crowd.open().watches.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_keep_256_descriptors_and_somebody_can_always_look() {
        for (descriptors, most) in
            [(u64::MAX, 512), (1024, 512), (768, 512), (767, 511), (300, 44), (272, 16), (256, 16), (20, 16), (0, 16)]
        {
            let crowd = Crowd::within(descriptors);
            assert_eq!((crowd.most(), crowd.is_restricted()), (most, most < 512), "{descriptors}");
        }
    }
}
