//! Names in URLs: percent-encoded bytes, or text as a page shows it.

use crate::model::Name;

/// A decoded part of a URL. It is a name and may have any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSegment(Vec<u8>);

/// Percent-decodes a string (RFC 3986). Returns `None` if a `%` is not followed by two hexadecimal digits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' { digit(bytes.next()?)? << 4 | digit(bytes.next()?)? } else { byte };
        decoded.push(byte);
    }
    Some(decoded)
}

/// Returns a name as percent-encoded bytes if its shown form is not sufficient to request it.
///
/// Two names may be shown with the same text: one that is not UTF-8, and one that contains those escapes literally. A
/// request with that text finds the latter first.
#[must_use]
pub fn percent_encoded_if_needed(name: Name<'_>) -> Option<String> {
    let as_shown = std::str::from_utf8(name.0).is_ok_and(|text| name.to_string() == text);
    (!as_shown).then(|| name.0.iter().map(|byte| format!("%{byte:02X}")).collect())
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

impl PathSegment {
    /// Creates a segment from bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The decoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The segment as a name.
    #[must_use]
    pub fn name(&self) -> Name<'_> {
        Name(&self.0)
    }

    /// The segment as a string, if it is UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Looks up the name, and then the name that is shown as this text. So everything that a list shows can be
    /// requested as it is shown.
    pub fn find<T>(&self, find: impl Fn(Name<'_>) -> Option<T>) -> Option<T> {
        find(self.name()).or_else(|| find(Name(&self.unescaped()?)))
    }

    /// The name that is shown as this text, if the text contains escapes (docs/src/reference/metrics.md, Label values).
    fn unescaped(&self) -> Option<Vec<u8>> {
        let text = self.text().filter(|text| text.contains('\\'))?;
        let mut bytes = text.bytes();
        let mut name = Vec::with_capacity(text.len());
        while let Some(byte) = bytes.next() {
            name.push(match byte {
                b'\\' => match bytes.next()? {
                    b'\\' => b'\\',
                    b'x' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
                    _ => return None,
                },
                byte => byte,
            });
        }
        (Name(&name).to_string() == text).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_name_that_is_shown_otherwise_needs_its_bytes() {
        for (name, exact) in [
            (&b"plain"[..], None),
            (b"back\\slash", None),
            ("gr\u{fc}n".as_bytes(), None),
            (b"a\xff", Some("%61%FF")),
            (b"\\xff", Some("%5C%78%66%66")),
        ] {
            assert_eq!(percent_encoded_if_needed(Name(name)).as_deref(), exact);
        }
    }

    proptest! {
        #[test]
        fn a_name_is_found_by_its_bytes_and_as_it_is_shown(name in prop::collection::vec(any::<u8>(), 0..12)) {
            let is_it = |found: Name<'_>| (found.0 == name).then_some(());
            prop_assert!(PathSegment::new(&name).find(is_it).is_some());
            prop_assert!(PathSegment::new(Name(&name).to_string().as_bytes()).find(is_it).is_some());
            let encoded: String = name.iter().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert!(percent_encoded_if_needed(Name(&name)).is_none_or(|exact| exact == encoded));
            prop_assert_eq!(decode(&encoded), Some(name));
        }

        #[test]
        fn no_text_can_cause_a_panic(text in "[%\\\\x0-9a-f/ü]{0,40}") {
            let _ = (decode(&text), PathSegment::new(text.as_bytes()).unescaped());
        }
    }
}
