//! The table for a terminal.

use std::fmt;

use crate::evaluate::Span;
use crate::terminal;

use super::{COLUMNS, Row};

/// Shown instead of what is not known, as Kafka's tools do.
const UNKNOWN: &str = "-";
/// Between two columns.
const GAP: &str = "  ";
/// The widest that a column is made. A longer name shifts the rest of its own line, instead of making every line
/// as long: a group's name may have 1,024 bytes, and each of them may be shown as four characters.
const WIDEST: usize = 80;

/// Rows below the names of their columns, all left-aligned as Kafka's tools have them. Widths are counted in
/// characters.
#[derive(Clone, Copy, Debug)]
pub struct Table<'r>(pub &'r [Row<'r>]);

impl fmt::Display for Table<'_> {
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

/// The last cell is not padded: nobody wants spaces at the end of a line.
fn line(f: &mut fmt::Formatter<'_>, cells: &[impl AsRef<str>], widths: &[usize]) -> fmt::Result {
    let Some((last, before)) = cells.split_last() else { return Ok(()) };
    for (cell, width) in before.iter().zip(widths) {
        write!(f, "{:<width$}{GAP}", cell.as_ref(), width = *width)?;
    }
    writeln!(f, "{}", last.as_ref())
}

fn cells(row: &Row<'_>) -> [String; COLUMNS.len()] {
    [
        name(row.cluster),
        name(row.group),
        name(row.topic),
        row.partition.0.to_string(),
        known(row.current_offset.map(|offset| offset.0)),
        known(row.log_end_offset.map(|offset| offset.0)),
        known(row.lag.map(|lag| lag.0)),
        known(row.time_lag.map(|time| Span(i64::try_from(time.0).unwrap_or(i64::MAX)))),
        row.status_name().to_owned(),
        row.owner.map_or_else(|| UNKNOWN.to_owned(), name),
    ]
}

fn known(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

/// A name that a terminal can show. The empty name, which a group may have, is shown as `""`, since an empty cell is
/// none.
fn name(name: impl fmt::Display) -> String {
    let text = name.to_string();
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    terminal::line(&text).into_owned()
}
