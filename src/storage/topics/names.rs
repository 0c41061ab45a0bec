//! Names, each stored once: the bytes, and the text for a label's value.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use crate::model::Name;

use crate::storage::lists::allocation;

/// A name, and its text inside the quotes of a label.
#[derive(Debug, Default)]
pub struct Label {
    raw: Box<[u8]>,
    /// `None` if the bytes need no escaping.
    text: Option<Box<str>>,
}

impl Label {
    /// Escapes a name: first bytes that are not UTF-8, then `\`, `"` and newline (docs/src/reference/metrics.md, Label
    /// values).
    #[must_use]
    pub fn new(raw: &[u8]) -> Self {
        let plain = raw.is_ascii() && !raw.iter().any(|byte| matches!(byte, b'\\' | b'"' | b'\n'));
        let text = (!plain).then(|| escape(&Name(raw).to_string()).into_boxed_str());
        Self { raw: raw.into(), text }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> Name<'_> {
        Name(&self.raw)
    }

    /// The memory that it takes beside its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        let text = self.text.as_ref().map_or(0, |text| allocation::allocation(text.len()));
        allocation::allocation(self.raw.len()).saturating_add(text)
    }

    /// The text between the quotes of a label.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.as_ref().map_or(&self.raw, |text| text.as_bytes())
    }
}

/// Escapes a text for use between the quotes of a label.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A topic's name, and its index in [`crate::storage::Topics`]. It exists once in its cluster, in an [`Arc`].
#[derive(Debug)]
pub struct TopicName {
    /// The name.
    pub label: Label,
    /// The index. It is reused only when nothing references this name any more.
    pub(super) index: usize,
}

/// Identifies a topic by its name, among those of all clusters: two keys are equal if they are of the same
/// [`TopicName`]. A topic that was deleted and created again under the same name has the same key, as long as anything
/// holds the name.
///
/// It is the address of the name, which exists once. So it is valid while the name is held: code that keeps a key also
/// keeps an [`Arc`] of the name. Afterwards another name may have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicKey(usize);

impl TopicName {
    /// The key of this topic.
    #[must_use]
    #[inline]
    pub fn key(&self) -> TopicKey {
        TopicKey(std::ptr::from_ref(self).addr())
    }
}

/// Size of the counts in front of a shared value.
pub(crate) const COUNTS: usize = 16;

/// The names of the topics of one cluster.
#[derive(Debug, Default)]
pub(crate) struct TopicNames {
    table: Mutex<NameTable>,
}

#[derive(Debug, Default)]
struct NameTable {
    names: HashMap<Box<[u8]>, Arc<TopicName>>,
    free: Vec<usize>,
}

impl TopicNames {
    /// Returns the shared copy of a name, which is created if there is none.
    pub fn intern(&self, name: Name<'_>) -> Arc<TopicName> {
        let mut known = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.names.get(name.0) {
            return Arc::clone(found);
        }
        let index = known.free.pop().unwrap_or(known.names.len());
        let made = Arc::new(TopicName { label: Label::new(name.0), index });
        known.names.insert(name.0.into(), Arc::clone(&made));
        made
    }

    /// Returns the shared copy of a name, if there is one.
    pub fn find(&self, name: Name<'_>) -> Option<Arc<TopicName>> {
        let known = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        known.names.get(name.0).cloned()
    }

    /// All names.
    pub fn all(&self) -> Vec<Arc<TopicName>> {
        let known = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        known.names.values().cloned().collect()
    }

    /// The memory of the names.
    pub fn heap_bytes(&self) -> usize {
        let known = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |name: &Arc<TopicName>| {
            // The key of the table has the bytes once more. An `Arc` has two counts in front.
            let key = allocation::allocation(name.label.name().0.len());
            let shared = allocation::allocation(size_of::<TopicName>().saturating_add(COUNTS));
            key.saturating_add(shared).saturating_add(name.label.heap_bytes())
        };
        let table = allocation::map_entries::<Box<[u8]>, Arc<TopicName>>(known.names.len());
        known.names.values().map(name).fold(table, usize::saturating_add)
    }

    /// Frees names that nothing else references, and their indexes.
    pub fn free_unused(&self) {
        let mut known = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let NameTable { names, free } = &mut *known;
        names.retain(|_, name| {
            let alive = Arc::strong_count(name) > 1;
            if !alive {
                free.push(name.index);
            }
            alive
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_once() {
        let text = |raw: &[u8]| String::from_utf8(Label::new(raw).text().to_vec()).unwrap();
        assert_eq!(text(b"plain-1.2_3"), "plain-1.2_3");
        assert_eq!(text(b"a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
        assert_eq!(text("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(text(b"a\xff\\"), "a\\\\xff\\\\\\\\");
    }

    #[test]
    fn an_index_is_used_again_once_nothing_refers_to_its_name() {
        let names = TopicNames::default();
        let (a, b) = (names.intern(Name(b"a")), names.intern(Name(b"b")));
        assert!(Arc::ptr_eq(&a, &names.intern(Name(b"a"))));
        assert!(a.key() == names.intern(Name(b"a")).key() && a.key() != b.key());
        drop(a);
        names.free_unused();
        let c = names.intern(Name(b"c"));
        assert_eq!((b.index, c.index), (1, 0));
        assert_eq!(names.all().len(), 2);
        assert_eq!(names.intern(Name(b"d")).index, 2);
    }
}
