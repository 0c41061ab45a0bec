//! Names stored as bytes in one buffer. There may be ten thousand of them in each of many groups, so none has an
//! allocation of its own.

use std::cmp::Ordering;
use std::ops::Range;

use crate::model::Name;

use crate::storage::lists::allocation;
use crate::storage::lists::work_counter;

/// Names by index.
#[derive(Debug, Default)]
pub(crate) struct NameBuffer {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// Ranges by name, sorted.
#[derive(Debug, Default)]
pub(crate) struct NamedRanges {
    names: NameBuffer,
    ranges: Vec<Range<u32>>,
}

impl NameBuffer {
    pub fn push(&mut self, name: Name<'_>) {
        self.bytes.extend_from_slice(name.0);
        self.ends.push(narrow(self.bytes.len()));
    }

    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The memory that it takes beside its own size.
    pub const fn heap_bytes(&self) -> usize {
        allocation::list::<u8>(self.bytes.capacity()).saturating_add(allocation::list::<u32>(self.ends.capacity()))
    }

    /// The name with this index. Empty if there is none.
    pub fn get(&self, number: usize) -> Name<'_> {
        work_counter::count(1);
        let end = |number: usize| self.ends.get(number).map(|end| wide(*end));
        let start = number.checked_sub(1).map_or(Some(0), end);
        let bytes = start.zip(end(number)).and_then(|(start, end)| self.bytes.get(start..end));
        Name(bytes.unwrap_or_default())
    }

    /// Frees unused capacity. Called when nothing will be added any more.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

impl NamedRanges {
    /// Adds a range. Its name must come after all names that are there.
    pub fn push(&mut self, name: Name<'_>, range: &Range<usize>) {
        self.names.push(name);
        self.ranges.push(narrow(range.start)..narrow(range.end));
    }

    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// The memory that it takes beside its own size.
    pub const fn heap_bytes(&self) -> usize {
        self.names.heap_bytes().saturating_add(allocation::list::<Range<u32>>(self.ranges.capacity()))
    }

    /// All ranges, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (Name<'_>, Range<usize>)> {
        let ranges = self.ranges.iter().map(|range| wide(range.start)..wide(range.end));
        (0..self.len()).map(|number| self.names.get(number)).zip(ranges)
    }

    pub fn find(&self, name: Name<'_>) -> Option<Range<usize>> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.names.get(middle).cmp(&name) {
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Equal => return self.ranges.get(middle).map(|range| wide(range.start)..wide(range.end)),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Frees unused capacity. Called when nothing will be added any more.
    pub fn shrink(&mut self) {
        self.names.shrink();
        self.ranges.shrink_to_fit();
    }
}

/// Indexes into a record and into what is derived from it, none of which reaches 4 GB.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn wide(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_numbers_and_ranges_by_their_names() {
        let (mut texts, mut ranges) = (NameBuffer::default(), NamedRanges::default());
        let names = ["", "a", "aa", "b"].map(|name| Name(name.as_bytes()));
        for (number, name) in names.into_iter().enumerate() {
            texts.push(name);
            ranges.push(name, &(number..2 * number));
        }
        assert_eq!(std::array::from_fn(|number| texts.get(number)), names);
        assert_eq!((texts.len(), texts.get(4)), (4, Name(b"")));
        let all: Vec<_> = names.into_iter().zip([0..0, 1..2, 2..4, 3..6]).collect();
        assert_eq!(ranges.iter().collect::<Vec<_>>(), all);
        assert!(all.iter().all(|(name, range)| ranges.find(*name).as_ref() == Some(range)));
        assert!([Name(b"ab"), Name(b"0"), Name(b"c")].iter().all(|name| ranges.find(*name).is_none()));
    }
}
