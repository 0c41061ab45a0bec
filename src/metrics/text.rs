//! Writing samples: a prefix that a run of samples shares, extra labels, a number.

use std::io::Write;

use crate::model::{Partition, TimeLag};

use super::catalogue::{Family, Kind};
use super::format::Format;

/// A sample's number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A count.
    Count(u64),
    /// A time or a ratio.
    Float(f64),
    /// Milliseconds, written as seconds.
    Millis(u64),
}

impl From<TimeLag> for Value {
    fn from(TimeLag(millis): TimeLag) -> Self {
        Self::Millis(millis)
    }
}

/// Where the samples of one family go that share their first labels.
pub struct Samples<'a> {
    out: &'a mut Vec<u8>,
    /// `name{label="value",…`, without the closing brace.
    prefix: &'a [u8],
}

impl<'a> Samples<'a> {
    /// Samples that begin with `prefix`, a name and at least one label, the brace still open.
    pub const fn new(out: &'a mut Vec<u8>, prefix: &'a [u8]) -> Self {
        Self { out, prefix }
    }

    /// A sample with no further label.
    pub fn push(&mut self, value: Value) {
        self.push_with(&[], value);
    }

    /// A sample with further labels; their values are escaped already.
    pub fn push_with(&mut self, labels: &[(&str, &[u8])], value: Value) {
        self.out.extend_from_slice(self.prefix);
        for (name, text) in labels {
            label(self.out, name, text);
        }
        self.out.extend_from_slice(b"} ");
        number(self.out, value);
        self.out.push(b'\n');
    }
}

/// Where the samples of partitions go that share all labels before the partition's number.
pub struct Numbered<'a> {
    out: &'a mut Vec<u8>,
    /// `name{label="value",…,partition="`.
    prefix: &'a [u8],
}

impl<'a> Numbered<'a> {
    /// Samples that begin with `prefix`, up to where the partition's number stands.
    pub const fn new(out: &'a mut Vec<u8>, prefix: &'a [u8]) -> Self {
        Self { out, prefix }
    }

    /// A sample of one partition: the hot path.
    pub fn push(&mut self, partition: Partition, value: Value) {
        self.out.extend_from_slice(self.prefix);
        integer(self.out, partition.0);
        self.out.extend_from_slice(b"\"} ");
        number(self.out, value);
        self.out.push(b'\n');
    }

    /// A sample of one partition with labels after it; their values are escaped already.
    pub fn push_with(&mut self, partition: Partition, labels: &[(&str, &[u8])], value: Value) {
        self.out.extend_from_slice(self.prefix);
        integer(self.out, partition.0);
        self.out.push(b'"');
        for (name, text) in labels {
            label(self.out, name, text);
        }
        self.out.extend_from_slice(b"} ");
        number(self.out, value);
        self.out.push(b'\n');
    }
}

/// `,name="value"`.
pub fn label(out: &mut Vec<u8>, name: &str, text: &[u8]) {
    out.push(b',');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    out.extend_from_slice(text);
    out.push(b'"');
}

/// The lines above a family's samples.
pub fn header(out: &mut Vec<u8>, family: &Family, format: Format) {
    // OpenMetrics names a counter without the suffix of its samples.
    let name = match (family.kind, format) {
        (Kind::Counter, Format::OpenMetrics) => family.name.strip_suffix("_total").unwrap_or(family.name),
        (Kind::Counter, Format::Text) | (Kind::Gauge, _) => family.name,
    };
    let kind = match family.kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
    };
    for part in ["# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn number(out: &mut Vec<u8>, value: Value) {
    match value {
        Value::Int(value) => integer(out, value),
        Value::Count(value) => integer(out, value),
        // Writing into a vector cannot fail.
        Value::Float(value) => drop(write!(out, "{value}")),
        Value::Millis(value) => seconds(out, value),
    }
}

/// Milliseconds as seconds: at most three digits after the point, and none that is not needed.
fn seconds(out: &mut Vec<u8>, millis: u64) {
    integer(out, millis / 1000);
    let (mut rest, mut digit) = (millis % 1000, 100);
    if rest > 0 {
        out.push(b'.');
    }
    while rest > 0 {
        integer(out, rest / digit);
        rest %= digit;
        digit /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_the_digits_that_they_need() {
        let shown = |millis| {
            let mut out = Vec::new();
            seconds(&mut out, millis);
            String::from_utf8(out).unwrap()
        };
        for (millis, text) in [(0, "0"), (7, "0.007"), (40, "0.04"), (1_000, "1"), (61_250, "61.25"), (999, "0.999")] {
            assert_eq!(shown(millis), text);
        }
        assert_eq!(shown(u64::MAX), "18446744073709551.615");
    }
}
