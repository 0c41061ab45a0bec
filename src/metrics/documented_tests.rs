//! Compares the families of all sets with the rows of `docs/src/reference/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::Format;
use super::metric_set::{MetricType, Series};
use super::page::tests::page;
use super::sets::{self, tests::ALL, tests::described, tests::everything};
use crate::config::NameSet;
use crate::consumer::CLASSES;
use crate::documentation::{DocPage, DocTable, codes, link};
use crate::offsets::RecordType;
use crate::storage::DropReason;

/// A family: its labels after the common ones, its type, and its granularity mark in the reference.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Described {
    pub labels: Vec<String>,
    pub is_counter: bool,
    pub mark: Option<&'static str>,
}

/// The values of each label that has a closed set of values.
pub type Values = BTreeMap<String, BTreeSet<String>>;

pub fn reference() -> DocPage {
    DocPage::read("docs/src/reference/metrics.md")
}

/// Parses the labels of a row. `state` = `a`, `b`; `c` means two labels, the first with two values.
pub fn labels(cell: &str, owner: &[&str]) -> (Vec<String>, Values) {
    let cell = Regex::new(r" \([^)]*\)").unwrap().replace_all(cell, "").into_owned();
    let (mut labels, mut values) = (Vec::new(), Values::new());
    for part in cell.split(';') {
        let (names, of_last) = part.split_once(" = ").unwrap_or((part, ""));
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
                Some(name) => labels.push(name.to_owned()),
                None if name == "*owner*" => labels.extend(owner.iter().map(|name| (*name).to_owned())),
                None => panic!("no label: {name}"),
            }
        }
        if !of_last.is_empty() {
            values.insert(labels.last().unwrap().clone(), codes(of_last).into_iter().map(str::to_owned).collect());
        }
    }
    (labels, values)
}

/// The families with a row in a section of the reference, by name.
fn documented(section: &DocPage) -> BTreeMap<String, (Described, Values)> {
    let text = section.text();
    let owner = text.split_once("*owner* stands for the labels ").map_or("", |(_, rest)| rest);
    let owner = codes(owner.split(';').next().unwrap_or_default());
    let mut families = BTreeMap::new();
    for table in section.tables().iter().filter(|table| table.head[0] == "name") {
        for row in &table.rows {
            let (name, described) = family(table, row, &owner);
            assert!(families.insert(name.clone(), described).is_none(), "{name} stands there twice");
        }
    }
    families
}

fn family(table: &DocTable, row: &[String], owner: &[&str]) -> (String, (Described, Values)) {
    let mark = ["P", "T"].into_iter().find(|mark| row[0].ends_with(&format!(" **{mark}**")));
    let (further, values) = labels(&row[1], owner);
    let group = (table.head[1] == "further labels").then(|| "consumergroup".to_owned());
    let labels = group.into_iter().chain(further).collect();
    let is_counter = row[table.column("value")].starts_with("*counter*: ");
    (codes(&row[0])[0].to_owned(), (Described { labels, is_counter, mark }, values))
}

/// The labels and values of a line of a page.
pub fn series(line: &str) -> Vec<(String, String)> {
    let label = Regex::new(r#"([a-zA-Z_]+)="((?:[^"\\]|\\.)*)""#).unwrap();
    let labels = line.split_once('{').map_or("", |(_, labels)| labels);
    label.captures_iter(labels).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

/// The samples of one family on a page.
fn samples(page: &str, name: &str) -> Vec<Vec<(String, String)>> {
    let start = format!("{name}{{");
    page.lines().filter(|line| line.starts_with(&start)).map(series).collect()
}

fn sections() -> BTreeMap<&'static str, DocPage> {
    let reference = reference();
    let table = reference.section("## Name sets").only_table();
    let rows: BTreeMap<String, String> = table
        .rows
        .iter()
        .map(|row| {
            let (name, anchor) = link(&row[0]);
            (codes(name)[0].to_owned(), anchor.trim_start_matches('#').to_owned())
        })
        .collect();
    let names = ALL.map(NameSet::name);
    assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>(), names.into());
    names.into_iter().map(|name| (name, reference.section_at(&rows[name]))).collect()
}

#[test]
fn the_reference_has_a_row_for_every_family_of_every_set_with_its_labels_and_no_other() {
    let sections = sections();
    for names in ALL {
        let (set, page) = (sets::metric_set(names), page(Format::Text, &described(), &everything(&[names])));
        let families = set.families.iter().map(|family| {
            let mut samples = samples(&page, family.name).into_iter();
            let labels = samples.next().unwrap_or_else(|| panic!("{} has no sample here", family.name)).into_iter();
            let is_of_topics = matches!(family.series, Series::GroupTopic(..));
            let mark = if is_of_topics { Some("T") } else { family.series.is_per_partition().then_some("P") };
            let labels = labels.map(|(label, _)| label).filter(|label| label != set.labels.cluster && label != "env");
            let is_counter = family.kind == MetricType::Counter;
            (family.name.to_owned(), Described { labels: labels.collect(), is_counter, mark })
        });
        let families: BTreeMap<String, Described> = families.collect();
        let rows = documented(&sections[names.name()]);
        let rows: BTreeMap<String, Described> = rows.into_iter().map(|(name, (family, _))| (name, family)).collect();
        assert_eq!(rows, families, "{}", names.name());
    }
}

#[test]
fn the_reference_lists_every_value_that_is_shown_of_the_labels_of_which_it_lists_any() {
    let sections = sections();
    for names in ALL {
        let page = page(Format::Text, &described(), &everything(&[names]));
        for (name, (_, values)) in documented(&sections[names.name()]) {
            for (label, value) in samples(&page, &name).into_iter().flatten() {
                let listed = values.get(&label).is_none_or(|listed| listed.contains(&value));
                assert!(listed, "{name}: the reference does not list {label}={value:?}");
            }
        }
    }
}

#[test]
fn the_reference_lists_every_reason_for_which_a_commit_is_dropped() {
    let table = reference().section("### Dropped commits").only_table();
    let reasons: Vec<&str> = table.rows.iter().map(|row| codes(&row[0])[0]).collect();
    let mut all = DropReason::ALL.map(DropReason::name);
    all.sort_unstable();
    assert_eq!(reasons, all);
}

#[test]
fn the_reference_lists_every_reason_for_which_a_record_or_a_node_is_not_read() {
    let table = reference().section("### Record errors").only_table();
    let reasons = |class: &str| -> Vec<String> {
        let rows = table.rows.iter().filter(|row| codes(&row[0]) == [class]);
        rows.map(|row| codes(&row[1])[0].to_owned()).collect()
    };
    let classes: Vec<_> = CLASSES.iter().map(|class| class.facts()).collect();
    for class in &classes {
        assert_eq!(reasons(class.name), class.record_errors, "{}", class.name);
    }
    assert_eq!(table.rows.len(), classes.iter().map(|class| class.record_errors.len()).sum::<usize>());
}

#[test]
fn the_reference_lists_every_type_of_record_with_its_number() {
    let page = DocPage::read("docs/src/reference/record-formats.md");
    let section = page.section("## Record types");
    let tables: Vec<DocTable> =
        section.tables().into_iter().filter(|table| table.head[..2] == ["type", "label"]).collect();
    let rows = |table: &DocTable| -> Vec<(i16, String)> {
        table.rows.iter().map(|row| (row[0].parse().unwrap(), codes(&row[1])[0].to_owned())).collect()
    };
    let known = (0..i16::MAX).map(|number| (number, RecordType::of(number)));
    let known: Vec<_> = known.take_while(|(_, kind)| *kind != RecordType::Unknown).collect();
    assert_eq!(
        rows(&tables[0]),
        known.iter().map(|(number, kind)| (*number, kind.name().to_owned())).collect::<Vec<_>>()
    );
    let others = RecordType::ALL.iter().filter(|kind| !known.iter().any(|(_, found)| found == *kind));
    let others: BTreeSet<&str> = others.map(|kind| kind.name()).collect();
    let listed =
        rows(&tables[1]).into_iter().map(|(_, label)| label).chain(["unknown".to_owned()]).collect::<BTreeSet<_>>();
    assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), others);
    assert!(page.text().contains("| an unknown type | `unknown` |"));
}
