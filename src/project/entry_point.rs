//! The application object where no command names it, and the route that answers health checks where no file does.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::application::{Detected, Framework};
use super::python::{Module, children};
use super::tree::{Tree, file_name, join, parent};

/// Files that an application is made in, by their names.
const FILES: &[&str] = &["main", "app", "server", "asgi", "wsgi"];

/// Folders beside the application that hold none.
const ASIDE: &[&str] = &["tests", "test", "docs", "doc", "examples", "example", "scripts", "migrations", "benchmarks"];

/// Names that create an application, and whether it speaks ASGI.
const CREATORS: &[(&str, Framework, bool)] = &[
    ("FastAPI", Framework::FastApi, true),
    ("Starlette", Framework::Starlette, true),
    ("Flask", Framework::Flask, false),
];

/// Paths that answer health checks, without a slash at their end.
const HEALTH_PATHS: &[&str] = &["/healthz", "/health", "/healthcheck", "/ping"];

/// An application object that a repository holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPoint {
    /// As a server takes it: `app.main:app`.
    pub(super) name: String,
    /// What creates it, with the place.
    pub(super) framework: Detected<Framework>,
    /// Whether it speaks ASGI.
    pub(super) asgi: bool,
    /// Its file.
    pub(super) file: String,
}

/// The one application object below a folder, as a server that runs there names it; `None` when there are several.
pub(super) fn find(tree: &mut Tree, folder: &str) -> Option<EntryPoint> {
    let mut found = django(tree, folder);
    for (module, path) in candidates(tree, folder) {
        found.extend(created(tree, &module, &path));
    }
    let mut found = found.into_iter();
    let one = found.next().filter(|_| found.next().is_none())?;
    let file = tree.look(&one.file)?;
    tree.record(&file);
    Some(one)
}

/// Modules that may make an application, with their files: those of the folder, of `src`, and `main` of a package.
fn candidates(tree: &Tree, folder: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for name in FILES {
        found.push(((*name).to_owned(), join(folder, &format!("{name}.py"))));
        found.push((format!("src.{name}"), join(folder, &format!("src/{name}.py"))));
    }
    found.retain(|(_, path)| tree.has(path));
    // A package below `src` has its own name once it is installed.
    let is_installed = ["pyproject.toml", "setup.py"].iter().any(|name| tree.has(&join(folder, name)));
    let sources = join(folder, "src");
    for path in tree.paths().filter(|path| file_name(path) == "main.py") {
        let package = parent(path);
        let name = file_name(package);
        let is_below = parent(package) == folder && name != "src" || parent(package) == sources && is_installed;
        if !package.is_empty() && package != folder && is_below && is_module(name) {
            found.push((format!("{name}.main"), path.to_owned()));
        }
    }
    found
}

fn is_module(name: &str) -> bool {
    !ASIDE.contains(&name)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The applications that a module makes at its top: `app = FastAPI(...)`.
fn created(tree: &mut Tree, module_name: &str, path: &str) -> Vec<EntryPoint> {
    let Some(module) = tree.look(path).and_then(|file| Module::parse(&file)) else { return Vec::new() };
    let statements = children(module.root()).filter(|node| node.kind() == "expression_statement");
    let assignments = statements.filter_map(|node| node.named_child(0)).filter(|node| node.kind() == "assignment");
    assignments
        .filter_map(|assignment| {
            let target = assignment.child_by_field_name("left").filter(|node| node.kind() == "identifier")?;
            let call = assignment.child_by_field_name("right").filter(|node| node.kind() == "call")?;
            let maker = module.called(call).rsplit('.').next()?;
            let (_, framework, asgi) = CREATORS.iter().find(|(name, ..)| *name == maker)?;
            Some(EntryPoint {
                name: format!("{module_name}:{}", module.text(target)),
                framework: Detected { value: *framework, evidence: module.place(call) },
                asgi: *asgi,
                file: path.to_owned(),
            })
        })
        .collect()
}

/// Django's: the package that holds `wsgi.py` or `asgi.py` next to its settings.
fn django(tree: &Tree, folder: &str) -> Vec<EntryPoint> {
    let packages: BTreeSet<&str> = tree
        .paths()
        .filter(|path| matches!(file_name(path), "wsgi.py" | "asgi.py"))
        .map(parent)
        .filter(|package| *package != folder && parent(package) == folder && is_module(file_name(package)))
        .collect();
    let has = |package: &str, name: &str| tree.has(&join(package, name));
    packages
        .into_iter()
        .filter(|package| has(package, "settings.py") || has(package, "settings/__init__.py"))
        .map(|package| {
            let module = if has(package, "wsgi.py") { "wsgi" } else { "asgi" };
            let file = join(package, &format!("{module}.py"));
            EntryPoint {
                name: format!("{}.{module}:application", file_name(package)),
                framework: Detected { value: Framework::Django, evidence: file.clone() },
                asgi: module == "asgi",
                file,
            }
        })
        .collect()
}

/// The one route of an application that is named as health checks are.
///
/// `object` is the application's name in its file; Django's routes stand in `urls.py` beside it.
pub(super) fn health_route(tree: &mut Tree, file: &str, object: &str, is_django: bool) -> Option<Detected<String>> {
    let path = if is_django { join(parent(file), "urls.py") } else { file.to_owned() };
    let file = tree.look(&path)?;
    let module = Module::parse(&file)?;
    let mut found: Vec<Detected<String>> = Vec::new();
    module.each(module.root(), |node| {
        let route = if is_django { django_route(&module, node) } else { decorator_route(&module, node, object) };
        let Some(value) = route.filter(|route| HEALTH_PATHS.contains(&route.trim_end_matches('/'))) else { return };
        if !found.iter().any(|known| known.value == value) {
            found.push(Detected { value, evidence: module.place(node) });
        }
    });
    if found.len() > 1 {
        return None;
    }
    let route = found.pop()?;
    tree.record(&file);
    Some(route)
}

/// `@app.get("/healthz")`, `@app.route("/healthz")`.
fn decorator_route(module: &Module, node: Node<'_>, object: &str) -> Option<String> {
    let call = node.named_child(0).filter(|inner| node.kind() == "decorator" && inner.kind() == "call")?;
    let (of, method) = module.called(call).rsplit_once('.')?;
    let answers_get = module.keyword(call, "methods").is_none_or(|list| module.text(list).contains("GET"));
    let path = Module::arguments(call).first().copied().or_else(|| module.keyword(call, "path"))?;
    let is_route = of == object && matches!(method, "get" | "route" | "api_route") && answers_get;
    module.string(path).filter(|_| is_route)
}

/// `path("healthz", ...)`; one that includes other routes is none itself.
fn django_route(module: &Module, node: Node<'_>) -> Option<String> {
    let is_path = node.kind() == "call" && module.called(node).rsplit('.').next() == Some("path");
    let arguments = if is_path { Module::arguments(node) } else { Vec::new() };
    let [route, view, ..] = arguments.as_slice() else { return None };
    let includes = view.kind() == "call" && module.called(*view).ends_with("include");
    module.string(*route).filter(|_| !includes).map(|route| format!("/{}", route.trim_start_matches('/')))
}
