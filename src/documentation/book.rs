//! The book: its summary, its pages, and what `make book` puts beside them.

use std::collections::BTreeSet;

use super::links::{pages, resolved, targets};
use super::{DocPage, files, read, root};

/// The pages that the summary names, in its order.
fn summary() -> Vec<String> {
    let page = DocPage::read("docs/src/SUMMARY.md");
    targets(&page).iter().map(|target| resolved(&page.path, target).0).collect()
}

/// What a variable of the Makefile is set to.
fn variable(name: &str) -> Vec<String> {
    let (makefile, start) = (read("Makefile"), format!("{name} = "));
    let value = makefile.lines().find_map(|line| line.strip_prefix(&start));
    value.unwrap_or_else(|| panic!("no {name}")).split(' ').map(str::to_owned).collect()
}

#[test]
fn every_page_is_in_the_summary_once_and_the_summary_names_no_other() {
    let mut named = summary();
    named.sort();
    let mut pages = files("docs/src", "md");
    pages.retain(|path| path != "docs/src/SUMMARY.md");
    assert_eq!(named, pages);
}

#[test]
fn every_page_has_a_title_and_one_only() {
    for path in summary() {
        let page = DocPage::read(&path);
        assert_eq!(page.headings().filter(|heading| heading.starts_with("# ")).count(), 1, "{path}");
        assert!(page.headings().next().unwrap().starts_with("# "), "{path}");
    }
}

/// The built book has the files in the places that they have here, so that the links between them hold.
#[test]
fn every_link_of_the_built_book_leads_to_something_that_it_has() {
    let (chapters, others) = (variable("BOOK_PAGES"), variable("BOOK_FILES"));
    let chapters: BTreeSet<String> = summary().into_iter().chain(chapters).collect();
    for path in chapters.iter().chain(&others) {
        assert!(root().join(path).exists(), "no {path}");
    }
    let copied = |file: &str| others.iter().any(|other| file == other || file.starts_with(&format!("{other}/")));
    for path in pages().into_iter().filter(|path| chapters.contains(path)) {
        for target in targets(&DocPage::read(&path)) {
            let (file, _) = resolved(&path, &target);
            assert!(chapters.contains(&file) || copied(&file), "{path}: the built book has no {target}");
        }
    }
}
