//! Access of the configuration to files and the environment.

use std::fs::File;
use std::path::Path;

use super::listener_check::check_listeners;
use super::{ConfigSource, Exit, RunOptions, library_check};
use crate::bounded_file::{self, MOST_BYTES};
use crate::config::{Config, ConfigWarning, LoadedConfig, SystemAccess, from_flags, load};
use crate::registry::REGISTRY;
use crate::supervise::ConfigReader;

/// Reads the configuration file.
type ReadFn = fn(&Path) -> Result<Vec<u8>, String>;

/// The real environment and files.
#[must_use]
pub const fn system_access() -> SystemAccess<'static> {
    SystemAccess { env: &|name| std::env::var_os(name), read: &read, check_readable: &check_readable }
}

impl RunOptions {
    /// Loads and checks the configuration, including the checks of the libraries and of what the listeners are
    /// protected with.
    ///
    /// # Errors
    /// All mistakes, to print.
    pub fn load(&self) -> Result<LoadedConfig, Exit> {
        self.load_with(read_file_or_pipe)
    }

    fn load_with(&self, read: ReadFn) -> Result<LoadedConfig, Exit> {
        let mut loaded = self.load_text(read)?;
        let mut refused = library_check::check_with_libraries(&loaded.config);
        let (mistakes, warnings) = check_listeners(&loaded.config);
        refused.extend(mistakes);
        loaded.warnings.extend(warnings);
        if refused.is_empty() { Ok(loaded) } else { Err(Exit::mistakes(&self.source, refused)) }
    }

    /// Like [`load`](Self::load), for a single reading, which has no listeners.
    ///
    /// # Errors
    /// All mistakes, to print.
    pub fn load_for_lag(&self) -> Result<LoadedConfig, Exit> {
        let loaded = self.load_text(read_file_or_pipe)?;
        let refused = library_check::check_with_libraries(&loaded.config);
        if refused.is_empty() { Ok(loaded) } else { Err(Exit::mistakes(&self.source, refused)) }
    }

    fn load_text(&self, read: ReadFn) -> Result<LoadedConfig, Exit> {
        let loaded =
            match &self.source {
                ConfigSource::File(path) => {
                    let unread = |why: &str| Exit::usage(format!("{}: {why}\n", path.display()));
                    let bytes =
                        read(path).map_err(|why| unread(&format!("cannot read the configuration file: {why}")))?;
                    let text = String::from_utf8(bytes).map_err(|error| unread(&utf8_error(&error)))?;
                    load(&text, &REGISTRY, &self.overrides, &system_access())
                }
                ConfigSource::Flags(flags) => from_flags(flags, &REGISTRY, &self.overrides)
                    .map(|config| LoadedConfig { config, warnings: Vec::new(), unsupported: Vec::new() }),
            };
        loaded.map_err(|mistakes| Exit::mistakes(&self.source, mistakes.iter()))
    }
}

impl RunOptions {
    /// How a run reads its configuration again. `None` if it came from flags.
    #[must_use]
    pub fn reader(&self) -> Option<ConfigReader> {
        let ConfigSource::File(path) = &self.source else { return None };
        let (options, path) = (self.clone(), path.clone());
        let read = move || {
            // A pipe has been read already, and would make the program wait.
            let loaded = options.load_with(read).and_then(config_for_run);
            loaded.map_err(|exit| exit.stderr.lines().map(str::to_owned).collect())
        };
        let watched = move || -> Option<Vec<u8>> { self::read(&path).ok() };
        Some(ConfigReader {
            read: Box::new(read),
            watched: self.watch.then(|| -> Box<dyn Fn() -> _ + Send + Sync> { Box::new(watched) }),
        })
    }
}

/// Checks what the listeners of a configuration are protected with, which comes from flags alone.
///
/// # Errors
/// All mistakes, to print.
pub fn listener_warnings(config: &Config) -> Result<Vec<ConfigWarning>, Exit> {
    let (mistakes, warnings) = check_listeners(config);
    if mistakes.is_empty() { Ok(warnings) } else { Err(Exit::usage(mistakes.join("\n") + "\n")) }
}

/// Returns the configuration of a run, unless it uses features that this version does not have.
///
/// # Errors
/// All unsupported settings, to print.
pub fn config_for_run(loaded: LoadedConfig) -> Result<(Config, Vec<ConfigWarning>), Exit> {
    if loaded.unsupported.is_empty() {
        return Ok((loaded.config, loaded.warnings));
    }
    Err(Exit::usage(loaded.unsupported.iter().map(|unsupported| format!("{unsupported}\n")).collect()))
}

/// Like [`config_for_run`], for a single reading: unsupported settings that concern only a running exporter are
/// ignored.
///
/// # Errors
/// All other unsupported settings, to print.
pub fn config_for_lag(loaded: LoadedConfig) -> Result<(Config, Vec<ConfigWarning>), Exit> {
    let unsupported = loaded.unsupported.into_iter().filter(|it| !it.is_about_serving()).collect();
    config_for_run(LoadedConfig { unsupported, ..loaded })
}

fn utf8_error(error: &std::string::FromUtf8Error) -> String {
    let valid = error.utf8_error().valid_up_to();
    let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count().saturating_add(1);
    format!("expected UTF-8 text, found other bytes in line {line}")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    bounded_file::read(path, MOST_BYTES).map(|(_, bytes)| bytes)
}

/// Reads a file that may be a pipe, such as a shell makes for `<(...)`.
fn read_file_or_pipe(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    bounded_file::take(file, MOST_BYTES)
}

/// Opened but not read, because a pipe can be read only once.
fn check_readable(path: &Path) -> Result<(), String> {
    bounded_file::open(path).map(drop)
}
