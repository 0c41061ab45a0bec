//! Why there is no token.

use std::path::{Path, PathBuf};

/// Why a token could not be got. The text has no secret, and is the same for each attempt that fails alike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// A file cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The settings of the connection cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The server cannot be reached.
    #[error("{server} cannot be reached: {cause}")]
    Unreachable {
        /// What the server is, and its name.
        server: String,
        /// The cause, with what to do.
        cause: String,
    },
    /// The server does not answer in time.
    #[error("{0} did not answer within 10 s")]
    Late(String),
    /// The server answers something that cannot be used.
    #[error("{server} answers {found}")]
    Answer {
        /// What the server is, and its name.
        server: String,
        /// What it answers, and what to do.
        found: String,
    },
    /// The token itself cannot be used.
    #[error("{0}")]
    Token(&'static str),
    /// There are no AWS credentials.
    #[error("{0}")]
    Aws(String),
}

impl TokenError {
    pub(super) fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(super) fn answer(server: &str, found: impl Into<String>) -> Self {
        Self::Answer { server: server.to_owned(), found: found.into() }
    }
}

/// Makes text from outside fit for a message: one line of printable characters, at most 200.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}
