//! The log ends of the last refreshes that read one. From them the status rules see whether a group was at the end a
//! moment ago. They are independent of the time index.

use std::num::NonZeroUsize;

use crate::model::Offset;
use crate::storage::lists::allocation;

/// At most as many log ends as a window holds commits. There is one list per partition, so it grows only as needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogEnds {
    /// A ring buffer, in order from `oldest` on.
    cells: Vec<Offset>,
    oldest: usize,
}

impl LogEnds {
    /// Adds the newest log end. The oldest leaves when `capacity` is reached.
    pub fn push(&mut self, end: Offset, capacity: NonZeroUsize) {
        let most = capacity.get();
        if self.oldest > 0 && self.cells.len() != most || self.cells.len() > most {
            // The capacity has changed.
            let oldest = self.oldest.min(self.cells.len());
            self.cells.rotate_left(oldest);
            self.oldest = 0;
            let surplus = self.cells.len().saturating_sub(most);
            self.cells.drain(..surplus);
        }
        if self.cells.len() < most {
            if self.cells.len() == self.cells.capacity() {
                // Doubled, but never beyond `capacity`.
                let room = most.saturating_sub(self.cells.len()).min(self.cells.len().max(1));
                self.cells.reserve_exact(room);
            }
            self.cells.push(end);
        } else if let Some(oldest) = self.cells.get_mut(self.oldest) {
            *oldest = end;
            self.oldest = self.oldest.saturating_add(1) % most;
        }
    }

    /// The memory that it takes beside its own size.
    pub const fn heap_bytes(&self) -> usize {
        allocation::list::<Offset>(self.cells.capacity())
    }

    /// All log ends, in no particular order.
    pub fn as_slice(&self) -> &[Offset] {
        &self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let (mut ends, four) = (LogEnds::default(), NonZeroUsize::new(4).unwrap());
        for end in 0..11 {
            ends.push(Offset(end), four);
            let mut held = ends.as_slice().to_vec();
            held.sort_unstable();
            assert_eq!(held, ((end - 3).max(0)..=end).map(Offset).collect::<Vec<_>>());
        }
        assert_eq!(ends.cells.capacity(), 4);
    }

    #[test]
    fn the_last_ones_are_kept_when_the_capacity_changes() {
        let mut ends = LogEnds::default();
        let push = |ends: &mut LogEnds, numbers: std::ops::Range<i64>, capacity: usize| {
            numbers.for_each(|end| ends.push(Offset(end), NonZeroUsize::new(capacity).unwrap()));
            let mut held = ends.as_slice().to_vec();
            held.sort_unstable();
            held.into_iter().map(|Offset(end)| end).collect::<Vec<_>>()
        };
        assert_eq!(push(&mut ends, 0..6, 4), [2, 3, 4, 5]);
        assert_eq!(push(&mut ends, 6..7, 2), [5, 6]);
        assert_eq!(push(&mut ends, 7..8, 4), [5, 6, 7]);
        assert_eq!(push(&mut ends, 8..11, 4), [7, 8, 9, 10]);
    }

    #[test]
    fn one_is_the_least() {
        let mut ends = LogEnds::default();
        (0..3).for_each(|end| ends.push(Offset(end), NonZeroUsize::MIN));
        assert_eq!(ends.as_slice(), [Offset(2)]);
    }
}
