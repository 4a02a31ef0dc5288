//! The templates, rendered strictly.

use std::sync::OnceLock;

use handlebars::Handlebars;
use serde::Serialize;

/// How a template's `{{value}}` is written into the output. A template places whole values only; every string that is
/// composed of several is composed in Rust, because an escaped value inside a larger string breaks the larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// A double-quoted string that YAML and JSON read alike: `08`, `yes` and `a: b # c` are safe in it.
    Json,
    /// A double-quoted Python string.
    Python,
    /// HTML text.
    Html,
    /// As it is: the value is a whole line or statement that Rust composed and quoted.
    Whole,
}

/// A file of `templates/`, compiled in; parsed when it is first rendered, and only then.
#[derive(Debug)]
pub struct Template {
    name: &'static str,
    text: &'static str,
    escape: Escape,
    parsed: OnceLock<Handlebars<'static>>,
}

/// A template could not be rendered: a defect of palier, told with file, line and the missing value.
#[derive(Debug, thiserror::Error)]
#[error("the template `{name}` could not be rendered: {reason}")]
pub struct TemplateError {
    /// The template's path below `templates/`.
    pub name: &'static str,
    /// What handlebars said.
    pub reason: String,
}

impl Template {
    /// A template: its path below `templates/`, its text, and how its values are written.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str, escape: Escape) -> Self {
        Self { name, text, escape, parsed: OnceLock::new() }
    }

    /// Renders the template strictly: a value that it names and that `data` lacks is an error.
    ///
    /// # Errors
    /// The template names a value that `data` lacks, or is itself malformed.
    pub fn render(&self, data: &impl Serialize) -> Result<String, TemplateError> {
        let parsed = match self.parsed.get() {
            Some(parsed) => parsed,
            None => {
                let parsed = self.parse()?;
                self.parsed.get_or_init(|| parsed)
            }
        };
        parsed.render(self.name, data).map_err(|error| self.error(&error))
    }

    fn parse(&self) -> Result<Handlebars<'static>, TemplateError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        match self.escape {
            Escape::Json => registry.register_escape_fn(json_string),
            Escape::Python => registry.register_escape_fn(python_string),
            Escape::Html => registry.register_escape_fn(handlebars::html_escape),
            Escape::Whole => registry.register_escape_fn(handlebars::no_escape),
        }
        registry.register_template_string(self.name, self.text).map_err(|error| self.error(&error))?;
        Ok(registry)
    }

    fn error(&self, reason: &dyn std::fmt::Display) -> TemplateError {
        TemplateError { name: self.name, reason: reason.to_string() }
    }
}

/// A double-quoted string as JSON has it; YAML reads it the same way. The three line separators that YAML 1.1 breaks
/// lines at and JSON leaves alone (U+0085, U+2028, U+2029) are escaped too, and so is DEL.
#[must_use]
pub fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.chars().map(|c| if needs_escape(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() }).collect()
}

const fn needs_escape(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A double-quoted Python string literal; control characters and everything beyond ASCII are escaped.
#[must_use]
pub fn python_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            c if (c as u32) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Escape, Template, json_string, python_string};
    use proptest::prelude::*;

    #[test]
    fn a_missing_value_is_an_error_that_names_the_template() {
        let template = Template::new("t.hbs", "a: {{missing}}", Escape::Json);
        let error = template.render(&serde_json::json!({})).expect_err("strict").to_string();
        assert!(error.contains("t.hbs") && error.contains("missing"), "{error}");
    }

    #[test]
    fn what_a_reader_of_yaml_refuses_is_escaped() {
        for c in ['\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '\u{fffe}', '\u{ffff}'] {
            let text = format!("a{c}b");
            let read: String = serde_yaml::from_str(&json_string(&text)).expect("a reader takes it");
            assert_eq!(read, text);
        }
    }

    proptest! {
        #[test]
        fn any_string_survives_yaml_and_json(text in ".*") {
            let template = Template::new("t.hbs", "a: {{value}}\n", Escape::Json);
            let rendered = template.render(&serde_json::json!({ "value": text })).expect("renders");
            let read: std::collections::BTreeMap<String, String> = serde_yaml::from_str(&rendered).expect("parses");
            prop_assert_eq!(&read["a"], &text);
            let json: String = serde_json::from_str(&json_string(&text)).expect("json");
            prop_assert_eq!(json, text);
        }

        #[test]
        fn a_python_string_is_one_line_of_ascii(text in ".*") {
            let quoted = python_string(&text);
            prop_assert!(quoted.is_ascii() && !quoted.contains('\n'));
        }
    }
}
