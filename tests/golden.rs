//! The golden records are what Kafka's own generated classes write: the core's unit tests decode them.

use std::path::Path;

use crate::rig::maven::{Version, java};

/// Of these releases each has to print the same.
fn printed_by(program: &str, releases: &[Version], file: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records").join(file);
    for version in releases {
        let printed = print(program, *version);
        if std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write") {
            std::fs::write(&file, &printed).unwrap();
        }
        assert_eq!(printed, std::fs::read_to_string(&file).unwrap(), "{} {version:?}", file.display());
    }
}

/// What a Java program prints with a release's jars.
fn print(program: &str, version: Version) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig").join(program);
    let output = java(version, 192).arg(&program).output().unwrap();
    assert!(output.status.success(), "{}:\n{}", program.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_golden_records_are_what_kafkas_own_classes_write() {
    printed_by("Golden.java", &[Version::V4_3, Version::V4_4], "generated-4.2.0.txt");
}

#[test]
fn the_golden_records_of_the_latest_release_are_what_its_own_classes_write() {
    printed_by("GoldenLatest.java", &[Version::V4_4], "generated-4.4.0.txt");
}

#[test]
fn the_golden_records_of_early_access_are_what_kafkas_own_classes_wrote() {
    printed_by("GoldenEarly.java", &[Version::V3_9], "generated-3.9.1.txt");
}
