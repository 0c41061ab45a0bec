//! The golden records are what Kafka's own generated classes write: the core's unit tests decode them.

use std::path::{Path, PathBuf};

use crate::rig::maven::{Version, java};

fn printed_by(program: &str, version: Version) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = java(version, 192).arg(root.join("tests/rig").join(program)).output().unwrap();
    assert!(output.status.success(), "{program}:\n{}", String::from_utf8_lossy(&output.stderr));
    let file: PathBuf = root.join(format!("tests/fixtures/records/generated-{}.txt", version.name()));
    if std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write") {
        std::fs::write(&file, &output.stdout).unwrap();
    }
    let held = std::fs::read_to_string(&file).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), held, "{}", file.display());
}

#[test]
fn the_golden_records_are_what_kafkas_own_classes_write() {
    printed_by("Golden.java", Version::V4_2);
}

#[test]
fn the_golden_records_of_early_access_are_what_kafkas_own_classes_wrote() {
    printed_by("GoldenEarly.java", Version::V3_9);
}
