//! The contents of some files, compared with what is on disk later.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::bounded_file::{self, MOST_BYTES};

/// A file that was changed so shortly before it was read may change again without another time of its change.
const RECENT: Duration = Duration::from_secs(2);

/// The contents of some files.
///
/// Whether a file has changed is looked up cheaply: it is read only if its metadata differ, or if it had just been
/// changed when it was read.
#[derive(Clone)]
pub struct FileContents(BTreeMap<PathBuf, FileContent>);

#[derive(Clone)]
struct FileContent {
    /// `None` if it has to be read again in any case.
    signature: Option<Signature>,
    /// The bytes, or why there are none.
    bytes: Result<Vec<u8>, String>,
}

/// What is different when another file is in the place of a file, or when it was written to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Signature {
    device: u64,
    inode: u64,
    length: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl FileContents {
    /// Reads the files.
    #[must_use]
    pub fn read(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let now = SystemTime::now();
        Self(paths.into_iter().map(|path| (path.clone(), FileContent::read(&path, now))).collect())
    }

    /// Reads again what has changed. Returns whether a content is another one, or can be read no more, or again.
    pub fn refresh(&mut self) -> bool {
        let now = SystemTime::now();
        let mut changed = false;
        for (path, content) in &mut self.0 {
            if content.is_as_on_disk(path) {
                continue;
            }
            let newer = FileContent::read(path, now);
            changed |= newer.bytes != content.bytes;
            *content = newer;
        }
        changed
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Why it could not be read. The text does not have the path.
    pub fn bytes(&self, path: &Path) -> Result<&[u8], String> {
        match self.0.get(path) {
            Some(content) => content.bytes.as_deref().map_err(Clone::clone),
            None => Err("it was not read".to_owned()),
        }
    }
}

impl FileContent {
    fn read(path: &Path, now: SystemTime) -> Self {
        match bounded_file::read(path, MOST_BYTES) {
            Ok((metadata, bytes)) => Self { signature: Signature::settled(&metadata, now), bytes: Ok(bytes) },
            Err(why) => Self { signature: None, bytes: Err(why) },
        }
    }

    fn is_as_on_disk(&self, path: &Path) -> bool {
        let Some(signature) = self.signature else { return false };
        std::fs::metadata(path).is_ok_and(|metadata| Signature::of(&metadata) == signature)
    }
}

impl Signature {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The signature of a file that has not just been changed.
    fn settled(metadata: &Metadata, now: SystemTime) -> Option<Self> {
        let written = metadata.modified().ok()?;
        // A time in the future is no reason to trust it.
        let age = now.duration_since(written).ok()?;
        (age >= RECENT).then(|| Self::of(metadata))
    }
}

impl std::fmt::Debug for FileContents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_file_is_another_one_once_its_content_is() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "a").unwrap();
        let mut files = FileContents::read([one.clone(), other.clone()]);
        assert_eq!(files.bytes(&one), Ok(&b"a"[..]));
        assert_eq!(files.bytes(&other), Err("No such file or directory (os error 2)".to_owned()));
        assert_eq!(files.bytes(folder.path()), Err("it was not read".to_owned()));
        assert!(!files.refresh());
        // Of the same length, within the same tick of the file system's clock.
        fs::write(&one, "b").unwrap();
        assert!(files.refresh());
        assert_eq!(files.bytes(&one), Ok(&b"b"[..]));
        // Written again with the same content.
        fs::write(&one, "b").unwrap();
        assert!(!files.refresh());
        fs::write(&other, "c").unwrap();
        assert!(files.refresh());
        fs::remove_file(&one).unwrap();
        assert!(files.refresh());
        assert!(!files.refresh());
        assert!(files.bytes(&one).is_err());
    }

    #[test]
    fn a_file_that_has_settled_is_read_only_when_its_metadata_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "a").unwrap();
        let past = SystemTime::now() - Duration::from_secs(60);
        File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
        let files = FileContents::read([path.clone()]);
        assert!(files.0[&path].is_as_on_disk(&path));
        // Another file with the same time and length in its place, as a mounted Secret is replaced.
        let next = folder.path().join("next");
        fs::write(&next, "b").unwrap();
        File::options().write(true).open(&next).unwrap().set_modified(past).unwrap();
        fs::rename(&next, &path).unwrap();
        assert!(!files.0[&path].is_as_on_disk(&path));
    }

    #[test]
    fn what_is_no_file_or_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        File::create(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
        let files = FileContents::read([path.clone(), folder.path().to_owned(), "/dev/zero".into()]);
        assert_eq!(files.bytes(&path), Err("more than 4194304 bytes".to_owned()));
        for no_file in [folder.path(), Path::new("/dev/zero")] {
            assert_eq!(files.bytes(no_file), Err("not a regular file".to_owned()));
        }
        assert_eq!(format!("{files:?}").matches("long").count(), 1);
    }
}
