//! The limits of storage (docs/src/reference/storage-rules.md, Limits of storage): what is held, how much may be held,
//! and what is known of groups that are refused.
//!
//! | file | contains |
//! |---|---|
//! | `budget` | the limits, and what is held by all clusters together |
//! | `record_key` | what a record is about, as a number |
//! | `refused` | the groups that are refused, and the records that are lost with them |

pub(crate) mod budget;
pub(crate) mod record_key;
pub(crate) mod refused;
