//! Wanted changes as YAML to paste, for a file that palier leaves alone.

use super::change::{Change, Shown, Wanted};
use super::emit::Indent;
use crate::diagnostic::Place;
use crate::document::Document;

const INDENT: Indent = Indent { table: 2, dash: 2, gap: 1 };

/// Every change that a file does not meet yet, each under a comment that says where it belongs.
pub(super) fn of(document: Option<&Document>, changes: &[Change]) -> String {
    changes.iter().filter(|change| !is_met(document, change)).map(|change| one(document, change)).collect()
}

fn one(document: Option<&Document>, change: &Change) -> String {
    let above = change.path.split_last().map_or(&[][..], |(_, above)| above);
    let key = change.path.last().map_or("", String::as_str);
    let (place, lines) = match &change.wanted {
        Wanted::Scalar(value) => (above, INDENT.entry(key, &value.to_json(), 0)),
        Wanted::Append(item) => (change.path.as_slice(), INDENT.item(item, 0)),
        Wanted::Remove => (above, vec![format!("# (remove `{key}`)")]),
    };
    let (name, line) = document.map_or_else(Default::default, |document| described(document, place));
    format!("# {}{name}{line}\n{}\n", Shown(place), lines.join("\n"))
}

fn described(document: &Document, path: &[String]) -> (String, String) {
    let (depth, place) = nearest(document, path);
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let name = (0..=depth).rev().find_map(|depth| document.node(&steps[..depth])?.get("name")?.scalar_text());
    let name = name.map_or_else(String::new, |name| format!(", of `{}`", name.escape_debug()));
    (name, format!(", line {}", place.line()))
}

/// The place of the deepest value on a path that the file has, and how deep it is.
pub(super) fn nearest(document: &Document, path: &[String]) -> (usize, Place) {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let found = (0..=steps.len()).rev().find_map(|depth| Some((depth, document.node(&steps[..depth])?)));
    found.map_or_else(|| (0, Place::start_of(&document.file)), |(depth, node)| (depth, document.place(node)))
}

fn is_met(document: Option<&Document>, change: &Change) -> bool {
    let Some(document) = document else { return false };
    let steps: Vec<&str> = change.path.iter().map(String::as_str).collect();
    let there = document.node(&steps).map(crate::document::Node::to_json);
    match &change.wanted {
        Wanted::Scalar(value) => there == Some(value.to_json()),
        Wanted::Append(item) => there.is_some_and(|list| list.as_array().is_some_and(|items| items.contains(item))),
        Wanted::Remove => there.is_none(),
    }
}
