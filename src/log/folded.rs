//! Folds log lines that are repeated (docs/src/reference/configuration.md, Logging).
//!
//! Two lines are equal if level, target, message and all fields are. The first one is shown at once. Those that follow
//! within ten seconds are counted, and then shown as one line, as long as they go on.

use std::fmt::{self, Debug, Write};
use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashMap;
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::model::{Level, Tick};

/// How long equal lines are counted before they are shown as one, in milliseconds.
const INTERVAL: i64 = 10_000;
/// The largest number of lines that are remembered. Beyond it, lines are shown as they come.
const MOST: usize = 256;
/// The largest number of bytes of a line's fields that are remembered.
const LONGEST: usize = 500;

/// A line, as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineHash(u64);

/// A line with what was counted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedLine {
    pub level: Level,
    /// The message.
    pub message: String,
    /// Its fields, shortened.
    pub fields: String,
    pub repeated: u64,
    /// The time during which it was counted, in seconds.
    pub seconds: i64,
}

/// The lines of the last seconds.
#[derive(Debug, Default)]
pub struct FoldedLines {
    hasher: RandomState,
    lines: HashMap<LineHash, CountedLine>,
}

#[derive(Debug)]
struct CountedLine {
    level: Level,
    message: String,
    fields: String,
    /// When it was last shown, itself or as repeated.
    since: Tick,
    repeated: u64,
}

impl FoldedLines {
    /// The hash of a line.
    pub fn hash(&self, event: &Event<'_>) -> LineHash {
        let mut hashed = HashedText(self.hasher.build_hasher());
        let metadata = event.metadata();
        // Hashing a text cannot fail.
        let _ = write!(hashed, "{}\0{}", metadata.level(), metadata.target());
        event.record(&mut hashed);
        LineHash(hashed.0.finish())
    }

    /// Takes in a line. Returns whether it is shown now.
    pub fn take_in(&mut self, line: LineHash, level: Level, event: &Event<'_>, now: Tick) -> bool {
        self.take_in_text(line, now, || {
            let mut text = LineText::default();
            event.record(&mut text);
            (level, text.message.0, text.fields.0)
        })
    }

    fn take_in_text(&mut self, line: LineHash, now: Tick, text: impl FnOnce() -> (Level, String, String)) -> bool {
        if let Some(held) = self.lines.get_mut(&line) {
            let first = held.repeated == 0 && held.since.0.saturating_add(INTERVAL) <= now.0;
            if first {
                held.since = now;
            } else {
                held.repeated = held.repeated.saturating_add(1);
            }
            return first;
        }
        if self.lines.len() >= MOST {
            self.lines.retain(|_, held| held.repeated > 0 || now.0 < held.since.0.saturating_add(INTERVAL));
        }
        if self.lines.len() < MOST {
            let (level, message, fields) = text();
            self.lines.insert(line, CountedLine { level, message, fields, since: now, repeated: 0 });
        }
        true
    }

    /// Returns the lines that were counted for long enough, and forgets those that have ended.
    pub fn take_due(&mut self, now: Tick) -> Vec<RepeatedLine> {
        self.lines.retain(|_, held| held.repeated > 0 || now.0 < held.since.0.saturating_add(INTERVAL));
        self.take_counted(now, INTERVAL)
    }

    /// Returns all lines that were counted.
    pub fn take_all(&mut self, now: Tick) -> Vec<RepeatedLine> {
        self.take_counted(now, 0)
    }

    fn take_counted(&mut self, now: Tick, after: i64) -> Vec<RepeatedLine> {
        let is_due = |held: &&mut CountedLine| held.repeated > 0 && held.since.0.saturating_add(after) <= now.0;
        let mut due: Vec<(Tick, RepeatedLine)> =
            self.lines.values_mut().filter(is_due).map(|held| (held.since, held.take(now))).collect();
        due.sort_by_key(|(since, _)| *since);
        due.into_iter().map(|(_, line)| line).collect()
    }
}

impl CountedLine {
    fn take(&mut self, now: Tick) -> RepeatedLine {
        let since = std::mem::replace(&mut self.since, now);
        RepeatedLine {
            level: self.level,
            message: self.message.clone(),
            fields: self.fields.clone(),
            repeated: std::mem::take(&mut self.repeated),
            seconds: now.0.saturating_sub(since.0).saturating_add(999) / 1_000,
        }
    }
}

/// Hashes the fields of a line.
struct HashedText<H>(H);

impl<H: Hasher> Write for HashedText<H> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl<H: Hasher> Visit for HashedText<H> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self, "\0{}={value:?}", field.name());
    }
}

/// The message and the fields of a line.
#[derive(Default)]
struct LineText {
    message: BoundedText,
    fields: BoundedText,
}

/// The beginning of a text.
#[derive(Default)]
struct BoundedText(String);

impl Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len().saturating_add(text.len()) <= LONGEST {
            self.0.push_str(text);
            return Ok(());
        }
        let fits = |next: &char, text: &String| text.len().saturating_add(next.len_utf8()) <= LONGEST;
        for next in text.chars() {
            if !fits(&next, &self.0) {
                break;
            }
            self.0.push(next);
        }
        Err(fmt::Error)
    }
}

impl Visit for LineText {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // An error says that no more fits.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            let space = if self.fields.0.is_empty() { "" } else { " " };
            write!(self.fields, "{space}{}={value:?}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_in(lines: &mut FoldedLines, line: u64, seconds: i64) -> bool {
        lines.take_in_text(LineHash(line), Tick(seconds * 1_000), || {
            (Level::Warn, format!("message {line}"), "cluster=\"a\"".to_owned())
        })
    }

    fn repeated(line: u64, repeated: u64, seconds: i64) -> RepeatedLine {
        let (message, fields) = (format!("message {line}"), "cluster=\"a\"".to_owned());
        RepeatedLine { level: Level::Warn, message, fields, repeated, seconds }
    }

    #[test]
    fn the_first_line_is_shown_and_the_others_are_counted_as_long_as_they_go_on() {
        let mut lines = FoldedLines::default();
        let shown: Vec<bool> = (0..=5).map(|second| take_in(&mut lines, 1, second)).collect();
        assert_eq!(shown, [true, false, false, false, false, false]);
        assert!(take_in(&mut lines, 2, 3));
        assert_eq!(lines.take_due(Tick(9_999)), []);
        assert_eq!(lines.take_due(Tick(10_000)), [repeated(1, 5, 10)]);
        assert!(!take_in(&mut lines, 1, 12));
        assert_eq!(lines.take_due(Tick(20_500)), [repeated(1, 1, 11)]);
        assert_eq!(lines.take_due(Tick(31_000)), []);
        assert!(take_in(&mut lines, 1, 32));
        assert_eq!(lines.lines.len(), 1);
    }

    #[test]
    fn a_line_after_the_interval_is_shown_even_if_nobody_has_looked_since() {
        let mut lines = FoldedLines::default();
        assert!(take_in(&mut lines, 1, 0) && take_in(&mut lines, 1, 10) && !take_in(&mut lines, 1, 19));
        assert_eq!(lines.take_due(Tick(20_000)), [repeated(1, 1, 10)]);
    }

    #[test]
    fn nothing_that_was_counted_is_lost_at_the_end() {
        let mut lines = FoldedLines::default();
        for (line, second) in [(1, 0), (2, 0), (2, 1), (2, 1), (1, 2)] {
            take_in(&mut lines, line, second);
        }
        let mut all = lines.take_all(Tick(2_500));
        all.sort_by_key(|line| line.repeated);
        assert_eq!(all, [repeated(1, 1, 3), repeated(2, 2, 3)]);
        assert_eq!(lines.take_all(Tick(2_600)), []);
    }

    #[test]
    fn when_there_are_too_many_lines_they_are_shown_as_they_come() {
        let mut lines = FoldedLines::default();
        assert!((0..300).all(|line| take_in(&mut lines, line, 0)));
        assert_eq!(lines.lines.len(), MOST);
        assert!(!take_in(&mut lines, 0, 1) && take_in(&mut lines, 299, 1) && take_in(&mut lines, 299, 1));
        assert!(take_in(&mut lines, 299, 11), "the old lines are forgotten");
        assert!(!take_in(&mut lines, 299, 12));
        assert_eq!(lines.take_all(Tick(12_000)).len(), 2);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut text = BoundedText::default();
        assert!(write!(text, "{}", "ü".repeat(300)).is_err());
        assert_eq!(text.0, "ü".repeat(250));
        assert!(write!(text, "more").is_err() && text.0.len() == LONGEST);
    }
}
