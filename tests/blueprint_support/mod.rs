//! What the tests of edits share.

#![allow(clippy::panic, dead_code, missing_docs, unreachable_pub)]

use palier::diagnostic::SourceFile;
use palier::generate::blueprint::{Change, EditRefused, edit};
use serde_json::json;

pub fn path(steps: &str) -> Vec<String> {
    steps.split_whitespace().map(str::to_owned).collect()
}

pub fn plan(name: &str) -> Change {
    Change::text(path("services 0 plan"), name)
}

pub fn env(component: &str, key: &str) -> Change {
    Change::append([path(component), path("envVars")].concat(), json!({"key": key, "value": "1"}))
}

/// The edit gives exactly this text, and making it a second time changes nothing.
pub fn assert_edit(before: &str, changes: &[Change], after: &str) {
    let edited = edit(&SourceFile::new("render.yaml", before), changes);
    assert_eq!(edited.as_deref(), Ok(after), "\n{before}");
    let removes = changes.iter().any(|change| change.wanted == palier::generate::blueprint::Wanted::Remove);
    if !removes {
        assert_eq!(edit(&SourceFile::new("render.yaml", after), changes).as_deref(), Ok(after));
    }
}

pub fn refuse(text: &str, changes: &[Change]) -> EditRefused {
    match edit(&SourceFile::new("render.yaml", text), changes) {
        Ok(edited) => panic!("was edited:\n{edited}"),
        Err(refused) => refused,
    }
}
