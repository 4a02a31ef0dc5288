//! Django's settings: found by the name that the project gives them, run as far as that can be done by reading.

use super::environment::{Environment, Setting};
use super::imports::file_of;
use super::python::Module;
use super::python_script::{BUDGET, Names, Runner};
use super::tree::{Tree, file_name, join, normalise, parent};

/// How deep settings files may import one another.
const DEPTH_LIMIT: usize = 6;

/// The names that the settings assign; `None` when there are none to be found.
pub(super) fn read(
    tree: &mut Tree,
    roots: &[String],
    entry_file: Option<&str>,
    environment: &Environment,
) -> Option<Names> {
    let path = locate(tree, roots, entry_file, environment)?;
    run(tree, roots, &path, environment, 0)
}

/// `DJANGO_SETTINGS_MODULE` of the service, else the default that `wsgi.py` or `manage.py` sets.
fn locate(tree: &mut Tree, roots: &[String], entry_file: Option<&str>, environment: &Environment) -> Option<String> {
    match environment.get("DJANGO_SETTINGS_MODULE") {
        Setting::Known(module) => return file_of(tree, roots, module.trim()),
        // Set where palier cannot see it: no default holds.
        Setting::Unknown if environment.has("DJANGO_SETTINGS_MODULE") => return None,
        Setting::Unknown | Setting::Unset => {}
    }
    let mut places: Vec<String> = entry_file.map(str::to_owned).into_iter().collect();
    places.extend(roots.iter().map(|root| join(root, "manage.py")));
    let module = places.iter().find_map(|path| default_module(tree, path))?;
    file_of(tree, roots, &module)
}

/// `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")`.
fn default_module(tree: &mut Tree, path: &str) -> Option<String> {
    let file = tree.look(path)?;
    let module = Module::parse(&file)?;
    let mut found = None;
    module.each(module.root(), |node| {
        if node.kind() != "call" || !module.called(node).ends_with("environ.setdefault") {
            return;
        }
        let arguments = Module::arguments(node);
        if let [name, value] = arguments.as_slice()
            && module.string(*name).as_deref() == Some("DJANGO_SETTINGS_MODULE")
            && found.is_none()
        {
            found = module.string(*value);
        }
    });
    found
}

fn run(tree: &mut Tree, roots: &[String], path: &str, environment: &Environment, depth: usize) -> Option<Names> {
    let file = tree.read(path)?;
    let module = Module::parse(&file)?;
    let mut names = Names::default();
    let mut import = |imported: &str| {
        let target = imported_file(tree, roots, path, imported).filter(|_| depth < DEPTH_LIMIT)?;
        run(tree, roots, &target, environment, depth + 1)
    };
    Runner { module: &module, environment, import: &mut import, budget: BUDGET }.run(&mut names);
    Some(names)
}

fn imported_file(tree: &Tree, roots: &[String], from: &str, imported: &str) -> Option<String> {
    let dots = imported.chars().take_while(|c| *c == '.').count();
    let rest = imported.get(dots..).unwrap_or_default();
    if dots == 0 {
        return file_of(tree, roots, rest);
    }
    let mut folder = parent(from).to_owned();
    for _ in 1..dots {
        folder = parent(&folder).to_owned();
    }
    file_of(tree, &[folder], rest)
}

/// The folders that hold a `manage.py`, shallowest first, below a folder.
pub(super) fn manage_folders(tree: &Tree, folder: &str) -> Vec<String> {
    let prefix = normalise(folder).unwrap_or_default();
    tree.paths()
        .filter(|path| file_name(path) == "manage.py")
        .map(parent)
        .filter(|found| prefix.is_empty() || *found == prefix || found.starts_with(&format!("{prefix}/")))
        .map(str::to_owned)
        .collect()
}
