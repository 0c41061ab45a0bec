//! Errors of decoding.

use thiserror::Error;

/// A record that cannot be decoded: the field, its position in the key or value, and the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field} at byte {at}: {problem}")]
pub struct DecodeError {
    /// The field, as Kafka's message schemas name it (in snake case).
    pub field: &'static str,
    /// Where the field begins, in bytes from the start of the key, value or assignment.
    pub at: usize,
    /// What was needed, and what was found.
    pub problem: FieldProblem,
}

/// The problem of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FieldProblem {
    /// The record ends before the field does.
    #[error("needed {needed} bytes, {left} are left")]
    Truncated {
        /// Bytes that the field needs. For a count, the minimum for that number of items.
        needed: usize,
        /// Remaining bytes.
        left: usize,
    },
    /// An invalid length or count: negative (null where a value is required), or with too many bits.
    #[error("needed a length of at least 0, found {found}")]
    Length {
        /// The length in the record.
        found: i64,
    },
    /// A length or size above what Kafka allows for the field.
    #[error("needed a length of at most {most}, found {found}")]
    TooLong {
        /// The length in the record.
        found: u32,
        /// The maximum length.
        most: u32,
    },
    /// A variable-length integer of more than 32 bits.
    #[error("needed a varint of at most 32 bits")]
    Varint,
    /// An unknown version.
    #[error("needed a version from 0 to {highest}, found {found}")]
    Version {
        /// The version in the record.
        found: i16,
        /// The highest known version.
        highest: i16,
    },
    /// A record without a key.
    #[error("needed a key, found none")]
    NoKey,
    /// A null group or topic.
    #[error("needed a name, found null")]
    NoName,
    /// A negative partition.
    #[error("needed a partition of at least 0, found {found}")]
    Partition {
        /// The partition in the record.
        found: i32,
    },
    /// A negative committed offset.
    #[error("needed an offset of at least 0, found {found}")]
    Offset {
        /// The offset in the record.
        found: i64,
    },
    /// A known tagged field that is shorter than its size says.
    #[error("needed a size of {read}, found {found}")]
    TagSize {
        /// The size in the record.
        found: usize,
        /// The bytes that the field has.
        read: usize,
    },
}

impl DecodeError {
    /// All possible reasons.
    pub const REASONS: [&'static str; 5] = ["key", "length", "offset", "truncated", "version"];

    /// The error for a record whose key is null.
    #[must_use]
    pub const fn no_key() -> Self {
        Self { field: "key", at: 0, problem: FieldProblem::NoKey }
    }

    /// The value of the label `reason` in `warrener_record_errors_total`, one of [`Self::REASONS`].
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self.problem {
            FieldProblem::Truncated { .. } => "truncated",
            FieldProblem::Length { .. }
            | FieldProblem::TooLong { .. }
            | FieldProblem::Varint
            | FieldProblem::TagSize { .. } => "length",
            FieldProblem::Version { .. } => "version",
            FieldProblem::NoKey | FieldProblem::NoName | FieldProblem::Partition { .. } => "key",
            FieldProblem::Offset { .. } => "offset",
        }
    }
}
