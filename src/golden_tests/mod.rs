//! Golden files: what one storage looks like on every surface. The files are in `tests/fixtures/golden`, the storage is
//! built by [`storage`] and the configuration is `warrener.toml` beside the files.
//!
//! A change that only moves or renames code leaves all of them as they are. `WARRENER_GOLDEN=write cargo test golden`
//! writes them again; read the difference before you commit it. [`compare_file`] does the same for the golden files of
//! other tests.

mod api;
mod burrow;
mod compare;
mod json;
mod lag;
mod metrics;
pub(crate) mod program;
mod refused;
mod setting;
mod storage;
mod updates;

#[cfg(feature = "daemon")]
pub(crate) use compare::is_writing;
pub(crate) use compare::{compare, compare_file};
#[cfg(feature = "daemon")]
pub(crate) use setting::{CONFIG, NOW, RULES};
#[cfg(feature = "daemon")]
pub(crate) use storage::storage;

use std::collections::BTreeSet;

/// A file below the folder of golden files, and the text that belongs there.
type Golden = (String, String);

/// A name in an address: what is not a letter, a digit, `-` or `_` as its bytes.
fn percent(name: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    name.iter().map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Golden files that are written by tests elsewhere, and the configuration.
const OTHERS: [&str; 2] = ["check.txt", "warrener.toml"];

#[test]
fn every_page_of_metrics_is_its_golden_file() {
    compare(&metrics::goldens());
}

#[test]
fn every_answer_of_burrows_api_is_its_golden_file() {
    compare(&burrow::goldens());
}

#[test]
fn every_answer_of_the_status_page_is_its_golden_file() {
    compare(&api::goldens());
}

#[test]
fn the_table_of_lag_and_its_json_are_their_golden_files() {
    compare(&lag::goldens());
}

#[test]
fn every_golden_file_is_compared_with_something() {
    let all = [metrics::goldens(), burrow::goldens(), api::goldens(), lag::goldens()].concat();
    let mut expected: BTreeSet<String> = all.into_iter().map(|(name, _)| name).collect();
    expected.extend(OTHERS.map(str::to_owned));
    assert_eq!(compare::names(&compare::folder()), expected);
}
