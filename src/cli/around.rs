use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::clock::SystemClock;
use super::env_file;
use super::error::CommandError;
use super::loaded::Loaded;
use palier::client::Secret;
use palier::diagnostic::{Diagnostic, names_a_secret};
use palier::verify::Around;

/// Variables in which the usual builders name the commit that they build.
const COMMIT_VARIABLES: [&str; 3] = ["GITHUB_SHA", "CI_COMMIT_SHA", "RENDER_GIT_COMMIT"];

/// What probes and steps find around them: the environment (and an env file below it), the clock, the limits.
pub(crate) fn around(loaded: &Loaded, env_file: Option<&Path>) -> Result<Arc<Around>, CommandError> {
    let mut environment = match env_file {
        Some(path) => env_file::read(path)?,
        None => BTreeMap::new(),
    };
    environment.extend(std::env::vars_os().filter_map(|(name, value)| {
        // What is no UTF-8 can be no address.
        Some((name.into_string().ok()?, value.into_string().ok()?))
    }));
    let root = loaded.root.canonicalize().unwrap_or_else(|_| loaded.root.clone());
    Ok(Arc::new(Around {
        policy: loaded.policy.clone(),
        addresses: addresses(&environment),
        authorities: authorities(&environment)?,
        commit: commit(&environment, &root),
        root,
        environment,
        clock: Arc::new(SystemClock::starting_at(loaded.now)),
        limit: Duration::try_from_secs_f64(loaded.policy.verify.timeout.as_seconds().max(0.1))
            .unwrap_or(Duration::from_secs(10)),
    }))
}

/// The variables that hold an address, a part of one or a token.
fn addresses(environment: &BTreeMap<String, String>) -> BTreeMap<String, Secret> {
    let is_address = |name: &str, value: &str| {
        value.contains("://")
            || name.ends_with("_URL")
            || name.ends_with("_HOST")
            || name.ends_with("_PORT")
            || names_a_secret(name)
    };
    environment
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && is_address(name, value))
        .map(|(name, value)| (name.clone(), Secret::new(value.trim())))
        .collect()
}

fn authorities(environment: &BTreeMap<String, String>) -> Result<Option<Vec<u8>>, CommandError> {
    let Some(path) = environment.get("SSL_CERT_FILE").filter(|path| !path.is_empty()) else { return Ok(None) };
    std::fs::read(path).map(Some).map_err(|error| {
        let message = format!("`{path}` (SSL_CERT_FILE) cannot be read: {error}");
        CommandError::one(Diagnostic::error("unreadable-authorities", message).help("correct or unset SSL_CERT_FILE"))
    })
}

/// The commit that should be live: what the builder says, else the one that is checked out.
fn commit(environment: &BTreeMap<String, String>, root: &Path) -> Option<String> {
    let told = COMMIT_VARIABLES.iter().find_map(|name| environment.get(*name).filter(|value| !value.is_empty()));
    if let Some(commit) = told {
        return Some(commit.clone());
    }
    let output = Command::new("git")
        .args(["rev-parse", "--verify", "--quiet", "HEAD"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && commit.len() >= 40).then_some(commit)
}
