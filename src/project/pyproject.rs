//! `pyproject.toml`: PEP 621, dependency groups, Poetry.

use super::dependencies::{Dependencies, requirement};
use super::tree::Tree;
use crate::document::{Document, Format, Node, Value};

/// Groups whose packages a deploy does not install.
const DEVELOPMENT: &[&str] = &["dev", "test", "tests", "testing", "lint", "docs", "doc", "typing", "development", "ci"];

/// Reads the file, when it is there and lists packages.
pub(super) fn read(tree: &mut Tree, path: &str, dependencies: &mut Dependencies) {
    let Some(file) = tree.read(path) else { return };
    let root = match Document::parse(&file, Format::Toml) {
        Ok(document) => document.root,
        Err(problems) => {
            tree.problems.extend(problems);
            return;
        }
    };
    let mut lists = false;
    let at = |path: &[&str]| root.at(path);
    if let Some(list) = at(&["project", "dependencies"]) {
        lists = true;
        add_list(list, dependencies);
    }
    // Optional dependencies and groups count when their name does not say that they are for development.
    for path in [["project", "optional-dependencies"].as_slice(), &["dependency-groups"]] {
        for group in at(path).map(Node::entries).unwrap_or_default() {
            lists = true;
            if is_deployed(&group.key) && group.key == "production" {
                add_list(&group.node, dependencies);
            }
        }
    }
    if let Some(table) = at(&["tool", "poetry", "dependencies"]) {
        lists = true;
        add_table(table, dependencies);
    }
    for group in at(&["tool", "poetry", "group"]).map(Node::entries).unwrap_or_default() {
        if is_deployed(&group.key)
            && let Some(table) = group.node.get("dependencies")
        {
            add_table(table, dependencies);
        }
    }
    if lists {
        dependencies.add_file(path);
    }
}

fn is_deployed(group: &str) -> bool {
    !DEVELOPMENT.contains(&group.to_ascii_lowercase().as_str())
}

fn add_list(list: &Node, dependencies: &mut Dependencies) {
    for text in list.items().iter().filter_map(Node::as_str) {
        dependencies.add(requirement(text));
    }
}

/// A table of Poetry's or Pipenv's form: `name = "^1"` or `name = {version = "^1", extras = ["x"]}`.
pub(super) fn add_table(table: &Node, dependencies: &mut Dependencies) {
    for entry in table.entries().iter().filter(|entry| entry.key != "python") {
        let version = match &entry.node.value {
            Value::Text(text) => text.clone(),
            _ => entry.node.get("version").and_then(Node::scalar_text).unwrap_or_default(),
        };
        let version = if version == "*" { String::new() } else { version };
        let extras: Vec<&str> =
            entry.node.get("extras").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str).collect();
        let name = if extras.is_empty() { entry.key.clone() } else { format!("{}[{}]", entry.key, extras.join(",")) };
        dependencies.add(Some((name, version)));
    }
}
