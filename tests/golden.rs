//! The golden records are what Kafka's own generated classes write: the core's unit tests decode them.

use std::path::{Path, PathBuf};

use crate::rig::maven::{Version, java};

fn printed_by(program: &str, version: Version) {
    let (printed, file) = (print(program, version), file(version));
    if std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write") {
        std::fs::write(&file, &printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(&file).unwrap(), "{}", file.display());
}

/// What a Java program prints with a release's jars.
fn print(program: &str, version: Version) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig").join(program);
    let output = java(version, 192).arg(&program).output().unwrap();
    assert!(output.status.success(), "{}:\n{}", program.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(version: Version) -> PathBuf {
    let name = format!("tests/fixtures/records/generated-{}.txt", version.name());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_golden_records_are_what_kafkas_own_classes_write() {
    printed_by("Golden.java", Version::V4_2);
}

#[test]
fn the_golden_records_of_the_latest_release_are_the_same_and_some_more() {
    let held = std::fs::read_to_string(file(Version::V4_2)).unwrap();
    assert_eq!(print("Golden.java", Version::V4_4), held);
    printed_by("GoldenLatest.java", Version::V4_4);
}

#[test]
fn the_golden_records_of_early_access_are_what_kafkas_own_classes_wrote() {
    printed_by("GoldenEarly.java", Version::V3_9);
}
