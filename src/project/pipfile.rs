//! `Pipfile`: its packages and its scripts.

use super::dependencies::Dependencies;
use super::pyproject::add_table;
use super::tree::Tree;
use crate::document::{Document, Format, Node};

/// Reads the packages of a Pipfile.
pub(super) fn read(tree: &mut Tree, path: &str, dependencies: &mut Dependencies) {
    let Some(root) = document(tree, path) else { return };
    dependencies.add_file(path);
    if let Some(table) = root.get("packages") {
        add_table(table, dependencies);
    }
}

/// The command behind `pipenv run NAME`.
pub(super) fn script(tree: &mut Tree, path: &str, name: &str) -> Option<String> {
    document(tree, path)?.at(&["scripts", name]).and_then(Node::as_str).map(str::to_owned)
}

fn document(tree: &mut Tree, path: &str) -> Option<Node> {
    let file = tree.read(path)?;
    match Document::parse(&file, Format::Toml) {
        Ok(document) => Some(document.root),
        Err(problems) => {
            // Read twice (packages, scripts), told once.
            if !tree.problems.iter().any(|known| problems.contains(known)) {
                tree.problems.extend(problems);
            }
            None
        }
    }
}
