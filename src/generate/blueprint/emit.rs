//! Whole values as YAML lines, in the indentation that the file uses elsewhere.

use serde_json::Value as Json;

use super::layout::{Kind, Layout, Node};
use super::order::rank;
use super::scalar::{Quotes, string};

/// How a file indents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Indent {
    /// How far a table is indented below its key.
    pub(super) table: usize,
    /// How far a list's dash is indented below its key; 0 in many files.
    pub(super) dash: usize,
    /// How many spaces stand behind a dash.
    pub(super) gap: usize,
}

impl Indent {
    /// The file's own habit, as its first table and its first list show it.
    pub(super) fn of(text: &str, layout: &Layout) -> Self {
        let mut indent = Self { table: 2, dash: 2, gap: 1 };
        let mut seen = (false, false);
        if let Some(root) = &layout.root {
            indent.learn(text, root, &mut seen);
        }
        indent
    }

    fn learn(&mut self, text: &str, node: &Node, seen: &mut (bool, bool)) {
        for entry in node.entries().iter().filter(|_| !node.is_flow()) {
            let key = column(text, entry.key_span.start);
            match &entry.node.kind {
                Kind::Table { flow: false, .. } if !seen.0 => {
                    self.table = column(text, entry.node.span.start).saturating_sub(key).clamp(1, 8);
                    seen.0 = true;
                }
                Kind::List { flow: false, items } if !seen.1 => {
                    if let Some((dash, item)) = items.first().and_then(|item| dash(text, item)) {
                        self.dash = dash.saturating_sub(key).min(8);
                        self.gap = item.saturating_sub(dash + 1).clamp(1, 8);
                        seen.1 = true;
                    }
                }
                _ => {}
            }
            self.learn(text, &entry.node, seen);
        }
        for item in node.items() {
            self.learn(text, item, seen);
        }
    }

    /// `key: value` as lines that begin at a column.
    pub(super) fn entry(self, key: &str, value: &Json, at: usize) -> Vec<String> {
        let head = format!("{}{}:", " ".repeat(at), string(key, Quotes::Block));
        match value {
            Json::Array(items) if !items.is_empty() => {
                let items = items.iter().flat_map(|item| self.item(item, at + self.dash));
                std::iter::once(head).chain(items).collect()
            }
            Json::Object(table) if !table.is_empty() => {
                std::iter::once(head).chain(self.table(table, at + self.table)).collect()
            }
            _ => vec![format!("{head} {}", flow(value, Quotes::Block))],
        }
    }

    /// `- value` as lines whose dash stands at a column.
    pub(super) fn item(self, value: &Json, at: usize) -> Vec<String> {
        let dash = format!("{}-{}", " ".repeat(at), " ".repeat(self.gap));
        match value {
            Json::Object(table) if !table.is_empty() => {
                let mut lines = self.table(table, dash.len());
                if let Some(first) = lines.first_mut() {
                    first.replace_range(..dash.len(), &dash);
                }
                lines
            }
            _ => vec![format!("{dash}{}", flow(value, Quotes::Block))],
        }
    }

    fn table(self, table: &serde_json::Map<String, Json>, at: usize) -> Vec<String> {
        ordered(table).into_iter().flat_map(|(key, value)| self.entry(key, value, at)).collect()
    }
}

/// A value on one line.
pub(super) fn flow(value: &Json, quotes: Quotes) -> String {
    let inner = if quotes == Quotes::Json { Quotes::Json } else { Quotes::Flow };
    match value {
        Json::String(text) => string(text, quotes),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, inner)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(table) => {
            let pair = |(key, value): (&String, &Json)| format!("{}: {}", string(key, inner), flow(value, inner));
            let pairs: Vec<String> = ordered(table).into_iter().map(pair).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A table's fields in the order of Render's documentation, unknown ones last.
fn ordered(table: &serde_json::Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut fields: Vec<_> = table.iter().collect();
    fields.sort_by_key(|(key, _)| (rank(key).unwrap_or(usize::MAX), (*key).clone()));
    fields
}

/// How many bytes stand before a byte on its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// The first byte of a byte's line.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The columns of a list item's dash and of the item itself, when both are on one line.
pub(super) fn dash(text: &str, item: &Node) -> Option<(usize, usize)> {
    let start = line_start(text, item.span.start);
    let before = text[start..item.span.start].trim_end_matches(' ');
    let dash = before.strip_suffix('-')?.len();
    let is_bare = text.as_bytes()[start..start + dash].iter().all(|byte| matches!(byte, b' ' | b'-'));
    (is_bare && item.mark.is_none()).then_some((dash, item.span.start - start))
}
