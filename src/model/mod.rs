//! Types for the numbers and names of Kafka. Their arithmetic saturates and never panics.

mod commit;
mod failure_reason;
mod log_level;
mod module_error;
mod right;

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

pub use commit::{Commit, CommitLag};
pub use failure_reason::FailureReason;
pub use log_level::{Level, LogLevelControl};
pub use module_error::ModuleError;
pub use right::{MissingRights, Operation, Resource, Right};

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub i32);

/// An offset in a partition's log.
///
/// It is the position of a record, a log end (the position of the next record to be appended), or a commit (the
/// position of the next record to be consumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

/// A number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lag(pub u64);

/// The age of the oldest record that a group has not committed, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeLag(pub u64);

/// Unix time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Milliseconds on the monotonic clock, which cannot be set. It has no date and only measures elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub i64);

/// The position of a fact in its source: the record's offset in its partition, or ZooKeeper's transaction id.
///
/// Of two facts of one source, the one with the greater order is newer. Orders of different sources are not comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(pub i64);

/// A topic's id (KIP-516), 128 bits; brokers before 2.8 have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u128);

/// A broker's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub i32);

impl Offset {
    /// Records from `committed` to `self`; zero when the commit is ahead.
    #[must_use]
    pub fn lag_behind(self, committed: Self) -> Lag {
        Lag(u64::try_from(self.0.saturating_sub(committed.0)).unwrap_or(0))
    }

    /// The offset after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Lag {
    /// The share that `self` is of `whole`; not a number when `whole` is 0.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "std has no From for 64 bits; a ratio is an approximation")]
    pub fn ratio(self, whole: Self) -> f64 {
        self.0 as f64 / whole.0 as f64
    }
}

impl TimeLag {
    /// No record is unread.
    pub const ZERO: Self = Self(0);

    /// In seconds, with the milliseconds as a fraction.
    #[must_use]
    pub fn seconds(self) -> f64 {
        Timestamp(i64::try_from(self.0).unwrap_or(i64::MAX)).seconds()
    }
}

impl Timestamp {
    /// Seconds since the epoch, with the milliseconds as a fraction.
    #[must_use]
    pub fn seconds(self) -> f64 {
        // One rounding, exact to the millisecond for 285,000 years.
        to_f64(self.0) / 1000.0
    }

    /// Cut to whole seconds.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(1000).saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to `self`, negative when it is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Tick {
    /// Earlier than every other tick: the time of an event that has not happened yet.
    pub const NEVER: Self = Self(i64::MIN);

    /// Milliseconds from `earlier` to `self`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Java's `String.hashCode` of a name, by which Kafka places a group: see [`offsets_partition`].
///
/// It is computed over UTF-16 code units. Bytes that are not UTF-8 count as U+FFFD, as Java decodes them.
#[must_use]
pub fn java_string_hash(name: &[u8]) -> i32 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    if name.is_ascii() {
        return name.iter().fold(0, |hash, byte| add(hash, u16::from(*byte)));
    }
    name.utf8_chunks().fold(0, |hash, chunk| {
        let hash = chunk.valid().encode_utf16().fold(hash, add);
        if chunk.invalid().is_empty() { hash } else { add(hash, 0xfffd) }
    })
}

/// The partition of the offsets topic that holds a group. Its leader is the group's coordinator.
///
/// It is the absolute value of the hash modulo the number of partitions, and 0 for the one hash that has no absolute
/// value (`GroupCoordinatorService.partitionFor`, `Utils.abs`). `None` if `partitions` is 0.
#[must_use]
pub fn offsets_partition(group: Name<'_>, partitions: i32) -> Option<Partition> {
    offsets_partition_of_hash(java_string_hash(group.0), partitions)
}

/// The same for a hash of a group's name.
#[must_use]
pub fn offsets_partition_of_hash(hash: i32, partitions: i32) -> Option<Partition> {
    hash.checked_abs().unwrap_or(0).checked_rem(partitions).map(Partition)
}

/// An integer as the floating-point value of a sample. Exact up to 2^53.
#[expect(clippy::as_conversions, reason = "std has no From for 64 bits; rounding above 2^53 is Prometheus' own")]
pub(crate) const fn to_f64(value: i64) -> f64 {
    value as f64
}

/// The name of a group, topic or member: any bytes, mostly UTF-8.
///
/// Shown as docs/src/reference/metrics.md, Label values, defines. Bytes that are not UTF-8 are written as `\xnn`, and a
/// backslash in such a name is doubled. The same holds for a name whose own text contains something like `\xnn`. So two
/// names are never shown alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(pub &'a [u8]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) if !looks_escaped(self.0) => f.write_str(text),
            Ok(_) | Err(_) => self.escaped(f),
        }
    }
}

fn looks_escaped(name: &[u8]) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.windows(4).any(|four| matches!(four, [b'\\', b'x', high, low] if digit(*high) && digit(*low)))
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The longest group name that is accepted, in bytes.
///
/// Kafka limits it only as it limits every string of a request, to 32,767 bytes.
pub const LONGEST_GROUP: usize = 1024;
/// The longest topic name that is accepted, in bytes. Kafka creates no topic with a longer name.
pub const LONGEST_TOPIC: usize = 249;
/// The longest client id, host or member id that is shown in full, in bytes.
const LONGEST_TEXT: usize = 255;
/// Bytes of the beginning and of the end that are shown of a longer text.
const HEAD: usize = 200;
const TAIL: usize = 50;

impl<'a> Name<'a> {
    /// The form in which a client id, a host or a member id is shown: clients choose them freely, and they are repeated
    /// for each partition that the member owns.
    ///
    /// A text of more than 255 bytes is cut to its first 200 bytes, `…` and its last 50 bytes. Each part is up to three
    /// bytes shorter where the cut would split a character. Different texts may result in the same form.
    #[must_use]
    pub fn shortened(self) -> Cow<'a, [u8]> {
        let whole = self.0;
        if whole.len() <= LONGEST_TEXT {
            return Cow::Borrowed(whole);
        }
        let begins = |at: &usize| whole.get(*at).is_some_and(|byte| byte & 0b1100_0000 != 0b1000_0000);
        // A character has at most four bytes. Bytes that are not UTF-8 are cut at any place.
        let last = whole.len().saturating_sub(TAIL);
        let head = (HEAD.saturating_sub(3)..=HEAD).rev().find(begins).unwrap_or(HEAD);
        let tail = (last..=last.saturating_add(3)).find(begins).unwrap_or(last);
        let [head, tail] = [whole.get(..head), whole.get(tail..)].map(Option::unwrap_or_default);
        Cow::Owned([head, "…".as_bytes(), tail].concat())
    }
}

impl Name<'_> {
    fn escaped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((before, after)) = rest.split_once('\\') {
                write!(f, "{before}\\\\")?;
                rest = after;
            }
            f.write_str(rest)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_ahead_of_the_log_end_has_no_lag() {
        assert_eq!(Offset(5).lag_behind(Offset(9)), Lag(0));
        assert_eq!(Offset(9).lag_behind(Offset(5)), Lag(4));
        assert_eq!(Offset(i64::MAX).lag_behind(Offset(i64::MIN)), Lag(i64::MAX.unsigned_abs()));
    }

    #[test]
    fn seconds_keep_their_milliseconds() {
        assert_eq!(Timestamp(1_700_000_000_123).seconds(), 1_700_000_000.123);
        assert_eq!(Timestamp(-1).seconds(), -0.001);
    }

    #[test]
    fn groups_hash_as_in_java() {
        assert_eq!(java_string_hash(b""), 0);
        assert_eq!(java_string_hash(b"hello"), 99_162_322);
        assert_eq!(java_string_hash(b"polygenelubricants"), i32::MIN);
        assert_eq!(java_string_hash("\u{e9}".as_bytes()), 0xe9);
        assert_eq!(java_string_hash("\u{1f600}".as_bytes()), 0xd83d * 31 + 0xde00);
        assert_eq!(java_string_hash(b"a\xffb"), (0x61 * 31 + 0xfffd) * 31 + 0x62);
    }

    #[test]
    fn groups_lie_where_kafka_puts_them() {
        let at = |group: &[u8], partitions| offsets_partition(Name(group), partitions);
        assert_eq!(at(b"hello", 50), Some(Partition(22)));
        // The absolute value of the hash, not its lower 31 bits: those would give 39.
        assert_eq!(java_string_hash(b"billing"), -109_829_509);
        assert_eq!(at(b"billing", 50), Some(Partition(9)));
        assert_eq!(at(b"polygenelubricants", 50), Some(Partition(0)));
        assert_eq!(at(b"hello", 0), None);
    }

    #[test]
    fn names_that_are_not_utf8_stay_apart() {
        assert_eq!(Name(b"plain\\name").to_string(), "plain\\name");
        assert_eq!(Name(b"a\xff\\b").to_string(), "a\\xff\\\\b");
        assert_eq!(Name(b"a\\xff").to_string(), "a\\\\xff");
        assert_ne!(Name(b"a\xff").to_string(), Name(b"a\\xff\xff").to_string());
    }

    fn shortened(text: impl AsRef<[u8]>) -> String {
        Name(&Name(text.as_ref()).shortened()).to_string()
    }

    #[test]
    fn a_text_beyond_255_bytes_is_shown_as_its_start_and_its_end() {
        let longest = "a".repeat(255);
        assert_eq!(shortened(&longest), longest);
        let text = format!("{}{}{}", "a".repeat(200), "b".repeat(6), "c".repeat(50));
        assert_eq!(shortened(text), format!("{}…{}", "a".repeat(200), "c".repeat(50)));
        assert_eq!(shortened("a".repeat(32_767)).len(), 200 + "…".len() + 50);
    }

    #[test]
    fn no_character_is_parted_by_a_cut() {
        // Characters of two, three and four bytes, at every distance from both cuts.
        for character in ["\u{e9}", "\u{20ac}", "\u{1f600}"] {
            for before in 0..4 {
                let text = format!("{}{}", "a".repeat(before), character.repeat(200));
                let (head, tail) = {
                    let shown = shortened(&text);
                    let (head, tail) = shown.split_once('…').unwrap();
                    (head.to_owned(), tail.to_owned())
                };
                assert!(text.starts_with(&head) && text.ends_with(&tail), "{head} {tail}");
                assert!((197..=200).contains(&head.len()) && (47..=50).contains(&tail.len()), "{head} {tail}");
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_cut_too_and_stay_escaped() {
        let text = [&[b'a'; 190][..], &[0xff; 10], b"\x80", &[b'\\'; 60]].concat();
        let expected = format!("{}{}…{}", "a".repeat(190), "\\xff".repeat(9), "\\".repeat(100));
        assert_eq!(shortened(text), expected);
        assert_eq!(shortened([0x80; 300]), format!("{}…{}", "\\x80".repeat(200), "\\x80".repeat(50)));
    }
}
