//! The dashboards that are shipped in `dashboards/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Their files.
pub const FILES: [&str; 3] = ["overview.json", "group.json", "exporter.json"];

pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

pub fn read(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(shipped().join(file)).unwrap()).unwrap()
}

/// What the code in `dashboards/generate` writes, into this folder.
pub fn generate(into: &Path) {
    let mut command = Command::new("go");
    command.args(["run", "-mod=readonly", ".", into.to_str().unwrap()]).current_dir(shipped().join("generate"));
    let output = command.output().unwrap_or_else(|error| panic!("no `go` ({error}): install Go 1.26 or later"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The panels of a dashboard, rows too.
pub fn panels(board: &Value) -> Vec<Value> {
    board["panels"].as_array().unwrap().clone()
}

/// Each expression, with the panel that it is of.
pub fn expressions(board: &Value) -> Vec<(String, String)> {
    let of = |panel: &Value| -> Vec<(String, String)> {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(|target| (title.to_owned(), target["expr"].as_str().unwrap().to_owned())).collect()
    };
    panels(board).iter().flat_map(of).collect()
}

/// The names and the queries of the variables that are asked of the data source.
pub fn variables(board: &Value) -> Vec<(String, Option<String>)> {
    let list = board["templating"]["list"].as_array().unwrap();
    let query = |variable: &Value| {
        let asks = variable["type"] == "query";
        asks.then(|| variable["query"].as_str().unwrap_or_else(|| panic!("{variable}")).to_owned())
    };
    list.iter().map(|variable| (variable["name"].as_str().unwrap().to_owned(), query(variable))).collect()
}
