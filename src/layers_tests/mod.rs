//! The layers of the crate: a module uses only modules that stand before it in [`LAYERS`].

mod circles;
mod imports;

use std::collections::BTreeSet;

use imports::ModulePath;

/// Each line is a layer, lowest first. Within a layer, a module may use those before it.
const LAYERS: [&[&str]; 8] = [
    // Values, and the rules that need nothing else.
    &["model", "invariant", "terminal", "wall_clock", "address", "lag", "time_lag", "evaluate", "health"],
    // Input: bytes and texts to values.
    &["offsets", "config"],
    // State.
    &["storage", "zktree"],
    // What the system offers.
    &["clock", "shortage", "crash", "host", "bounded_file", "log"],
    // Readers of storage.
    &["lag_table", "burrow", "status_page", "metrics"],
    // Clients, modules and the server.
    &["task", "credentials", "token", "kafka", "coordinator", "cluster", "consumer", "http"],
    // What a configuration may name.
    &["registry"],
    // Wiring.
    &["demo", "supervise", "cli"],
];

/// The files and folders of `storage`, in the same way.
const STORAGE: [&str; 10] =
    ["lists", "sources", "limits", "topics", "expire", "rules", "windows", "groups", "cluster", "views"];

fn place(name: &str) -> usize {
    let all = LAYERS.concat();
    all.iter().position(|module| *module == name).unwrap_or_else(|| panic!("{name} has no place in LAYERS"))
}

/// The modules of the crate with what each names, without the crate's roots.
fn modules_with_names() -> impl Iterator<Item = (ModulePath, Vec<ModulePath>)> {
    let modules = imports::modules().into_iter().filter(|(module, _)| !["lib", "main"].contains(&module[0].as_str()));
    modules.map(|(module, code)| {
        let names = imports::named(&code, &module);
        (module, names)
    })
}

#[test]
fn a_module_uses_only_modules_of_lower_layers() {
    let mut upwards = Vec::new();
    for (module, names) in modules_with_names() {
        let higher = names.iter().filter(|name| place(&name[0]) > place(&module[0]));
        upwards.extend(higher.map(|name| format!("{} uses {}", module.join("::"), name.join("::"))));
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn a_folder_of_storage_uses_only_those_before_it() {
    let place = |name: &str| {
        let found = STORAGE.iter().position(|folder| *folder == name);
        found.unwrap_or_else(|| panic!("{name} has no place in STORAGE"))
    };
    let mut upwards = Vec::new();
    for (module, names) in modules_with_names().filter(|(module, _)| module[0] == "storage" && module.len() > 1) {
        let inside = names.iter().filter(|name| name[0] == "storage" && !name.starts_with(&module));
        let higher = inside.filter(|name| place(&name[1]) > place(&module[1]));
        upwards.extend(higher.map(|name| format!("{} uses {}", module.join("::"), name.join("::"))));
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn every_layer_names_modules_that_exist() {
    let found: BTreeSet<String> = modules_with_names().map(|(module, _)| module[0].clone()).collect();
    let listed: BTreeSet<String> = LAYERS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(found, listed);
}
