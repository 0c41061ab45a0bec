//! Parses the text as TOML, or returns all syntax errors with line and column.

use toml::de::DeTable;

use crate::config::file::findings::{KeyPath, Mistake, Mistakes, quote};

/// Parses a text. It may begin with a byte order mark, and lines may end in CRLF.
pub(crate) fn parse(text: &str) -> Result<DeTable<'_>, Mistakes> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table.into_inner());
    }
    let mut places: Vec<_> = errors.iter().map(|error| position(text, error)).collect();
    places.sort_unstable();
    // A recovering parser may report one fault twice. Only the first message of a line is kept.
    let mut mistakes = Vec::new();
    let (mut line, mut line_start, mut seen) = (1_usize, 0, 0);
    for (at, message) in places {
        let ahead = text.get(seen..at).unwrap_or_default();
        if let Some(last) = ahead.rfind('\n') {
            line = line.saturating_add(ahead.matches('\n').count());
            line_start = seen.saturating_add(last).saturating_add(1);
        } else if !mistakes.is_empty() {
            seen = at;
            continue;
        }
        seen = at;
        let column = text.get(line_start..at).map_or(0, |before| before.chars().count()).saturating_add(1);
        let place = KeyPath::named(&format!("line {line}, column {column}"));
        mistakes.push(Mistake::new(place, format!("invalid TOML: {message}")));
    }
    Err(Mistakes::in_order(mistakes))
}

/// Returns the position and message of an error. The message shows only keys of the text, because values may be secret.
fn position(text: &str, error: &toml::de::Error) -> (usize, String) {
    const TWICE: &str = "duplicate key";
    let span = error.span().unwrap_or(text.len()..text.len());
    let start = span.start;
    let message = match text.get(span) {
        Some(key) if error.message() == TWICE => format!("{TWICE} {}", quote(key)),
        Some(_) | None => error.message().to_owned(),
    };
    (text.floor_char_boundary(start), message)
}
