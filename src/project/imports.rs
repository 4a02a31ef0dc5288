//! Which of a project's Python files an application loads.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tree_sitter::Node;

use super::python::{Module, children};
use super::tree::{Tree, file_name, join, parent};
use crate::diagnostic::SourceFile;

/// How many files are followed.
const FILE_LIMIT: usize = 1_500;

/// Folders and files that no deployed application loads.
const ASIDE: &[&str] =
    &["tests", "test", "testing", "migrations", "docs", "doc", "examples", "benchmarks", "e2e", "backup", "backups"];

/// The file of a module, looked up below the roots in order.
pub(super) fn file_of(tree: &Tree, roots: &[String], module: &str) -> Option<String> {
    let path = module.replace('.', "/");
    roots
        .iter()
        .flat_map(|root| [join(root, &format!("{path}.py")), join(root, &format!("{path}/__init__.py"))])
        .find(|candidate| tree.has(candidate))
}

/// The files that a module loads, itself included, as far as imports show; where they do not show it (a module that
/// is imported by a computed name), every file of the package.
pub(super) fn reachable(tree: &mut Tree, roots: &[String], entry: &str) -> Vec<Arc<SourceFile>> {
    let mut roots = roots.to_vec();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut dynamic = false;
    // A module's package is loaded before it.
    let package = join(parent(entry), "__init__.py");
    let mut waiting: VecDeque<String> = VecDeque::from([package, entry.to_owned()]);
    waiting.retain(|path| tree.has(path));
    while let Some(path) = waiting.pop_front() {
        if found.len() >= FILE_LIMIT || !seen.insert(path.clone()) {
            continue;
        }
        let Some(file) = tree.look(&path) else { continue };
        if let Some(module) = Module::parse(&file) {
            let loads = loads(&module);
            dynamic |= loads.dynamic;
            if loads.extends_path {
                // `sys.path.insert(0, <this folder or the one above>)`, the two that anybody writes.
                roots.extend([parent(&path).to_owned(), parent(parent(&path)).to_owned()]);
            }
            for name in loads.names {
                waiting.extend(resolve(tree, &roots, &path, &name));
            }
        }
        found.push(file);
    }
    if dynamic {
        let package = parent(entry).to_owned();
        let more = all_below(tree, &package);
        found.extend(more.into_iter().filter(|file| !seen.contains(&file.path)));
    }
    found
}

/// Every Python file below a folder that an application may load.
pub(super) fn all_below(tree: &mut Tree, folder: &str) -> Vec<Arc<SourceFile>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let paths: Vec<String> = tree
        .paths()
        .filter(|path| path.starts_with(&prefix) && path.ends_with(".py"))
        .filter(|path| {
            let name = file_name(path);
            let is_test = name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py";
            !is_test && !path.split('/').any(|part| ASIDE.contains(&part))
        })
        .map(str::to_owned)
        .take(FILE_LIMIT)
        .collect();
    paths.iter().filter_map(|path| tree.look(path)).collect()
}

/// What a file loads.
#[derive(Default)]
struct Loads {
    /// Modules as imported, with their leading dots.
    names: BTreeSet<String>,
    /// Whether a module is imported by a computed name.
    dynamic: bool,
    /// Whether the file changes where modules are looked up.
    extends_path: bool,
}

fn loads(module: &Module) -> Loads {
    let mut found = Loads::default();
    module.each(module.root(), |node| match node.kind() {
        "import_statement" => found.names.extend(children(node).map(|child| module.text(plain(child)).to_owned())),
        "import_from_statement" => {
            let Some(from) = node.child_by_field_name("module_name") else { return };
            let from = module.text(from);
            found.names.insert(from.to_owned());
            let separator = if from.ends_with('.') { "" } else { "." };
            for child in children(node).skip(1).filter(|child| child.kind() != "wildcard_import") {
                found.names.insert(format!("{from}{separator}{}", module.text(plain(child))));
            }
        }
        "call" => match module.called(node) {
            "importlib.import_module" | "import_module" | "__import__" => {
                let literal = Module::arguments(node).first().and_then(|name| module.string(*name));
                found.dynamic |= literal.is_none();
                found.names.extend(literal);
            }
            "sys.path.insert" | "sys.path.append" => found.extends_path = true,
            _ => {}
        },
        _ => {}
    });
    found
}

/// The name of `name as alias`.
fn plain(node: Node<'_>) -> Node<'_> {
    if node.kind() == "aliased_import" { node.child_by_field_name("name").unwrap_or(node) } else { node }
}

/// The files that an import loads: the packages on the way, and the module.
fn resolve(tree: &Tree, roots: &[String], from: &str, name: &str) -> Vec<String> {
    let dots = name.chars().take_while(|c| *c == '.').count();
    let rest = name.get(dots..).unwrap_or_default();
    let mut relative = Vec::new();
    if dots > 0 {
        let mut folder = parent(from);
        for _ in 1..dots {
            folder = parent(folder);
        }
        relative.push(folder.to_owned());
    }
    let mut found: Vec<String> = relative.iter().map(|folder| join(folder, "__init__.py")).collect();
    found.retain(|path| tree.has(path));
    let roots = if dots > 0 { &relative } else { roots };
    let parts: Vec<&str> = rest.split('.').filter(|part| !part.is_empty()).collect();
    found.extend((1..=parts.len()).filter_map(|length| file_of(tree, roots, &parts.get(..length)?.join("."))));
    found
}
