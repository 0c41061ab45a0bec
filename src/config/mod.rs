//! Configuration: a raw file is checked as a whole into a [`Config`], or all its mistakes are told at once.
//!
//! The grammar and its rules are CONFIG.md's. Nothing past `main` sees the raw form, and a `Config` that
//! exists has been checked. The core reads neither files nor the environment: both come in as [`Outside`].

mod filter;
mod settings;

pub use filter::Filter;
pub use settings::*;
