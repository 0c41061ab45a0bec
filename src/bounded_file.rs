//! Files from outside. A path that names something else must neither make the program wait nor fill its memory.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// More than any configuration, certificate, key or password needs. A longer file is the wrong one, or is endless.
pub const MOST_BYTES: u64 = 4 << 20;

/// Opens a regular file.
///
/// # Errors
/// Why the file cannot be used. The text does not have the path.
pub fn open(path: &Path) -> Result<(Metadata, File), String> {
    let failed = |error: std::io::Error| error.to_string();
    // Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_file() { Ok((metadata, file)) } else { Err("not a regular file".to_owned()) }
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// Those of [`open`] and [`take`].
pub fn read(path: &Path, most: u64) -> Result<(Metadata, Vec<u8>), String> {
    let (metadata, file) = open(path)?;
    Ok((metadata, take(file, most)?))
}

/// Reads all bytes, at most `most`.
///
/// # Errors
/// Why they cannot be read.
pub fn take(from: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One byte more shows that there are more.
    from.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length <= most { Ok(bytes) } else { Err(format!("more than {most} bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_or_too_large_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes = || read(&path, 3).map(|(_, bytes)| bytes);
        assert_eq!(bytes(), Err("No such file or directory (os error 2)".to_owned()));
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(bytes(), Ok(b"abc".to_vec()));
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(bytes(), Err("more than 3 bytes".to_owned()));
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for other in [&pipe, folder.path(), Path::new("/dev/zero")] {
            assert_eq!(read(other, 3).map(|(_, bytes)| bytes), Err("not a regular file".to_owned()), "{other:?}");
        }
        assert_eq!(take(std::io::repeat(0), 3), Err("more than 3 bytes".to_owned()));
    }
}
