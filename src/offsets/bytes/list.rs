//! Lists of a record, which stay where they are until somebody asks for an item.

use std::fmt;
use std::marker::PhantomData;

use crate::model::{Name, Partition};
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::{DecodeError, Problem};

/// The items of a list, read as they are asked for. They were all read once when the record was, so there are as
/// many as [`ExactSizeIterator::len`] says. Two lists are equal when their items are.
pub struct List<'a, T> {
    bytes: &'a [u8],
    count: usize,
    items: PhantomData<fn() -> T>,
}

/// The partitions of a topic, in the order that they stand in.
pub type Partitions<'a> = List<'a, Partition>;

/// What a list can hold.
pub trait Item<'a>: Sized {
    /// The fewest bytes that one takes, 1 at least: a count is checked against the bytes that are left by it.
    const LEAST: usize;

    /// Reads one, and all that it holds.
    ///
    /// # Errors
    /// Bytes that are not laid out so.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError>;
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// A list that may not be null.
    pub(crate) fn read(cursor: &mut Cursor<'a>, field: &'static str, form: Form) -> Result<Self, DecodeError> {
        let count = cursor.count(field, form, T::LEAST)?;
        let start = *cursor;
        for _ in 0..count {
            T::read(cursor)?;
        }
        Ok(Self::of(cursor.since(&start), count))
    }
}

impl<'a, T> List<'a, T> {
    /// So many items, one after the other.
    pub(crate) const fn of(bytes: &'a [u8], count: usize) -> Self {
        Self { bytes, count, items: PhantomData }
    }

    /// A list of nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self::of(&[], 0)
    }

    /// The items that were not asked for yet, as they stand in the record.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a, T: Item<'a>> Iterator for List<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.count = self.count.checked_sub(1)?;
        let mut cursor = Cursor::new(self.bytes);
        let item = T::read(&mut cursor).ok()?;
        self.bytes = cursor.rest();
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl<'a, T: Item<'a>> ExactSizeIterator for List<'a, T> {}

// Not derived: a list can be copied and compared whatever it holds.
impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<'a, T: Item<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && Iterator::eq(*self, *other)
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<'a> Item<'a> for Name<'a> {
    const LEAST: usize = 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        cursor.string("name", Form::Flexible).map(Name)
    }
}

impl<'a> Item<'a> for Partition {
    const LEAST: usize = 4;

    #[inline]
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let start = *cursor;
        let partition = cursor.int32("partition")?;
        if partition < 0 {
            return Err(start.error("partition", Problem::Partition { found: partition }));
        }
        Ok(Self(partition))
    }
}

impl<'a> Item<'a> for i16 {
    const LEAST: usize = 2;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        cursor.int16("index")
    }
}
