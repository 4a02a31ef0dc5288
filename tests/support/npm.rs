//! A package from npm for the tests that it judges, installed once and kept below the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with this package in its `node_modules`, installed when it is not there. `None`, with a message, when it
/// cannot be had here; with `PALIER_REQUIRE_TOOLS=1` that fails the test instead.
pub(crate) fn package(name: &str, version: &str) -> Option<PathBuf> {
    let label = format!("{}-{version}", name.trim_start_matches('@').replace('/', "-"));
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = parent.join(&label);
    // Tests of several processes may want the same one.
    let lock = File::create(parent.join(format!("{label}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    let complete = folder.join("complete");
    if complete.is_file() {
        return Some(folder);
    }
    std::fs::create_dir_all(&folder).expect("a folder below the target folder");
    std::fs::write(folder.join("package.json"), "{\"private\": true}\n").expect("a package");
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).arg(format!("{name}@{version}"));
    let reason = match npm.current_dir(&folder).output() {
        Ok(output) if output.status.success() => {
            std::fs::write(&complete, "").expect("the marker");
            return Some(folder);
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let required = std::env::var_os("PALIER_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(!required, "{name} cannot be installed: {reason}");
    println!("skipped: {name} cannot be installed: {reason}");
    None
}
