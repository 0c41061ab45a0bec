//! The documentation as tests read it, and the tests that compare its files with each other.
//!
//! A test that compares a page with code stands beside that code.

mod alerts;
mod book;
mod chart;
mod code_comments;
mod figures;
mod links;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder that paths of documents are relative to.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[allow(clippy::disallowed_methods, reason = "the documentation is files")]
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of a folder with this extension, those of its folders included: paths as [`read`] takes them, sorted.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    let ours = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    let name = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = found.into_iter().filter(ours).map(name).collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} has no .{extension}");
    names
}

/// A Markdown file, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct DocPage {
    pub(crate) path: String,
    lines: Vec<DocLine>,
}

#[derive(Clone, Debug)]
struct DocLine {
    text: String,
    /// Part of a fenced block of code, its fences included.
    is_code: bool,
}

/// A table: the cells of its head, and of each row.
#[derive(Clone, Debug)]
pub(crate) struct DocTable {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl DocPage {
    pub(crate) fn read(path: &str) -> Self {
        Self::of(path, &read(path))
    }

    fn of(path: &str, text: &str) -> Self {
        let mut fenced = false;
        let lines = text.lines().map(|line| {
            let fence = line.trim_start().starts_with("```");
            let is_code = fenced || fence;
            fenced ^= fence;
            DocLine { text: line.to_owned(), is_code }
        });
        let lines = lines.collect();
        assert!(!fenced, "{path}: a block of code has no end");
        Self { path: path.to_owned(), lines }
    }

    fn prose(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|line| !line.is_code).map(|line| line.text.as_str())
    }

    /// The text without blocks of code.
    pub(crate) fn text(&self) -> String {
        self.prose().collect::<Vec<_>>().join("\n")
    }

    /// The blocks of code, without their fences.
    pub(crate) fn code(&self) -> String {
        let code = self.lines.iter().filter(|line| line.is_code && !line.text.trim_start().starts_with("```"));
        code.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The headings, with their `#`.
    pub(crate) fn headings(&self) -> impl Iterator<Item = &str> {
        self.prose().filter(|line| level(line).is_some())
    }

    /// The headings by their anchors: of several with the same text, the later ones have a number.
    pub(crate) fn anchors(&self) -> BTreeMap<String, &str> {
        let mut anchors = BTreeMap::new();
        for heading in self.headings() {
            let first = slug(heading.trim_start_matches('#').trim());
            let numbered = (1..).map(|number| format!("{first}-{number}"));
            let anchor = std::iter::once(first.clone()).chain(numbered).find(|anchor| !anchors.contains_key(anchor));
            anchors.insert(anchor.unwrap(), heading);
        }
        anchors
    }

    /// The section that an anchor leads to.
    pub(crate) fn section_at(&self, anchor: &str) -> Self {
        let heading = *self.anchors().get(anchor).unwrap_or_else(|| panic!("{}: no #{anchor}", self.path));
        self.section(heading)
    }

    /// What stands below a heading, up to the next one of its level or of a higher one.
    pub(crate) fn section(&self, heading: &str) -> Self {
        let is_it = |line: &DocLine| !line.is_code && line.text == heading;
        let start = self.lines.iter().position(is_it).unwrap_or_else(|| panic!("{}: no {heading:?}", self.path));
        let below = &self.lines[start + 1..];
        let ends =
            |line: &DocLine| !line.is_code && level(&line.text).is_some_and(|found| Some(found) <= level(heading));
        let end = below.iter().position(ends).unwrap_or(below.len());
        Self { path: format!("{}, {heading}", self.path), lines: below[..end].to_vec() }
    }

    /// The part before the first heading, that of the page not counted.
    pub(crate) fn introduction(&self) -> Self {
        let is_next = |line: &DocLine| !line.is_code && level(&line.text).is_some_and(|level| level > 1);
        let end = self.lines.iter().position(is_next).unwrap_or(self.lines.len());
        Self { path: self.path.clone(), lines: self.lines[..end].to_vec() }
    }

    pub(crate) fn tables(&self) -> Vec<DocTable> {
        let (mut tables, mut lines): (Vec<DocTable>, Vec<&str>) = Default::default();
        for line in self.lines.iter().map(|line| if line.is_code { "" } else { &line.text }).chain([""]) {
            if line.starts_with('|') {
                lines.push(line);
            } else if !lines.is_empty() {
                tables.push(self.table(&std::mem::take(&mut lines)));
            }
        }
        tables
    }

    fn table(&self, lines: &[&str]) -> DocTable {
        let mut rows = lines.iter().map(|line| cells(line));
        let head = rows.next().unwrap();
        let rule = rows.next().unwrap_or_default();
        let rows: Vec<_> = rows.collect();
        assert!(rule.iter().all(|cell| cell.chars().all(|char| "-: ".contains(char))), "{}: {head:?}", self.path);
        for row in &rows {
            assert_eq!(row.len(), head.len(), "{}: {row:?}", self.path);
        }
        DocTable { head, rows }
    }

    /// The only table.
    pub(crate) fn only_table(&self) -> DocTable {
        let mut tables = self.tables();
        assert_eq!(tables.len(), 1, "{}: tables", self.path);
        tables.remove(0)
    }
}

impl DocTable {
    /// A row by its first cell.
    pub(crate) fn row(&self, first: &str) -> &[String] {
        self.rows.iter().find(|row| row[0] == first).unwrap_or_else(|| panic!("no row {first:?}"))
    }

    /// The number of a column.
    pub(crate) fn column(&self, head: &str) -> usize {
        self.head.iter().position(|cell| cell == head).unwrap_or_else(|| panic!("no {head:?} in {:?}", self.head))
    }
}

/// The level of a heading.
fn level(line: &str) -> Option<usize> {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    (marks > 0 && line[marks..].starts_with(' ')).then_some(marks)
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(text: &str) -> String {
    let kept = text.chars().filter(|char| char.is_alphanumeric() || "_- ".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char.to_ascii_lowercase() }).collect()
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().replace("\\|", "\u{0}");
    let inner = line.strip_prefix('|').unwrap().strip_suffix('|').unwrap_or_else(|| panic!("no end: {line}"));
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// What stands between backticks.
pub(crate) fn codes(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The text of the only link that a cell is.
pub(crate) fn link(cell: &str) -> (&str, &str) {
    let inner = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(')'));
    inner.and_then(|inner| inner.split_once("](")).unwrap_or_else(|| panic!("no link: {cell}"))
}

#[test]
fn a_page_is_read_with_its_sections_tables_and_code() {
    let text = "# A\nx\n## B\n```toml\n# no heading\n| no | table |\n```\n### C\n\
                | a | b |\n|---|:-:|\n| `c` \\| d | [e](f) |\n## D\n| g |\n|---|\n| h |\n";
    let page = DocPage::of("a.md", text);
    assert_eq!(page.headings().collect::<Vec<_>>(), ["# A", "## B", "### C", "## D"]);
    let anchors = DocPage::of("b.md", "# A\n## `/api/x_y`, and Z\n## a\n### A");
    assert_eq!(anchors.anchors().into_keys().collect::<Vec<_>>(), ["a", "a-1", "a-2", "apix_y-and-z"]);
    assert_eq!(page.introduction().text(), "# A\nx");
    let section = page.section("## B");
    assert_eq!(section.code(), "# no heading\n| no | table |");
    let table = section.only_table();
    assert_eq!(table.head, ["a", "b"]);
    assert_eq!(table.rows, [["`c` | d", "[e](f)"]]);
    assert_eq!(table.column("b"), 1);
    assert_eq!((codes(&table.rows[0][0]), link(&table.rows[0][1])), (vec!["c"], ("e", "f")));
    assert_eq!(page.tables().len(), 2);
    assert_eq!(page.section("## D").only_table().row("h"), ["h"]);
}
