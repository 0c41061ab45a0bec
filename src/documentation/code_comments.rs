//! Comments in code: the files that they name are there.

use regex::Regex;

use super::{DocPage, DocTable, codes, files, read, root};

/// The documentation of a module, without its `//!`.
fn module_doc(path: &str, code: &str) -> DocPage {
    let lines = code.lines().filter_map(|line| line.strip_prefix("//!")).map(|line| line.trim_start_matches(' '));
    DocPage::of(path, &lines.collect::<Vec<_>>().join("\n"))
}

/// The tables of a module's documentation that list the files of its folder.
fn file_tables(path: &str, code: &str) -> Vec<DocTable> {
    let tables = module_doc(path, code).tables().into_iter();
    tables.filter(|table| ["file", "folder"].contains(&table.head[0].as_str())).collect()
}

/// The comments of Rust code.
fn comments(code: &str) -> String {
    let comment = Regex::new(r"(?:^|\s)//(.*)").unwrap();
    let found = code.lines().filter_map(|line| comment.captures(line)).map(|found| found[1].to_owned());
    found.collect::<Vec<_>>().join("\n")
}

/// The paths within the repository that a text names; those of its sources and of its documentation.
fn paths(text: &str) -> Vec<String> {
    let path = Regex::new(r"(?:^|[^\w./-])((?:docs/)?src/[\w./*-]*)").unwrap();
    let found = path.captures_iter(text).map(|found| found[1].trim_end_matches('.').to_owned());
    // `src/NAME.rs` and `src/*.rs` stand for files.
    found.filter(|path| !path.contains("NAME") && !path.contains('*')).collect()
}

#[test]
fn every_file_in_the_table_of_a_folder_is_beside_it() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for path in files("src", "rs").into_iter().filter(|path| path.ends_with("/mod.rs")) {
        let folder = root().join(&path).parent().unwrap().to_owned();
        for row in file_tables(&path, &read(&path)).iter().flat_map(|table| &table.rows) {
            let names = codes(&row[0]);
            assert!(!names.is_empty(), "{path}: {row:?} names no file");
            for name in names {
                checked += 1;
                if !folder.join(name).is_dir() && !folder.join(format!("{name}.rs")).is_file() {
                    wrong.push(format!("{path}: {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 100, "{checked} files");
}

#[test]
fn every_path_that_a_comment_names_is_there() {
    let code = ["src", "tests", "benches"].into_iter().flat_map(|folder| files(folder, "rs"));
    let texts = code.map(|path| (comments(&read(&path)), path));
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (text, file) in texts.chain([(read("Cargo.toml"), "Cargo.toml".to_owned())]) {
        for path in paths(&text) {
            checked += 1;
            if !root().join(&path).exists() {
                wrong.push(format!("{file}: {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 40, "{checked} paths");
}

#[test]
fn tables_and_paths_are_found_in_comments_alone() {
    let code = "//! In: a.\n//!\n//! | file | contains |\n//! |---|---|\n//! | `b`, `c/d` | e |\n//!\n\
                //! | status | code |\n//! |---|---|\n//! | `ok` | 200 |\n\
                /// See src/lag.rs.\nfn f() -> &str {\n    \"src/lib.rs\" // docs/src/glossary.md, `src/cli/`\n}\n\
                // https://g/src/lib.rs and src/NAME.rs\n";
    let tables = file_tables("a/mod.rs", code);
    assert_eq!(tables.len(), 1);
    assert_eq!(codes(&tables[0].rows[0][0]), ["b", "c/d"]);
    assert_eq!(paths(&comments(code)), ["src/lag.rs", "docs/src/glossary.md", "src/cli/"]);
}
