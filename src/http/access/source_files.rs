//! The files that a listener's protection comes from, and whether they have changed.

use std::path::Path;

use crate::credentials::FileContents;

/// Files in the order in which they were read.
#[derive(Debug, Default)]
pub(crate) struct SourceFiles(Vec<FileContents>);

impl SourceFiles {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read. The text does not have the path.
    pub fn read(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        let file = FileContents::read([path.to_owned()]);
        let bytes = file.bytes(path).map(<[u8]>::to_vec);
        self.0.push(file);
        bytes
    }

    /// Whether a file would be read differently now than at the last time it was read or asked for here.
    pub fn have_changed(&mut self) -> bool {
        // Without `any`, which would leave out those behind the first.
        self.0.iter_mut().fold(false, |changed, file| changed | file.refresh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_was_read_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        let mut files = SourceFiles::default();
        std::fs::write(&first, "one").unwrap();
        assert_eq!(files.read(&first).unwrap(), b"one");
        assert!(files.read(&second).unwrap_err().contains("No such file"));
        assert!(!files.have_changed());
        for path in [&second, &first] {
            std::fs::write(path, "two").unwrap();
            assert!(files.have_changed());
            assert!(!files.have_changed());
        }
    }
}
