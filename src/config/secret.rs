//! Passwords and other secrets.

use std::fmt;

/// A string that `Debug` does not reveal.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a string.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret that a file contains. The line end at its end is not part of it.
    ///
    /// # Errors
    /// Why the content is no secret, without any of it.
    pub fn of_file(content: Vec<u8>) -> Result<Self, &'static str> {
        let text = String::from_utf8(content).map_err(|_| "it is not UTF-8")?;
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() {
            return Err("it is empty");
        }
        if line.contains('\0') { Err("it contains a NUL character") } else { Ok(Self(line.to_owned())) }
    }

    /// Returns the string.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
