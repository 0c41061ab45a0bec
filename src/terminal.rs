//! Text for people: nothing in it moves the cursor, changes colours, sets titles or turns the direction of the text.
//!
//! Names and errors come from brokers and clients. What a terminal obeys is shown as an escape, like `\u{1b}`, and in
//! JSON as `\u001b`, which a program reads back as it was.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// One line: line ends are escaped, too.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed, |shown, c| shown.extend(c.escape_unicode()))
}

/// Several lines.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_obeyed(c), |shown, c| shown.extend(c.escape_unicode()))
}

/// A text that is JSON, one document a line. What a terminal obeys stands in strings alone there.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |c| c != '\n' && is_obeyed(c),
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

/// Control characters of ASCII and of Latin-1 (C1), and those of Unicode that are not seen: separators of lines,
/// joiners, marks and overrides of direction, annotations, tags.
fn is_obeyed(c: char) -> bool {
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

/// How what is written becomes harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One line a write, with its end.
    Text,
    /// JSON, one document a line.
    Json,
}

/// Writes what a terminal can show. Each write has to be whole characters; bytes that are none become U+FFFD.
#[derive(Debug)]
pub struct Harmless<W> {
    form: Form,
    to: W,
}

impl<W> Harmless<W> {
    /// In front of `to`.
    pub const fn new(form: Form, to: W) -> Self {
        Self { form, to }
    }
}

impl<W: io::Write> io::Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        match self.form {
            Form::Text => {
                let (body, end) = text.strip_suffix('\n').map_or((&*text, ""), |body| (body, "\n"));
                self.to.write_all(format!("{}{end}", line(body)).as_bytes())?;
            }
            Form::Json => self.to.write_all(json(&text).as_bytes())?,
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
        assert!(!shown.chars().any(is_obeyed), "{shown:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [HOSTILE]);
    }

    #[test]
    fn a_write_is_one_line_whatever_it_holds() {
        let written = |form, text: &[u8]| {
            let mut to = Vec::new();
            Harmless::new(form, &mut to).write_all(text).unwrap();
            String::from_utf8(to).unwrap()
        };
        assert_eq!(written(Form::Text, b"WARN a\nERROR made up\x1b[2J\n"), "WARN a\\u{a}ERROR made up\\u{1b}[2J\n");
        assert_eq!(written(Form::Text, b"a\xff"), "a\u{fffd}");
        assert_eq!(
            written(Form::Json, "{\"a\":\"\u{9b}\u{e0041}\"}\n".as_bytes()),
            "{\"a\":\"\\u009b\\udb40\\udc41\"}\n"
        );
    }
}
