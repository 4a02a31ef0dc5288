//! Where each value of a YAML text stands and how it is written. `document` has the values; an edit also needs to know
//! flow from block style, quotes, and where anchors, aliases, tags and merge keys are.

mod read;

use std::ops::Range;

/// A value with its bytes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// From its first byte to behind its last, without the blank lines and comments that follow it.
    pub(super) span: Range<usize>,
    /// How it is written.
    pub(super) kind: Kind,
    /// The anchor or the tag that it carries, in words.
    pub(super) mark: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A scalar without quotes.
    Plain,
    /// A scalar in single or double quotes.
    Quoted(char),
    /// A block scalar; its span begins at the `|` or `>`. `keep` says that blank lines behind it belong to it (`|+`).
    Block {
        keep: bool,
    },
    /// Nothing is written.
    Empty,
    /// `*name`.
    Alias,
    List {
        flow: bool,
        items: Vec<Node>,
    },
    Table {
        flow: bool,
        entries: Vec<Entry>,
    },
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    /// It is written with `? `, or its key is no scalar.
    pub(super) explicit: bool,
    pub(super) node: Node,
}

/// A text's values and comments.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) root: Option<Node>,
    /// What each scalar covers, in the order of the text.
    scalars: Vec<Range<usize>>,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Table { entries, .. } => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &[],
        }
    }

    pub(super) const fn is_flow(&self) -> bool {
        matches!(&self.kind, Kind::List { flow: true, .. } | Kind::Table { flow: true, .. })
    }

    /// One step down, by key or by index.
    pub(super) fn step(&self, step: &str) -> Option<&Self> {
        match &self.kind {
            Kind::List { items, .. } => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            Kind::Table { .. } => self.entry(step).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }
}

impl Entry {
    /// From the key to behind the value, or behind the colon when nothing is written.
    pub(super) fn span(&self, text: &str) -> Range<usize> {
        let end = match self.node.kind {
            Kind::Empty => self.after_colon(text).unwrap_or(self.key_span.end),
            _ => self.node.span.end,
        };
        self.key_span.start..end.max(self.key_span.end)
    }

    /// The byte behind the colon, when it follows the key on its line.
    pub(super) fn after_colon(&self, text: &str) -> Option<usize> {
        let rest = text.get(self.key_span.end..)?;
        let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest[gap..].starts_with(':').then_some(self.key_span.end + gap + 1)
    }
}

impl Layout {
    /// Every comment with its first byte, in the order of the text.
    pub(super) fn comments<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut comments = Vec::new();
        let mut scalars = self.scalars.iter().peekable();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('#')).map(|found| at + found) {
            while scalars.next_if(|scalar| scalar.end <= found).is_some() {}
            if let Some(scalar) = scalars.peek()
                && scalar.contains(&found)
            {
                at = scalar.end;
            } else if found == 0 || text[..found].ends_with([' ', '\t', '\n', '\r']) {
                let line = text[found..].lines().next().unwrap_or_default();
                comments.push((found, line.trim_end()));
                at = found + line.len();
            } else {
                at = found + 1;
            }
        }
        comments
    }
}
