//! `--base REF`: what runs is what a git revision holds, not the files of the folder.
//!
//! In a pull request the files say what should run once it is merged; what runs until then is the branch that it goes
//! to. The revision is laid out in a temporary folder through an index of its own, so that nothing of the repository
//! changes.

use std::path::Path;
use std::process::Command;

use super::error::CommandError;
use palier::diagnostic::Diagnostic;
use palier::project::Project;

/// The files of a revision.
#[derive(Debug)]
pub(crate) struct Base {
    /// The revision as it was given.
    pub(crate) reference: String,
    /// The project in it.
    pub(crate) project: Project,
    folder: tempfile::TempDir,
    /// Where the project lies inside of the repository; empty at its top.
    prefix: String,
}

impl Base {
    /// The project's root in the temporary folder.
    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join(&self.prefix)
    }
}

/// Lays a revision out.
pub(crate) fn read(root: &Path, reference: &str, blueprint: &str) -> Result<Base, CommandError> {
    let problem = |message: String| {
        CommandError::one(
            Diagnostic::error("no-base", message)
                .why("the plan starts from the files of that revision")
                .help("in CI, fetch the whole history (`fetch-depth: 0`); `git log` shows what is there"),
        )
    };
    // A revision that looks like an option would be one.
    if reference.starts_with('-') || reference.is_empty() {
        return Err(problem(format!("`{reference}` is no git revision")));
    }
    let folder = tempfile::Builder::new()
        .prefix("palier-base-")
        .tempdir()
        .map_err(|error| problem(format!("no temporary folder can be made: {error}")))?;
    let prefix = git(root, &["rev-parse", "--show-prefix"], None).map_err(problem)?;
    let top = git(root, &["rev-parse", "--show-toplevel"], None).map_err(problem)?;
    let commit = git(root, &["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")], None)
        .map_err(|_| problem(format!("there is no git revision `{reference}` here")))?;
    let index = folder.path().join(".palier-index");
    let top = Path::new(&top);
    git(top, &["read-tree", &commit], Some(&index)).map_err(problem)?;
    let into = format!("--prefix={}/", folder.path().display());
    git(top, &["checkout-index", "--all", "--quiet", &into], Some(&index)).map_err(problem)?;
    let _ = std::fs::remove_file(&index);
    let mut project = Project::read(&folder.path().join(&prefix), blueprint);
    // A project without a name in its policy has that of its folder.
    project.root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    Ok(Base { reference: reference.to_owned(), project, folder, prefix })
}

/// What git prints, without the line end; what it says when it fails.
pub(crate) fn git(folder: &Path, arguments: &[&str], index: Option<&Path>) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(std::process::Stdio::null());
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let output = command.output().map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(if said.is_empty() { format!("`git {}` fails", arguments.join(" ")) } else { said })
}
