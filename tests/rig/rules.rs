//! The rules that are shipped in `alerts/`, and their unit tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The files of rules.
pub const FILES: [&str; 3] = ["recording.yml", "groups.yml", "exporter.yml"];

/// The folder that they are in.
pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts")
}

/// A file of rules.
#[derive(Debug, Deserialize)]
pub struct File {
    pub groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
pub struct Group {
    pub rules: Vec<Rule>,
}

/// A rule: the name of an alert is `alert`.
#[derive(Clone, Debug, Deserialize)]
pub struct Rule {
    pub alert: Option<String>,
    pub expr: String,
    #[serde(default, rename = "for")]
    pub waits: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

pub fn parse<T: for<'a> Deserialize<'a>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every rule that is shipped.
pub fn all() -> Vec<Rule> {
    let files = FILES.map(|file| parse::<File>(&shipped().join(file)));
    files.into_iter().flat_map(|file| file.groups).flat_map(|group| group.rules).collect()
}

/// Every alert that is shipped; one name may have several rules.
pub fn alerts() -> Vec<(String, Rule)> {
    all().into_iter().filter_map(|rule| Some((rule.alert.clone()?, rule))).collect()
}

/// The rules with a second for a minute in `for`, `keep_firing_for` and `interval`, and nothing else changed: the
/// expressions are those that are shipped.
pub fn hastened(text: &str) -> String {
    let hasten = |line: &str| {
        let waits = ["for: ", "keep_firing_for: ", "interval: "];
        match line.strip_suffix('m').filter(|line| waits.iter().any(|key| line.trim_start().starts_with(key))) {
            Some(stem) => format!("{stem}s\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(hasten).collect()
}
