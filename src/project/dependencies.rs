//! The packages that a project lists, and the files that list them.

use std::collections::BTreeMap;

use super::tree::{Tree, join};
use super::{lockfile, pipfile, pyproject, requirements};

/// Packages that an extra brings and that palier asks for by name.
const EXTRAS: &[(&str, &str, &str)] = &[
    ("celery", "redis", "redis"),
    ("fastapi", "standard", "uvicorn"),
    ("fastapi", "all", "uvicorn"),
    ("channels", "daphne", "daphne"),
    ("kombu", "redis", "redis"),
    ("flask-limiter", "redis", "redis"),
    ("limits", "redis", "redis"),
];

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Dependencies {
    /// Files that list packages, in the order of reading.
    pub(super) files: Vec<String>,
    /// Normalised names with the constraint as written; the first one that names a package wins.
    pub(super) packages: BTreeMap<String, String>,
}

impl Dependencies {
    /// Adds a file.
    pub(super) fn add_file(&mut self, path: &str) {
        if !self.files.iter().any(|known| known == path) {
            self.files.push(path.to_owned());
        }
    }

    /// Adds a package with its constraint.
    pub(super) fn add(&mut self, package: Option<(String, String)>) {
        let Some((written, constraint)) = package else { return };
        let (name, extras) = written.split_once('[').unwrap_or((&written, ""));
        let name = normalised(name);
        for extra in extras.trim_end_matches(']').split(',').map(|extra| normalised(extra.trim())) {
            let brought = EXTRAS.iter().filter(|(package, of, _)| *package == name && *of == extra);
            for (.., other) in brought {
                self.packages.entry((*other).to_owned()).or_default();
            }
        }
        if name.is_empty() {
            return;
        }
        let known = self.packages.entry(name).or_default();
        if known.is_empty() {
            *known = constraint;
        }
    }

    /// Whether a package is listed.
    pub(super) fn has(&self, name: &str) -> bool {
        self.packages.contains_key(name)
    }

    /// The first of several packages that is listed.
    pub(super) fn first_of<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// Reads the files of a folder: those that the build names, then those with conventional names.
    ///
    /// When the build names requirements files, a `requirements.txt` that it does not name is not installed.
    pub(super) fn read(tree: &mut Tree, folder: &str, named: &[String]) -> Self {
        let mut found = Self::default();
        let mut any_named = false;
        for path in named {
            any_named |= tree.has(path);
            requirements::read(tree, path, &mut found);
        }
        let beside = |name: &str| join(folder, name);
        if !any_named {
            requirements::read(tree, &beside("requirements.txt"), &mut found);
        }
        pyproject::read(tree, &beside("pyproject.toml"), &mut found);
        pipfile::read(tree, &beside("Pipfile"), &mut found);
        for name in ["uv.lock", "poetry.lock", "Pipfile.lock"] {
            lockfile::read(tree, &beside(name), &mut found);
        }
        if found.files.is_empty() {
            for name in ["requirements/production.txt", "requirements/prod.txt", "requirements/base.txt", "setup.cfg"] {
                if name.ends_with(".txt") && tree.has(&beside(name)) {
                    requirements::read(tree, &beside(name), &mut found);
                    break;
                }
            }
        }
        found
    }
}

/// A package's name as PyPI compares it (PEP 503).
pub(super) fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.push(c.to_ascii_lowercase());
        }
    }
    normal
}

/// A requirement (PEP 508): the name with its extras, and the constraint as written.
pub(super) fn requirement(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || rest.starts_with(['/', ':', '\\']) {
        return None;
    }
    let (extras, rest) = match rest.trim_start().strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((extras, rest)) => (format!("[{extras}]"), rest),
        None => (String::new(), rest),
    };
    let constraint = rest.split(';').next().unwrap_or_default();
    // Hashes and other options follow the constraint in pip's own format.
    let constraint = constraint.split(" --").next().unwrap_or_default().trim();
    let constraint = constraint.trim_start_matches('(').trim_end_matches(')').trim();
    Some((format!("{name}{extras}"), constraint.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{normalised, requirement};

    #[test]
    fn a_requirement_is_a_name_with_extras_and_a_constraint() {
        let read = |text: &str| requirement(text).map(|(name, constraint)| format!("{name}|{constraint}"));
        assert_eq!(read("Django==5.1.4").as_deref(), Some("Django|==5.1.4"));
        assert_eq!(
            read("uvicorn[standard] >=0.30,<1 ; python_version > '3'").as_deref(),
            Some("uvicorn[standard]|>=0.30,<1")
        );
        assert_eq!(read("psycopg2 (>=2.9)").as_deref(), Some("psycopg2|>=2.9"));
        assert_eq!(read("./local/package"), None);
        assert_eq!(read("https://example.invalid/a.whl"), None);
        assert_eq!(normalised("Flask_SQLAlchemy"), "flask-sqlalchemy");
    }
}
