//! What the repository holds today: the stack, the blueprint, the env files. It reads and concludes, it never runs.

mod application;
mod assemble;
mod blueprint;
mod blueprint_read;
mod comments;
mod database;
mod dependencies;
mod django_settings;
mod dockerfile;
mod entry_point;
mod env_file;
mod environment;
mod flags;
mod follow;
mod framework;
mod gunicorn;
mod gunicorn_conf;
mod imports;
mod lockfile;
mod pipfile;
mod procfile;
mod program;
mod pyproject;
mod python;
mod python_script;
mod python_server;
mod python_value;
mod redis_scan;
mod redis_use;
mod requirements;
mod seed;
mod server;
mod shell;
mod shell_lexer;
mod shell_words;
mod tree;
mod index_script;

pub use application::{Application, DatabaseUse, Detected, Framework, RedisUse, Server};
pub use blueprint::{Blueprint, BlueprintDatabase, EnvSource, EnvVar, Service, ServiceKind};
pub use index_script::{
    IndexScript, PythonModule, PythonValue, ScriptIndex, column_sql, find_index_scripts, indexes_of_sql,
};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::document::{Document, Format};
use tree::Tree;

/// What was found in a repository.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The folder that was read.
    pub root: PathBuf,
    /// The blueprint, when there is one that can be read.
    pub blueprint: Option<Blueprint>,
    /// The Python applications: one for each service of the blueprint that runs one; one without a service name when
    /// there is no blueprint.
    pub applications: Vec<Application>,
    /// Names of environment variables in `.env*` files, with the file and line; never the values.
    pub env_names: Vec<EnvName>,
    /// Scripts that create indexes.
    pub index_scripts: Vec<IndexScript>,
    /// Every file that a conclusion rests on, in the order of reading; env files excepted, whose text holds values.
    pub files: Vec<Arc<SourceFile>>,
    /// What could not be read, or reads oddly.
    pub problems: Vec<Diagnostic>,
}

/// A variable's name in an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvName {
    /// The name.
    pub name: String,
    /// The file, relative to the root.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Whether there is a value behind it.
    pub has_value: bool,
}

impl Project {
    /// Reads a repository; `blueprint` is the path of the blueprint relative to the root (the policy's
    /// `files.blueprint`).
    ///
    /// Nothing makes this fail: what cannot be read is in `problems`, and what it would have told stays unknown.
    #[must_use]
    pub fn read(root: &Path, blueprint: &str) -> Self {
        let mut tree = Tree::walk(root);
        let blueprint = read_blueprint(&mut tree, blueprint);
        let applications = assemble::applications(&mut tree, blueprint.as_ref());
        let env_names = env_file::read_all(&mut tree);
        let index_scripts = index_scripts(&mut tree);
        let Tree { files, problems, .. } = tree;
        Self { root: root.to_owned(), blueprint, applications, env_names, index_scripts, files, problems }
    }
}

/// Scripts beside the application that create indexes; migrations of a framework are no such scripts.
fn index_scripts(tree: &mut Tree) -> Vec<IndexScript> {
    let beside = |path: &&str| {
        let folder = tree::parent(path);
        path.ends_with(".py") && (folder.is_empty() || ["scripts", "bin", "db", "tools"].contains(&folder))
    };
    let paths: Vec<String> = tree.paths().filter(beside).map(str::to_owned).collect();
    let read: Vec<Arc<SourceFile>> = paths.iter().filter_map(|path| tree.look(path)).collect();
    let scripts = find_index_scripts(read.iter().map(|file| (file.path.as_str(), file.text.as_str())));
    for file in read.iter().filter(|file| scripts.iter().any(|script| script.path == file.path)) {
        tree.record(file);
    }
    scripts
}

/// The blueprint; `None` when there is none or it is broken, which is then among the problems.
fn read_blueprint(tree: &mut Tree, path: &str) -> Option<Blueprint> {
    let file = tree.read(path)?;
    match Document::parse(&file, Format::Yaml) {
        Ok(document) => match blueprint_read::shape_problem(&document) {
            None => Some(Blueprint::from_document(document)),
            Some(problem) => {
                tree.problems.push(problem);
                None
            }
        },
        Err(problems) => {
            tree.problems.extend(problems);
            None
        }
    }
}
