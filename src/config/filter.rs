//! Allow and deny lists.

use std::fmt;

use regex::bytes::Regex;

/// An allow and a deny regex for names, unanchored as in Burrow. A name that matches the deny regex does not pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    allow: Option<Regex>,
    deny: Option<Regex>,
}

impl Filter {
    /// Creates a filter from checked regexes. Without an allow regex every name is allowed, without a deny regex none
    /// is denied.
    #[must_use]
    pub const fn new(allow: Option<Regex>, deny: Option<Regex>) -> Self {
        Self { allow, deny }
    }

    /// The allow regex as it is written, or an empty string.
    #[must_use]
    pub fn allowlist(&self) -> &str {
        self.allow.as_ref().map_or("", Regex::as_str)
    }

    /// Whether `new` surely allows no name that this filter does not allow. Only what the lists show without looking
    /// into the regexes counts.
    #[must_use]
    pub fn covers(&self, new: &Self) -> bool {
        let ((allow, deny), (new_allow, new_deny)) = (self.patterns(), new.patterns());
        (allow.is_none() || allow == new_allow) && (deny.is_none() || deny == new_deny)
    }

    fn patterns(&self) -> (Option<&str>, Option<&str>) {
        (self.allow.as_ref().map(Regex::as_str), self.deny.as_ref().map(Regex::as_str))
    }

    /// Whether a name passes the filter.
    #[must_use]
    pub fn allows(&self, name: &[u8]) -> bool {
        self.allow.as_ref().is_none_or(|regex| regex.is_match(name))
            && !self.deny.as_ref().is_some_and(|regex| regex.is_match(name))
    }
}

/// Two filters are equal if their regexes are written alike.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.patterns() == other.patterns()
    }
}

/// Readable form: `all`, `"^a"`, `all but "b"`, `"^a" but "b"`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.allow {
            Some(allow) => write!(f, "{:?}", allow.as_str())?,
            None => f.write_str("all")?,
        }
        match &self.deny {
            Some(deny) => write!(f, " but {:?}", deny.as_str()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(allow: &str, deny: &str) -> Filter {
        let regex = |text: &str| (!text.is_empty()).then(|| Regex::new(text).unwrap());
        Filter::new(regex(allow), regex(deny))
    }

    #[test]
    fn no_list_allows_everything() {
        assert!(filter("", "").allows(b"") && filter("", "").allows(b"\xff"));
    }

    #[test]
    fn lists_are_unanchored_and_deny_wins() {
        let filter = filter("pay", "test$");
        assert!(filter.allows(b"my-payments") && filter.allows(b"pay\xff"));
        assert!(!filter.allows(b"orders") && !filter.allows(b"pay-test"));
    }

    #[test]
    fn a_filter_covers_one_that_only_refuses_more() {
        let covers = |(allow, deny), (new_allow, new_deny)| filter(allow, deny).covers(&filter(new_allow, new_deny));
        assert!(covers(("", ""), ("a", "b")) && covers(("a", ""), ("a", "b")) && covers(("a", "b"), ("a", "b")));
        assert!(!covers(("a", ""), ("", "")) && !covers(("", "b"), ("", "")) && !covers(("a", ""), ("ab", "")));
    }

    #[test]
    fn a_filter_reads_as_a_phrase() {
        assert_eq!(filter("", "").to_string(), "all");
        assert_eq!(filter("", "b\\.").to_string(), r#"all but "b\\.""#);
        assert_eq!(filter("^a", "b").to_string(), r#""^a" but "b""#);
    }
}
