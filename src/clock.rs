//! Reads the clocks. Times are read at the edge of the program and passed on as arguments.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::{info, warn};

use crate::model::{Tick, Timestamp};
use crate::wall_clock::{ClockChange, ExpiryTime, WallClock};

/// The current wall clock time, in Unix milliseconds.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The current time of the monotonic clock, which is never set.
#[must_use]
pub fn tick() -> Tick {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Tick(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// The current wall clock time, and whether anything may expire by it. A process has one wall clock, so its state
/// is shared by all callers and a jump is logged once.
#[must_use]
pub fn expiry_time() -> ExpiryTime {
    static WALL: Mutex<WallClock> = Mutex::new(WallClock::new());
    let (as_of, change) = WALL.lock().unwrap_or_else(PoisonError::into_inner).compare_clocks(now(), tick());
    match change {
        Some(ClockChange::Jumped(by)) => {
            warn!(seconds = by / 1000, "the wall clock has jumped: nothing expires for ten minutes");
        }
        Some(ClockChange::Trusted) => info!("the wall clock is believed again: groups may expire"),
        None => {}
    }
    as_of
}

/// The instant `wait` after `now`; `now` itself if that cannot be represented.
#[must_use]
pub fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
