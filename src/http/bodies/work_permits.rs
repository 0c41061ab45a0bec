//! Permits for making pages and large answers. Their number is small, and a client that stalls on one is cut.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A limited number of permits, taken in order of arrival.
///
/// A page needs a copy of the values, up to 16 MB, until its client has taken it. Waiting clients evict stalled ones.
pub(crate) struct WorkPermits {
    free: Arc<Semaphore>,
    holders: Mutex<Vec<Weak<PermitHolder>>>,
    stall: Duration,
}

/// A permit that is held. Dropping it frees the permit.
pub(crate) struct WorkPermit {
    holder: Arc<PermitHolder>,
    _permit: OwnedSemaphorePermit,
}

struct PermitHolder {
    /// When the client last took a piece. `None` while the server works on the page.
    last_taken: Mutex<Option<Instant>>,
    /// Cuts the client's connection.
    cut: CancellationToken,
}

impl WorkPermit {
    /// Records that the client has taken a piece, or can take the first one from now on.
    pub fn record_taken(&self) {
        *self.holder.last_taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl WorkPermits {
    pub fn new(count: usize, stall: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), holders: Mutex::new(Vec::new()), stall }
    }

    /// Waits for a permit. Holders whose clients have taken nothing for the time `stall` are cut during the wait.
    ///
    /// Returns `None` once the permits are closed.
    pub async fn acquire(&self, cut: CancellationToken) -> Option<WorkPermit> {
        let mut turn = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        let mut look = Instant::now();
        loop {
            tokio::select! {
                biased;
                permit = &mut turn => {
                    let holder = Arc::new(PermitHolder { last_taken: Mutex::new(None), cut });
                    let mut held = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
                    held.retain(|holder| holder.strong_count() > 0);
                    held.push(Arc::downgrade(&holder));
                    return Some(WorkPermit { holder, _permit: permit.ok()? });
                }
                () = tokio::time::sleep_until(look) => look = self.close_stalled(Instant::now()),
            }
        }
    }

    /// Cuts holders whose clients have taken nothing for too long. Returns when to check again.
    fn close_stalled(&self, now: Instant) -> Instant {
        let holds: Vec<_> =
            self.holders.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
        let mut next = now + self.stall;
        for hold in holds {
            let Some(taken) = *hold.last_taken.lock().unwrap_or_else(PoisonError::into_inner) else { continue };
            let due = taken + self.stall;
            if due <= now {
                hold.cut.cancel();
            } else {
                next = next.min(due);
            }
        }
        next
    }

    /// Hands out no more permits, and waits until all held ones are free.
    pub async fn close(&self, count: usize) {
        let all = u32::try_from(count).unwrap_or(u32::MAX);
        // Fails only if the permits are already closed, and then there is nothing to wait for.
        let _ = self.free.acquire_many(all).await;
        self.free.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: usize) -> WorkPermits {
        WorkPermits::new(count, Duration::from_secs(1))
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_once_it_is_given_back() {
        let places = places(1);
        let first = places.acquire(CancellationToken::new()).await;
        assert!(tokio::time::timeout(Duration::from_secs(60), places.acquire(CancellationToken::new())).await.is_err());
        drop(first);
        assert!(places.acquire(CancellationToken::new()).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_a_second_is_cut_while_another_waits() {
        let (places, start) = (places(2), Instant::now());
        let (stalled, steady) = (CancellationToken::new(), CancellationToken::new());
        let first = places.acquire(stalled.clone()).await.unwrap();
        let second = places.acquire(steady.clone()).await.unwrap();
        first.record_taken();
        let keep_taking = async {
            loop {
                second.record_taken();
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        };
        let give_back = async {
            stalled.cancelled().await;
            drop(first);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            place = places.acquire(CancellationToken::new()) => assert!(place.is_some()),
            () = keep_taking => {}
            () = give_back => {}
        }
        assert_eq!(start.elapsed().as_secs(), 1);
        assert!(!steady.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_keeps_the_place_while_nobody_waits() {
        let (places, cut) = (places(2), CancellationToken::new());
        let first = places.acquire(cut.clone()).await.unwrap();
        first.record_taken();
        tokio::time::advance(Duration::from_secs(20)).await;
        drop(places.acquire(CancellationToken::new()).await);
        assert!(!cut.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_us_is_not_taken_for_a_sluggard() {
        let (places, cut) = (places(1), CancellationToken::new());
        let _working = places.acquire(cut.clone()).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(9), places.acquire(CancellationToken::new())).await.is_err());
        assert!(!cut.is_cancelled());
    }
}
