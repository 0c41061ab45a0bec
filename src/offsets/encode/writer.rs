//! The only writer of bytes.

use super::EncodeError;
use crate::model::TopicId;
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::bytes::list::{ListItem, RecordList};

/// Public only because a public trait uses it, like the cursor.
#[derive(Debug)]
pub struct ByteWriter {
    pub(super) bytes: Vec<u8>,
    form: FieldEncoding,
}

impl ByteWriter {
    pub(super) fn with_version(number: i16, form: FieldEncoding) -> Self {
        Self { bytes: number.to_be_bytes().to_vec(), form }
    }

    /// Begins a value of version 0 in a type where that is flexible.
    pub(super) fn flexible() -> Self {
        Self::with_version(0, FieldEncoding::Flexible)
    }

    pub(super) const fn empty(form: FieldEncoding) -> Self {
        Self { bytes: Vec::new(), form }
    }

    pub(super) fn int8(&mut self, value: i8) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn int16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn uuid(&mut self, id: TopicId) {
        self.bytes.extend(id.0.to_be_bytes());
    }

    pub(super) fn int32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn int64(&mut self, value: i64) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn varint(&mut self, mut value: u32) {
        loop {
            let [low, ..] = (value & 0x7f).to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.bytes.push(low);
            }
            self.bytes.push(low | 0x80);
        }
    }

    pub(super) fn no_tags(&mut self) {
        match self.form {
            FieldEncoding::Plain => {}
            FieldEncoding::Flexible => self.bytes.push(0),
        }
    }

    pub(super) fn string(&mut self, field: &'static str, text: Option<&[u8]>) -> Result<(), EncodeError> {
        let Some(text) = text else {
            match self.form {
                FieldEncoding::Plain => self.bytes.extend((-1_i16).to_be_bytes()),
                FieldEncoding::Flexible => self.varint(0),
            }
            return Ok(());
        };
        let too_long = EncodeError { field, found: text.len(), most: 0x7fff };
        let length = i16::try_from(text.len()).map_err(|_| too_long)?;
        match self.form {
            FieldEncoding::Plain => self.bytes.extend(length.to_be_bytes()),
            FieldEncoding::Flexible => self.varint(u32::from(length.unsigned_abs()).saturating_add(1)),
        }
        self.bytes.extend(text);
        Ok(())
    }

    /// Writes the length of bytes or of a list.
    pub(super) fn length(&mut self, field: &'static str, length: usize) -> Result<(), EncodeError> {
        let too_long = EncodeError { field, found: length, most: 0x7fff_ffff };
        let length = i32::try_from(length).map_err(|_| too_long)?;
        match self.form {
            FieldEncoding::Plain => self.int32(length),
            FieldEncoding::Flexible => self.varint(length.unsigned_abs().saturating_add(1)),
        }
        Ok(())
    }

    pub(super) fn list<'a, T: ListItem<'a>>(
        &mut self,
        field: &'static str,
        list: &RecordList<'a, T>,
    ) -> Result<(), EncodeError> {
        self.length(field, list.len())?;
        self.bytes.extend(list.bytes());
        Ok(())
    }

    /// Writes the tagged fields at the end of a struct that has at most one.
    pub(super) fn tag(&mut self, number: u32, value: Option<&[u8]>) {
        let Some(value) = value else { return self.no_tags() };
        self.varint(1);
        self.tagged_field(number, value);
    }

    /// Writes one tagged field. Their count comes before them.
    pub(super) fn tagged_field(&mut self, number: u32, value: &[u8]) {
        self.varint(number);
        self.varint(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.bytes.extend(value);
    }
}
