//! The places in which pages and large answers are made: a few at a time, and none for a client that sits on one.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A page costs a copy of the numbers, up to 16 MB, until its client has taken it. So there are few places, taken
/// in order of arrival; and it is who waits that watches those who hold one.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    held: Mutex<Vec<Weak<Hold>>>,
    stall: Duration,
}

/// A place that is held; dropping it frees the place.
pub(crate) struct Place {
    hold: Arc<Hold>,
    _permit: OwnedSemaphorePermit,
}

struct Hold {
    /// When the client took a piece last; `None` while it is we who work.
    taken: Mutex<Option<Instant>>,
    /// Cuts the client's connection.
    cut: CancellationToken,
}

impl Place {
    /// The client has taken a piece, or may take the first one now.
    pub fn taken(&self) {
        *self.hold.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl Places {
    pub fn new(count: usize, stall: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), held: Mutex::new(Vec::new()), stall }
    }

    /// Waits for a place. While it waits, holders whose clients have taken nothing for a while are cut.
    ///
    /// `None` once the places are closed.
    pub async fn take(&self, cut: CancellationToken) -> Option<Place> {
        let mut turn = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        let mut look = Instant::now();
        loop {
            tokio::select! {
                biased;
                permit = &mut turn => {
                    let hold = Arc::new(Hold { taken: Mutex::new(None), cut });
                    let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                    held.retain(|hold| hold.strong_count() > 0);
                    held.push(Arc::downgrade(&hold));
                    return Some(Place { hold, _permit: permit.ok()? });
                }
                () = tokio::time::sleep_until(look) => look = self.cut_stalled(Instant::now()),
            }
        }
    }

    /// Cuts who has taken nothing for too long; answers when to look again.
    fn cut_stalled(&self, now: Instant) -> Instant {
        let holds: Vec<_> =
            self.held.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
        let mut next = now + self.stall;
        for hold in holds {
            let Some(taken) = *hold.taken.lock().unwrap_or_else(PoisonError::into_inner) else { continue };
            let due = taken + self.stall;
            if due <= now {
                hold.cut.cancel();
            } else {
                next = next.min(due);
            }
        }
        next
    }

    /// Gives no more places, and waits until those that are held have been given back.
    pub async fn close(&self, count: usize) {
        let all = u32::try_from(count).unwrap_or(u32::MAX);
        // Fails only when closed before, and then there is nothing to wait for.
        let _ = self.free.acquire_many(all).await;
        self.free.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: usize) -> Places {
        Places::new(count, Duration::from_secs(1))
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_once_it_is_given_back() {
        let places = places(1);
        let first = places.take(CancellationToken::new()).await;
        assert!(tokio::time::timeout(Duration::from_secs(60), places.take(CancellationToken::new())).await.is_err());
        drop(first);
        assert!(places.take(CancellationToken::new()).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_a_second_is_cut_while_another_waits() {
        let (places, start) = (places(2), Instant::now());
        let (stalled, steady) = (CancellationToken::new(), CancellationToken::new());
        let first = places.take(stalled.clone()).await.unwrap();
        let second = places.take(steady.clone()).await.unwrap();
        first.taken();
        let keep_taking = async {
            loop {
                second.taken();
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        };
        let give_back = async {
            stalled.cancelled().await;
            drop(first);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            place = places.take(CancellationToken::new()) => assert!(place.is_some()),
            () = keep_taking => {}
            () = give_back => {}
        }
        assert_eq!(start.elapsed().as_secs(), 1);
        assert!(!steady.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_keeps_the_place_while_nobody_waits() {
        let (places, cut) = (places(2), CancellationToken::new());
        let first = places.take(cut.clone()).await.unwrap();
        first.taken();
        tokio::time::advance(Duration::from_secs(20)).await;
        drop(places.take(CancellationToken::new()).await);
        assert!(!cut.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_us_is_not_taken_for_a_sluggard() {
        let (places, cut) = (places(1), CancellationToken::new());
        let _working = places.take(cut.clone()).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(9), places.take(CancellationToken::new())).await.is_err());
        assert!(!cut.is_cancelled());
    }
}
