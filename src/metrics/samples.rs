//! Writes samples: a prefix that a run of samples shares, further labels, and a value.

use std::io::Write;

use super::sample_tail::SampleTail;
use super::sample_value::SampleValue;

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
