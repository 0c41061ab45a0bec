//! Results of checking a configuration: mistakes, warnings, and settings that this version does not support.

use std::fmt;

use crate::config::SystemAccess;
use crate::config::file::bounds::ValueBounds;

/// A position in the file, such as `consumer.local.servers[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyPath(String);

impl KeyPath {
    /// The path of the whole file.
    pub(crate) const fn root() -> Self {
        Self(String::new())
    }

    /// A path that is not a key of the file, such as a flag.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let key = if bare { shorten(key) } else { quote(key) };
        if self.0.is_empty() { Self(key) } else { Self(format!("{}.{key}", self.0)) }
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Formats a string for a message: in quotes, with control characters escaped, and cut if it is long.
pub(crate) fn quote(text: &str) -> String {
    format!("{:?}", shorten(text))
}

fn shorten(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A mistake: its position, what was expected, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    path: KeyPath,
    problem: String,
}

impl Mistake {
    pub(crate) fn new(path: KeyPath, problem: impl Into<String>) -> Self {
        Self { path, problem: problem.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// All mistakes of a configuration, at least one, sorted by position. Shown one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Mistakes that keep their order, which is that of the text.
    pub(crate) const fn in_order(mistakes: Vec<Mistake>) -> Self {
        Self(mistakes)
    }

    /// Iterates over the mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// An accepted setting that does not do what the user may expect. The text says what applies instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigWarning {
    path: KeyPath,
    text: String,
}

impl ConfigWarning {
    /// A warning that was found outside of the core, about the key at this path.
    #[must_use]
    pub fn new(path: &str, text: String) -> Self {
        Self { path: KeyPath::named(path), text }
    }
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.text)
    }
}

/// A valid setting of a feature that this version does not have. A run refuses it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnsupportedSetting {
    path: KeyPath,
    value: Option<String>,
    /// Why it is not supported, if it is not a matter of time.
    reason: Option<&'static str>,
}

impl UnsupportedSetting {
    /// Whether the setting concerns only serving and the sharing of reading between instances, not reading once.
    #[must_use]
    pub fn is_about_serving(&self) -> bool {
        let KeyPath(path) = &self.path;
        path.starts_with("httpserver.") || path.ends_with(".share-group")
    }
}

impl fmt::Display for UnsupportedSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        if let Some(value) = &self.value {
            write!(f, "{value}: ")?;
        }
        match self.reason {
            Some(reason) => write!(f, "not supported: {reason}"),
            None => f.write_str("not supported yet"),
        }
    }
}

/// Collects mistakes, warnings and unsupported settings, so that all of them are reported at once.
pub(crate) struct Findings<'o> {
    pub(crate) outside: &'o SystemAccess<'o>,
    mistakes: Vec<Mistake>,
    warnings: Vec<ConfigWarning>,
    unsupported: Vec<UnsupportedSetting>,
    /// Every key that was looked up, for tests that compare the keys with the documentation.
    #[cfg(test)]
    pub(crate) looked_up: Vec<LookedUpKey>,
}

/// A key that was looked up. `is_setting` is false for keys that are known but are no settings.
#[cfg(test)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LookedUpKey {
    pub(crate) section: String,
    pub(crate) key: &'static str,
    pub(crate) is_setting: bool,
}

impl<'o> Findings<'o> {
    pub(crate) const fn new(outside: &'o SystemAccess<'o>) -> Self {
        Self {
            outside,
            mistakes: Vec::new(),
            warnings: Vec::new(),
            unsupported: Vec::new(),
            #[cfg(test)]
            looked_up: Vec::new(),
        }
    }

    pub(crate) fn add_mistake(&mut self, path: KeyPath, problem: impl Into<String>) {
        self.mistakes.push(Mistake::new(path, problem));
    }

    /// Adds a mistake if there are more than a bound allows. Callers report too few of them, because they know what is
    /// missing.
    pub(crate) fn check_count(&mut self, path: KeyPath, what: &str, found: usize, bounds: &ValueBounds<u64>) {
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        if found > bounds.most {
            self.add_mistake(path, format!("expected at most {} {what}, found {found}", bounds.most));
        }
    }

    /// Adds the mistakes in one value that were found apart.
    pub(crate) fn add_mistakes_of(&mut self, path: &KeyPath, apart: &Self) {
        self.mistakes.extend(apart.mistakes.iter().filter(|mistake| mistake.path == *path).cloned());
    }

    pub(crate) fn warn(&mut self, path: KeyPath, text: impl Into<String>) {
        self.warnings.push(ConfigWarning { path, text: text.into() });
    }

    pub(crate) fn add_unsupported(&mut self, path: KeyPath) {
        self.unsupported.push(UnsupportedSetting { path, value: None, reason: None });
    }

    pub(crate) fn add_unsupported_value(&mut self, path: KeyPath, value: &str) {
        self.unsupported.push(UnsupportedSetting { path, value: Some(value.to_owned()), reason: None });
    }

    /// Adds a setting that this program or this build cannot support, with the reason.
    pub(crate) fn add_unsupported_because(&mut self, path: KeyPath, value: &str, reason: &'static str) {
        self.unsupported.push(UnsupportedSetting { path, value: Some(value.to_owned()), reason: Some(reason) });
    }

    /// Removes unsupported settings below a path that no longer counts.
    pub(crate) fn remove_unsupported(&mut self, below: &str) {
        self.unsupported.retain(|unsupported| !unsupported.path.0.starts_with(below));
    }

    /// Returns warnings and unsupported settings, each sorted, or the mistakes if there are any.
    pub(crate) fn finish(mut self) -> Result<(Vec<ConfigWarning>, Vec<UnsupportedSetting>), Mistakes> {
        if !self.mistakes.is_empty() {
            self.mistakes.sort();
            self.mistakes.dedup();
            return Err(Mistakes(self.mistakes));
        }
        self.warnings.sort();
        self.warnings.dedup();
        self.unsupported.sort();
        Ok((self.warnings, self.unsupported))
    }
}
