//! Encodes records as brokers write them, for the demo, the tests and the benchmarks.
//!
//! The values of the later protocols are encoded from the structs that they are decoded to; [`EncodedItems`] holds the
//! lists of those structs. Tagged fields that the decoder skips are not written.

mod assigned;
mod classic;
mod items;
mod key;
mod share_state;
mod writer;

use thiserror::Error;

pub use assigned::{
    current_value, epoch_value, matched_value, member_value, state_partitions_value, target_epoch_value, target_value,
    topics_value, topology_value,
};
pub use classic::{ClassicGroup, ValueVersion, assignment, commit_value, group_value, subscription};
pub use items::{EncodeItem, EncodedItems, items};
pub use key::{commit_key, group_key, key, legacy_commit_key};
pub use share_state::{share_state_key, snapshot_value, update_value};

/// A text or list that is too long for its length field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: needed a length of at most {most}, found {found}")]
pub struct EncodeError {
    /// The field.
    pub field: &'static str,
    /// The length.
    pub found: usize,
    /// The maximum length.
    pub most: usize,
}

type EncodeResult = Result<Vec<u8>, EncodeError>;
