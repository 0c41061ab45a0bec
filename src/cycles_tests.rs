//! Files do not import each other in a circle. What the `mod.rs` of a folder offers to the files in it does not count:
//! they are one module.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::documentation::{files, read};
use crate::layers_tests::code;

/// The path of a module or of an item in it, without `crate`.
type ModulePath = Vec<String>;

fn module_path(words: &str) -> ModulePath {
    words.split("::").map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The code of each module with a file of its own; tests aside.
fn modules() -> BTreeMap<ModulePath, String> {
    let is_test = Regex::new(r"tests?(/|\.rs)|_tests|/documentation/|/golden").unwrap();
    let production = files("src", "rs").into_iter().filter(|file| !is_test.is_match(file));
    let modules = production.map(|file| {
        let inside = file.strip_prefix("src/").unwrap().trim_end_matches(".rs").trim_end_matches("/mod");
        (inside.split('/').map(str::to_owned).collect(), code(&read(&file)))
    });
    modules.collect()
}

/// The paths of a `use` tree: `a::{b, c::d as e}` has `a::b` and `a::c::d`.
fn paths(tree: &str, before: &[String], found: &mut Vec<ModulePath>) {
    let Some((start, list)) = tree.split_once('{') else {
        let path = module_path(tree.split(" as ").next().unwrap());
        found.push([before, &path].concat());
        return;
    };
    let before = [before, &module_path(start)].concat();
    let (mut depth, mut item) = (0, String::new());
    for letter in list.rsplit_once('}').unwrap().0.chars().chain([',']) {
        match letter {
            ',' if depth == 0 => {
                if !item.trim().is_empty() {
                    paths(&item, &before, found);
                }
                item.clear();
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        item.push(letter);
    }
}

/// The path from the crate's root for a path in a module.
fn from_root(path: &[String], module: &[String]) -> ModulePath {
    let rest = |skipped: usize| path.get(skipped..).unwrap().to_vec();
    let supers = path.iter().take_while(|word| *word == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => rest(1),
        Some("self") => [module, &rest(1)].concat(),
        Some("super") => [&module[..module.len() - supers], &rest(supers)].concat(),
        // A module within this one, or another crate.
        Some(_) | None => [module, path].concat(),
    }
}

struct Graph {
    modules: BTreeMap<ModulePath, String>,
    /// By module, where the names come from that it re-exports.
    reexports: BTreeMap<ModulePath, Vec<ModulePath>>,
}

impl Graph {
    fn new() -> Self {
        let modules = modules();
        let reexport = Regex::new(r"(?m)^\s*pub(?:\([^)]*\))? use ([^;]+);").unwrap();
        let of_module = |(module, code): (&ModulePath, &String)| {
            let mut found = Vec::new();
            reexport.captures_iter(code).for_each(|tree| paths(&tree[1], &[], &mut found));
            (module.clone(), found.iter().map(|path| from_root(path, module)).collect())
        };
        let reexports = modules.iter().map(of_module).collect();
        Self { modules, reexports }
    }

    /// The module that defines what a path names. `None` for what is not in this crate.
    fn defining(&self, path: &[String]) -> Option<ModulePath> {
        let module =
            (1..=path.len()).rev().map(|length| &path[..length]).find(|one| self.modules.contains_key(*one))?;
        let Some(name) = path.get(module.len()) else { return Some(module.to_vec()) };
        let reexport = self.reexports[module].iter().find(|from| from.last() == Some(name));
        match reexport {
            Some(from) if from.as_slice() != path => self.defining(from),
            Some(_) | None => Some(module.to_vec()),
        }
    }

    /// The modules that a module imports from, those that it lies in aside.
    fn imports(&self, module: &ModulePath) -> BTreeSet<ModulePath> {
        let code = &self.modules[module];
        let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
        let inline = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap();
        let mut found = Vec::new();
        uses.captures_iter(code).for_each(|tree| paths(&tree[1], &[], &mut found));
        found.extend(inline.find_iter(&uses.replace_all(code, "")).map(|path| module_path(path.as_str())));
        let defining = found.iter().filter_map(|path| self.defining(&from_root(path, module)));
        defining.filter(|other| !module.starts_with(other)).collect()
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let graph = Graph::new();
    let imports: BTreeMap<_, _> = graph.modules.keys().map(|module| (module, graph.imports(module))).collect();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 300, "the imports were not found");
    let mut circles = Vec::new();
    for module in graph.modules.keys() {
        let (mut reached, mut next) = (BTreeSet::new(), vec![module]);
        while let Some(one) = next.pop() {
            next.extend(imports[one].iter().filter(|other| reached.insert(*other)));
        }
        if reached.contains(module) {
            let members = reached.iter().filter(|other| imports[*other].contains(module));
            circles.push(format!("{} is imported by {:?}", module.join("::"), members.collect::<Vec<_>>()));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn every_path_of_a_use_tree_is_found() {
    let mut found = Vec::new();
    paths("crate::{config, model::{Lag as Behind, self}}", &[], &mut found);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["crate::config", "crate::model::Lag", "crate::model::self"]);
    let module = ["a", "b", "c"].map(str::to_owned);
    assert_eq!(from_root(&module_path("super::super::x::Y"), &module).join("::"), "a::x::Y");
    assert_eq!(from_root(&module_path("self::x"), &module).join("::"), "a::b::c::x");
}
