//! Reads keys of a section by name and type, and records which keys were looked up.

use std::time::Duration;

use regex::bytes::Regex;
use toml::de::{DeTable, DeValue};

use crate::config::Filter;
use crate::config::file::bounds::{NAME, ValueBounds, expected, expected_time};
use crate::config::file::findings::{Findings, KeyPath, quote};
use crate::config::file::scalar::{ConfigString, choose, compile, float, integer, kind, shown_value, text};
use crate::config::file::values;

/// A table of the file. An absent table reads like an empty one.
pub(crate) struct Section<'a> {
    pub(crate) path: KeyPath,
    table: Option<&'a DeTable<'a>>,
    looked_up: Vec<&'static str>,
    /// Keys of `looked_up` that are no settings: old names, and Burrow's keys without effect.
    #[cfg(test)]
    no_settings: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(crate) const fn new(path: KeyPath, table: Option<&'a DeTable<'a>>) -> Self {
        Self {
            path,
            table,
            looked_up: Vec::new(),
            #[cfg(test)]
            no_settings: Vec::new(),
        }
    }

    pub(crate) const fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// Whether a key is present, with any value.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether a key is absent, or is an empty list or table.
    pub(crate) fn is_empty_or_absent(&self, key: &str) -> bool {
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return true };
        let value = value.get_ref();
        value.as_array().is_some_and(|array| array.is_empty()) || value.as_table().is_some_and(|table| table.is_empty())
    }

    /// Whether a string is absent or empty. False for a value of the wrong type, which has already been reported.
    pub(crate) fn lacks(&self, key: &str, read: Option<&ConfigString>) -> bool {
        read.map_or(!self.has_key(key), |text| text.value.is_empty())
    }

    /// Whether a key that should be a string has a value of another type, which has already been reported.
    pub(crate) fn has_key_of_wrong_type(&self, key: &str) -> bool {
        self.table.and_then(|table| table.get(key)).is_some_and(|value| !value.get_ref().is_str())
    }

    /// Returns the value of a key and its path.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<(KeyPath, &'a DeValue<'a>)> {
        self.looked_up.push(key);
        let value = self.table?.get(key)?;
        Some((self.path.key(key), value.get_ref()))
    }

    /// Reads a string. An empty one is the same as none.
    pub(crate) fn text(&mut self, findings: &mut Findings<'_>, key: &'static str) -> Option<ConfigString> {
        self.any_text(findings, key).filter(|text| !text.value.is_empty())
    }

    /// Reads a string that may be empty.
    pub(crate) fn any_text(&mut self, findings: &mut Findings<'_>, key: &'static str) -> Option<ConfigString> {
        let (path, value) = self.value(key)?;
        text(findings, path, value)
    }

    /// Reads a required string. `what` describes it in the mistake if it is missing.
    pub(crate) fn required(
        &mut self,
        findings: &mut Findings<'_>,
        key: &'static str,
        what: &str,
    ) -> Option<ConfigString> {
        let Some((path, value)) = self.value(key) else {
            findings.add_mistake(self.path.key(key), format!("expected {what}, but the key is missing"));
            return None;
        };
        let text = text(findings, path, value)?;
        if text.value.is_empty() {
            findings.add_mistake(text.path, format!("expected {what}, found {}", text.shown));
            return None;
        }
        Some(text)
    }

    /// Reads a string of a closed set.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        findings: &mut Findings<'_>,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(findings, key)?;
        choose(findings, &text, choices)
    }

    pub(crate) fn flag(&mut self, findings: &mut Findings<'_>, key: &'static str) -> bool {
        let Some((path, value)) = self.value(key) else { return false };
        value.as_bool().unwrap_or_else(|| {
            findings.add_mistake(path, format!("expected true or false, found {}", shown_value(value)));
            false
        })
    }

    /// Reads an integer.
    pub(crate) fn count(&mut self, findings: &mut Findings<'_>, bounds: &ValueBounds<u64>) -> Option<u64> {
        let (path, value) = self.value(bounds.key())?;
        let count = integer(value).and_then(|count| u64::try_from(count).ok()).and_then(|count| bounds.accept(count));
        if count.is_none() {
            findings.add_mistake(path, format!("{}, found {}", expected("an integer", bounds), shown_value(value)));
        }
        count
    }

    /// Reads a number, integer or not.
    pub(crate) fn number(&mut self, findings: &mut Findings<'_>, bounds: &ValueBounds<f64>) -> Option<f64> {
        let (path, value) = self.value(bounds.key())?;
        let number = float(value).and_then(|number| bounds.accept(number));
        if number.is_none() {
            findings.add_mistake(path, format!("{}, found {}", expected("a number", bounds), shown_value(value)));
        }
        number
    }

    /// Reads a time.
    pub(crate) fn time(&mut self, findings: &mut Findings<'_>, bounds: &ValueBounds<Duration>) -> Option<Duration> {
        let (path, value) = self.value(bounds.key())?;
        let (time, shown) = if value.is_str() {
            let text = text(findings, path.clone(), value)?;
            (values::parse_time(&text.value), text.shown)
        } else {
            (integer(value).and_then(values::time_of_seconds), shown_value(value))
        };
        let time = time.and_then(|time| bounds.accept(time));
        if time.is_none() {
            findings.add_mistake(path, format!("{}, found {shown}", expected_time(bounds)));
        }
        time
    }

    /// Reads a time, with a default in seconds.
    pub(crate) fn time_or_default(
        &mut self,
        findings: &mut Findings<'_>,
        bounds: &ValueBounds<Duration>,
        default: u64,
    ) -> Duration {
        self.time(findings, bounds).unwrap_or(Duration::from_secs(default))
    }

    /// Reads a list of strings.
    pub(crate) fn texts(&mut self, findings: &mut Findings<'_>, key: &'static str) -> Option<Vec<ConfigString>> {
        let (path, value) = self.value(key)?;
        let Some(array) = value.as_array() else {
            findings.add_mistake(path, format!("expected a list of strings, found {}", kind(value)));
            return None;
        };
        let entries = array.iter().enumerate();
        Some(entries.filter_map(|(index, entry)| text(findings, path.index(index), entry.get_ref())).collect())
    }

    /// Reads a regex. An empty one is the same as none.
    pub(crate) fn regex(&mut self, findings: &mut Findings<'_>, key: &'static str) -> Option<Regex> {
        let text = self.text(findings, key)?;
        compile(findings, &text)
    }

    /// Reads an allow and a deny list.
    pub(crate) fn filter(&mut self, findings: &mut Findings<'_>, allow: &'static str, deny: &'static str) -> Filter {
        Filter::new(self.regex(findings, allow), self.regex(findings, deny))
    }

    /// Reads the allow and the deny list of groups. Burrow's older names of the keys are refused, as in Burrow.
    pub(crate) fn group_filter(&mut self, findings: &mut Findings<'_>) -> Filter {
        self.refuse_renamed(findings, "group-whitelist", "group-allowlist");
        self.refuse_renamed(findings, "group-blacklist", "group-denylist");
        self.filter(findings, "group-allowlist", "group-denylist")
    }

    /// Refuses a key that has been renamed.
    pub(crate) fn refuse_renamed(&mut self, findings: &mut Findings<'_>, key: &'static str, now: &str) {
        #[cfg(test)]
        self.no_settings.push(key);
        if let Some((path, _)) = self.value(key) {
            findings.add_mistake(path, format!("expected {}, found its old name", quote(now)));
        }
    }

    /// Accepts a key of Burrow that has no effect, with a warning that says what applies instead.
    pub(crate) fn ignore(&mut self, findings: &mut Findings<'_>, key: &'static str, instead: &str) {
        #[cfg(test)]
        self.no_settings.push(key);
        if let Some((path, _)) = self.value(key) {
            findings.warn(path, format!("has no effect: {instead}"));
        }
    }

    /// Like [`read_sections`](Self::read_sections), with a maximum number of them.
    pub(crate) fn bounded_sections(
        &mut self,
        findings: &mut Findings<'_>,
        bounds: &ValueBounds<u64>,
    ) -> Vec<(String, Section<'a>)> {
        let sections = self.read_sections(findings, bounds.key());
        findings.check_count(self.path.key(bounds.key()), "sections", sections.len(), bounds);
        sections
    }

    /// The tables below a key with their names, sorted by name. A value that is not a table, or whose name is empty or
    /// too long, is a mistake.
    pub(crate) fn read_sections(
        &mut self,
        findings: &mut Findings<'_>,
        key: &'static str,
    ) -> Vec<(String, Section<'a>)> {
        let Some((path, value)) = self.value(key) else { return Vec::new() };
        let Some(table) = value.as_table() else {
            let expected = format!("expected sections [{key}.NAME]");
            findings.add_mistake(path, format!("{expected}, found {}", kind(value)));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in table.iter() {
            let name: &str = name.get_ref();
            let path = path.key(name);
            let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
            match value.get_ref().as_table() {
                Some(_) if NAME.accept(length).is_none() => {
                    findings.add_mistake(
                        path,
                        format!("expected a name of {} to {} bytes, found {length}", NAME.least, NAME.most),
                    );
                }
                Some(table) => sections.push((name.to_owned(), Section::new(path, Some(table)))),
                None => {
                    let problem = format!("expected a section [{key}.NAME], found {}", kind(value.get_ref()));
                    findings.add_mistake(path, problem);
                }
            }
        }
        sections
    }

    /// The single table below a key.
    pub(crate) fn section(&mut self, findings: &mut Findings<'_>, key: &'static str) -> Section<'a> {
        let Some((path, value)) = self.value(key) else { return Section::new(self.path.key(key), None) };
        if value.as_table().is_none() {
            findings.add_mistake(path.clone(), format!("expected a section [{key}], found {}", kind(value)));
        }
        Section::new(path, value.as_table())
    }

    /// Reports each key that was never looked up as unknown, with the nearest known key.
    pub(crate) fn finish(self, findings: &mut Findings<'_>) {
        #[cfg(test)]
        findings.looked_up.extend(self.looked_up.iter().map(|key| crate::config::file::findings::LookedUpKey {
            section: self.path.to_string(),
            key,
            is_setting: !self.no_settings.contains(key),
        }));
        let Some(table) = self.table else { return };
        for key in table.keys() {
            let key: &str = key.get_ref();
            if self.looked_up.contains(&key) {
                continue;
            }
            let nearest = values::nearest(key, self.looked_up.iter().copied()).unwrap_or_default();
            let problem = format!("expected a known key, found {}; nearest is {nearest:?}", quote(key));
            findings.add_mistake(self.path.key(key), problem);
        }
    }
}
