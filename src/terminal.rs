//! Makes text safe to print: it cannot move the cursor, change colours, set titles or change the direction of text.
//!
//! Names and errors come from brokers and clients. Characters that control a terminal are shown as escapes such as
//! `\u{1b}`. In JSON they are written as `\u001b`, which a program reads back unchanged.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// Escapes one line, including line ends.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, controls_terminal, |shown, c| shown.extend(c.escape_unicode()))
}

/// Escapes several lines. Line ends are kept.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && controls_terminal(c), |shown, c| shown.extend(c.escape_unicode()))
}

/// Escapes JSON with one document per line. In JSON, control characters can only be part of strings.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |c| c != '\n' && controls_terminal(c),
        |shown, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a string cannot fail.
                let _written = write!(shown, "\\u{unit:04x}");
            }
        },
    )
}

fn escaped(text: &str, is_obeyed: impl Fn(char) -> bool, mut escape: impl FnMut(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(&is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            escape(&mut shown, c);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal may act on a character: control characters of ASCII and Latin-1 (C1), and invisible ones of
/// Unicode: line separators, joiners, marks and overrides of direction, annotations, tags.
fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// How output is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscapeForm {
    /// Each write is one line with its line end.
    Text,
    /// JSON, one document per line.
    Json,
}

/// A writer that escapes control characters. Each write must consist of whole characters; invalid bytes become U+FFFD.
#[derive(Debug)]
pub struct EscapingWriter<W> {
    form: EscapeForm,
    to: W,
}

impl<W> EscapingWriter<W> {
    /// Wraps `to`.
    pub const fn new(form: EscapeForm, to: W) -> Self {
        Self { form, to }
    }
}

impl<W: io::Write> io::Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        match self.form {
            EscapeForm::Text => {
                let (body, end) = text.strip_suffix('\n').map_or((&*text, ""), |body| (body, "\n"));
                self.to.write_all(format!("{}{end}", line(body)).as_bytes())?;
            }
            EscapeForm::Json => self.to.write_all(json(&text).as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A title, a cleared screen, a bell, a C1 sequence, an override of direction, separators, a tag.
    const HOSTILE: &str =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\r\u{9b}31m\u{202e}\u{2028}\u{2029}\u{2066}\u{61c}\u{e0041}\u{7f}\t\u{0}";

    #[test]
    fn what_a_terminal_obeys_is_shown_as_an_escape() {
        let expected = "\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{d}\\u{9b}31m\\u{202e}\\u{2028}\\u{2029}\\u{2066}\\u{61c}\
                        \\u{e0041}\\u{7f}\\u{9}\\u{0}";
        assert_eq!(line(HOSTILE), expected);
        assert_eq!(lines(&format!("{HOSTILE}\nb\n")), format!("{expected}\nb\n"));
        assert_eq!(line("a\nb"), "a\\u{a}b");
    }

    #[test]
    fn whatever_is_plain_stays_as_it_is() {
        for text in ["", "plain", "gr\u{fc}n \\u{1b} \"q\"", "\u{4e2d}\u{6587} \u{1f600}"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
            assert!(matches!(json(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn json_says_the_same_to_a_program() {
        let document = serde_json::to_string(&[HOSTILE]).unwrap();
        let shown = json(&document);
        assert!(shown.is_ascii(), "{shown}");
        assert!(!shown.chars().any(controls_terminal), "{shown:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [HOSTILE]);
    }

    #[test]
    fn a_write_is_one_line_whatever_it_holds() {
        let written = |form, text: &[u8]| {
            let mut to = Vec::new();
            EscapingWriter::new(form, &mut to).write_all(text).unwrap();
            String::from_utf8(to).unwrap()
        };
        assert_eq!(
            written(EscapeForm::Text, b"WARN a\nERROR made up\x1b[2J\n"),
            "WARN a\\u{a}ERROR made up\\u{1b}[2J\n"
        );
        assert_eq!(written(EscapeForm::Text, b"a\xff"), "a\u{fffd}");
        assert_eq!(
            written(EscapeForm::Json, "{\"a\":\"\u{9b}\u{e0041}\"}\n".as_bytes()),
            "{\"a\":\"\\u009b\\udb40\\udc41\"}\n"
        );
    }
}
