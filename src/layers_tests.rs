//! The layers of the crate: a module uses only modules that stand before it in [`LAYERS`].

use std::collections::BTreeSet;

use regex::Regex;

use crate::documentation::{files, read};

/// Each line is a layer, lowest first. Within a layer, a module may use those before it.
const LAYERS: [&[&str]; 8] = [
    // Values, and the rules that need nothing else.
    &["model", "invariant", "terminal", "wall_clock", "address", "lag", "time_lag", "evaluate", "health"],
    // Input: bytes and texts to values.
    &["offsets", "config"],
    // State.
    &["storage", "zktree"],
    // What the system offers.
    &["clock", "shortage", "crash", "host", "log"],
    // Readers of storage.
    &["lag_table", "burrow", "status_page", "metrics"],
    // Clients, modules and the server.
    &["task", "kafka", "coordinator", "cluster", "consumer", "http"],
    // What a configuration may name.
    &["registry"],
    // Wiring.
    &["demo", "supervise", "cli"],
];

/// The files and folders of `storage`, in the same way.
const STORAGE: [&str; 9] = ["lists", "sources", "topics", "expire", "rules", "windows", "groups", "cluster", "views"];

/// The code of a file: without comments, texts and the tests in it.
pub(crate) fn code(text: &str) -> String {
    let comments = Regex::new(r"(?m)//.*$").unwrap();
    let texts = Regex::new(r#""(?:\\.|[^"\\])*""#).unwrap();
    let text = texts.replace_all(text, "\"\"");
    let text = comments.replace_all(&text, "");
    let tests = Regex::new(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{").unwrap();
    let end = tests.find(&text).map_or(text.len(), |found| found.start());
    text[..end].to_owned()
}

/// The top-level module that a file belongs to; `None` for the crate's roots and for tests.
fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let is_test = inside.split('/').any(|part| part.trim_end_matches(".rs").ends_with("tests"));
    let first = inside.split('/').next()?.trim_end_matches(".rs");
    (!is_test && !["lib", "main", "documentation"].contains(&first)).then_some(first)
}

fn place(name: &str) -> usize {
    let all = LAYERS.concat();
    all.iter().position(|module| *module == name).unwrap_or_else(|| panic!("{name} has no place in LAYERS"))
}

/// The top-level modules that code names.
fn used(code: &str) -> BTreeSet<String> {
    let path = Regex::new(r"\bcrate::(?:\{([^}]*)|(\w+))").unwrap();
    let names = path.captures_iter(code).flat_map(|found| {
        let list = found.get(1).or(found.get(2)).unwrap().as_str().to_owned();
        let firsts = list.split(',').map(|item| item.trim().split("::").next().unwrap().to_owned());
        firsts.filter(|name| !name.is_empty()).collect::<Vec<_>>()
    });
    names.collect()
}

#[test]
fn a_module_uses_only_modules_of_lower_layers() {
    let mut upwards = Vec::new();
    for path in files("src", "rs") {
        let Some(module) = module(&path) else { continue };
        let higher = used(&code(&read(&path))).into_iter().filter(|name| place(name) > place(module));
        upwards.extend(higher.map(|name| format!("{path} uses {name}")));
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn a_folder_of_storage_uses_only_those_before_it() {
    let place = |name: &str| {
        let found = STORAGE.iter().position(|folder| *folder == name);
        found.unwrap_or_else(|| panic!("{name} has no place in STORAGE"))
    };
    let path = Regex::new(r"\bcrate::storage::(\{|\w+)").unwrap();
    let mut upwards = Vec::new();
    for file in files("src/storage", "rs") {
        let folder = file.strip_prefix("src/storage/").unwrap().split('/').next().unwrap().trim_end_matches(".rs");
        if module(&file).is_none() || folder == "mod" {
            continue;
        }
        for found in path.captures_iter(&code(&read(&file))) {
            if place(&found[1]) > place(folder) {
                upwards.push(format!("{file} uses {}", &found[1]));
            }
        }
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn every_layer_names_modules_that_exist() {
    let found: BTreeSet<String> =
        files("src", "rs").iter().filter_map(|path| module(path)).map(str::to_owned).collect();
    let listed: BTreeSet<String> = LAYERS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(found, listed);
}

#[test]
fn an_import_is_found_in_code_alone() {
    let text = "use crate::{config, model::Lag};\n// crate::http\nlet a = \"crate::cli\";\n\
                let b = crate::lag::lag();\n#[cfg(test)]\nmod tests {\n    use crate::demo;\n}\n";
    assert_eq!(used(&code(text)), ["config", "lag", "model"].map(str::to_owned).into());
}
