use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::node::{DEPTH_LIMIT, Entry, Node, SIZE_LIMIT, Value};
use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// Parses one YAML document (JSON is a subset of it).
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        file,
        offsets: byte_offsets(&file.text),
        open: Vec::new(),
        anchors: HashMap::new(),
        size: 0,
        root: None,
        documents: 0,
        problems: Vec::new(),
    };
    for event in Parser::new_from_str(&file.text) {
        match event {
            Ok((event, span)) => {
                if builder.take(event, span).is_err() {
                    break;
                }
            }
            Err(error) => {
                let at = builder.byte(error.marker().index());
                builder.problems.push(
                    Diagnostic::error("invalid-yaml", format!("this is not valid YAML: {}", error.info()))
                        .at(Place::new(file, at..at + 1))
                        .help("check the indentation and the quotes on this line and the one above"),
                );
                break;
            }
        }
    }
    if builder.problems.is_empty() {
        Ok(builder.root.unwrap_or(Node { span: 0..0, value: Value::Null }))
    } else {
        Err(builder.problems)
    }
}

/// Byte offsets by character index; `None` for ASCII, where the two are the same.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset).collect())
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Table { entries: Vec<Entry>, key: Option<(String, Range<usize>)> },
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    offsets: Option<Vec<usize>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    size: usize,
    root: Option<Node>,
    documents: usize,
    problems: Vec<Diagnostic>,
}

/// The file is refused; the problem is already noted.
struct Stop;

impl Builder<'_> {
    fn byte(&self, index: usize) -> usize {
        match &self.offsets {
            None => index.min(self.file.text.len()),
            Some(offsets) => offsets.get(index).copied().unwrap_or(self.file.text.len()),
        }
    }

    fn stop(&mut self, id: &'static str, message: String, at: Range<usize>, help: &str) -> Stop {
        self.problems.push(Diagnostic::error(id, message).at(Place::new(self.file, at)).help(help));
        Stop
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let range = self.byte(span.start.index())..self.byte(span.end.index());
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self.stop(
                        "several-documents",
                        "this file holds more than one YAML document".to_owned(),
                        range,
                        "keep one document",
                    ));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let range = match style {
                    ScalarStyle::SingleQuoted => quoted(&self.file.text, range, b'\''),
                    ScalarStyle::DoubleQuoted => quoted(&self.file.text, range, b'"'),
                    _ => range,
                };
                let value = if plain { plain_scalar(&text) } else { Value::Text(text.into_owned()) };
                self.add(Node { span: range, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(Open { start: range.start, anchor, content: Content::List(Vec::new()) })
            }
            Event::MappingStart(anchor, _) => {
                let content = Content::Table { entries: Vec::new(), key: None };
                self.begin(Open { start: range.start, anchor, content })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            Event::Alias(anchor) => {
                let Some(mut node) = self.anchors.get(&anchor).cloned() else {
                    let message = "this alias names the value that it stands in".to_owned();
                    return Err(self.stop("recursive-alias", message, range, "write the value out"));
                };
                self.size = self.size.saturating_add(node.size());
                node.span = range;
                self.add(node, 0)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, open: Open) -> Result<(), Stop> {
        if self.open.len() >= DEPTH_LIMIT {
            let message = format!("values nest deeper than {DEPTH_LIMIT} levels");
            return Err(self.stop("nested-too-deep", message, open.start..open.start + 1, "flatten the file"));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Table { entries, .. } => Value::Table(merged(entries)),
        };
        let end = trimmed_end(&self.file.text, open.start, end);
        self.add(Node { span: open.start..end, value }, open.anchor)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.size = self.size.saturating_add(1);
        if self.size > SIZE_LIMIT {
            let message = format!("this file grows beyond {SIZE_LIMIT} values when its aliases are written out");
            return Err(self.stop("too-many-values", message, node.span, "write fewer aliases of aliases"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Table { entries, key }) => match key.take() {
                None => *key = Some((node.scalar_text().unwrap_or_default(), node.span)),
                Some((name, key_span)) => {
                    if let Some(first) = entries.iter().find(|entry| entry.key == name && name != "<<") {
                        let line = Place::new(self.file, first.key_span.clone()).line();
                        let message = format!("the key `{name}` stands twice in the same table");
                        self.problems.push(
                            Diagnostic::error("duplicate-key", message)
                                .at(Place::new(self.file, key_span.clone()))
                                .label(format!("first on line {line}"))
                                .help("keep one of the two"),
                        );
                    }
                    entries.push(Entry { key: name, key_span, node });
                }
            },
        }
        Ok(())
    }
}

/// Applies merge keys (`<<: *defaults`): what the table writes itself wins.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    if entries.iter().all(|entry| entry.key != "<<") {
        return entries;
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        let tables = if merge.node.items().is_empty() { vec![merge.node] } else { merge.node.items().to_vec() };
        for entry in tables.iter().flat_map(Node::entries) {
            if own.iter().all(|known| known.key != entry.key) {
                own.push(entry.clone());
            }
        }
    }
    own
}

/// The range of a quoted scalar up to its closing quote: the parser counts spaces and a comment behind it to it.
fn quoted(text: &str, range: Range<usize>, quote: u8) -> Range<usize> {
    let bytes = text.as_bytes();
    let mut position = range.start + 1;
    while position < range.end.min(bytes.len()) {
        match bytes[position] {
            b'\\' if quote == b'"' => position += 2,
            // A single quote is written twice inside single quotes.
            byte if byte == quote && quote == b'\'' && bytes.get(position + 1) == Some(&quote) => position += 2,
            byte if byte == quote => return range.start..position + 1,
            _ => position += 1,
        }
    }
    range
}

/// The end of a block collection without the blank lines and comments that the parser counts to it.
fn trimmed_end(text: &str, start: usize, end: usize) -> usize {
    let start = start.min(text.len());
    let end = end.clamp(start, text.len());
    text.get(start..end).map_or(end, |slice| start + slice.trim_end().len())
}

/// A plain scalar by YAML 1.2's core schema, as Render and serde_yaml read it: `yes` and `08` are strings.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_like_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if !starts_like_number || leading_zero || text.contains('_') {
        return Value::Text(text.to_owned());
    }
    if let Ok(number) = text.trim_start_matches('+').parse::<i64>() {
        return Value::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if digits.contains(|c: char| c.is_ascii_digit()) && number.is_finite() => Value::Float(number),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::SourceFile;
    use crate::document::{Document, Format};

    #[test]
    fn a_quoted_value_ends_at_its_quote() {
        let text = "a: 'it''s'   # why\nb: \"x \\\" y\"  # c\nc: plain # d\n";
        let document = Document::parse(&SourceFile::new("a.yaml", text), Format::Yaml).expect("valid");
        let shown = |key: &str| &text[document.node(&[key]).expect("a value").span.clone()];
        assert_eq!((shown("a"), shown("b"), shown("c")), ("'it''s'", "\"x \\\" y\"", "plain"));
    }
}
