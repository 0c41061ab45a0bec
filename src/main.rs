//! The `warrener` program.
fn main() {}
