//! Edits of blueprints that real projects wrote: nothing is lost, and nearly all of them can be edited.

#![allow(clippy::expect_used, clippy::print_stdout)]
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use palier::diagnostic::SourceFile;
use palier::document::text_of;
use palier::generate::blueprint::{Change, EditRefused, edit};
use serde_yaml::Value;

/// The four kinds of edits.
const KINDS: [&str; 4] = ["plan", "startCommand", "envVars", "diskSizeGB"];

#[test]
fn real_blueprints_are_edited_without_loss() {
    let Some(files) = corpus("render") else { return };
    let mut tally: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in &files {
        let value: Value = serde_yaml::from_str(text).unwrap_or(Value::Null);
        for kind in KINDS {
            let changes = changes(&value, kind);
            let outcome = match timed(name, || edit(&SourceFile::new(name.as_str(), text.as_str()), &changes)) {
                Ok(edited) if edited == *text => "unchanged",
                Ok(edited) => {
                    assert_only_promised(name, kind, text, &edited, &value, &changes);
                    let again = edit(&SourceFile::new(name.as_str(), edited.as_str()), &changes).expect("edits again");
                    assert_eq!(again, edited, "{name}: a second edit must change nothing");
                    "edited"
                }
                Err(refused) => {
                    by_reason.entry(family(&refused)).or_default().push(format!("{name} {kind}"));
                    "refused"
                }
            };
            *tally.entry((outcome, kind.to_owned())).or_default() += 1;
        }
    }
    println!("{tally:#?}\n{by_reason:#?}");
    let refused: usize = by_reason.values().map(Vec::len).sum();
    let edits = files.len() * KINDS.len();
    assert!(refused * 100 <= edits * 15, "{refused} of {edits} edits were refused");
}

#[test]
fn broken_blueprints_are_left_alone_with_the_place_of_the_defect() {
    let Some(files) = corpus("render-invalid") else { return };
    for (name, text) in &files {
        let changes = [Change::text(path(&["services", "0", "plan"]), "1c-2g")];
        let refused = timed(name, || edit(&SourceFile::new(name.as_str(), text.as_str()), &changes));
        let refused = refused.expect_err("a broken file is refused");
        println!("{name}: {}", refused.reason);
        assert!(!refused.reason.is_empty() && refused.place.is_some(), "{name}: {refused:?}");
        assert!(refused.snippet.contains("plan: 1c-2g"), "{name}: {}", refused.snippet);
    }
}

fn corpus(folder: &str) -> Option<Vec<(String, String)>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus")).join(folder);
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: there is no corpus of real blueprints beside this checkout");
        return None;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        (name, text_of(&std::fs::read(path).expect("readable")).expect("text"))
    };
    Some(paths.into_iter().map(read).collect())
}

fn timed<T>(name: &str, run: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = run();
    assert!(begin.elapsed() < Duration::from_secs(10), "{name} took {:?}", begin.elapsed());
    result
}

fn path(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}

/// The changes of one kind that a file's own services and databases ask for.
fn changes(value: &Value, kind: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    for (place, component) in components(value) {
        let is_database = place[place.len() - 2] == "databases";
        let text = |key: &str| component.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_static = text("type") == "static" || [text("env"), text("runtime")].contains(&"static");
        let is_store = ["redis", "keyvalue"].contains(&text("type"));
        let is_python = [text("env"), text("runtime")].contains(&"python");
        let under = |key: &str| [place.clone(), vec![key.to_owned()]].concat();
        match kind {
            "plan" if !is_static => changes.push(Change::text(under("plan"), if is_database { "2c-8g" } else { "1c-2g" })),
            "startCommand" if is_python && text("type") == "web" => changes.push(Change::text(
                under("startCommand"),
                "gunicorn app.main:app --workers 3 --bind 0.0.0.0:$PORT --timeout 60",
            )),
            "envVars" if !is_database && !is_store => changes.push(Change::append(
                under("envVars"),
                serde_json::json!({"key": "PALIER_TEST_URL", "fromDatabase": {"name": "db", "property": "connectionString"}}),
            )),
            "diskSizeGB" if is_database => changes.push(Change::integer(under("diskSizeGB"), 35)),
            _ => {}
        }
    }
    changes
}

fn components(value: &Value) -> Vec<(Vec<String>, &Value)> {
    let list =
        |value: &'_ Value, key: &str| value.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default().len();
    let mut found = Vec::new();
    let mut scopes = vec![(Vec::new(), value)];
    for project in 0..list(value, "projects") {
        let inner = &value["projects"][project];
        for environment in 0..list(inner, "environments") {
            let place = path(&["projects", &project.to_string(), "environments", &environment.to_string()]);
            scopes.push((place, &inner["environments"][environment]));
        }
    }
    for (place, scope) in scopes {
        for key in ["services", "databases"] {
            for index in 0..list(scope, key) {
                found.push(([place.clone(), path(&[key, &index.to_string()])].concat(), &scope[key][index]));
            }
        }
    }
    found
}

/// Judged without the guard: values by their paths, lines by a diff.
fn assert_only_promised(name: &str, kind: &str, old: &str, new: &str, before: &Value, changes: &[Change]) {
    let after: Value = serde_yaml::from_str(new).expect("the edited file parses");
    let (mut old_values, mut new_values) = (BTreeMap::new(), BTreeMap::new());
    leaves(before, String::new(), &mut old_values);
    leaves(&after, String::new(), &mut new_values);
    for (place, value) in &old_values {
        let may_change = changes.iter().any(|change| *place == format!("/{}", change.path.join("/")));
        assert!(may_change || new_values.get(place) == Some(value), "{name} {kind}: {place} was lost");
    }
    let added = new_values.keys().filter(|place| !old_values.contains_key(*place)).count();
    assert!(added <= changes.len() * 3, "{name} {kind}: {added} new values");
    let diff = similar::TextDiff::from_lines(old, new);
    let (mut removed, mut inserted) = (0, 0);
    for change in diff.iter_all_changes() {
        match change.tag() {
            similar::ChangeTag::Delete => removed += 1,
            similar::ChangeTag::Insert => inserted += 1,
            similar::ChangeTag::Equal => {}
        }
    }
    let limit = if kind == "envVars" { changes.len() * 5 } else { changes.len() };
    // A start command in a block scalar has several lines, all of which go; an item after a last line without a line
    // end shows as that line removed and inserted again.
    assert!(
        inserted <= limit + changes.len(),
        "{name} {kind}: {inserted} lines inserted for {} changes",
        changes.len()
    );
    assert!(kind == "startCommand" || removed <= changes.len() * 2, "{name} {kind}: {removed} lines removed");
    let comments = |text: &str| text.matches('#').count();
    assert!(kind == "startCommand" || comments(old) == comments(new), "{name} {kind}: a comment was lost");
}

fn leaves(value: &Value, place: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Mapping(table) if !table.is_empty() => {
            for (key, inner) in table {
                leaves(inner, format!("{place}/{}", key.as_str().unwrap_or("?")), found);
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for (index, inner) in items.iter().enumerate() {
                leaves(inner, format!("{place}/{index}"), found);
            }
        }
        _ => {
            found.insert(place, value.clone());
        }
    }
}

/// A reason without the names in it.
fn family(refused: &EditRefused) -> String {
    let parts: Vec<&str> = refused.reason.split('`').collect();
    parts.iter().step_by(2).copied().collect::<Vec<_>>().join("…")
}
