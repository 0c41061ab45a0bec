//! Allow and deny lists.

use regex::bytes::Regex;

/// An allow and a deny regex over names, unanchored as in Burrow; deny wins, an empty list is no list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    allow: Option<Regex>,
    deny: Option<Regex>,
}

impl Filter {
    /// A filter of checked regexes; `None` allows everything, or denies nothing.
    #[must_use]
    pub const fn new(allow: Option<Regex>, deny: Option<Regex>) -> Self {
        Self { allow, deny }
    }

    /// Whether a name passes.
    #[must_use]
    pub fn allows(&self, name: &[u8]) -> bool {
        self.allow.as_ref().is_none_or(|regex| regex.is_match(name))
            && !self.deny.as_ref().is_some_and(|regex| regex.is_match(name))
    }
}
