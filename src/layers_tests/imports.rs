//! The modules of the crate and what each of them names, read from the text of its files.

use std::collections::BTreeMap;

use regex::Regex;

use crate::documentation::{files, read};

/// The path of a module or of an item in it, without `crate`.
pub(super) type ModulePath = Vec<String>;

fn module_path(words: &str) -> ModulePath {
    words.split("::").map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The code of a file: without comments, texts and the tests in it.
fn code(text: &str) -> String {
    let comments = Regex::new(r"(?m)//.*$").unwrap();
    let texts = Regex::new(r#""(?:\\.|[^"\\])*""#).unwrap();
    let text = texts.replace_all(text, "\"\"");
    let text = comments.replace_all(&text, "");
    let tests = Regex::new(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{").unwrap();
    let end = tests.find(&text).map_or(text.len(), |found| found.start());
    text[..end].to_owned()
}

/// The code of each module with a file of its own; tests aside.
pub(super) fn modules() -> BTreeMap<ModulePath, String> {
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

/// The paths in `use` trees that an expression finds, from the crate's root.
pub(super) fn in_trees(trees: &Regex, code: &str, module: &[String]) -> Vec<ModulePath> {
    let mut found = Vec::new();
    trees.captures_iter(code).for_each(|tree| paths(&tree[1], &[], &mut found));
    found.iter().map(|path| from_root(path, module)).collect()
}

/// All paths that the code of a module names, from the crate's root.
pub(super) fn named(code: &str, module: &[String]) -> Vec<ModulePath> {
    let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
    let inline = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap();
    let mut found = in_trees(&uses, code, module);
    let rest = uses.replace_all(code, "");
    found.extend(inline.find_iter(&rest).map(|path| from_root(&module_path(path.as_str()), module)));
    found
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

#[test]
fn a_path_is_found_in_code_alone() {
    let text = "use crate::{config, model::Lag};\n// crate::http\nlet a = \"crate::cli\";\n\
                let b = crate::lag::lag();\n#[cfg(test)]\nmod tests {\n    use crate::demo;\n}\n";
    let found: Vec<String> = named(&code(text), &[]).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["config", "model::Lag", "lag::lag"]);
}
