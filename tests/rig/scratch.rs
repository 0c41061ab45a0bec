//! Folders that a test leaves behind only when it failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);

/// A folder of its own under the target folder; removed on drop, kept and named when the test panicked.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static SWEEP: Once = Once::new();
        SWEEP.call_once(sweep);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = run_folder(std::process::id()).join(format!("{number}-{name}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file into it and returns its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            FAILED.store(true, Ordering::Relaxed);
            eprintln!("kept what the failed test wrote: {}", self.0.display());
        } else {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}

fn run_folder(process: u32) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rig-{process}"))
}

/// What lives in statics is never dropped: it is removed as the process exits, and what a killed run left
/// behind by the next one.
fn sweep() {
    let Ok(folders) = fs::read_dir(env!("CARGO_TARGET_TMPDIR")) else { return };
    for folder in folders.flatten() {
        let name = folder.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix("rig-")).and_then(|id| id.parse::<u32>().ok());
        let old = folder.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        // A failed run's logs stay for a day.
        if process.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists())
            && old.is_some_and(|age| age.as_secs() > 86_400)
        {
            drop(fs::remove_dir_all(folder.path()));
        }
    }
    #[expect(unsafe_code, reason = "registers a function that takes and returns nothing")]
    unsafe {
        libc::atexit(tidy);
    }
}

extern "C" fn tidy() {
    if !FAILED.load(Ordering::Relaxed) {
        drop(fs::remove_dir_all(run_folder(std::process::id())));
    }
}
