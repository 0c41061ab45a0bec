//! The only reader of bytes. Every length is checked before it is used.

use crate::model::Name;
use crate::offsets::bytes::error::{DecodeError, FieldProblem};

/// The encoding of strings, bytes and arrays in a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldEncoding {
    /// Lengths are `int16` (strings) or `int32`; -1 is null.
    Plain,
    /// Lengths are varints of the length plus 1; 0 is null. Every struct ends with tagged fields (KIP-482).
    Flexible,
}

/// Kafka's own limit for a string (`Short.MAX_VALUE`). Flexible versions could exceed it.
const LONGEST_STRING: u32 = 0x7fff;

#[derive(Clone, Copy, Debug)]
/// A position in bytes. Public only because a public trait uses it, which cannot be named outside.
pub struct Cursor<'a> {
    rest: &'a [u8],
    /// Length of all bytes. The position is this minus the length of `rest`.
    len: usize,
}

// Inlined across codegen units: without that, decoding a commit takes twice as long.
impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, len: bytes.len() }
    }

    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes that were read since `start`, an earlier state of this cursor.
    #[inline]
    pub(crate) fn since(&self, start: &Self) -> &'a [u8] {
        let read = start.rest.len().saturating_sub(self.rest.len());
        start.rest.get(..read).unwrap_or_default()
    }

    #[inline]
    const fn at(&self) -> usize {
        self.len.saturating_sub(self.rest.len())
    }

    pub(crate) const fn error(&self, field: &'static str, problem: FieldProblem) -> DecodeError {
        DecodeError { field, at: self.at(), problem }
    }

    const fn truncated(&self, field: &'static str, needed: usize) -> DecodeError {
        self.error(field, FieldProblem::Truncated { needed, left: self.rest.len() })
    }

    #[inline]
    fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.truncated(field, len));
        };
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(field, N));
        };
        self.rest = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn int8(&mut self, field: &'static str) -> Result<i8, DecodeError> {
        self.array(field).map(i8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn uint16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.array(field).map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int64(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.array(field).map(i64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn uuid(&mut self, field: &'static str) -> Result<u128, DecodeError> {
        self.array(field).map(u128::from_be_bytes)
    }

    /// The version at the beginning of a value.
    #[inline]
    pub(crate) fn version(&mut self, highest: i16) -> Result<i16, DecodeError> {
        let start = *self;
        let found = self.int16("version")?;
        if (0..=highest).contains(&found) {
            Ok(found)
        } else {
            Err(start.error("version", FieldProblem::Version { found, highest }))
        }
    }

    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let start = *self;
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array::<1>(field)?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(start.error(field, FieldProblem::Varint))
    }

    /// Interprets a length; `None` is null. It is not yet checked against the remaining bytes.
    #[inline]
    fn plain_length(&self, field: &'static str, found: i32) -> Result<Option<usize>, DecodeError> {
        match usize::try_from(found) {
            Ok(length) => Ok(Some(length)),
            Err(_) if found == -1 => Ok(None),
            Err(_) => Err(self.error(field, FieldProblem::Length { found: found.into() })),
        }
    }

    #[inline]
    fn flexible_length(&mut self, field: &'static str) -> Result<Option<usize>, DecodeError> {
        let found = self.varint(field)?;
        // `usize` has at least 32 bits on every supported machine.
        Ok(found.checked_sub(1).map(|length| usize::try_from(length).unwrap_or(usize::MAX)))
    }

    /// A string that may be null.
    #[inline]
    pub(crate) fn nullable_string(
        &mut self,
        field: &'static str,
        form: FieldEncoding,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        let start = *self;
        let length = match form {
            FieldEncoding::Plain => {
                let found = self.int16(field)?;
                start.plain_length(field, found.into())?
            }
            FieldEncoding::Flexible => {
                let found = self.varint(field)?;
                let length = found.checked_sub(1);
                if let Some(found) = length.filter(|length| *length > LONGEST_STRING) {
                    return Err(start.error(field, FieldProblem::TooLong { found, most: LONGEST_STRING }));
                }
                length.and_then(|length| usize::try_from(length).ok())
            }
        };
        length.map(|length| self.take(field, length)).transpose()
    }

    /// A string that may not be null.
    #[inline]
    pub(crate) fn string(&mut self, field: &'static str, form: FieldEncoding) -> Result<&'a [u8], DecodeError> {
        let start = *self;
        self.nullable_string(field, form)?.ok_or_else(|| start.error(field, FieldProblem::Length { found: -1 }))
    }

    /// A name in a key.
    #[inline]
    pub(crate) fn name(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let start = *self;
        self.nullable_string(field, FieldEncoding::Plain)?.ok_or_else(|| start.error(field, FieldProblem::NoName))
    }

    /// A text of a flexible version that may not be null.
    #[inline]
    pub(crate) fn text(&mut self, field: &'static str) -> Result<Name<'a>, DecodeError> {
        self.string(field, FieldEncoding::Flexible).map(Name)
    }

    /// A text of a flexible version that may be null.
    #[inline]
    pub(crate) fn nullable_text(&mut self, field: &'static str) -> Result<Option<Name<'a>>, DecodeError> {
        Ok(self.nullable_string(field, FieldEncoding::Flexible)?.map(Name))
    }

    /// Bytes that may not be null.
    #[inline]
    pub(crate) fn bytes(&mut self, field: &'static str, form: FieldEncoding) -> Result<&'a [u8], DecodeError> {
        let length = self.length(field, form)?;
        self.take(field, length)
    }

    /// The count of an array that may not be null. Each item takes at least `least` bytes.
    #[inline]
    pub(crate) fn count(
        &mut self,
        field: &'static str,
        form: FieldEncoding,
        least: usize,
    ) -> Result<usize, DecodeError> {
        let start = *self;
        let count = self.nullable_count(field, form, least)?;
        count.ok_or_else(|| start.error(field, FieldProblem::Length { found: -1 }))
    }

    /// The count of an array that may be null. Each item takes at least `least` bytes.
    #[inline]
    pub(crate) fn nullable_count(
        &mut self,
        field: &'static str,
        form: FieldEncoding,
        least: usize,
    ) -> Result<Option<usize>, DecodeError> {
        let start = *self;
        let count = self.nullable_length(field, form)?;
        let needed = count.unwrap_or(0).saturating_mul(least);
        if needed > self.rest.len() {
            return Err(start.error(field, FieldProblem::Truncated { needed, left: self.rest.len() }));
        }
        Ok(count)
    }

    #[inline]
    fn length(&mut self, field: &'static str, form: FieldEncoding) -> Result<usize, DecodeError> {
        let start = *self;
        let length = self.nullable_length(field, form)?;
        length.ok_or_else(|| start.error(field, FieldProblem::Length { found: -1 }))
    }

    #[inline]
    fn nullable_length(&mut self, field: &'static str, form: FieldEncoding) -> Result<Option<usize>, DecodeError> {
        match form {
            FieldEncoding::Plain => {
                let start = *self;
                let found = self.int32(field)?;
                start.plain_length(field, found)
            }
            FieldEncoding::Flexible => self.flexible_length(field),
        }
    }

    /// Reads the tagged fields at the end of a struct. `known` gets each tag's number and a cursor over its bytes.
    pub(crate) fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        // A large count cannot prolong this loop: each round reads at least two bytes, or fails.
        for _ in 0..self.varint("tags")? {
            let tag = self.varint("tag")?;
            let start = *self;
            let size = usize::try_from(self.varint("tag size")?).unwrap_or(usize::MAX);
            let begin = self.at();
            let value = self.take("tag", size)?;
            // Positions in errors stay relative to the whole value.
            let mut inner = Self { rest: value, len: begin.saturating_add(value.len()) };
            known(tag, &mut inner)?;
            if !inner.rest.is_empty() && inner.rest.len() != value.len() {
                let read = value.len().saturating_sub(inner.rest.len());
                return Err(start.error("tag size", FieldProblem::TagSize { found: value.len(), read }));
            }
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn skip_tags(&mut self) -> Result<(), DecodeError> {
        self.tags(|_, _| Ok(()))
    }

    /// Whether all bytes have been read.
    #[inline]
    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}
