use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{DEPTH_LIMIT, Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// Parses TOML and tells every syntax error, not the first only.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Node, Vec<Diagnostic>> {
    if let Some(position) = too_deep(&file.text) {
        return Err(vec![
            Diagnostic::error("nested-too-deep", format!("values nest deeper than {DEPTH_LIMIT} levels"))
                .at(Place::new(file, position..position + 1))
                .help("flatten the file"),
        ]);
    }
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if errors.is_empty() {
        return Ok(Node { span: 0..file.text.len(), value: table_value(table.get_ref()) });
    }
    Err(errors.iter().map(|error| syntax_error(file, error.message(), error.span())).collect())
}

fn syntax_error(file: &Arc<SourceFile>, message: &str, span: Option<Range<usize>>) -> Diagnostic {
    let duplicate = message.contains("duplicate key");
    let id = if duplicate { "duplicate-key" } else { "invalid-toml" };
    let help = if duplicate { "keep one of the two" } else { "see https://toml.io for the syntax" };
    let first_line = message.lines().next().unwrap_or(message);
    Diagnostic::error(id, format!("this is not valid TOML: {first_line}"))
        .at(Place::new(file, span.unwrap_or(0..0)))
        .help(help)
}

/// Where brackets open more than [`DEPTH_LIMIT`] deep: the parser recurses, so this is looked at before.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<u8> = None;
    for (position, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte || byte == b'\n' => quote = None,
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return Some(position);
        }
    }
    None
}

fn table_value(table: &DeTable<'_>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref().to_string(), key_span: key.span(), node: node(value) })
        .collect();
    // The parser sorts keys; a user expects the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Value::Table(entries)
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let inner = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Float(number.as_str().parse().unwrap_or(f64::MAX)), Value::Integer),
        // What is no number (`inf`, `nan`, 1e400) is kept as text, so that whoever wants a number refuses it.
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(finite) if finite.is_finite() => Value::Float(finite),
            _ => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(instant) => Value::Text(instant.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(node).collect()),
        DeValue::Table(table) => table_value(table),
    };
    Node { span: value.span(), value: inner }
}
