//! Records as brokers write them: what the demo, the tests and the benchmarks feed to the decoder.
//!
//! The values of the later protocols are written from the very structs that they are read to. Lists of those stand
//! in [`Items`]. What is read past (tags that nobody asks for) is not written.

mod classic;
mod items;
mod key;
mod later;
mod share_state;
mod writer;

use thiserror::Error;

pub use classic::{Group, Version, assignment, commit_value, group_value, subscription};
pub use items::{Items, Write, items};
pub use key::{commit_key, group_key, key, legacy_commit_key};
pub use later::{
    current_value, epoch_value, matched_value, member_value, state_partitions_value, target_epoch_value, target_value,
    topics_value, topology_value,
};
pub use share_state::{share_state_key, snapshot_value, update_value};

/// A text or list that its length field can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: needed a length of at most {most}, found {found}")]
pub struct EncodeError {
    /// The field.
    pub field: &'static str,
    /// Its length.
    pub found: usize,
    /// The longest that can be written.
    pub most: usize,
}

type Encoded = Result<Vec<u8>, EncodeError>;
