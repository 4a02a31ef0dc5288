//! Compares what palier reads in real projects with labels that were made by hand.
//!
//! The labels lie beside the repository and the projects in the folder that `PALIER_LABEL_PROJECTS` names; neither is
//! part of this repository, and without them the test says so and passes.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

use std::collections::BTreeMap;
use std::path::Path;

use palier::project::{Application, DatabaseUse, Detected, Project, Server};

const LABELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus/project-labels.csv");

/// How many cells of a column may differ. Labels hold judgements that no reader can share, and slips of their own.
const MISSES_ALLOWED: usize = 2;

#[test]
fn real_projects_are_read_as_a_person_labelled_them() {
    let (Ok(text), Some(folder)) = (std::fs::read_to_string(LABELS), std::env::var_os("PALIER_LABEL_PROJECTS")) else {
        println!("skipped: needs the labels beside the repository and PALIER_LABEL_PROJECTS");
        return;
    };
    let rows = rows(&text);
    let mut score: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for row in &rows {
        let root = Path::new(&folder).join(&row["project"]);
        if !root.is_dir() {
            println!("skipped: {} is not there", row["project"]);
            continue;
        }
        let blueprint = if row["blueprint"].is_empty() { "render.yaml" } else { &row["blueprint"] };
        let started = std::time::Instant::now();
        let project = Project::read(&root, blueprint);
        println!("{} ({blueprint}): {:?}, {} files", row["project"], started.elapsed(), project.files.len());
        for (column, expected, found) in compare(row, &project) {
            let entry = score.entry(column).or_default();
            entry.0 += 1;
            if expected != found {
                entry.1.push(format!("{} {}: label `{expected}`, read `{found}`", row["project"], row["service"]));
            }
        }
    }
    for (column, (cells, misses)) in &score {
        println!("{column}: {} of {cells}", cells - misses.len());
        misses.iter().for_each(|miss| println!("    {miss}"));
    }
    let bad: Vec<_> =
        score.iter().filter(|(_, (_, misses))| misses.len() > MISSES_ALLOWED).map(|(name, _)| name).collect();
    assert!(bad.is_empty(), "more than {MISSES_ALLOWED} misses in {bad:?}");
}

fn compare(row: &BTreeMap<String, String>, project: &Project) -> Vec<(&'static str, String, String)> {
    let application = project.applications.iter().find(|application| match &application.service {
        Some(service) => *service == row["service"],
        None => true,
    });
    let missing = Application::default();
    let application = application.unwrap_or(&missing);
    let service = project
        .blueprint
        .iter()
        .flat_map(|blueprint| &blueprint.services)
        .find(|service| service.name == row["service"]);
    let container = if application.declared_command.as_ref().is_some_and(|found| found.evidence.contains("Dockerfile"))
    {
        "docker"
    } else {
        ""
    };
    let runtime = service.and_then(|service| service.runtime.clone()).unwrap_or_else(|| container.to_owned());
    let text = |found: &Option<Detected<String>>| found.as_ref().map(|found| found.value.clone()).unwrap_or_default();
    let number =
        |found: &Option<Detected<u32>>| found.as_ref().map(|found| found.value.to_string()).unwrap_or_default();
    let workers: Vec<&Application> = project
        .applications
        .iter()
        .filter(|application| application.server.as_ref().is_some_and(|server| server.value == Server::Celery))
        .collect();
    let label = |column: &str| row[column].clone();
    let effective =
        if label("effective_command").is_empty() { label("start_command") } else { label("effective_command") };
    let threads = if label("threads").is_empty() { "1".to_owned() } else { label("threads") };
    let threads_found = number(&application.threads);
    vec![
        (
            "framework",
            label("framework"),
            application.framework.as_ref().map_or("", |found| found.value.name()).to_owned(),
        ),
        ("runtime", label("runtime"), runtime),
        ("server", label("server"), application.server.as_ref().map_or("", |found| found.value.name()).to_owned()),
        (
            "start_command",
            declared_label(&label("start_command")),
            declared_found(&label("start_command"), &text(&application.declared_command)),
        ),
        ("effective_command", last_command(&effective), text(&application.effective_command)),
        (
            "worker_class_declared",
            without_note(&label("worker_class_declared")),
            text(&application.declared_worker_class),
        ),
        ("worker_class_effective", label("worker_class_effective"), text(&application.worker_class)),
        ("worker_count", label("worker_count"), number(&application.workers)),
        ("worker_count_source", source_label(&label("worker_count_source")), source_found(application)),
        ("threads", threads, if threads_found.is_empty() { "1".to_owned() } else { threads_found }),
        ("database_kind", label("database_kind"), database(application)),
        ("redis_use", sorted(&label("redis_use")), redis(application)),
        ("redis_provider", provider_label(&label("redis_provider")), provider(application)),
        ("health_path", label("health_path"), text(&application.health_path)),
        ("deps_file", files_label(&label("deps_file")), files_found(&label("deps_file"), application)),
        (
            "celery_worker_service",
            label("celery_worker_service").starts_with("yes").to_string(),
            (!workers.is_empty()).to_string(),
        ),
    ]
}

/// `(Dockerfile CMD)` says where, not what; notes stand in parentheses at the end.
fn declared_label(label: &str) -> String {
    if label.starts_with('(') { "(image)".to_owned() } else { without_note(label) }
}

fn declared_found(label: &str, found: &str) -> String {
    if label.starts_with('(') && !found.is_empty() { "(image)".to_owned() } else { found.to_owned() }
}

fn without_note(label: &str) -> String {
    match label.split_once(" (") {
        Some((text, note)) if note.ends_with(')') => text.to_owned(),
        _ => label.to_owned(),
    }
}

/// Labels keep the chain before the server in some rows; the server is the last of it.
fn last_command(label: &str) -> String {
    let label = without_note(label);
    label.rsplit(" && ").next().unwrap_or_default().to_owned()
}

fn source_label(label: &str) -> String {
    match label {
        _ if label.starts_with('-') => "flag",
        _ if label.starts_with("WEB_CONCURRENCY") => "WEB_CONCURRENCY",
        _ if label.contains("conf.py") => "file",
        other => other,
    }
    .to_owned()
}

fn source_found(application: &Application) -> String {
    let source = application.workers_source.clone().unwrap_or_default();
    if source.ends_with("conf.py") { "file".to_owned() } else { source }
}

fn database(application: &Application) -> String {
    application
        .database
        .as_ref()
        .map_or("", |found| match found.value {
            DatabaseUse::Postgres => "postgres",
            DatabaseUse::Mysql => "mysql",
            DatabaseUse::Sqlite => "sqlite",
            DatabaseUse::Mongodb => "mongodb",
            DatabaseUse::None => "none",
            DatabaseUse::Other => "other",
        })
        .to_owned()
}

fn sorted(label: &str) -> String {
    let mut parts: Vec<&str> = label.split(';').collect();
    parts.sort_unstable();
    parts.join(";")
}

fn redis(application: &Application) -> String {
    let names: Vec<&str> = application
        .redis
        .iter()
        .filter(|found| found.role != "client")
        .map(|found| match (found.role.as_str(), found.library.as_str()) {
            ("queue", "celery") => "celery",
            ("rate_limit", _) => "ratelimit",
            (role, _) => role,
        })
        .collect();
    if names.is_empty() { "none".to_owned() } else { sorted(&names.join(";")) }
}

/// "other" and "none" are what a label says where no provider shows.
fn provider_label(label: &str) -> String {
    if label == "other" { "none".to_owned() } else { label.to_owned() }
}

fn provider(application: &Application) -> String {
    let provider = application.redis.iter().find_map(|found| found.provider.clone());
    provider.unwrap_or_else(|| "none".to_owned())
}

fn file_names(label: &str) -> Vec<String> {
    let mut names: Vec<String> = label
        .split([' ', '+'])
        .map(|word| word.rsplit('/').next().unwrap_or(word).to_owned())
        .filter(|word| word.contains('.') || word == "Pipfile")
        .collect();
    names.sort_unstable();
    names
}

fn files_label(label: &str) -> String {
    file_names(label).join(" ")
}

/// Lock files that the label leaves out are no miss.
fn files_found(label: &str, application: &Application) -> String {
    let named = file_names(label);
    let mut found: Vec<String> = application
        .dependency_files
        .iter()
        .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
        .filter(|name| !name.ends_with(".lock") || named.contains(name))
        .collect();
    found.sort_unstable();
    found.join(" ")
}

/// The rows of a CSV file with a header; fields may be quoted.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(fields);
    let header = lines.next().unwrap_or_default();
    lines.map(|fields| header.iter().cloned().zip(fields).collect()).collect()
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                if let Some(last) = fields.last_mut() {
                    last.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => {
                if let Some(last) = fields.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    fields
}
