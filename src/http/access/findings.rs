//! What is found while the protection of a listener is read.

use std::cell::RefCell;
use std::rc::Rc;

/// Collects mistakes and warnings, each with its place.
#[derive(Debug, Default)]
pub(crate) struct AccessFindings {
    /// The place that all paths are below, with its colon or dot.
    place: String,
    found: Rc<RefCell<AccessReport>>,
}

/// The mistakes and warnings, as text with their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessReport {
    /// What has to be changed.
    pub mistakes: Vec<String>,
    /// Settings that do not do what the user may expect.
    pub warnings: Vec<String>,
}

impl AccessFindings {
    /// The same findings, with paths below a file or a key.
    pub fn below(&self, part: &str) -> Self {
        let mark = if self.place.is_empty() { ": " } else { "." };
        Self { place: format!("{}{part}{mark}", self.place), found: Rc::clone(&self.found) }
    }

    pub fn add_mistake(&self, path: &str, problem: impl AsRef<str>) {
        self.found.borrow_mut().mistakes.push(format!("{}{path}: {}", self.place, problem.as_ref()));
    }

    pub fn warn(&self, path: &str, text: impl AsRef<str>) {
        self.found.borrow_mut().warnings.push(format!("{}{path}: {}", self.place, text.as_ref()));
    }

    pub fn report(&self) -> AccessReport {
        self.found.borrow().clone()
    }
}
