//! What a command has read, and the files that it decides for: the folder's, or those of a git revision.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::base::Base;
use super::load::is_inside;
use palier::catalog::Catalog;
use palier::decide::Inputs;
use palier::diagnostic::Diagnostic;
use palier::generate::{Folder, Options};
use palier::metrics::{MeasuredOn, Metrics};
use palier::plan::{InputFile, Request};
use palier::policy::Policy;
use palier::project::Project;

/// Everything that a command reads before it decides.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) root: PathBuf,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    pub(crate) project: Project,
    pub(crate) catalog: Catalog,
    pub(crate) now: Timestamp,
    pub(crate) environment: String,
    pub(crate) files: Vec<InputFile>,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) options: Options,
    /// The SHA-256 of the usage file; empty when there is none.
    pub(crate) metrics_hash: String,
    /// What ran while it was measured, when a flight was decided on the same file before.
    pub(crate) recorded: Option<MeasuredOn>,
    /// The revision that runs, where that is not what the folder holds.
    pub(crate) base: Option<Base>,
    /// Whether a plan also says what each step changes in which file.
    pub(crate) step_files: bool,
    /// Indexes whose migrations are there and that the running database lacks.
    pub(crate) lacking_indexes: Vec<String>,
}

impl Loaded {
    /// The inputs of a decision: what runs is the base, when there is one.
    pub(crate) const fn inputs(&self) -> Inputs<'_> {
        let project = match &self.base {
            Some(base) => &base.project,
            None => &self.project,
        };
        self.inputs_of(project)
    }

    const fn inputs_of<'a>(&'a self, project: &'a Project) -> Inputs<'a> {
        Inputs {
            project,
            catalog: &self.catalog,
            policy: &self.policy,
            metrics: &self.metrics,
            now: self.now,
            pinned: None,
        }
    }

    /// The request of a plan.
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            inputs: self.inputs(),
            environment: &self.environment,
            files: &self.files,
            findings: &self.findings,
            folder: self,
            options: self.options,
            step_files: self.step_files,
            lacking_indexes: &self.lacking_indexes,
        }
    }

    /// The bytes of one of the folder's own files, whatever runs.
    pub(crate) fn head_bytes(&self, path: &str) -> Option<Vec<u8>> {
        read_in(&self.root, path)
    }

    /// The folder's own files, whatever runs.
    pub(crate) fn head(&self) -> Head<'_> {
        Head(self)
    }
}

/// The files of the folder, where those of a base are what runs.
pub(crate) struct Head<'a>(&'a Loaded);

impl Head<'_> {
    /// The request of what the folder's files still lack.
    pub(crate) fn request(&self) -> Request<'_> {
        Request { inputs: self.0.inputs_of(&self.0.project), folder: self, ..self.0.request() }
    }
}

impl Folder for Head<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        read_in(&self.0.root, path)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        list_in(&self.0.root, folder)
    }
}

impl Folder for Loaded {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        match &self.base {
            Some(base) => read_in(&base.root(), path),
            None => read_in(&self.root, path),
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        match &self.base {
            Some(base) => list_in(&base.root(), folder),
            None => list_in(&self.root, folder),
        }
    }
}

fn read_in(root: &Path, path: &str) -> Option<Vec<u8>> {
    // A link may lead out of the project, to a file that nobody meant to show.
    let real = root.join(path).canonicalize().ok()?;
    real.starts_with(root.canonicalize().ok()?).then(|| std::fs::read(real).ok())?
}

fn list_in(root: &Path, folder: &str) -> Vec<String> {
    let path = root.join(folder);
    if !is_inside(root, &path) {
        return Vec::new();
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
