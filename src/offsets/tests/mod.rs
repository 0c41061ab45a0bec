//! Tests whole records: examples from brokers, records that must be refused, and properties over any bytes.

mod captured;
mod examples;
mod fuzz;
pub(crate) mod golden;
mod later;
mod properties;
mod redpanda;
mod refused;

use proptest::collection::vec;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Vec<u8>> {
    // Sometimes long enough for a length of two bytes.
    prop_oneof![9 => vec(any::<u8>(), 0..6), 1 => vec(any::<u8>(), 120..140)]
}
