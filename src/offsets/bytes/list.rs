//! Lists that stay in the record: items are decoded when they are requested.

use std::fmt;
use std::marker::PhantomData;

use crate::model::{Name, Partition};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::{DecodeError, FieldProblem};

/// The items of a list, decoded when they are requested. All items were checked once when the record was decoded,
/// so [`ExactSizeIterator::len`] is the true number. Two lists are equal if their items are.
pub struct RecordList<'a, T> {
    bytes: &'a [u8],
    count: usize,
    items: PhantomData<fn() -> T>,
}

/// The partitions of a topic, in the order of the record.
pub type Partitions<'a> = RecordList<'a, Partition>;

/// An item of a list.
pub trait ListItem<'a>: Sized {
    /// The minimum size of an item in bytes, at least 1. Used to check a count against the remaining bytes.
    const LEAST: usize;

    /// Decodes one item completely.
    ///
    /// # Errors
    /// The bytes do not have the layout of an item.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError>;
}

impl<'a, T: ListItem<'a>> RecordList<'a, T> {
    /// Decodes a list that may not be null.
    pub(crate) fn read(cursor: &mut Cursor<'a>, field: &'static str, form: FieldEncoding) -> Result<Self, DecodeError> {
        let count = cursor.count(field, form, T::LEAST)?;
        Self::read_items(cursor, count)
    }

    /// Decodes a list of a flexible version that may be null.
    pub(crate) fn read_nullable(cursor: &mut Cursor<'a>, field: &'static str) -> Result<Option<Self>, DecodeError> {
        let count = cursor.nullable_count(field, FieldEncoding::Flexible, T::LEAST)?;
        count.map(|count| Self::read_items(cursor, count)).transpose()
    }

    fn read_items(cursor: &mut Cursor<'a>, count: usize) -> Result<Self, DecodeError> {
        let start = *cursor;
        for _ in 0..count {
            T::read(cursor)?;
        }
        Ok(Self::of(cursor.since(&start), count))
    }
}

impl<'a, T> RecordList<'a, T> {
    /// A list of `count` items that `bytes` contains one after the other.
    pub(crate) const fn of(bytes: &'a [u8], count: usize) -> Self {
        Self { bytes, count, items: PhantomData }
    }

    /// An empty list.
    #[must_use]
    pub const fn empty() -> Self {
        Self::of(&[], 0)
    }

    /// The bytes of the remaining items.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a, T: ListItem<'a>> Iterator for RecordList<'a, T> {
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

impl<'a, T: ListItem<'a>> ExactSizeIterator for RecordList<'a, T> {}

// Not derived: a list can be copied and compared whatever its items are.
impl<T> Clone for RecordList<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RecordList<'_, T> {}

impl<'a, T: ListItem<'a> + PartialEq> PartialEq for RecordList<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && Iterator::eq(*self, *other)
    }
}

impl<'a, T: ListItem<'a> + Eq> Eq for RecordList<'a, T> {}

impl<'a, T: ListItem<'a> + fmt::Debug> fmt::Debug for RecordList<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<'a> ListItem<'a> for Name<'a> {
    const LEAST: usize = 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        cursor.string("name", FieldEncoding::Flexible).map(Name)
    }
}

impl<'a> ListItem<'a> for Partition {
    const LEAST: usize = 4;

    #[inline]
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let start = *cursor;
        let partition = cursor.int32("partition")?;
        if partition < 0 {
            return Err(start.error("partition", FieldProblem::Partition { found: partition }));
        }
        Ok(Self(partition))
    }
}

impl<'a> ListItem<'a> for i32 {
    const LEAST: usize = 4;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        cursor.int32("assignment_epoch")
    }
}

impl<'a> ListItem<'a> for i16 {
    const LEAST: usize = 2;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        cursor.int16("index")
    }
}
