//! `requirements.txt` as pip reads it.

use std::collections::BTreeSet;

use super::dependencies::{Dependencies, requirement};
use super::tree::{Tree, join, normalise, parent};
use crate::diagnostic::{Diagnostic, Place};

/// How many files may include one another.
const FILE_LIMIT: usize = 50;

/// Reads a requirements file and what it includes.
pub(super) fn read(tree: &mut Tree, path: &str, dependencies: &mut Dependencies) {
    let mut seen = BTreeSet::new();
    // The stack holds each file with whether it only constrains (`-c`).
    let mut waiting = vec![(path.to_owned(), false)];
    while let Some((path, constrains)) = waiting.pop() {
        if seen.len() >= FILE_LIMIT || !seen.insert(path.clone()) {
            continue;
        }
        let Some(file) = tree.read_as_pip(&path) else { continue };
        if !constrains {
            dependencies.add_file(&path);
        }
        let mut included = Vec::new();
        for line in logical_lines(&file.text) {
            let line = strip_comment(&line).trim();
            if let Some((option, target)) = include(line) {
                if let Some(target) = target_path(&path, target) {
                    if !tree.has(&target) {
                        missing(tree, &file, line, &target);
                    }
                    included.push((target, constrains || option == "-c"));
                }
            } else if !constrains && !line.starts_with('-') {
                dependencies.add(requirement(line));
            }
        }
        waiting.extend(included.into_iter().rev());
    }
}

fn missing(tree: &mut Tree, file: &std::sync::Arc<crate::diagnostic::SourceFile>, line: &str, target: &str) {
    let start = file.text.find(line).unwrap_or(0);
    tree.problems.push(
        Diagnostic::warning("requirements-include-missing", format!("`{target}` is included here and is not there"))
            .at(Place::new(file, start..start + line.len()))
            .help("write the path relative to the file that includes it"),
    );
}

/// `-r FILE`, `--requirement FILE`, `-c FILE`, `--constraint=FILE`.
fn include(line: &str) -> Option<(&'static str, &str)> {
    for (written, meaning) in [("--requirement", "-r"), ("--constraint", "-c"), ("-r", "-r"), ("-c", "-c")] {
        if let Some(rest) = line.strip_prefix(written) {
            let target = rest.trim_start_matches(['=', ' ', '\t']).trim();
            return (!target.is_empty()).then_some((meaning, target));
        }
    }
    None
}

/// Includes are relative to the file that holds them; an address on the network is not read.
fn target_path(from: &str, target: &str) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    normalise(&join(parent(from), target.trim_matches(['"', '\''])))
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| open) {
            Some(last) => last.push_str(part),
            None => lines.push(part.to_owned()),
        }
        open = continues;
    }
    lines
}

/// pip's comments begin at the line's start or after a blank.
fn strip_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").or_else(|| line.find("\t#")).map_or(line, |at| line.get(..at).unwrap_or(line))
}
