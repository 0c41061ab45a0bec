//! Single values of the file: strings with their variables expanded, numbers, and references to sections.

use std::collections::BTreeMap;

use regex::bytes::Regex;
use toml::de::DeValue;

use crate::config::file::expand::expand;
use crate::config::file::findings::{Findings, KeyPath, quote};
use crate::config::file::values;

/// A string of the file.
pub(crate) struct ConfigString {
    pub(crate) path: KeyPath,
    /// The value after expansion.
    pub(crate) value: String,
    /// The form for messages: not expanded, because values from the environment may be secret.
    pub(crate) shown: String,
}

/// Resolves a reference to a section by name. Burrow lower-cases names, so a name that differs only in case is matched,
/// with a warning.
pub(crate) fn resolve<'m, T>(
    findings: &mut Findings<'_>,
    text: &ConfigString,
    kind: &str,
    named: &'m BTreeMap<String, T>,
) -> Option<(&'m str, &'m T)> {
    if let Some((name, found)) = named.get_key_value(&text.value) {
        return Some((name, found));
    }
    let lower = text.value.to_lowercase();
    let mut alike = named.iter().filter(|(name, _)| name.to_lowercase() == lower);
    if let (Some((name, found)), None) = (alike.next(), alike.next()) {
        let problem = format!("{} is read as [{kind}.{name}], which differs in case", text.shown);
        findings.warn(text.path.clone(), problem);
        return Some((name, found));
    }
    let nearest = values::nearest(&text.value, named.keys().map(String::as_str));
    let hint =
        nearest.map_or_else(|| format!("the file has no [{kind}.*]"), |name| format!("nearest is {}", quote(name)));
    findings.add_mistake(text.path.clone(), format!("expected the name of a [{kind}.*], found {}; {hint}", text.shown));
    None
}

/// Looks up a string in a closed set. Any other string is a mistake.
pub(crate) fn choose<T: Copy>(findings: &mut Findings<'_>, text: &ConfigString, choices: &[(&str, T)]) -> Option<T> {
    let choice = choices.iter().find(|(name, _)| *name == text.value).map(|(_, choice)| *choice);
    if choice.is_none() {
        let names: Vec<_> = choices.iter().map(|(name, _)| quote(name)).collect();
        findings.add_mistake(text.path.clone(), format!("expected {}, found {}", one_of(&names), text.shown));
    }
    choice
}

/// Formats names as `a`, `a or b`, `a, b or c`.
pub(crate) fn one_of(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

pub(crate) fn compile(findings: &mut Findings<'_>, text: &ConfigString) -> Option<Regex> {
    let regex = values::compile_regex(&text.value);
    regex
        .map_err(|why| {
            let problem = format!("expected a regular expression, found {}: {why}", text.shown);
            findings.add_mistake(text.path.clone(), problem);
        })
        .ok()
}

/// Reads a string and expands its variables.
pub(crate) fn text(findings: &mut Findings<'_>, path: KeyPath, value: &DeValue<'_>) -> Option<ConfigString> {
    let Some(raw) = value.as_str() else {
        findings.add_mistake(path, format!("expected a string, found {}", kind(value)));
        return None;
    };
    match expand(raw, findings.outside) {
        Ok(value) => {
            let shown = if value == raw { quote(raw) } else { format!("{} after expansion", quote(raw)) };
            Some(ConfigString { path, value, shown })
        }
        Err(problem) => {
            findings.add_mistake(path, problem);
            None
        }
    }
}

pub(crate) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Reads a number, integer or not.
pub(crate) fn float(value: &DeValue<'_>) -> Option<f64> {
    let digits = value.as_float().map(|float| float.as_str().parse().ok());
    digits.unwrap_or_else(|| integer(value)?.to_string().parse().ok())
}

/// Formats a number or boolean for a message. For other values, returns the kind.
pub(crate) fn shown_value(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(integer) => quote(integer.as_str()).trim_matches('"').to_owned(),
        DeValue::Float(float) => quote(float.as_str()).trim_matches('"').to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::String(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => kind(value).to_owned(),
    }
}

/// The kind of a value, for messages that cannot show the value because it may be secret or is not informative.
pub(crate) const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
