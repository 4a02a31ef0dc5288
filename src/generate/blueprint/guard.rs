//! No edit is trusted. The file is read before it and after it by another YAML reader than the one that edits, and the
//! two readings must differ by the change and by nothing else; so must the lines and the comments.

use std::sync::Arc;

use serde_yaml::Value;

use super::change::{Change, Shown, Wanted};
use super::layout::{Kind, Layout};
use super::promise::Promise;
use crate::diagnostic::{Place, SourceFile};
use crate::document::{Document, Format};

/// Why a file is left alone.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) place: Option<Place>,
}

/// A text that can be edited.
pub(super) struct Opened {
    pub(super) file: Arc<SourceFile>,
    pub(super) layout: Layout,
    pub(super) value: Value,
}

/// Reads a file with both readers. Broken YAML, duplicate keys and several documents are refused here.
pub(super) fn open(file: &Arc<SourceFile>) -> Result<Opened, Refusal> {
    Document::parse(file, Format::Yaml).map_err(|problems| {
        let first = problems.into_iter().next();
        let reason =
            first.as_ref().map_or_else(|| "this is not valid YAML".to_owned(), |problem| problem.message.clone());
        Refusal { reason, place: first.and_then(|problem| problem.place) }
    })?;
    let value = serde_yaml::from_str(&file.text).map_err(|error| {
        let at = error.location().map_or(0, |location| location.index());
        Refusal {
            reason: format!("a second YAML reader disagrees: {error}"),
            place: Some(Place::new(file, at..at + 1)),
        }
    })?;
    let unreadable = || Refusal { reason: "this is not valid YAML".to_owned(), place: None };
    let layout = Layout::read(&file.text).ok_or_else(unreadable)?;
    Ok(Opened { file: Arc::clone(file), layout, value })
}

/// Refuses a path that leads through a value which other places share, or whose type a tag fixes.
pub(super) fn check_way(opened: &Opened, change: &Change) -> Result<(), Refusal> {
    let mut node = opened.layout.root.as_ref();
    for depth in 0..=change.path.len() {
        let Some(here) = node else { break };
        let shown = Shown(&change.path[..depth]);
        let obstacle = match (&here.kind, here.mark) {
            (Kind::Alias, _) => Some(format!("`{shown}` is an alias (`*name`)")),
            (_, Some(mark)) => Some(format!("`{shown}` carries {mark}")),
            _ if here.entry("<<").is_some() => Some(format!("`{shown}` takes values through a merge key (`<<`)")),
            _ => None,
        };
        if let Some(reason) = obstacle {
            return Err(Refusal { reason, place: Some(Place::new(&opened.file, here.span.clone())) });
        }
        node = change.path.get(depth).and_then(|step| here.step(step));
    }
    Ok(())
}

/// Whether an edit did what the change wants, and only that; then the text as both readers have read it.
pub(super) fn check(before: &Opened, after: &str, change: &Change, expected: &Value) -> Result<Opened, &'static str> {
    let value: Value = serde_yaml::from_str(after).map_err(|_| "the edited file would not be valid YAML")?;
    if value != *expected {
        return Err("the edit would change another value too");
    }
    let text = before.file.text.as_str();
    let promise = Promise::of(text, &before.layout, change).ok_or("the place of the change is not certain")?;
    if !promise.is_kept(text, after) {
        return Err("the edit would touch lines that it should leave alone");
    }
    let layout = Layout::read(after).ok_or("the edited file would not be valid YAML")?;
    let may_lose = matches!(change.wanted, Wanted::Remove);
    // Counted by the other reader, so that a wrong span in ours cannot hide a comment.
    let signs = |text: &str| text.matches('#').count();
    if !may_lose && signs(text) + signs_inside(expected) != signs(after) + signs_inside(&before.value) {
        return Err("the edit would lose a comment");
    }
    let lost = lost_comments(&before.layout.comments(text), &layout.comments(after));
    match lost {
        Some(lost) if lost.iter().all(|at| may_lose && promise.range.contains(at)) => {
            Ok(Opened { file: SourceFile::new(before.file.path.as_str(), after), layout, value })
        }
        _ => Err("the edit would lose a comment"),
    }
}

/// Where the comments that are gone stood; `None` when there are others than before.
fn lost_comments(before: &[(usize, &str)], after: &[(usize, &str)]) -> Option<Vec<usize>> {
    let mut lost = Vec::new();
    let mut rest = after.iter().peekable();
    for (at, comment) in before {
        if rest.next_if(|(_, kept)| kept == comment).is_none() {
            lost.push(*at);
        }
    }
    rest.next().is_none().then_some(lost)
}

/// How many `#` the values of a file have; all others are comments.
fn signs_inside(value: &Value) -> usize {
    match value {
        Value::String(text) => text.matches('#').count(),
        Value::Sequence(items) => items.iter().map(signs_inside).sum(),
        Value::Mapping(table) => table.iter().map(|(key, value)| signs_inside(key) + signs_inside(value)).sum(),
        Value::Tagged(tagged) => signs_inside(&tagged.value),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
