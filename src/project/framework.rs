//! Which framework an application is written in: by the object that the server loads, else by the packages.

use super::application::{Detected, Framework};
use super::dependencies::Dependencies;
use super::imports::file_of;
use super::python::{Module, children};
use super::tree::Tree;

/// How many imports are followed to the application object.
const HOP_LIMIT: usize = 6;

/// Names that create an application.
const CREATORS: &[(&str, Framework, bool)] = &[
    ("FastAPI", Framework::FastApi, true),
    ("Starlette", Framework::Starlette, true),
    ("Flask", Framework::Flask, false),
    ("get_wsgi_application", Framework::Django, false),
    ("get_asgi_application", Framework::Django, true),
    ("Quart", Framework::Other, true),
    ("Sanic", Framework::Other, true),
    ("Litestar", Framework::Other, true),
    ("Bottle", Framework::Other, false),
    ("Blacksheep", Framework::Other, true),
    ("APIFlask", Framework::Flask, false),
    ("OpenAPI", Framework::Flask, false),
];

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// The framework.
    pub(super) framework: Option<Detected<Framework>>,
    /// Whether the application object speaks ASGI.
    pub(super) asgi: Option<bool>,
    /// The file of the module that the server loads.
    pub(super) entry_file: Option<String>,
}

/// Finds the framework.
///
/// `asgi` says whether the server loads an ASGI application, when that is known.
pub(super) fn detect(
    tree: &mut Tree,
    roots: &[String],
    entry_point: Option<&str>,
    asgi: Option<bool>,
    dependencies: &Dependencies,
) -> Found {
    let module_name = entry_point.map(|entry| entry.split(':').next().unwrap_or(entry));
    let entry_file = module_name.and_then(|name| file_of(tree, roots, name));
    if let (Some(entry), Some(file)) = (entry_point, &entry_file) {
        let object = entry.split_once(':').map_or("", |(_, object)| object).trim_end_matches("()");
        if let Some((framework, speaks, place)) = follow(tree, roots, file, object) {
            return Found {
                framework: Some(Detected { value: framework, evidence: place }),
                asgi: Some(speaks),
                entry_file,
            };
        }
    }
    let framework = by_packages(module_name, asgi, dependencies);
    let asgi = match (framework.as_ref().map(|found| found.value), module_name) {
        (Some(Framework::FastApi | Framework::Starlette), _) => Some(true),
        (Some(Framework::Flask), _) => Some(false),
        (Some(Framework::Django), Some(name)) if name.ends_with("asgi") => Some(true),
        (Some(Framework::Django), Some(name)) if name.ends_with("wsgi") => Some(false),
        _ => asgi,
    };
    Found { framework, asgi, entry_file }
}

/// Follows a name through modules to the call that creates it.
fn follow(tree: &mut Tree, roots: &[String], file: &str, object: &str) -> Option<(Framework, bool, String)> {
    let mut path = file.to_owned();
    let mut object = object.to_owned();
    for _ in 0..HOP_LIMIT {
        let file = tree.look(&path)?;
        let module = Module::parse(&file)?;
        let created = creations(&module);
        let mut kinds: Vec<(Framework, bool)> = created.iter().map(|(kind, ..)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        // A FastAPI that mounts a Flask, or both in one file: the name decides.
        let by_name = created.iter().find(|(_, name, _)| !object.is_empty() && *name == object);
        let only = if kinds.len() == 1 { created.first() } else { None };
        if let Some(((framework, speaks), _, place)) = by_name.or(only) {
            tree.record(&file);
            return Some((*framework, *speaks, place.clone()));
        }
        if !kinds.is_empty() {
            return None;
        }
        let (next, name) = imported_from(tree, roots, &module, &path, &object)?;
        path = next;
        object = name;
    }
    None
}

/// Every creation of an application in a file, with the name that it is assigned to and its place.
fn creations(module: &Module) -> Vec<((Framework, bool), String, String)> {
    let mut found = Vec::new();
    module.each(module.root(), |node| {
        if node.kind() != "call" {
            return;
        }
        let called = module.called(node);
        let last = called.rsplit('.').next().unwrap_or(called);
        let Some((_, framework, asgi)) = CREATORS.iter().find(|(name, ..)| *name == last) else { return };
        let target = node
            .parent()
            .filter(|parent| parent.kind() == "assignment")
            .and_then(|parent| parent.child_by_field_name("left"))
            .map_or(String::new(), |left| module.text(left).to_owned());
        found.push(((*framework, *asgi), target, module.place(node)));
    });
    found
}

/// Where a name comes from: `from module import name [as object]`, or a function of another module that makes it.
fn imported_from(tree: &Tree, roots: &[String], module: &Module, path: &str, object: &str) -> Option<(String, String)> {
    let maker = maker_of(module, object);
    let wanted = [Some(object.to_owned()), maker];
    let mut found = None;
    for statement in children(module.root()).filter(|node| node.kind() == "import_from_statement") {
        let from = statement.child_by_field_name("module_name")?;
        for child in children(statement).skip(1) {
            let (name, alias) = match child.kind() {
                "aliased_import" => (child.child_by_field_name("name")?, child.child_by_field_name("alias")?),
                _ => (child, child),
            };
            if wanted.iter().flatten().any(|wanted| wanted == module.text(alias) && !wanted.is_empty()) {
                found = Some((module.text(from).to_owned(), module.text(name).to_owned()));
            }
        }
    }
    let (from, name) = found?;
    let dots = from.chars().take_while(|c| *c == '.').count();
    let rest = from.get(dots..).unwrap_or_default();
    if dots == 0 {
        return file_of(tree, roots, rest).map(|file| (file, name));
    }
    let mut folder = super::tree::parent(path);
    for _ in 1..dots {
        folder = super::tree::parent(folder);
    }
    let inside = if rest.is_empty() { "__init__" } else { rest };
    file_of(tree, &[folder.to_owned()], inside).map(|file| (file, name))
}

/// The function that an object is made by: `app = create_app()`.
fn maker_of(module: &Module, object: &str) -> Option<String> {
    children(module.root())
        .filter(|node| node.kind() == "expression_statement")
        .filter_map(|node| node.named_child(0))
        .filter(|node| node.kind() == "assignment")
        .filter(|node| node.child_by_field_name("left").is_some_and(|left| module.text(left) == object))
        .filter_map(|node| node.child_by_field_name("right"))
        .find(|node| node.kind() == "call")
        .map(|call| module.called(call).to_owned())
}

/// The framework that the packages name, when they name one; the interface decides between several.
fn by_packages(
    module_name: Option<&str>,
    asgi: Option<bool>,
    dependencies: &Dependencies,
) -> Option<Detected<Framework>> {
    let listed = |framework: Framework, why: &str| Some(Detected { value: framework, evidence: why.to_owned() });
    let (django, fastapi, flask) = (dependencies.has("django"), dependencies.has("fastapi"), dependencies.has("flask"));
    // `wsgi` alone is what Flask projects call theirs.
    let last = module_name.and_then(|name| name.rsplit_once('.')).map(|(_, last)| last);
    if django && matches!(last, Some("wsgi" | "asgi")) {
        return listed(Framework::Django, "django is a dependency, and the server loads its wsgi or asgi module");
    }
    match (django, fastapi, flask) {
        (true, false, false) => listed(Framework::Django, "django is a dependency"),
        (false, true, false) => listed(Framework::FastApi, "fastapi is a dependency"),
        (false, false, true) => listed(Framework::Flask, "flask is a dependency"),
        (false, true, true) if asgi == Some(true) => {
            listed(Framework::FastApi, "fastapi is a dependency, and the server speaks ASGI")
        }
        (false, true, true) if asgi == Some(false) => {
            listed(Framework::Flask, "flask is a dependency, and the server speaks WSGI")
        }
        (false, false, false) if dependencies.has("starlette") => {
            listed(Framework::Starlette, "starlette is a dependency")
        }
        (false, false, false) => {
            let other =
                ["quart", "sanic", "litestar", "bottle", "falcon", "pyramid", "tornado", "aiohttp", "streamlit"];
            dependencies
                .first_of(&other)
                .map(|name| Detected { value: Framework::Other, evidence: format!("{name} is a dependency") })
        }
        _ => None,
    }
}
