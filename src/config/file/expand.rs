//! Expands `${VAR}` and `${VAR:-default}` in strings. `$${` is a literal `${`.

use crate::config::SystemAccess;

/// Expands a string, or says what was expected. The message never contains the string, which may be a secret.
///
/// As in a shell, the default of `${VAR:-default}` is also used for a variable that is set but empty. It ends at the
/// first `}` and is not expanded itself.
pub(crate) fn expand(text: &str, outside: &SystemAccess<'_>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        let reference = reference.strip_prefix("${").unwrap_or(reference);
        if before.ends_with('$') {
            // `before` ends with the literal's dollar sign.
            expanded.push_str(before);
            expanded.push('{');
            rest = reference;
            continue;
        }
        expanded.push_str(before);
        let Some((inner, after)) = reference.split_once('}') else {
            return Err("expected \"}\" after \"${\", found none; a literal \"${\" is written \"$${\"".to_owned());
        };
        expanded.push_str(&variable(inner, outside)?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn variable(inner: &str, outside: &SystemAccess<'_>) -> Result<String, String> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err("expected ${NAME} or ${NAME:-default}, found another form after \"${\"; \
                    a literal \"${\" is written \"$${\""
            .to_owned());
    }
    let Some(value) = (outside.env)(name) else {
        return default
            .map(str::to_owned)
            .ok_or_else(|| format!("expected the environment variable {name} to be set, found it unset"));
    };
    match (value.into_string(), default) {
        (Ok(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Ok(value), _) => Ok(value),
        (Err(_), _) => Err(format!("expected UTF-8 in the environment variable {name}, found other bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let env = |name: &str| match name {
            "HOST" => Some("kafka".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        };
        let outside = SystemAccess { env: &env, ..SystemAccess::none() };
        expand(text, &outside)
    }

    #[test]
    fn a_variable_stands_anywhere_in_a_string() {
        assert_eq!(expanded("a${HOST}:${HOST}b"), Ok("akafka:kafkab".to_owned()));
        assert_eq!(expanded("${EMPTY}"), Ok(String::new()));
        assert_eq!(expanded("no $ to } see {"), Ok("no $ to } see {".to_owned()));
    }

    #[test]
    fn a_default_stands_in_for_unset_and_empty() {
        assert_eq!(expanded("${NONE:-x:-y}${EMPTY:-z}${NONE:-}"), Ok("x:-yz".to_owned()));
        assert_eq!(expanded("${HOST:-x}"), Ok("kafka".to_owned()));
    }

    #[test]
    fn two_dollars_and_a_brace_are_literal() {
        assert_eq!(expanded("$${HOST}"), Ok("${HOST}".to_owned()));
        assert_eq!(expanded("$$${HOST}"), Ok("$${HOST}".to_owned()));
        assert_eq!(expanded("$$"), Ok("$$".to_owned()));
    }

    #[test]
    fn other_forms_are_refused_without_showing_the_text() {
        for text in ["hush${", "hush${HOST", "hush${}", "hush${1}", "hush${HOST?}", "hush${ö}"] {
            let error = expanded(text).unwrap_err();
            assert!(error.starts_with("expected ") && !error.contains("hush"), "{error}");
        }
        assert_eq!(
            expanded("${NONE}"),
            Err("expected the environment variable NONE to be set, found it unset".to_owned())
        );
    }
}
