//! Lock files: which packages there are, where no other file says it.

use super::dependencies::Dependencies;
use super::tree::{Tree, file_name};
use crate::document::{Document, Format, Node};

/// Reads a lock file.
///
/// A lock holds what the packages need besides what the project asks for, so its names count only when nothing else
/// lists any.
pub(super) fn read(tree: &mut Tree, path: &str, dependencies: &mut Dependencies) {
    if !tree.has(path) {
        return;
    }
    let listed = !dependencies.packages.is_empty();
    dependencies.add_file(path);
    if listed {
        return;
    }
    let Some(file) = tree.read(path) else { return };
    let json = file_name(path) == "Pipfile.lock";
    match Document::parse(&file, if json { Format::Json } else { Format::Toml }) {
        Ok(document) if json => {
            for entry in document.root.get("default").map(Node::entries).unwrap_or_default() {
                let version = entry.node.get("version").and_then(Node::scalar_text).unwrap_or_default();
                dependencies.add(Some((entry.key.clone(), version)));
            }
        }
        Ok(document) => {
            for package in document.root.get("package").map(Node::items).unwrap_or_default() {
                let text = |key: &str| package.get(key).and_then(Node::scalar_text);
                if let Some(name) = text("name") {
                    let version = text("version").map(|version| format!("=={version}")).unwrap_or_default();
                    dependencies.add(Some((name, version)));
                }
            }
        }
        Err(problems) => tree.problems.extend(problems),
    }
}
