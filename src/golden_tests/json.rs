//! Compact JSON laid out for a reader. Spaces and line ends are added, nothing else: the order of fields and the way a
//! number is written are part of what the golden files guard.

/// Maximum length of a line. A single value may be longer.
const WIDTH: usize = 118;

/// Lays compact JSON out.
pub(super) fn lay_out(json: &str) -> String {
    let mut text = String::new();
    value(json, 0, &mut text);
    text
}

fn value(json: &str, indent: usize, to: &mut String) {
    let inside = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let is_nested = json.starts_with(['{', '[']) && !inside.is_empty();
    if !is_nested || indent + json.chars().count() <= WIDTH {
        to.push_str(json);
        return;
    }
    to.push_str(&json[..1]);
    let mut room = 0;
    for (place, member) in split(inside, ',').into_iter().enumerate() {
        let width = member.chars().count() + 1;
        // An object has its own line.
        let is_short = !member.contains('{') && indent + 2 + width <= WIDTH;
        to.push_str(if place == 0 { "" } else { "," });
        if is_short && width <= room {
            room -= width;
        } else {
            to.push_str(&format!("\n{}", " ".repeat(indent + 2)));
            room = if is_short { WIDTH - indent - 2 - width } else { 0 };
        }
        match split(member, ':').as_slice() {
            [key, of_key] => {
                to.push_str(&format!("{key}:"));
                value(of_key, indent + 2, to);
            }
            _ => value(member, indent + 2, to),
        }
    }
    to.push_str(&format!("\n{}{}", " ".repeat(indent), &json[json.len() - 1..]));
}

/// Splits at a character that is in no string and between no brackets.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ if c == at && depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn only_spaces_and_line_ends_are_added() {
    let long = "x".repeat(WIDTH);
    let json = format!("{{\"a,:[\\\"\":[1,{{\"b\":null}}],\"c\":{{\"d\":\"{long}\",\"e\":[],\"f\":0}},\"g\":\"\"}}");
    let expected = format!(
        "{{\n  \"a,:[\\\"\":[1,{{\"b\":null}}],\n  \"c\":{{\n    \"d\":\"{long}\",\n    \"e\":[],\"f\":0\n  }},\n  \"g\":\"\"\n}}"
    );
    assert_eq!(lay_out(&json), expected);
    assert_eq!(lay_out("[]"), "[]");
}
