//! Links: every one that does not leave the repository leads to a file, and to a heading where it names one.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use regex::Regex;

use super::{DocPage, codes, files, read, root};

/// The files in which links are followed.
pub(super) fn pages() -> Vec<String> {
    let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "BENCHMARKS.md"].map(str::to_owned);
    top.into_iter().chain(files("docs", "md")).collect()
}

/// Where a page's links and pictures lead to within the repository, by the path that is written.
pub(super) fn targets(page: &DocPage) -> Vec<String> {
    let text = Regex::new("`[^`]*`").unwrap().replace_all(&page.text(), "`").into_owned();
    let link = Regex::new(r#"\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)""#).unwrap();
    let found = link.captures_iter(&text).filter_map(|found| found.get(1).or(found.get(2)));
    let ours = found.map(|target| target.as_str().to_owned()).filter(|target| !target.contains("://"));
    ours.collect()
}

/// The file and the anchor that a link on a page leads to; the file is relative to the repository.
pub(super) fn resolved(page: &str, target: &str) -> (String, Option<String>) {
    let (file, anchor) = match target.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor.to_owned())),
        None => (target, None),
    };
    if file.is_empty() {
        return (page.to_owned(), anchor);
    }
    let (path, mut parts) = (Path::new(page).parent().unwrap().join(file), Vec::new());
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().unwrap()),
            Component::ParentDir => assert!(parts.pop().is_some(), "{page}: {target} leaves the repository"),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => panic!("{page}: {target} is not relative"),
        }
    }
    (parts.join("/"), anchor)
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let (mut wrong, mut checked) = (BTreeSet::new(), 0);
    for path in pages() {
        let page = DocPage::read(&path);
        for target in targets(&page) {
            let (file, anchor) = resolved(&path, &target);
            checked += 1;
            let leads = match anchor {
                None => root().join(&file).exists(),
                Some(anchor) => {
                    root().join(&file).is_file() && DocPage::of(&file, &read(&file)).anchors().contains_key(&anchor)
                }
            };
            if !leads {
                wrong.insert(format!("{path}: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 300, "{checked} links");
}

/// `src/NAME.rs` and `tests/fixtures/page*.txt` stand for files; a path without such a part is one.
#[test]
fn every_path_that_a_page_on_the_code_names_is_there() {
    let path = Regex::new(r"^(?:src|tests|benches|docs|alerts|dashboards|packaging|ci)/[^\s#*]*$").unwrap();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for page in ["CONTRIBUTING.md", "docs/src/architecture.md"] {
        let text = DocPage::read(page).text();
        for code in codes(&text).into_iter().filter(|code| path.is_match(code)) {
            let known = code.split("NAME").next().unwrap().rsplit_once('/').filter(|_| code.contains("NAME"));
            checked += 1;
            if !root().join(known.map_or(code, |(folder, _)| folder)).exists() {
                wrong.push(format!("{page}: {code}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 60, "{checked} paths");
}

#[test]
fn a_link_is_found_in_text_and_in_html_and_not_in_code() {
    let text =
        "[a](b.md#c) `[no](no.md)` [`d`](#e)\n```\n[no](no.md)\n```\n<img src=\"f/g.png\" alt=\"\"> [h](https://i/j)";
    let page = DocPage::of("docs/src/x/y.md", text);
    assert_eq!(targets(&page), ["b.md#c", "#e", "f/g.png"]);
    let resolved = |target| resolved("docs/src/x/y.md", target);
    assert_eq!(resolved("b.md#c"), ("docs/src/x/b.md".to_owned(), Some("c".to_owned())));
    assert_eq!(resolved("#e"), ("docs/src/x/y.md".to_owned(), Some("e".to_owned())));
    assert_eq!(resolved("../../../BENCHMARKS.md"), ("BENCHMARKS.md".to_owned(), None));
}
