use serde_json::Value as Json;

use super::{Source, Splice};
use crate::generate::blueprint::emit::{Indent, column, flow, line_start};
use crate::generate::blueprint::layout::{Entry, Kind, Node};
use crate::generate::blueprint::order::predecessor;
use crate::generate::blueprint::scalar::string;

/// A value at a path where nothing is: the tables above it that are absent too are written with it.
pub(super) fn insert(source: &Source<'_>, path: &[String], value: Json) -> Option<Splice> {
    let (mut parent, mut depth) = (source.root, 0);
    while let Some(next) = path.get(depth).and_then(|step| parent.step(step)) {
        (parent, depth) = (next, depth + 1);
    }
    let (key, below) = path.get(depth..)?.split_first()?;
    let value = below.iter().rev().try_fold(value, |value, step| {
        let is_index = step.bytes().all(|byte| byte.is_ascii_digit());
        (!is_index).then(|| Json::Object(std::iter::once((step.clone(), value)).collect()))
    })?;
    match &parent.kind {
        Kind::Table { flow: true, entries } => Some(in_flow(source, parent, entries, key, &value)),
        Kind::Table { flow: false, entries } => in_block(source, parent, entries, key, &value),
        _ => None,
    }
}

fn in_flow(source: &Source<'_>, table: &Node, entries: &[Entry], key: &str, value: &Json) -> Splice {
    let quotes = source.quotes(table);
    let pair = format!("{}: {}", string(key, quotes), flow(value, quotes));
    match entries.last() {
        Some(last) => {
            let at = last.span(source.text).end;
            Splice { range: at..at, text: format!(", {pair}") }
        }
        None => Splice { range: table.span.start + 1..table.span.start + 1, text: pair },
    }
}

fn in_block(source: &Source<'_>, table: &Node, entries: &[Entry], key: &str, value: &Json) -> Option<Splice> {
    if entries.iter().any(|entry| entry.explicit) {
        return None;
    }
    let first = entries.first()?;
    let start = line_start(source.text, first.key_span.start);
    let indent = &source.text[start..first.key_span.start];
    if !indent.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
        return None;
    }
    let before = entries.get(predecessor(entries.iter().map(|entry| entry.key.as_str()), key)?)?;
    let end = source.last_byte(&before.node, before.span(source.text).end);
    let mut lines = Indent::of(source.text, source.layout).entry(key, value, column(source.text, first.key_span.start));
    if std::ptr::eq(table, source.root) && blank_before(source, entries) {
        lines.insert(0, String::new());
    }
    Some(source.lines_after(end, &lines))
}

/// Whether the file leaves a blank line between the blocks at its top.
fn blank_before(source: &Source<'_>, entries: &[Entry]) -> bool {
    entries.iter().skip(1).any(|entry| {
        let before = &source.text[..line_start(source.text, entry.key_span.start)];
        // A comment above the key belongs to it.
        let above = before.lines().rev().find(|line| !line.trim_start().starts_with('#'));
        above.is_some_and(|line| line.trim().is_empty())
    })
}
