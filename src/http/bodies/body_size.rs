//! Measures a body before it is made, so that its memory is bounded.

use std::io::{self, Write};

use serde::Serialize;

/// Returns why a body cannot be sent if it has more than `longest` bytes. The size is that of the uncompressed body,
/// which the client has to hold.
///
/// # Errors
/// The body cannot be serialized.
pub(crate) fn size_problem(body: &impl Serialize, longest: u64) -> io::Result<Option<String>> {
    let mut length = ByteCounter(0);
    serde_json::to_writer(&mut length, body)?;
    let ByteCounter(length) = length;
    Ok((length > longest).then(|| format!("the answer would have {length} bytes, and the limit is {longest}")))
}

/// A writer that counts bytes.
struct ByteCounter(u64);

impl Write for ByteCounter {
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
        assert_eq!(size_problem(&"12345678", 10).unwrap(), None);
        let why = "the answer would have 11 bytes, and the limit is 10";
        assert_eq!(size_problem(&"123456789", 10).unwrap().as_deref(), Some(why));
    }
}
