//! `gunicorn.conf.py`, read by its grammar: values that are certain, and which ones are not.

use super::environment::Environment;
use super::python::Module;
use super::python_script::{BUDGET, Names, Runner};
use super::python_value::Value;
use super::tree::{Tree, file_name, join, normalise, parent};

/// What a configuration file sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Configuration {
    /// The file's name, for evidence.
    pub(super) name: String,
    /// Whether it may set what is not seen here.
    pub(super) opaque: bool,
    names: Names,
}

impl Configuration {
    /// A file that cannot be read.
    pub(super) fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), opaque: true, names: Names::default() }
    }

    /// A setting with its place.
    pub(super) fn get(&self, name: &str) -> Option<(Value, String)> {
        let place = self.names.of(name).last()?.place.clone();
        Some((self.names.value(name), place))
    }
}

/// Reads a configuration file.
pub(super) fn read(tree: &mut Tree, path: &str, environment: &Environment) -> Configuration {
    let name = file_name(path);
    match run(tree, path, environment, 0) {
        Some(names) => Configuration { name: name.to_owned(), opaque: !names.wildcards.is_empty(), names },
        None => Configuration::unknown(name),
    }
}

/// How deep configuration files may import one another.
const DEPTH_LIMIT: usize = 4;

fn run(tree: &mut Tree, path: &str, environment: &Environment, depth: usize) -> Option<Names> {
    let file = tree.read(path)?;
    let module = Module::parse(&file)?;
    let mut names = Names::default();
    let mut import = |imported: &str| {
        let beside = imported.trim_start_matches('.').replace('.', "/");
        let path = normalise(&join(parent(path), &format!("{beside}.py"))).filter(|_| depth < DEPTH_LIMIT)?;
        run(tree, &path, environment, depth + 1)
    };
    Runner { module: &module, environment, import: &mut import, budget: BUDGET }.run(&mut names);
    if module.root().has_error() {
        names.wildcards.push("a syntax error".to_owned());
    }
    Some(names)
}
