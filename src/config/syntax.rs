//! The text as TOML, or all its syntax errors with line and column.

use toml::de::DeTable;

use super::findings::{Mistake, Mistakes, Path, quote};

/// Reads a text that may begin with a byte order mark; lines may end in CRLF.
pub(super) fn parse(text: &str) -> Result<DeTable<'_>, Mistakes> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table.into_inner());
    }
    let mut places: Vec<_> = errors.iter().map(|error| place(text, error)).collect();
    places.sort_unstable();
    // A parser that recovers may stumble over one fault twice; the first word on a line is the one that helps.
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut mistakes: Vec<(usize, Mistake)> = Vec::new();
    for (at, message) in places {
        let (line, column) = lines.place(at);
        if mistakes.last().is_none_or(|(last, _)| *last != line) {
            let place = Path::named(&format!("line {line}, column {column}"));
            mistakes.push((line, Mistake::new(place, format!("invalid TOML: {message}"))));
        }
    }
    Err(Mistakes::in_order(mistakes.into_iter().map(|(_, mistake)| mistake).collect()))
}

/// Where an error is, and what it says. Of the text it shows keys only, since values may be secrets.
fn place(text: &str, error: &toml::de::Error) -> (usize, String) {
    const TWICE: &str = "duplicate key";
    let span = error.span().unwrap_or(text.len()..text.len());
    let start = span.start;
    let message = match text.get(span) {
        Some(key) if error.message() == TWICE => format!("{TWICE} {}", quote(key)),
        Some(_) | None => error.message().to_owned(),
    };
    (start, message)
}

/// Counts lines once from the front, since a broken file may have a mistake on each.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// Line and column, from 1, of a byte that is not before the last one asked for.
    fn place(&mut self, byte: usize) -> (usize, usize) {
        let mut ahead = self.text.bytes().enumerate().take(byte).skip(self.at);
        while let Some((at, found)) = ahead.next() {
            if found == b'\n' {
                (self.at, self.line) = (at.saturating_add(1), self.line.saturating_add(1));
            }
        }
        let column = self.text.get(self.at..byte).map_or(0, |before| before.chars().count());
        (self.line, column.saturating_add(1))
    }
}
