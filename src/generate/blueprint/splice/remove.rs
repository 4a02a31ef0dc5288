use super::{Source, Splice};
use crate::generate::blueprint::emit::{dash, line_start};
use crate::generate::blueprint::layout::{Kind, Node};

/// A key or an item taken away, with its lines. The last one stays: an empty table or list means something else.
pub(super) fn remove(source: &Source<'_>, parent: &Node, step: &str) -> Option<Splice> {
    match &parent.kind {
        Kind::Table { flow, entries } if entries.len() > 1 => {
            let position = entries.iter().position(|entry| entry.key == step)?;
            let entry = &entries[position];
            let spans: Vec<_> = entries.iter().map(|entry| entry.span(source.text)).collect();
            if *flow {
                return Some(from_flow(&spans, position));
            }
            let indent = &source.text[line_start(source.text, entry.key_span.start)..entry.key_span.start];
            // The first key of an item shares its line with the dash.
            (!entry.explicit && indent.trim().is_empty()).then(|| lines(source, &entry.node, &spans[position]))
        }
        Kind::List { flow, items } if items.len() > 1 => {
            let position: usize = step.parse().ok()?;
            let item = items.get(position)?;
            let spans: Vec<_> = items.iter().map(|item| item.span.clone()).collect();
            if *flow {
                return Some(from_flow(&spans, position));
            }
            let (column, _) = dash(source.text, item)?;
            let start = line_start(source.text, item.span.start);
            let is_first_on_line = source.text[start..start + column].trim().is_empty();
            is_first_on_line.then(|| lines(source, item, &item.span))
        }
        _ => None,
    }
}

/// Whole lines; where the file's last line goes and it had no line end, the one before it loses its own.
fn lines(source: &Source<'_>, node: &Node, span: &std::ops::Range<usize>) -> Splice {
    let start = line_start(source.text, span.start);
    let end = source.next_line(source.last_byte(node, span.end));
    let ends_with_line = source.text[..end].ends_with('\n');
    let before = source.text[..start].trim_end_matches('\n').trim_end_matches('\r').len();
    let start = if ends_with_line || start == 0 { start } else { before };
    Splice { range: start..end, text: String::new() }
}

fn from_flow(spans: &[std::ops::Range<usize>], position: usize) -> Splice {
    let range = match (position.checked_sub(1).and_then(|before| spans.get(before)), spans.get(position + 1)) {
        (_, Some(next)) => spans[position].start..next.start,
        (Some(before), None) => before.end..spans[position].end,
        (None, None) => spans[position].clone(),
    };
    Splice { range, text: String::new() }
}
