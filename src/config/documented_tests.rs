//! Compares the sections, keys and names of the configuration with `docs/src/reference/configuration.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::file::findings::{Findings, LookedUpKey};
use super::sections::exposition::TAKEN_LABELS;
use super::sections::properties::REFUSED;
use super::tests::{WORLD, at, text};
use super::{Overrides, read};
use crate::documentation::{DocPage, codes, link};
use crate::registry::REGISTRY;

/// Keys by section. Sections are written as in the reference, for example `[cluster.NAME]`.
type Keys = BTreeMap<String, BTreeSet<String>>;

fn reference() -> DocPage {
    DocPage::read("docs/src/reference/configuration.md")
}

/// The keys that the parser looks up in files that have every section. The root has an empty name.
fn asked(is_setting: bool) -> Keys {
    let mut asked: Vec<LookedUpKey> = Vec::new();
    for file in ["tests/fixtures/config/every-key.toml", "tests/fixtures/config/burrow.toml"] {
        let mut findings = Findings::new(&WORLD);
        read(&text(&at(file)), &REGISTRY, &Overrides::default(), &mut findings).unwrap();
        asked.append(&mut findings.looked_up);
    }
    let mut keys = Keys::new();
    for LookedUpKey { section, key, .. } in asked.iter().filter(|asked| asked.is_setting == is_setting) {
        keys.entry(shown(section)).or_default().insert((*key).to_owned());
    }
    keys
}

/// Writes `cluster.local` as `[cluster.NAME]`, and `metrics.limit[0]` as `[[metrics.limit]]`.
fn shown(section: &str) -> String {
    match (section.split_once('['), section.split_once('.')) {
        (Some((list, _)), _) => format!("[[{list}]]"),
        (None, Some((kind, _))) => format!("[{kind}.NAME]"),
        (None, None) => format!("[{section}]"),
    }
}

/// The keys that have a row in the reference. The text of a heading begins with its section.
fn documented() -> Keys {
    let (page, mut keys) = (reference(), Keys::new());
    for heading in page.headings() {
        let section = page.section(heading);
        let text = section.text();
        let Some(name) = text.strip_prefix('`').and_then(|rest| rest.split('`').next()) else { continue };
        let part = section.introduction();
        let Some(table) = part.tables().into_iter().find(|table| table.head[0] == "key") else { continue };
        for row in &table.rows {
            let new = keys.entry(name.to_owned()).or_default().insert(codes(&row[0])[0].to_owned());
            assert!(new, "{name}: {:?} stands there twice", row[0]);
        }
    }
    keys
}

#[test]
fn the_reference_has_a_row_for_every_key_and_no_other() {
    let mut settings = asked(true);
    settings.remove("[]");
    assert_eq!(documented(), settings);
}

/// The rows of Burrow's keys without effect. A row of `[cluster.*]` is about all these sections.
fn without_effect() -> Vec<(BTreeSet<String>, String)> {
    let table = reference().section("## Keys of Burrow without effect").only_table();
    let name = |section: &str| section.replace(".*", ".NAME");
    table.rows.iter().map(|row| (codes(&row[0]).into_iter().map(name).collect(), row[1].clone())).collect()
}

#[test]
fn the_reference_lists_every_section() {
    let page = reference();
    let table = &page.introduction().tables()[0];
    let mut listed = BTreeSet::new();
    for row in &table.rows {
        let (name, anchor) = link(&row[0]);
        let section = page.section_at(anchor.trim_start_matches('#'));
        assert!(section.text().starts_with(name), "{name} leads to {anchor}");
        listed.insert(codes(name)[0].to_owned());
    }
    assert_eq!(listed, documented().into_keys().collect());
    // The root has these sections, and those of Burrow that have no effect.
    let kind = |name: &String| name.trim_matches(['[', ']']).split('.').next().unwrap().to_owned();
    let ignored = without_effect().into_iter().filter(|(_, keys)| keys.starts_with("all")).flat_map(|(names, _)| names);
    let ignored: BTreeSet<String> = ignored.collect();
    let kinds: BTreeSet<String> = listed.iter().chain(&ignored).map(kind).collect();
    assert_eq!(kinds, asked(true)["[]"]);
}

#[test]
fn the_reference_lists_every_key_without_effect_and_names_every_old_name() {
    let mut listed = Keys::new();
    for (names, keys) in without_effect().into_iter().filter(|(_, keys)| !keys.starts_with("all")) {
        for name in names {
            listed.entry(name).or_default().extend(codes(&keys).into_iter().map(str::to_owned));
        }
    }
    let (known, mut ignored) = (asked(false), Keys::new());
    let text = reference().section("## Keys of Burrow without effect").text();
    for (section, keys) in known {
        let (old, others): (BTreeSet<_>, BTreeSet<_>) = keys.into_iter().partition(|key| key.starts_with("group-"));
        for key in old {
            let refused = text.lines().any(|line| {
                line.contains(&format!("`{key}`"))
                    && line.contains(&section.replace("NAME", "*"))
                    && line.contains("refused")
            });
            assert!(refused, "{section} {key}");
        }
        if !others.is_empty() {
            ignored.insert(section, others);
        }
    }
    assert_eq!(listed, ignored);
}

#[test]
fn the_reference_lists_every_name_that_a_label_may_not_have() {
    let section = reference().section("## Metrics").introduction();
    assert_eq!(section.code().split_whitespace().collect::<Vec<_>>(), TAKEN_LABELS);
}

#[test]
fn the_reference_lists_every_property_that_is_refused() {
    let tables = reference().section("### Properties").tables();
    let table = tables.iter().find(|table| table.head[0] == "refused").unwrap();
    let mut listed: Vec<&str> = table.rows.iter().flat_map(|row| codes(&row[0])).collect();
    let mut refused: Vec<&str> = REFUSED.iter().map(|refusal| refusal.name).collect();
    listed.sort_unstable();
    refused.sort_unstable();
    assert_eq!(listed, refused);
}

#[test]
fn the_page_on_moving_from_burrow_lists_every_key_and_section_without_effect() {
    let page = DocPage::read("docs/src/migration/burrow.md");
    let mut listed = BTreeSet::new();
    for row in page.section("### Keys that are accepted with a warning").only_table().rows {
        let mut section = String::new();
        // A key without a section belongs to the section of the key before it. `tls = ""` is a value without effect,
        // not a key.
        for code in codes(&row[0]).into_iter().filter(|code| !code.contains('=')) {
            let path =
                if code.contains('.') || section.is_empty() { code.to_owned() } else { format!("{section}.{code}") };
            if let Some((before, _)) = path.rsplit_once('.').filter(|_| !path.starts_with('[')) {
                section = before.to_owned();
            }
            listed.insert(path);
        }
    }
    let mut ignored = BTreeSet::new();
    for (sections, keys) in without_effect() {
        let names = sections.into_iter().map(|section| section.replace(".NAME", ".*"));
        for section in names {
            let keys = codes(&keys).into_iter().map(|key| format!("{}.{key}", section.trim_matches(['[', ']'])));
            let before = ignored.len();
            ignored.extend(keys);
            if ignored.len() == before {
                ignored.insert(section);
            }
        }
    }
    assert_eq!(listed, ignored);
}
