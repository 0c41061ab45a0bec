//! What can be wrong with a record.

use thiserror::Error;

/// A record that can't be read: which field, where in the key or value, and what was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field} at byte {at}: {problem}")]
pub struct DecodeError {
    /// The field, as Kafka's message schemas name it (in snake case).
    pub field: &'static str,
    /// Where the field begins, in bytes from the start of the key, value or assignment.
    pub at: usize,
    /// What was needed, and what was found.
    pub problem: Problem,
}

/// What was wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The record ends before the field does.
    #[error("needed {needed} bytes, {left} are left")]
    Truncated {
        /// Bytes that the field takes; for a count, the bytes that so many items take at least.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A length or count that can't be: negative (null where there must be a value), or of too many bits.
    #[error("needed a length of at least 0, found {found}")]
    Length {
        /// The length, as it stands in the record.
        found: i64,
    },
    /// A length or size above what Kafka allows for the field.
    #[error("needed a length of at most {most}, found {found}")]
    TooLong {
        /// The length, as it stands in the record.
        found: u32,
        /// The longest that may be.
        most: u32,
    },
    /// A variable-length integer of more than 32 bits.
    #[error("needed a varint of at most 32 bits")]
    Varint,
    /// A version that is not known.
    #[error("needed a version from 0 to {highest}, found {found}")]
    Version {
        /// The version, as it stands in the record.
        found: i16,
        /// The highest that is known.
        highest: i16,
    },
    /// A record without a key.
    #[error("needed a key, found none")]
    NoKey,
    /// A group or topic that is null.
    #[error("needed a name, found null")]
    NoName,
    /// A partition below 0.
    #[error("needed a partition of at least 0, found {found}")]
    Partition {
        /// The partition, as it stands in the record.
        found: i32,
    },
    /// A committed offset below 0.
    #[error("needed an offset of at least 0, found {found}")]
    Offset {
        /// The offset, as it stands in the record.
        found: i64,
    },
    /// Bytes after the last field.
    #[error("needed the end, found {left} more bytes")]
    Trailing {
        /// How many.
        left: usize,
    },
}

impl DecodeError {
    /// Every reason there is: a closed set.
    pub const REASONS: [&'static str; 6] = ["key", "length", "offset", "trailing", "truncated", "version"];

    /// What to report for a record whose key is null.
    #[must_use]
    pub const fn no_key() -> Self {
        Self { field: "key", at: 0, problem: Problem::NoKey }
    }

    /// The `reason` that `warrener_record_errors_total` counts it under, one of [`Self::REASONS`].
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Truncated { .. } => "truncated",
            Problem::Length { .. } | Problem::TooLong { .. } | Problem::Varint => "length",
            Problem::Version { .. } => "version",
            Problem::NoKey | Problem::NoName | Problem::Partition { .. } => "key",
            Problem::Offset { .. } => "offset",
            Problem::Trailing { .. } => "trailing",
        }
    }
}
