//! Python environments for tests that need the real packages, made once and kept below the target folder.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python environment with packages from PyPI in it.
#[derive(Debug, Clone)]
pub(crate) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment of this name with these packages, made when it is not there. `None`, with a message, when it
    /// cannot be made here; with `PALIER_REQUIRE_TOOLS=1` that fails the test instead.
    #[allow(clippy::print_stdout, reason = "a skipped test says so")]
    pub(crate) fn with(name: &str, packages: &[&str]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-venvs");
        std::fs::create_dir_all(&folder).expect("a folder below the target folder");
        // Tests of several processes may want the same one. The lock lies beside it: making it empties its folder.
        let lock = File::create(folder.join(format!("{name}.lock"))).expect("a lock file");
        lock.lock().expect("the lock");
        let venv = Self { folder: folder.join(name) };
        let wanted = packages.join("\n");
        let marker = venv.folder.join("complete");
        if std::fs::read_to_string(&marker).is_ok_and(|made| made == wanted) && venv.works() {
            return Some(venv);
        }
        match venv.make(packages) {
            Ok(()) => {
                std::fs::write(&marker, wanted).expect("the marker");
                Some(venv)
            }
            Err(reason) if std::env::var_os("PALIER_REQUIRE_TOOLS").is_some_and(|value| value == "1") => {
                panic!("no Python environment `{name}`: {reason}")
            }
            Err(reason) => {
                println!("skipped: no Python environment `{name}`: {reason}");
                None
            }
        }
    }

    /// An environment outlives the Python that it was made with.
    fn works(&self) -> bool {
        run(Command::new(self.program("python")).arg("--version")).is_ok()
    }

    fn make(&self, packages: &[&str]) -> Result<(), String> {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&self.folder))?;
        run(Command::new(self.program("python"))
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--retries", "1", "--timeout", "30"])
            .args(packages))
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The search path with the environment's programs first.
    pub(crate) fn path(&self) -> std::ffi::OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let first = self.folder.join("bin");
        std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&rest))).expect("a search path")
    }

    /// Runs Python code in a folder, with only these variables besides the search path, and gives what it printed.
    pub(crate) fn python(&self, folder: &Path, variables: &[(&str, &str)], code: &str) -> Result<String, String> {
        let mut command = Command::new(self.program("python"));
        command.env_clear().env("PATH", self.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(variables.iter().copied()).current_dir(folder).args(["-c", code]);
        let output = command.output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
