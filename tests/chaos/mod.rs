//! Faults of real brokers: one round of each with `make test`, as many as a release has to stand with `make soak`.
//!
//! Each prints what it measured.

mod dead;
mod frozen;
mod idle;
mod restarts;

use crate::rig::program::Program;

/// The short form of something, or the full one that `WARRENER_CHAOS=full` asks for.
pub fn short_or<T>(short: T, full: T) -> T {
    let is_full = std::env::var_os("WARRENER_CHAOS").is_some_and(|form| form == "full");
    if is_full { full } else { short }
}

/// What the program has logged since it had logged so many lines.
fn logged_since(program: &Program, lines: usize) -> Vec<String> {
    program.log().lines().skip(lines).map(str::to_owned).collect()
}
