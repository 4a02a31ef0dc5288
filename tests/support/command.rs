//! The binary, run as a user would: in a project of its own, with nothing of the test's environment.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;

/// The clock of every test.
pub(crate) const NOW: &str = "2026-11-20T08:00:00Z";

/// Longer than any command may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A project in a temporary folder, with a home folder beside it.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty project.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["project", "home"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    /// A project of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A copy of `tests/projects/NAME`; `text` changes each file on the way.
    pub(crate) fn copy(name: &str, text: impl Fn(&str) -> String) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name);
        let project = Self::new();
        for (path, bytes) in files_below(&from) {
            // Git would ignore a `.env`, so it is kept under another name.
            let path = if path == "env-file" { ".env".to_owned() } else { path };
            project.write(&path, text(&String::from_utf8(bytes).expect("text")));
        }
        project
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().expect("a parent")).expect("a folder");
        std::fs::write(full, bytes).expect("a file");
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every file with its bytes, by its path.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.path())
    }
}

fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            (path, bytes)
        })
        .collect()
}

/// A run of palier in a project.
pub(crate) struct Palier {
    command: Command,
    folder: PathBuf,
}

/// What a run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// palier, with the project as the working directory.
pub(crate) fn palier(project: &Project) -> Palier {
    Palier::new(Command::new(binary()), project)
}

/// A shell script that finds palier as `$PALIER`, with the project as the working directory.
pub(crate) fn shell(project: &Project, script: &str) -> Palier {
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    Palier::new(command, project).env("PALIER", binary())
}

fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_palier")
}

impl Palier {
    fn new(mut command: Command, project: &Project) -> Self {
        let folder = project.folder.path().to_owned();
        command.current_dir(folder.join("project")).env_clear().timeout(PATIENCE);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", folder.join("home")).env("PALIER_NOW", NOW);
        Self { command, folder }
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<I: AsRef<std::ffi::OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it.
    pub(crate) fn run(mut self) -> Run {
        let output = self.command.output().expect("it runs");
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            let project = self.folder.join("project");
            text.replace(&*project.to_string_lossy(), "[PROJECT]").replace(&*self.folder.to_string_lossy(), "[TEMP]")
        };
        let code = output.status.code().unwrap_or_else(|| panic!("killed: {}", text(&output.stderr)));
        Run { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Run {
    /// The same, after a look at the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Both streams.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}
