//! Python packages for tests, each set in a virtual environment that is made once and kept below `target/`.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of an environment with these packages; the reason why there is none, when pip cannot get them.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-venvs");
    fs::create_dir_all(&folder).expect("a folder for environments");
    // Several test binaries may want the same environment at once.
    let lock = File::create(folder.join(format!("{name}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    let environment = folder.join(name);
    let python = environment.join("bin/python");
    let ready = environment.join("ready");
    let wanted = packages.join("\n");
    if fs::read_to_string(&ready).is_ok_and(|have| have == wanted) && works(&python) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--retries", "1", "--timeout", "30"])
        .args(packages))?;
    fs::write(ready, wanted).expect("the mark");
    Ok(python)
}

/// An environment outlives the Python that it was made with.
fn works(python: &Path) -> bool {
    Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{:?} does not run: {error}", command.get_program()))?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("the packages cannot be installed: {errors}")) }
}
