use std::ops::Range;

use super::change::{Change, Wanted};
use super::layout::{Kind, Layout, Node};

/// Which lines of the old text an edit may change.
pub(super) struct Promise {
    /// The bytes whose lines may change.
    pub(super) range: Range<usize>,
    /// No old line may change; new ones may come between them.
    only_adds: bool,
}

impl Promise {
    /// What a change may touch: the value it names, and nothing where it only adds.
    pub(super) fn of(text: &str, layout: &Layout, change: &Change) -> Option<Self> {
        let (last, above) = change.path.split_last()?;
        let (mut parent, mut depth) = (layout.root.as_ref()?, 0);
        while let Some(next) = above.get(depth).and_then(|step| parent.step(step)) {
            (parent, depth) = (next, depth + 1);
        }
        let target = if depth == above.len() { parent.step(last) } else { None };
        let Some(target) = target else {
            let is_block = !parent.is_flow() && !matches!(parent.kind, Kind::Empty | Kind::Plain);
            return Some(Self { range: parent.span.clone(), only_adds: is_block });
        };
        let span = parent.entry(last).map_or_else(|| target.span.clone(), |entry| entry.span(text));
        Some(match (&change.wanted, &target.kind) {
            (Wanted::Append(_), Kind::List { flow: false, .. }) => Self { range: span, only_adds: true },
            (Wanted::Remove, _) => Self { range: removed(text, parent, span), only_adds: false },
            _ => Self { range: span, only_adds: false },
        })
    }

    /// Whether all other lines are as they were, line ends included.
    pub(super) fn is_kept(&self, before: &str, after: &str) -> bool {
        if before.ends_with('\n') != after.ends_with('\n') {
            return false;
        }
        let model = line_end(before);
        // A last line without its line end is the same line when something follows it.
        let end = if before.ends_with('\n') { "" } else { model };
        let (before, after) = (format!("{before}{end}"), format!("{after}{end}"));
        let old: Vec<&str> = before.split_inclusive('\n').collect();
        let new: Vec<&str> = after.split_inclusive('\n').collect();
        let prefix = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let limit = old.len().min(new.len()) - prefix;
        let suffix = old.iter().rev().zip(new.iter().rev()).take(limit).take_while(|(old, new)| old == new).count();
        let is_mixed = before.contains("\r\n") && before.matches('\n').count() != before.matches("\r\n").count();
        let ends_fit = |line: &&str| is_mixed || line_end(line) == model;
        self.allows(&before, prefix..old.len() - suffix) && new[prefix..new.len() - suffix].iter().all(ends_fit)
    }

    fn allows(&self, before: &str, changed: Range<usize>) -> bool {
        let line_of = |at: usize| before[..at].matches('\n').count();
        let may_change = line_of(self.range.start)..line_of(self.range.end) + 1;
        changed.is_empty() || (!self.only_adds && may_change.start <= changed.start && changed.end <= may_change.end)
    }
}

/// A removed value's lines, with a comment behind it; inside `{...}` the commas beside it go too.
fn removed(text: &str, parent: &Node, span: Range<usize>) -> Range<usize> {
    if parent.is_flow() {
        return parent.span.clone();
    }
    let line_end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
    span.start..line_end
}

fn line_end(text: &str) -> &'static str {
    if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
}
