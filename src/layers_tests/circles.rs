//! Files do not import each other in a circle. What the `mod.rs` of a folder offers to the files in it does not count:
//! they are one module.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::imports::{ModulePath, in_trees, modules, named};

struct Graph {
    modules: BTreeMap<ModulePath, String>,
    /// By module, where the names come from that it re-exports.
    reexports: BTreeMap<ModulePath, Vec<ModulePath>>,
}

impl Graph {
    fn new() -> Self {
        let modules = modules();
        let reexport = Regex::new(r"(?m)^\s*pub(?:\([^)]*\))? use ([^;]+);").unwrap();
        let of_module = |(module, code): (&ModulePath, &String)| (module.clone(), in_trees(&reexport, code, module));
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
        let named = named(&self.modules[module], module);
        let defining = named.iter().filter_map(|path| self.defining(path));
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
