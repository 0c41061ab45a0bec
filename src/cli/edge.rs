//! Where a configuration meets files and the environment.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Exit, Run, Source, trial};
use crate::config::{Config, Loaded, Outside, Warning, from_flags, load};

/// More than any configuration or password needs; what is longer is another file, or has no end.
const MOST_BYTES: u64 = 4 << 20;

/// The real environment and the real files.
#[must_use]
pub const fn outside() -> Outside<'static> {
    Outside { env: &|name| std::env::var_os(name), read: &read, readable: &is_readable }
}

impl Run {
    /// Loads and checks the configuration, with what the libraries think of it.
    ///
    /// # Errors
    /// All its mistakes, to print.
    pub fn load(&self) -> Result<Loaded, Exit> {
        let loaded = match &self.source {
            Source::File(path) => {
                let unread =
                    |why: &str| Exit::usage(format!("{}: expected a configuration file, {why}\n", path.display()));
                let bytes = read(path).map_err(|why| unread(&format!("found none: {why}")))?;
                let text = String::from_utf8(bytes).map_err(|error| unread(&not_text(&error)))?;
                load(&text, &self.overrides, &outside())
            }
            Source::Flags(flags) => from_flags(flags, &self.overrides).map(|config| Loaded {
                config,
                warnings: Vec::new(),
                unsupported: Vec::new(),
            }),
        };
        let loaded = loaded.map_err(|mistakes| Exit::mistakes(&self.source, mistakes.iter()))?;
        let refused = trial::refused(&loaded.config);
        if refused.is_empty() { Ok(loaded) } else { Err(Exit::mistakes(&self.source, refused)) }
    }
}

/// What a run may start with: refuses a configuration that asks for what this version lacks.
///
/// # Errors
/// All that is not supported, to print.
pub fn startable(loaded: Loaded) -> Result<(Config, Vec<Warning>), Exit> {
    if loaded.unsupported.is_empty() {
        return Ok((loaded.config, loaded.warnings));
    }
    Err(Exit::usage(loaded.unsupported.iter().map(|unsupported| format!("{unsupported}\n")).collect()))
}

/// What a reading may start with: as [`startable`], but for what only a run that goes on has to do with.
///
/// # Errors
/// As [`startable`].
pub fn readable(loaded: Loaded) -> Result<(Config, Vec<Warning>), Exit> {
    let unsupported = loaded.unsupported.into_iter().filter(|it| !it.is_about_serving()).collect();
    startable(Loaded { unsupported, ..loaded })
}

fn not_text(error: &std::string::FromUtf8Error) -> String {
    let valid = error.utf8_error().valid_up_to();
    let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count().saturating_add(1);
    format!("found bytes that are not UTF-8 in line {line}")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = MOST_BYTES.saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read <= MOST_BYTES) => Ok(bytes),
        Ok(_) => Err(format!("more than {MOST_BYTES} bytes")),
        Err(error) => Err(error.to_string()),
    }
}

/// Not read, since a pipe can be read only once.
fn is_readable(path: &Path) -> Result<(), String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    File::open(path).map(drop).map_err(|error| error.to_string())
}
