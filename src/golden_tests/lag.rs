//! What `warrener lag` prints: the table, and a row in JSON a line.

use crate::lag_table::{LagTable, rows};
use crate::terminal;

use super::Golden;
use super::setting::{NOW, RULES};
use super::storage::storage;

pub(super) fn goldens() -> Vec<Golden> {
    let view = storage().view(NOW, &RULES);
    let (all, chosen) = (rows(&view, &[]), rows(&view, &["billing".to_owned(), "odd\\\\\\xff\\n".to_owned()]));
    let json = all.iter().map(|row| terminal::json(&serde_json::to_string(row).unwrap()).into_owned());
    vec![
        ("lag/table.txt".to_owned(), LagTable(&all).to_string()),
        ("lag/table-of-two.txt".to_owned(), LagTable(&chosen).to_string()),
        ("lag/rows.json".to_owned(), format!("[{}]\n", json.collect::<Vec<_>>().join(",\n"))),
    ]
}
