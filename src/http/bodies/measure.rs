//! How long a body will be, before any of it is made: memory is bounded by that, whatever the body would hold.

use std::io::{self, Write};

use serde::Serialize;

/// Why a body cannot be sent, in words, if it would have more than `longest` bytes. What is counted is the body as it
/// is without compression, which is what its reader has to hold.
///
/// # Errors
/// When the body cannot be written at all.
pub(crate) fn excess(body: &impl Serialize, longest: u64) -> io::Result<Option<String>> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, body)?;
    let Length(length) = length;
    Ok((length > longest).then(|| format!("the answer would have {length} bytes, and the limit is {longest}")))
}

/// Counts what is written.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        assert_eq!(excess(&"12345678", 10).unwrap(), None);
        let why = "the answer would have 11 bytes, and the limit is 10";
        assert_eq!(excess(&"123456789", 10).unwrap().as_deref(), Some(why));
    }
}
