//! Runs the reader over blueprints and env files of public repositories. They lie beside this repository, not in it;
//! without them the tests say so and pass.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

mod project_folder;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use palier::project::Project;
use project_folder::Folder;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

/// No single file may take longer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(Path::new(CORPUS).join(folder)) else {
        println!("skipped: the corpus is not beside the repository");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths
}

fn read_as(path: &Path, name: &str) -> Project {
    let folder = Folder::new(&[]);
    folder.write(name, &std::fs::read(path).expect("a readable file"));
    let started = Instant::now();
    let project = folder.read();
    assert!(started.elapsed() < PATIENCE, "{} took {:?}", path.display(), started.elapsed());
    project
}

/// Every `name` of a list under a key, wherever it stands, as another YAML reader sees it.
fn names(value: &serde_yaml::Value, key: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_yaml::Value::Mapping(table) => {
            for (name, inner) in table {
                if name.as_str() == Some(key) {
                    let list = inner.as_sequence().into_iter().flatten();
                    found.extend(list.filter_map(|item| item.get("name")?.as_str().map(str::to_owned)));
                }
                names(inner, key, found);
            }
        }
        serde_yaml::Value::Sequence(items) => items.iter().for_each(|item| names(item, key, found)),
        _ => {}
    }
}

#[test]
fn every_public_blueprint_is_read() {
    let (mut read, mut refused) = (0, Vec::new());
    for path in files("render", "yaml") {
        let project = read_as(&path, "render.yaml");
        let Some(blueprint) = &project.blueprint else {
            assert!(!project.problems.is_empty(), "{} has neither blueprint nor problem", path.display());
            refused.push(path.display().to_string());
            continue;
        };
        read += 1;
        let value: serde_yaml::Value =
            serde_yaml::from_str(&blueprint.document.file.text).expect("what palier reads, others read");
        let mut expected = BTreeSet::new();
        names(&value, "services", &mut expected);
        let services: BTreeSet<String> =
            blueprint.services.iter().map(|service| service.name.clone()).filter(|name| !name.is_empty()).collect();
        assert_eq!(services, expected, "{}", path.display());
        let mut expected = BTreeSet::new();
        names(&value, "databases", &mut expected);
        let databases: BTreeSet<String> = blueprint.databases.iter().map(|database| database.name.clone()).collect();
        assert_eq!(databases, expected, "{}", path.display());
        for application in &project.applications {
            assert!(blueprint.services.iter().any(|service| Some(&service.name) == application.service.as_ref()));
        }
    }
    println!("{read} read, refused: {refused:#?}");
}

#[test]
fn every_invalid_blueprint_is_told() {
    for path in files("render-invalid", "yaml") {
        let project = read_as(&path, "render.yaml");
        let told: Vec<String> =
            project.problems.iter().map(|problem| format!("{}:{}", problem.line(), problem.id)).collect();
        println!("{}: {told:?}", path.display());
        assert!(project.blueprint.is_none() && !told.is_empty(), "{}", path.display());
    }
}

#[test]
fn every_env_file_gives_its_names_and_no_value() {
    let index = std::fs::read_to_string(Path::new(CORPUS).join("env/index.csv")).unwrap_or_default();
    // The seventh column is how many keys there are, by another count.
    let counts: BTreeMap<&str, usize> = index
        .lines()
        .filter_map(|line| Some((line.split(',').next()?, line.split(',').nth(6)?.parse().ok()?)))
        .collect();
    for path in files("env", "env") {
        let project = read_as(&path, ".env");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if let Some(count) = counts.get(stem) {
            assert_eq!(project.env_names.len(), *count, "{}", path.display());
        }
        for name in &project.env_names {
            let plain = name.name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
            assert!(plain && name.line > 0, "{}: {name:?}", path.display());
        }
    }
}
