use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Document, Entry, Node, Value};

/// The name of the environment that a policy without `[environment.NAME]` describes.
pub(super) const DEFAULT: &str = "production";

/// The document with the tables of one environment laid over it, key by key.
///
/// # Errors
/// The policy has environments, and none of this name.
pub(super) fn overlay(document: &Document, environment: &str) -> Result<Document, Vec<Diagnostic>> {
    let named = document.root.get("environment");
    let names: Vec<&str> =
        named.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
    let Some(over) = named.and_then(|tables| tables.get(environment)) else {
        if environment == DEFAULT {
            return Ok(document.clone());
        }
        let known = if names.is_empty() {
            "the policy has no `[environment.NAME]` table".to_owned()
        } else {
            format!("known are {DEFAULT}, {}", names.join(", "))
        };
        let help =
            did_you_mean(environment, names.iter().copied()).map_or(known, |name| format!("did you mean `{name}`?"));
        return Err(vec![
            Diagnostic::error("unknown-environment", format!("there is no environment `{environment}`"))
                .at(document.place(named.unwrap_or(&document.root)))
                .help(help),
        ]);
    };
    let mut root = document.root.clone();
    lay(&mut root, over);
    Ok(Document { file: document.file.clone(), root })
}

fn lay(base: &mut Node, over: &Node) {
    let (Value::Table(entries), Value::Table(changes)) = (&mut base.value, &over.value) else {
        *base = over.clone();
        return;
    };
    for change in changes {
        match entries.iter_mut().find(|entry| entry.key == change.key) {
            Some(entry) => lay(&mut entry.node, &change.node),
            None => entries.push(Entry::clone(change)),
        }
    }
}
