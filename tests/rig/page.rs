//! Reads a `/metrics` page, strictly: whatever docs/src/reference/metrics.md, General rules, forbids panics here.

use std::collections::{BTreeMap, BTreeSet};

use super::tools::Place;

/// The labels of one series.
pub type Labels = BTreeMap<String, String>;

/// A page: family -> labels -> value.
#[derive(Debug, Default)]
pub struct Page {
    families: BTreeMap<String, BTreeMap<Labels, f64>>,
    types: BTreeMap<String, String>,
}

impl Page {
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut open = String::new();
        let mut closed = BTreeSet::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
                assert!(page.types.insert(name.into(), kind.into()).is_none(), "two TYPE lines: {line:?}");
            }
            if line.starts_with('#') {
                continue;
            }
            let (name, labels, value) = sample(line).unwrap_or_else(|| panic!("not a sample: {line:?}"));
            let family = page.family_of(&name);
            if open != family {
                assert!(closed.insert(family.to_owned()), "the samples of a family are apart: {line:?}");
                open = family.to_owned();
            }
            assert!(value.is_finite() && value >= 0.0 || name.contains("timestamp"), "{line:?}");
            let twice = page.families.entry(name).or_default().insert(labels, value);
            assert!(twice.is_none(), "a series twice: {line:?}");
        }
        page
    }

    /// A histogram's samples carry suffixes.
    fn family_of<'a>(&self, name: &'a str) -> &'a str {
        let stripped = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        stripped.filter(|stem| self.kind(stem) == Some("histogram")).unwrap_or(name)
    }

    /// The series of a family, none when it has none.
    pub fn family(&self, name: &str) -> impl Iterator<Item = (&Labels, f64)> {
        self.families.get(name).into_iter().flatten().map(|(labels, value)| (labels, *value))
    }

    /// The names of all families that have samples.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.families.keys().map(String::as_str)
    }

    /// `gauge`, `counter`, `histogram`.
    pub fn kind(&self, name: &str) -> Option<&str> {
        self.types.get(name).map(String::as_str)
    }

    /// Those series of a family that carry these labels among others.
    pub fn with<'a>(&'a self, name: &str, wanted: &[(&str, &str)]) -> std::vec::IntoIter<(&'a Labels, f64)> {
        let carries =
            |labels: &Labels| wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|found| found == value));
        self.family(name).filter(|(labels, _)| carries(labels)).collect::<Vec<_>>().into_iter()
    }

    /// The value of the one series with these labels; `None` when there is none.
    pub fn value(&self, name: &str, wanted: &[(&str, &str)]) -> Option<f64> {
        let found: Vec<f64> = self.with(name, wanted).map(|(_, value)| value).collect();
        assert!(found.len() < 2, "{name} {wanted:?}: {} series", found.len());
        found.first().copied()
    }

    /// Per (group, topic, partition), as the tools print it.
    pub fn places(&self, name: &str) -> BTreeMap<Place, i64> {
        let place = |labels: &Labels| {
            (labels["consumergroup"].clone(), labels["topic"].clone(), labels["partition"].parse().unwrap())
        };
        self.family(name).map(|(labels, value)| (place(labels), whole(value))).collect()
    }

    /// Per (topic, partition).
    pub fn logs(&self, name: &str) -> BTreeMap<(String, i32), i64> {
        let place = |labels: &Labels| (labels["topic"].clone(), labels["partition"].parse().unwrap());
        self.family(name).map(|(labels, value)| (place(labels), whole(value))).collect()
    }

    /// Per (group, topic).
    pub fn topics(&self, name: &str) -> BTreeMap<(String, String), i64> {
        let place = |labels: &Labels| (labels["consumergroup"].clone(), labels["topic"].clone());
        self.family(name).map(|(labels, value)| (place(labels), whole(value))).collect()
    }

    /// All groups that any family names.
    pub fn groups(&self) -> BTreeSet<&str> {
        let labels = self.families.values().flat_map(BTreeMap::keys);
        labels.filter_map(|labels| labels.get("consumergroup")).map(String::as_str).collect()
    }
}

/// The whole number that a value is.
pub fn whole(value: f64) -> i64 {
    assert!(value.fract() == 0.0, "{value} is no whole number");
    format!("{value:.0}").parse().unwrap()
}

fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (key, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(key.to_owned(), value).is_none().then_some(())?;
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    Some((name.to_owned(), labels, rest.strip_prefix(' ')?.parse().ok()?))
}

/// Up to the closing quote, unescaped, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}
