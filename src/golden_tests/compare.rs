//! Compares texts with their golden files, and writes the files if `WARRENER_GOLDEN=write` is set.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Golden;

/// The folder of the golden files.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden")
}

/// Whether golden files are written before they are compared.
pub(crate) fn is_writing() -> bool {
    std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write")
}

/// Compares a whole text with a file. The path is relative to the crate.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "fixtures are files")]
pub(crate) fn compare_file(path: impl AsRef<Path>, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_writing() {
        fs::write(&file, found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(found, expected, "{} (WARRENER_GOLDEN=write writes it)", file.display());
}

/// Compares whole texts with their files in `tests/fixtures/golden`. All files that differ are named, each with its
/// first line that does.
#[track_caller]
pub(crate) fn compare(goldens: &[Golden]) {
    if is_writing() {
        goldens.iter().for_each(write);
    }
    let differences: Vec<String> = goldens.iter().filter_map(difference).collect();
    let heading = "other than in tests/fixtures/golden (WARRENER_GOLDEN=write writes the files):";
    assert!(differences.is_empty(), "{heading}\n{}", differences.join("\n"));
}

fn write((name, text): &Golden) {
    let path = folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[allow(clippy::disallowed_methods, reason = "fixtures are files")]
fn difference((name, found): &Golden) -> Option<String> {
    let path = folder().join(name);
    match fs::read_to_string(&path) {
        Ok(expected) => first_difference(&expected, found).map(|(line, expected, found)| {
            format!("{name}:{line}: expected {expected}\n{name}:{line}: found    {found}")
        }),
        Err(error) => Some(format!("{name}: {error}")),
    }
}

/// The number of the first line that differs, and that line in both texts.
fn first_difference<'a>(expected: &'a str, found: &'a str) -> Option<(usize, &'a str, &'a str)> {
    const END: &str = "(end of the file)";
    let (mut expected, mut found) = (expected.split('\n'), found.split('\n'));
    for number in 1.. {
        match (expected.next(), found.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => return Some((number, one.unwrap_or(END), other.unwrap_or(END))),
        }
    }
    None
}

/// The names of all files below a folder, relative to it.
pub(super) fn names(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name().into_string().unwrap())).unwrap();
        if path.is_dir() {
            names.extend(self::names(&path).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            names.insert(name);
        }
    }
    names
}

#[test]
fn the_first_line_that_differs_is_found_and_so_is_a_missing_one() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(first_difference("a\nb\nc\n", "a\nB\nC\n"), Some((2, "b", "B")));
    assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "", "b")));
    assert_eq!(first_difference("a\n", "a"), Some((2, "", "(end of the file)")));
}
