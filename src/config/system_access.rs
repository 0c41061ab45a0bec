//! What the reader of a configuration needs of the system. The core opens nothing itself.

use std::ffi::OsString;
use std::path::Path;

/// Access to what a configuration refers to: the environment and files.
#[derive(Clone, Copy)]
pub struct SystemAccess<'o> {
    /// Returns the value of an environment variable, if it is set.
    pub env: &'o dyn Fn(&str) -> Option<OsString>,
    /// Reads a small file. The error is the reason as text.
    pub read: &'o dyn Fn(&Path) -> Result<Vec<u8>, String>,
    /// Checks that a file can be read. The error is the reason as text.
    pub check_readable: &'o dyn Fn(&Path) -> Result<(), String>,
}

impl SystemAccess<'_> {
    /// An environment without variables and without files.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            env: &|_| None,
            read: &|_| Err("no such file".to_owned()),
            check_readable: &|_| Err("no such file".to_owned()),
        }
    }
}
