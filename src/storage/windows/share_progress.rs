//! The state of a share group in one partition. Its members finish records out of order.

use crate::model::{Offset, Partition};

use crate::storage::lists::allocation;
use crate::storage::lists::work_counter;

/// The largest number of ranges. By default a broker lets members hold 2,000 records of a partition.
const MOST: usize = 4096;

/// See the module documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShareProgress {
    /// The start offset, as the broker writes it: all records before it are finished. It may lag behind.
    pub start: Offset,
    /// The number of finished records from the start offset on. Brokers before 4.2 do not write it.
    pub done: Option<u32>,
    /// The first record that is not finished.
    first_unfinished: Offset,
    /// Finished records after `first_unfinished`: the first and the last of each range. Sorted, with a gap between
    /// neighbours.
    finished: Vec<(Offset, Offset)>,
}

impl ShareProgress {
    /// The state from a snapshot. The ranges may be in any order.
    pub fn new(start: Offset, done: Option<u32>, finished: &[(Offset, Offset)]) -> Self {
        let mut progress = Self { start, done, first_unfinished: start, finished: Vec::new() };
        progress.add_finished(finished);
        progress
    }

    /// The state after an update. A start offset that goes back is a new beginning: what was finished before is
    /// forgotten.
    pub fn updated(&self, moved_to: Option<Offset>, done: Option<u32>, finished: &[(Offset, Offset)]) -> Self {
        let start = moved_to.unwrap_or(self.start);
        if start < self.start {
            return Self::new(start, done, finished);
        }
        let mut progress =
            Self { start, done, first_unfinished: self.first_unfinished.max(start), finished: self.finished.clone() };
        progress.add_finished(finished);
        progress
    }

    /// The first record that is not finished.
    pub const fn first_unfinished(&self) -> Offset {
        self.first_unfinished
    }

    /// The memory of a state in a map by partition, whose nodes are two thirds full.
    pub fn bytes(&self) -> usize {
        allocation::map_entries::<Partition, Self>(1)
            .saturating_add(allocation::list::<(Offset, Offset)>(self.finished.capacity()))
    }

    fn add_finished(&mut self, more: &[(Offset, Offset)]) {
        let mut ranges = std::mem::take(&mut self.finished);
        ranges.extend(more);
        for (first, last) in joined(ranges) {
            if first <= self.first_unfinished {
                self.first_unfinished = self.first_unfinished.max(last.next());
            } else {
                self.finished.push((first, last));
            }
        }
        // The ranges furthest ahead matter least, because unfinished records lie before them.
        self.finished.truncate(MOST);
        self.finished.shrink_to_fit();
    }
}

/// The ranges of a record, limited to what can be kept: sorted, with a gap between neighbours.
pub(crate) fn joined_and_limited(ranges: &[(Offset, Offset)]) -> Vec<(Offset, Offset)> {
    let mut ranges = joined(ranges.to_vec());
    ranges.truncate(MOST);
    ranges
}

fn joined(mut ranges: Vec<(Offset, Offset)>) -> Vec<(Offset, Offset)> {
    work_counter::count(ranges.len());
    ranges.retain(|(first, last)| first <= last);
    ranges.sort_unstable();
    // Each range is joined with the one before it if they touch.
    ranges.dedup_by(|(first, last), (_, before)| {
        let touches = *first <= before.next();
        if touches {
            *before = (*before).max(*last);
        }
        touches
    });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(list: &[(i64, i64)]) -> Vec<(Offset, Offset)> {
        list.iter().map(|(first, last)| (Offset(*first), Offset(*last))).collect()
    }

    fn new(start: i64, list: &[(i64, i64)]) -> ShareProgress {
        ShareProgress::new(Offset(start), None, &ranges(list))
    }

    fn held(progress: &ShareProgress) -> (i64, Vec<(i64, i64)>) {
        let finished = progress.finished.iter().map(|(first, last)| (first.0, last.0)).collect();
        (progress.first_unfinished.0, finished)
    }

    #[test]
    fn the_first_record_that_is_left_comes_after_all_that_are_finished_without_a_gap() {
        assert_eq!(held(&new(10, &[])), (10, vec![]));
        assert_eq!(held(&new(10, &[(14, 15), (10, 11)])), (12, vec![(14, 15)]));
        assert_eq!(held(&new(10, &[(13, 15), (12, 12), (10, 11)])), (16, vec![]));
        assert_eq!(held(&new(10, &[(3, 4), (8, 20), (30, 29)])), (21, vec![]));
        assert_eq!(held(&new(10, &[(20, 21), (12, 15), (22, 30), (14, 14)])), (10, vec![(12, 15), (20, 30)]));
    }

    #[test]
    fn changes_add_to_what_is_known() {
        let progress = new(10, &[(12, 13)]).updated(None, Some(3), &ranges(&[(10, 10), (20, 20)]));
        assert_eq!(
            (progress.start, progress.done, held(&progress)),
            (Offset(10), Some(3), (11, vec![(12, 13), (20, 20)]))
        );
        let progress = progress.updated(Some(Offset(12)), Some(3), &[]);
        assert_eq!((progress.start, held(&progress)), (Offset(12), (14, vec![(20, 20)])));
    }

    #[test]
    fn a_start_offset_that_was_set_back_is_a_new_beginning() {
        let progress = new(10, &[(10, 13), (20, 30)]).updated(Some(Offset(5)), Some(0), &[]);
        assert_eq!(held(&progress), (5, vec![]));
    }

    #[test]
    fn what_nobody_would_write_costs_a_bounded_place() {
        let many: Vec<(i64, i64)> = (0..10_000).map(|number| (number * 2 + 1, number * 2 + 1)).collect();
        assert_eq!((new(0, &many).finished.len(), joined_and_limited(&ranges(&many)).len()), (MOST, MOST));
        assert_eq!(held(&new(0, &[(i64::MIN, i64::MAX), (5, 6)])), (i64::MAX, vec![]));
    }
}
