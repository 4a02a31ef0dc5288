use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{Entry, Kind, Layout, Node};

impl Layout {
    /// Reads a text that `document` has already read without a problem, so depth and size are bounded.
    pub(in crate::generate::blueprint) fn read(text: &str) -> Option<Self> {
        let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        let mut builder = Builder { text, offsets, open: Vec::new(), root: None, scalars: Vec::new(), seen: 0 };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            builder.take(event, span);
        }
        Some(Self { root: builder.root, scalars: builder.scalars })
    }
}

struct Open {
    start: usize,
    mark: Option<&'static str>,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Table { entries: Vec<Entry>, key: Option<(String, Range<usize>, bool)> },
}

struct Builder<'a> {
    text: &'a str,
    offsets: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    scalars: Vec<Range<usize>>,
    /// The end of what was read so far.
    seen: usize,
}

impl Builder<'_> {
    fn byte(&self, index: usize) -> usize {
        self.offsets.get(index).copied().unwrap_or(self.text.len())
    }

    fn take(&mut self, event: Event<'_>, span: Span) {
        let range = self.byte(span.start.index())..self.byte(span.end.index()).max(self.byte(span.start.index()));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(range, style, text.is_empty(), mark(anchor, tag.is_some()));
                self.add(node, Some(&text));
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(range.start, mark(anchor, tag.is_some()), Content::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Table { entries: Vec::new(), key: None };
                self.begin(range.start, mark(anchor, tag.is_some()), content);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.start),
            Event::Alias(_) => self.add(Node { span: range, kind: Kind::Alias, mark: None }, None),
            _ => {}
        }
    }

    fn scalar(&mut self, range: Range<usize>, style: ScalarStyle, empty: bool, mark: Option<&'static str>) -> Node {
        let (span, kind) = match style {
            ScalarStyle::Plain if empty && range.is_empty() => (range, Kind::Empty),
            ScalarStyle::Plain => (range, Kind::Plain),
            ScalarStyle::SingleQuoted => (self.quoted(range, '\''), Kind::Quoted('\'')),
            ScalarStyle::DoubleQuoted => (self.quoted(range, '"'), Kind::Quoted('"')),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                self.scalars.push(range.clone());
                return self.block_scalar(&range, mark);
            }
        };
        self.scalars.push(span.clone());
        Node { span, kind, mark }
    }

    /// The parser's span of a quoted scalar runs on to the next token, over spaces and a comment (saphyr-parser 0.3).
    fn quoted(&self, range: Range<usize>, quote: char) -> Range<usize> {
        let written = self.text.get(range.clone()).unwrap_or_default();
        let Some(opening) = written.find(quote) else { return range };
        let mut inside = written[opening + 1..].char_indices().peekable();
        while let Some((at, c)) = inside.next() {
            if quote == '"' && c == '\\' {
                inside.next();
            } else if c == quote && (quote == '"' || inside.next_if(|(_, next)| *next == quote).is_none()) {
                return range.start..range.start + opening + 1 + at + 1;
            }
        }
        range
    }

    /// The parser's span of a block scalar begins at its content and runs into the indentation of the next line.
    fn block_scalar(&self, content: &Range<usize>, mark: Option<&'static str>) -> Node {
        let before = self.text.get(self.seen..content.start).unwrap_or_default();
        let header = before.find(['|', '>']).map_or(content.start, |found| self.seen + found);
        let indicators = self.text[header..].split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let keep = indicators.contains('+');
        let written = self.text.get(header..content.end).unwrap_or_default();
        let end = header + if keep { written.trim_end_matches([' ', '\t']).len() } else { written.trim_end().len() };
        Node { span: header..end, kind: Kind::Block { keep }, mark }
    }

    fn begin(&mut self, start: usize, mark: Option<&'static str>, content: Content) {
        self.open.push(Open { start, mark, content });
    }

    fn end(&mut self, at: usize) {
        let Some(open) = self.open.pop() else { return };
        let flow =
            self.text[open.start..].starts_with(['[', '{']) && self.first_child(&open.content) != Some(open.start);
        let last = self.last_child(&open.content).unwrap_or(open.start);
        let end = if flow { self.closing(at.max(last).max(open.start + 1)) } else { last };
        let kind = match open.content {
            Content::List(items) => Kind::List { flow, items },
            Content::Table { entries, .. } => Kind::Table { flow, entries },
        };
        self.add(Node { span: open.start..end, kind, mark: open.mark }, None);
    }

    fn first_child(&self, content: &Content) -> Option<usize> {
        match content {
            Content::List(items) => items.first().map(|item| item.span.start),
            Content::Table { entries, .. } => entries.first().map(|entry| entry.key_span.start),
        }
    }

    fn last_child(&self, content: &Content) -> Option<usize> {
        match content {
            Content::List(items) => items.last().map(|item| item.span.end),
            Content::Table { entries, .. } => entries.last().map(|entry| entry.span(self.text).end),
        }
    }

    /// Behind the closing bracket; a comma or a comment may stand before it, and the parser's own span is then wrong.
    fn closing(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(c) = self.text.get(at..).and_then(|rest| rest.chars().next()) {
            match c {
                ']' | '}' => return at + 1,
                '#' => at += self.text[at..].find('\n').unwrap_or(self.text.len() - at),
                _ => at += c.len_utf8(),
            }
        }
        at
    }

    fn add(&mut self, node: Node, scalar: Option<&str>) {
        let start = node.span.start;
        let seen = self.seen;
        self.seen = self.seen.max(node.span.end);
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Table { entries, key }) => match key.take() {
                None => {
                    let between = self.text.get(seen.min(start)..start).unwrap_or_default();
                    let explicit = scalar.is_none() || between.trim_end().ends_with('?');
                    *key = Some((scalar.unwrap_or_default().to_owned(), node.span, explicit));
                }
                Some((key, key_span, explicit)) => entries.push(Entry { key, key_span, explicit, node }),
            },
        }
    }
}

const fn mark(anchor: usize, tag: bool) -> Option<&'static str> {
    match (anchor, tag) {
        (0, false) => None,
        (0, true) => Some("a tag (`!name`)"),
        _ => Some("an anchor (`&name`)"),
    }
}
