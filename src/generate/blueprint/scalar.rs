//! Scalars as YAML text, in the quotes that were there before or in none where none are needed.

use super::change::ScalarValue;
use super::layout::Kind;
use crate::generate::template::json_string;

/// How strings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// None where the bare text is read as the same string.
    Block,
    /// The same inside `[...]` and `{...}`, where commas and brackets need quotes too.
    Flow,
    /// Always double ones: the file is JSON.
    Json,
}

/// A scalar written in the style of the one that it replaces.
pub(super) fn like(old: &Kind, value: &ScalarValue, quotes: Quotes) -> String {
    match (old, value) {
        (Kind::Quoted('\''), ScalarValue::Text(text)) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        (Kind::Quoted(_), ScalarValue::Text(text)) => json_string(text),
        _ => scalar(value, quotes),
    }
}

/// A scalar that replaces nothing.
pub(super) fn scalar(value: &ScalarValue, quotes: Quotes) -> String {
    match value {
        ScalarValue::Text(text) => string(text, quotes),
        ScalarValue::Integer(number) => number.to_string(),
        ScalarValue::Bool(value) => value.to_string(),
    }
}

/// A string, bare where that is safe, else in double quotes.
pub(super) fn string(text: &str, quotes: Quotes) -> String {
    if quotes != Quotes::Json && is_safe_bare(text, quotes == Quotes::Flow) {
        text.to_owned()
    } else {
        json_string(text)
    }
}

/// Words that YAML 1.1 or 1.2 read as something else than a string, in lower case.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"];

/// Whether every YAML reader takes the bare text for this same string. Rather too strict than too lax.
fn is_safe_bare(text: &str, flow: bool) -> bool {
    let first_is_safe = text.starts_with(|c: char| c.is_alphanumeric() || "/._$(".contains(c));
    let looks_like_number = text.bytes().all(|byte| b"0123456789_.:+-eE,TZ ".contains(&byte))
        || text.parse::<f64>().is_ok()
        || ["0x", "0o", "0b", "0X"].iter().any(|prefix| text.starts_with(prefix));
    first_is_safe
        && !looks_like_number
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        && text.chars().all(|c| {
            c == ' ' || !(c.is_control() || c.is_whitespace() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
        })
        && !(flow && text.contains([',', '[', ']', '{', '}', ':', '#', '"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Quotes, ScalarValue, like, string};
    use proptest::prelude::*;

    #[test]
    fn what_a_reader_would_take_for_something_else_gets_quotes() {
        for text in ["yes", "08", "1_000", "12:30:00", "2026-11-20", "0x1f", "a: b", "a #b", "", "*", "- x", "1e3"] {
            assert!(string(text, Quotes::Block).starts_with('"'), "{text}");
        }
        for text in ["free", "1c-2g", "0.5c-512mb", "pro plus", "gunicorn app:app --bind 0.0.0.0:$PORT", "/health"] {
            assert_eq!(string(text, Quotes::Block), text);
        }
    }

    #[test]
    fn the_old_quotes_stay_where_the_new_string_allows() {
        let text = |text: &str| ScalarValue::Text(text.to_owned());
        assert_eq!(like(&Kind::Quoted('\''), &text("it's"), Quotes::Block), "'it''s'");
        assert_eq!(like(&Kind::Quoted('\''), &text("two\nlines"), Quotes::Block), "\"two\\nlines\"");
        assert_eq!(like(&Kind::Quoted('"'), &text("free"), Quotes::Block), "\"free\"");
        assert_eq!(like(&Kind::Quoted('"'), &ScalarValue::Integer(15), Quotes::Block), "15");
    }

    proptest! {
        #[test]
        fn any_string_is_read_back(text in "\\PC*|[a-z0-9:#,\\[\\]{} '\"-]{0,12}|[0-9._:+eExo-]{1,8}") {
            let wanted = ScalarValue::Text(text.clone());
            for old in [Kind::Plain, Kind::Quoted('\''), Kind::Quoted('"')] {
                for (before, after, quotes) in [("a: ", "\n", Quotes::Block), ("{a: ", "}", Quotes::Flow)] {
                    let document = format!("{before}{}{after}", like(&old, &wanted, quotes));
                    let read: serde_yaml::Value = serde_yaml::from_str(&document).expect("parses");
                    prop_assert_eq!(read["a"].as_str(), Some(text.as_str()), "{}", document);
                }
            }
        }
    }
}
