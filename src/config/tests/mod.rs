//! Loads configurations and compares the results. The files are in `tests/fixtures/config`; an invalid one has its
//! expected messages beside it. With `WARRENER_GOLDEN=write` in the environment the messages are written again, to be
//! reviewed before they are committed.

mod exposure;
mod files;
mod flags;
mod sections;
mod syntax;
mod tokens;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::*;
use crate::registry::REGISTRY;

pub(super) fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[allow(clippy::disallowed_methods, reason = "fixtures are files")]
pub(super) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The environment of the fixtures.
fn env(name: &str) -> Option<OsString> {
    match name {
        "KAFKA_PASSWORD" => Some("hush-from-env".into()),
        "BROKER" => Some("kafka-from-env".into()),
        "EMPTY" => Some("".into()),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    match path.to_str() {
        Some("password") => Ok(b"hush-from-file\r\n".to_vec()),
        Some("empty") => Ok(b"\n".to_vec()),
        Some("binary") => Ok(b"\xff\xfe".to_vec()),
        _ => Err("no such file".to_owned()),
    }
}

fn readable(path: &Path) -> Result<(), String> {
    match path.to_str() {
        Some(
            "ca.pem" | "client.pem" | "client.key" | "warrener.keytab" | "web.yml" | "client-secret" | "assertion"
            | "token",
        ) => Ok(()),
        _ => Err("no such file".to_owned()),
    }
}

pub(super) const WORLD: SystemAccess<'static> = SystemAccess { env: &env, read: &read, check_readable: &readable };

pub(super) fn loaded(text: &str) -> Result<LoadedConfig, Mistakes> {
    load(text, &REGISTRY, &Overrides::default(), &WORLD)
}

fn lines<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Loads a valid file with `rest` appended.
fn with(rest: &str) -> Result<LoadedConfig, Mistakes> {
    loaded(&format!("[cluster.local]\nclass-name = \"kafka\"\nservers = [\"kafka:9092\"]\n{rest}"))
}

fn connection(consumer: &ConsumerConfig) -> &ConnectionConfig {
    consumer.settings.connection().unwrap()
}
