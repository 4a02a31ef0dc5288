use serde_json::Value as Json;

use super::{Source, Splice};
use crate::generate::blueprint::emit::{Indent, column, dash, flow, line_start};
use crate::generate::blueprint::layout::{Entry, Kind, Node};

/// One more item for a list that is there.
pub(super) fn append(source: &Source<'_>, parent: &Node, key: &str, list: &Node, item: &Json) -> Option<Splice> {
    match &list.kind {
        Kind::List { flow: true, items } => match items.last() {
            Some(last) => {
                let at = last.span.end;
                Some(Splice { range: at..at, text: format!(", {}", flow(item, source.quotes(list))) })
            }
            None => in_empty(source, parent, key, list, item),
        },
        Kind::List { flow: false, items } => in_block(source, items, item),
        Kind::Plain | Kind::Empty => in_empty(source, parent, key, list, item),
        _ => None,
    }
}

fn in_block(source: &Source<'_>, items: &[Node], item: &Json) -> Option<Splice> {
    let last = items.last()?;
    let habit = Indent::of(source.text, source.layout);
    let (dash_column, gap) = match dash(source.text, last) {
        Some((dash, item)) => (dash, item - dash - 1),
        None => (lone_dash(source.text, last)?, habit.gap),
    };
    let indent = Indent { gap, ..habit };
    let mut lines = indent.item(item, dash_column);
    if blank_between(source, items) {
        lines.insert(0, String::new());
    }
    Some(source.lines_after(source.last_byte(last, last.span.end), &lines))
}

/// The column of a dash that stands alone on the line above its item.
fn lone_dash(text: &str, item: &Node) -> Option<usize> {
    let above = text[..line_start(text, item.span.start)].lines().next_back()?;
    let dash = above.trim_end().strip_suffix('-')?;
    (item.mark.is_none() && dash.bytes().all(|byte| byte == b' ')).then_some(dash.len())
}

/// Whether the list leaves a blank line between its items, as long ones do.
fn blank_between(source: &Source<'_>, items: &[Node]) -> bool {
    let [.., before, last] = items else { return false };
    let between = source.text.get(before.span.end..line_start(source.text, last.span.start)).unwrap_or_default();
    between.lines().skip(1).any(|line| line.trim().is_empty())
}

/// `key: []` and `key:` become a list in block style; inside `{...}` a list in flow style.
fn in_empty(source: &Source<'_>, parent: &Node, key: &str, list: &Node, item: &Json) -> Option<Splice> {
    let entry: &Entry = parent.entry(key)?;
    if parent.is_flow() {
        let text = format!("[{}]", flow(item, source.quotes(parent)));
        return (!matches!(list.kind, Kind::Empty)).then(|| Splice { range: list.span.clone(), text });
    }
    let after_colon = entry.after_colon(source.text)?;
    let line_end = source.next_line(after_colon);
    let rest = source.text[after_colon..line_end].trim_end_matches(['\n', '\r']);
    let behind = if matches!(list.kind, Kind::Empty) {
        rest
    } else {
        source.text.get(list.span.end..after_colon + rest.len())?
    };
    let is_alone = behind.trim().is_empty() || behind.trim_start().starts_with('#');
    if !is_alone || entry.explicit {
        return None;
    }
    let habit = Indent::of(source.text, source.layout);
    let lines = habit.item(item, column(source.text, entry.key_span.start) + habit.dash);
    let end = source.line_end(after_colon);
    let items: String = lines.iter().map(|line| format!("{end}{line}")).collect();
    let behind = behind.trim_end();
    Some(Splice { range: after_colon..after_colon + rest.len(), text: format!("{behind}{items}") })
}
