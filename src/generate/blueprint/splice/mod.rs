//! An edit as one replaced range of bytes: what lies outside of the range cannot change. It refuses what it has no
//! certain place for; `fallback` then has a try.

mod append;
mod insert;
mod remove;
mod set;

use std::ops::Range;

use super::change::{Change, Wanted};
use super::emit::line_start;
use super::layout::{Kind, Layout, Node};
use super::scalar::Quotes;

/// A range of the old text and what stands there instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The text with one change made, or `None` where there is no certain place for it.
pub(super) fn apply(text: &str, layout: &Layout, change: &Change) -> Option<String> {
    let splice = find(&Source::new(text, layout)?, change)?;
    let mut edited = text.to_owned();
    edited.replace_range(splice.range, &splice.text);
    Some(edited)
}

fn find(source: &Source<'_>, change: &Change) -> Option<Splice> {
    let (last, above) = change.path.split_last()?;
    match &change.wanted {
        Wanted::Remove => remove::remove(source, source.at(above)?, last),
        Wanted::Scalar(value) => {
            let existing = source.at(above).and_then(|parent| Some((parent, parent.step(last)?)));
            match existing {
                Some((parent, node)) => set::set(source, parent, last, node, value),
                None => insert::insert(source, &change.path, value.to_json()),
            }
        }
        Wanted::Append(item) => match source.at(&change.path) {
            Some(list) => append::append(source, source.at(above)?, last, list, item),
            None => insert::insert(source, &change.path, serde_json::Value::Array(vec![item.clone()])),
        },
    }
}

/// The text that is edited.
struct Source<'a> {
    text: &'a str,
    layout: &'a Layout,
    root: &'a Node,
}

impl<'a> Source<'a> {
    fn new(text: &'a str, layout: &'a Layout) -> Option<Self> {
        Some(Self { text, layout, root: layout.root.as_ref()? })
    }

    fn at(&self, path: &[String]) -> Option<&'a Node> {
        path.iter().try_fold(self.root, |node, step| node.step(step))
    }

    /// How strings are written inside a value: as JSON where the file is JSON.
    fn quotes(&self, inside: &Node) -> Quotes {
        let is_json = self.root.is_flow()
            && self.root.entries().first().is_none_or(|entry| self.text[entry.key_span.clone()].starts_with('"'));
        match (is_json, inside.is_flow()) {
            (true, _) => Quotes::Json,
            (false, true) => Quotes::Flow,
            (false, false) => Quotes::Block,
        }
    }

    /// Behind the line end of a byte's line; the text's end where the last line has none.
    fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The line end that a byte's line has, or the file's first one.
    fn line_end(&self, at: usize) -> &'static str {
        let line = &self.text[line_start(self.text, at)..self.next_line(at)];
        let model = if line.ends_with('\n') { line } else { self.text.split_inclusive('\n').next().unwrap_or("\n") };
        if model.ends_with("\r\n") { "\r\n" } else { "\n" }
    }

    /// New lines behind the line of a byte. A file without a final line end keeps having none.
    fn lines_after(&self, at: usize, lines: &[String]) -> Splice {
        let end = self.line_end(at);
        let position = self.next_line(at);
        let text = if self.text[..position].ends_with('\n') {
            lines.iter().map(|line| format!("{line}{end}")).collect()
        } else {
            lines.iter().map(|line| format!("{end}{line}")).collect()
        };
        Splice { range: position..position, text }
    }

    /// The last byte of a node's own lines: blank lines that a block scalar keeps are its own.
    fn last_byte(&self, node: &Node, written_to: usize) -> usize {
        let deepest = deepest_last(node);
        match deepest.kind {
            Kind::Block { keep: true } if self.text[..written_to].ends_with('\n') => written_to.saturating_sub(1),
            _ => written_to,
        }
    }
}

fn deepest_last(node: &Node) -> &Node {
    let child = match &node.kind {
        Kind::List { flow: false, items } => items.last(),
        Kind::Table { flow: false, entries } => entries.last().map(|entry| &entry.node),
        _ => None,
    };
    child.map_or(node, deepest_last)
}
