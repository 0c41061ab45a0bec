//! The table as text.

use std::fmt;

use crate::evaluate::ShortDuration;
use crate::terminal;

use super::{COLUMNS, LagRow};

/// Shown for unknown values, as in Kafka's tools.
const UNKNOWN: &str = "-";
/// Space between two columns.
const GAP: &str = "  ";
/// Maximum width of a column. A longer name shifts the rest of its own line only, instead of widening every line: a
/// group name may have 1,024 bytes, each of which may be shown as four characters.
const WIDEST: usize = 80;

/// A header and rows, left-aligned as in Kafka's tools. Widths are counted in characters.
#[derive(Clone, Copy, Debug)]
pub struct LagTable<'r>(pub &'r [LagRow<'r>]);

impl fmt::Display for LagTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = COLUMNS.map(str::len);
        for row in self.0 {
            for (width, cell) in widths.iter_mut().zip(cells(row)) {
                *width = (*width).max(cell.chars().count()).min(WIDEST);
            }
        }
        line(f, &COLUMNS, &widths)?;
        self.0.iter().try_for_each(|row| line(f, &cells(row), &widths))
    }
}

/// The last cell is not padded, so that lines have no trailing spaces.
fn line(f: &mut fmt::Formatter<'_>, cells: &[impl AsRef<str>], widths: &[usize]) -> fmt::Result {
    let Some((last, before)) = cells.split_last() else { return Ok(()) };
    for (cell, width) in before.iter().zip(widths) {
        write!(f, "{:<width$}{GAP}", cell.as_ref(), width = *width)?;
    }
    writeln!(f, "{}", last.as_ref())
}

fn cells(row: &LagRow<'_>) -> [String; COLUMNS.len()] {
    [
        name(row.cluster),
        name(row.group),
        name(row.topic),
        row.partition.0.to_string(),
        or_unknown(row.current_offset.map(|offset| offset.0)),
        or_unknown(row.log_end_offset.map(|offset| offset.0)),
        or_unknown(row.lag.map(|lag| lag.0)),
        or_unknown(row.time_lag.map(|time| ShortDuration(i64::try_from(time.0).unwrap_or(i64::MAX)))),
        row.status_name().to_owned(),
        row.owner.map_or_else(|| UNKNOWN.to_owned(), name),
    ]
}

fn or_unknown(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

/// A name that is safe to show on a terminal. An empty name, which a group may have, is shown as `""`, so that the cell
/// is not empty.
fn name(name: impl fmt::Display) -> String {
    let text = name.to_string();
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    terminal::line(&text).into_owned()
}
