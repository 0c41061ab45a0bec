//! The limit of connections over all servers. Each connection takes a file descriptor that a module may need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::serving::connection_watch::ConnectionWatch;

/// Maximum number of connections.
const MOST: usize = 512;
/// Number of connections that are allowed however few descriptors there are, so that operators can still reach the
/// program.
const FEWEST: usize = 16;
/// Number of descriptors that are reserved for the modules.
const RESERVED: u64 = 256;

/// The connected clients of all servers. When there is no room for another one, the client that has been silent for the
/// longest time is cut.
#[derive(Debug)]
pub struct ConnectionLimit {
    max_connections: usize,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    /// Watches of the open connections by number, without those that have been cut and whose tasks are about to end.
    watches: HashMap<u64, Arc<ConnectionWatch>>,
    admitted: u64,
}

/// A connected client. Dropped when its connection is closed.
#[derive(Debug)]
pub(crate) struct AdmittedConnection {
    limit: Arc<ConnectionLimit>,
    number: u64,
}

impl ConnectionLimit {
    /// Allows at most `most` connections, at least 1.
    #[must_use]
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { max_connections: most.max(1), open: Mutex::default() })
    }

    /// Allows as many connections as suit a process that may open this many file descriptors.
    #[must_use]
    pub fn for_descriptors(descriptors: u64) -> Arc<Self> {
        let spare = usize::try_from(descriptors.saturating_sub(RESERVED)).unwrap_or(MOST);
        Self::new(spare.clamp(FEWEST, MOST))
    }

    /// Maximum number of connections.
    #[must_use]
    pub const fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// Whether the descriptor limit lowers the maximum number of connections.
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.max_connections < MOST
    }

    /// Admits a client. If there is no room, the client that has been silent for the longest time is cut.
    pub(crate) fn admit(self: &Arc<Self>, watch: Arc<ConnectionWatch>) -> AdmittedConnection {
        let mut open = self.open();
        while open.watches.len() >= self.max_connections {
            open.close_longest_silent();
        }
        open.admitted = open.admitted.wrapping_add(1);
        let number = open.admitted;
        open.watches.insert(number, watch);
        AdmittedConnection { limit: Arc::clone(self), number }
    }

    /// Cuts the connection that has been silent for the longest time, which frees its descriptor.
    pub(crate) fn close_longest_silent(&self) {
        self.open().close_longest_silent();
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    fn close_longest_silent(&mut self) {
        let silent = self.watches.iter().min_by_key(|(_, watch)| watch.last_activity()).map(|(number, _)| *number);
        if let Some(watch) = silent.and_then(|number| self.watches.remove(&number)) {
            watch.cut.cancel();
        }
    }
}

impl Drop for AdmittedConnection {
    fn drop(&mut self) {
        self.limit.open().watches.remove(&self.number);
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
            let crowd = ConnectionLimit::for_descriptors(descriptors);
            assert_eq!((crowd.max_connections(), crowd.is_restricted()), (most, most < 512), "{descriptors}");
        }
    }
}
