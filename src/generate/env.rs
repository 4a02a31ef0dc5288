//! `.env.example`: which variables the application reads, what each is for, and where its value comes from. It holds
//! no value that is secret.

use std::collections::BTreeSet;

use serde::Serialize;

use super::template::{Escape, Template, TemplateError};
use crate::diagnostic::{looks_like_secret, names_a_secret};

/// `.env.example`. Its lines are composed here, because an env file has no quoting that all its readers agree on.
static EXAMPLE: Template =
    Template::new("env/env.example.hbs", include_str!("../../templates/env/env.example.hbs"), Escape::Whole);

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvEntry {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Where its value comes from.
    pub source: String,
    /// A value that is no secret and that works as it is; left out when it looks like a secret all the same.
    pub example: Option<String>,
}

/// Why there is no `.env.example`.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// A name is none.
    #[error("`{0}` is no name of an environment variable: letters, digits and `_`, and no digit first")]
    Name(String),
    /// An example cannot be written so that every reader of env files reads it back.
    #[error(
        "the example of `{0}` holds a line end, a quote, a backslash or a dollar sign, which readers of env files \
             read in different ways"
    )]
    Example(String),
    /// The template is malformed: a defect of palier.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[derive(Serialize)]
struct Data {
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Variable {
    comment: String,
    assignment: String,
}

/// The text of `.env.example`. A name that comes twice is written once, as it came first.
///
/// # Errors
/// A name is no name, or an example cannot be written; see [`EnvError`].
pub fn env_example(entries: &[EnvEntry]) -> Result<String, EnvError> {
    let mut seen = BTreeSet::new();
    let mut variables = Vec::new();
    for entry in entries.iter().filter(|entry| seen.insert(entry.name.as_str())) {
        variables.push(Variable { comment: comment(entry), assignment: assignment(entry)? });
    }
    Ok(EXAMPLE.render(&Data { variables })?)
}

fn comment(entry: &EnvEntry) -> String {
    let source = format!("From: {}", entry.source);
    let texts = if entry.source.trim().is_empty() { vec![&entry.purpose] } else { vec![&entry.purpose, &source] };
    let options = || textwrap::Options::new(116).initial_indent("# ").subsequent_indent("# ");
    // A line end in a text would end the comment, and what follows would be read as a variable.
    let lines = texts.into_iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.map(|line| textwrap::fill(&line, options())).collect::<Vec<_>>().join("\n")
}

fn assignment(entry: &EnvEntry) -> Result<String, EnvError> {
    let name = &entry.name;
    let mut characters = name.chars();
    let first_is_right = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !first_is_right || !characters.all(|character| character.is_ascii_alphanumeric() || character == '_') {
        return Err(EnvError::Name(name.clone()));
    }
    let example = entry.example.as_deref().filter(|value| !is_secret(name, value)).unwrap_or_default();
    if example.contains(['\n', '\r', '"', '\'', '\\', '$', '`', '\0']) {
        return Err(EnvError::Example(name.clone()));
    }
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:@,+%*".contains(character);
    let quote = if example.chars().all(plain) { "" } else { "\"" };
    Ok(format!("{name}={quote}{example}{quote}"))
}

fn is_secret(name: &str, value: &str) -> bool {
    names_a_secret(name) || looks_like_secret(value)
}

#[cfg(test)]
mod tests {
    use super::{EnvEntry, env_example};

    fn entry(name: &str, example: Option<&str>) -> EnvEntry {
        EnvEntry {
            name: name.to_owned(),
            purpose: "What it is for.".to_owned(),
            source: "where it comes from".to_owned(),
            example: example.map(str::to_owned),
        }
    }

    fn line(name: &str, example: &str) -> String {
        let text = env_example(&[entry(name, Some(example))]).expect("writes");
        text.lines().last().expect("a line").to_owned()
    }

    #[test]
    fn a_value_is_written_only_when_it_is_no_secret() {
        assert_eq!(line("CACHE_TTL", "300"), "CACHE_TTL=300");
        assert_eq!(line("GREETING", "a # b"), "GREETING=\"a # b\"");
        assert_eq!(line("SECRET_KEY", "changeme"), "SECRET_KEY=");
        assert_eq!(line("REDIS_URL", "redis://default:hunter22@host:6379"), "REDIS_URL=");
    }

    #[test]
    fn a_text_with_line_ends_stays_inside_its_comment() {
        let mut sly = entry("A", None);
        sly.purpose = "first\nINJECTED=1".to_owned();
        let text = env_example(&[sly]).expect("writes");
        assert!(text.contains("# first INJECTED=1\n"), "{text}");
    }

    #[test]
    fn what_no_reader_agrees_on_is_refused() {
        for name in ["", "1A", "A B", "A-B", "É"] {
            assert!(env_example(&[entry(name, None)]).is_err(), "{name}");
        }
        for example in ["a\nb", "it's", "${HOME}", "a\\b"] {
            assert!(env_example(&[entry("A", Some(example))]).is_err(), "{example}");
        }
    }

    #[test]
    fn a_name_is_written_once() {
        let text = env_example(&[entry("A", Some("1")), entry("A", Some("2"))]).expect("writes");
        assert!(text.contains("A=1") && !text.contains("A=2"), "{text}");
    }
}
