//! Whole records: examples from the wire, what must be refused, and properties over any bytes.

mod examples;
mod properties;
mod refused;
