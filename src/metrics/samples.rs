//! Writes samples: a prefix that a run of samples shares, further labels, and a value.

use std::io::Write;

use crate::model::TimeLag;

use super::format::Format;
use super::metric_set::{MetricFamily, MetricType};
use super::sample_tail::SampleTail;

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleValue {
    /// An integer.
    Int(i64),
    /// A count.
    Count(u64),
    /// A time or a ratio.
    Float(f64),
    /// Milliseconds, written as seconds.
    Millis(u64),
}

impl From<TimeLag> for SampleValue {
    fn from(TimeLag(millis): TimeLag) -> Self {
        Self::Millis(millis)
    }
}

/// Writes samples of one family that share their first labels.
pub struct Samples<'a> {
    out: &'a mut Vec<u8>,
    /// `name{label="value",…`, without the closing brace.
    prefix: &'a [u8],
}

impl<'a> Samples<'a> {
    /// Writes samples that begin with `prefix`: a name and at least one label, without the closing brace.
    pub const fn new(out: &'a mut Vec<u8>, prefix: &'a [u8]) -> Self {
        Self { out, prefix }
    }

    /// Writes a sample without further labels.
    pub fn push(&mut self, value: SampleValue) {
        self.push_with(&[], value);
    }

    /// Writes a sample with further labels. Their values must be escaped.
    pub fn push_with(&mut self, labels: &[(&str, &[u8])], value: SampleValue) {
        self.out.extend_from_slice(self.prefix);
        for (name, text) in labels {
            write_label(self.out, name, text);
        }
        self.out.extend_from_slice(b"} ");
        write_value(self.out, value);
    }
}

/// Writes `,name="value"`.
pub fn write_label(out: &mut Vec<u8>, name: &str, text: &[u8]) {
    out.push(b',');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    out.extend_from_slice(text);
    out.push(b'"');
}

/// Writes the `HELP` and `TYPE` lines of a family.
pub fn write_header(out: &mut Vec<u8>, family: &MetricFamily, format: Format) {
    // OpenMetrics names a counter without `_total` in its metadata.
    let name = match (family.kind, format) {
        (MetricType::Counter, Format::OpenMetrics) => family.name.strip_suffix("_total").unwrap_or(family.name),
        (MetricType::Counter, Format::Text) | (MetricType::Gauge, _) => family.name,
    };
    let kind = match family.kind {
        MetricType::Gauge => "gauge",
        MetricType::Counter => "counter",
    };
    for part in ["# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Writes the value of a sample and the line end.
pub fn write_value(out: &mut Vec<u8>, value: SampleValue) {
    let mut tail = SampleTail::new();
    if tail.prepend_value(value) {
        tail.append_to(out);
    } else if let SampleValue::Float(value) = value {
        // Writing into a vector cannot fail.
        drop(writeln!(out, "{value}"));
    }
}
