//! Files with tokens, secrets and assertions. They are read at each refresh, because they are renewed from outside.

use std::path::Path;

use super::MOST_BYTES;
use super::error::TokenError;
use crate::bounded_file;
use crate::config::{Secret, is_bearer_token};

/// Reads a file with a secret. The line end at its end is not part of it.
pub(super) fn read_secret(path: &Path) -> Result<Secret, TokenError> {
    let text = read(path)?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() { Err(TokenError::file(path, "it is empty")) } else { Ok(Secret::new(line.to_owned())) }
}

/// Reads a file with a token or an assertion. White space around it is not part of it.
pub(super) fn read_token(path: &Path) -> Result<Secret, TokenError> {
    let text = read(path)?;
    match text.trim_ascii() {
        "" => Err(TokenError::file(path, "it is empty")),
        token if is_bearer_token(token) => Ok(Secret::new(token.to_owned())),
        _ => Err(TokenError::file(path, "expected a token of letters, digits and -._~+/, found other characters")),
    }
}

pub(super) fn read(path: &Path) -> Result<String, TokenError> {
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let (_, bytes) = bounded_file::read(path, most).map_err(|why| TokenError::file(path, why))?;
    String::from_utf8(bytes).map_err(|_| TokenError::file(path, "it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_is_now_and_a_wrong_one_says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secret = |text: &str| {
            std::fs::write(&path, text).unwrap();
            (read_secret(&path).map(|secret| secret.reveal().to_owned()), read_token(&path).is_ok())
        };
        assert_eq!(secret("first\r\n"), (Ok("first".to_owned()), true));
        assert_eq!(secret(" second \n"), (Ok(" second ".to_owned()), true));
        assert_eq!(secret("a b"), (Ok("a b".to_owned()), false));
        for (text, reason) in [("", "it is empty"), ("\n", "it is empty")] {
            assert_eq!(secret(text), (Err(TokenError::file(&path, reason)), false));
        }
        let large = "x".repeat(MOST_BYTES + 1);
        assert_eq!(secret(&large), (Err(TokenError::file(&path, "more than 65536 bytes")), false));
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(read_token(&path), Err(TokenError::file(&path, "it is not UTF-8")));
        assert_eq!(read_token(folder.path()), Err(TokenError::file(folder.path(), "not a regular file")));
        let nowhere = folder.path().join("nowhere");
        let expected = format!("cannot use {}: No such file or directory (os error 2)", nowhere.display());
        assert_eq!(read_token(&nowhere).unwrap_err().to_string(), expected);
    }
}
