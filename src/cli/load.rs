use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::arguments::Global;
use super::base;
use super::error::CommandError;
use super::loaded::Loaded;
use palier::catalog::Catalog;
use palier::diagnostic::{Diagnostic, Place, Severity, SourceFile, did_you_mean};
use palier::document::{Document, Format, Node, ReadError, read_file, sha256};
use palier::generate::Options;
use palier::metrics::{self, Metrics};
use palier::plan::{InputFile, PENDING_PATH, PendingFlight};
use palier::policy::{self, PlatformName, Policy};
use palier::project::{Project, ServiceKind};

/// The environment variable that replaces the clock.
const NOW: &str = "PALIER_NOW";

/// Where Render runs services.
const RENDER_REGIONS: [&str; 5] = ["oregon", "ohio", "virginia", "frankfurt", "singapore"];

/// Reads policy, usage and repository; every problem of every file is told together.
pub(crate) fn load(global: &Global) -> Result<Loaded, CommandError> {
    load_at(global, now()?)
}

/// The same, where what runs is a git revision, when one is given.
pub(crate) fn load_on(global: &Global, base: Option<&str>) -> Result<Loaded, CommandError> {
    let mut loaded = load(global)?;
    if let Some(reference) = base {
        loaded.base = Some(base::read(&loaded.root, reference, &loaded.policy.files.blueprint)?);
    }
    Ok(loaded)
}

/// The same at a given instant.
pub(crate) fn load_at(global: &Global, now: Timestamp) -> Result<Loaded, CommandError> {
    let catalog = catalog()?;
    let mut problems = Vec::new();
    let mut files = Vec::new();
    if !global.root.is_dir() {
        let message = format!("there is no folder `{}`", global.root.display());
        return Err(CommandError::one(
            Diagnostic::error("no-project", message).help("give the project's folder with --root"),
        ));
    }
    let mut read = read_policy(global, &mut files).unwrap_or_else(|found| {
        problems.extend(found);
        Read::default()
    });
    let policy_is_known = problems.is_empty();
    problems.extend(unknown_names(&read, &global.env, &catalog));
    // From here on the usage file is the one of this environment, or of the command line: messages name it.
    let usage = match &global.metrics {
        Some(path) => Ok(shown(&global.root, path)),
        None => metrics_of(&read, &global.root, &global.env),
    };
    let usage_is_known = usage.is_ok();
    match usage {
        Ok(path) => read.policy.files.metrics = path,
        Err(found) => problems.extend(found),
    }
    let before = files.len();
    let mut metrics = Metrics::default();
    if usage_is_known {
        metrics = read_metrics(global, &read.policy, &mut files).unwrap_or_else(|found| {
            problems.extend(found);
            Metrics::default()
        });
    }
    let metrics_hash = files.get(before).map_or_else(String::new, |file| file.sha256.clone());
    let record = match std::fs::read(global.root.join(PENDING_PATH)) {
        Ok(bytes) => match PendingFlight::parse(&bytes) {
            Some(record) => Some(record),
            None => {
                problems.push(damaged_record());
                None
            }
        },
        Err(_) => None,
    };
    let recorded = record.filter(|record| record.metrics == metrics_hash).map(|record| record.measured_on);
    if let Some(recorded) = &recorded {
        metrics.measured_on = metrics.measured_on.or(recorded.clone());
    }
    if !policy_is_known {
        // Where the blueprint is stands in the policy.
        return Err(CommandError::input(problems));
    }
    let mut project = Project::read(&global.root, &read.policy.files.blueprint);
    // `.` has no name of its own, which a project without one in its policy needs.
    project.root = global.root.canonicalize().unwrap_or_else(|_| global.root.clone());
    problems.extend(not_in_blueprint(&read, &global.env, &project));
    let Read { policy, mut findings, .. } = read;
    for problem in &project.problems {
        if problem.severity == Severity::Error && same_path(problem.path(), &policy.files.blueprint) {
            problems.push(problem.clone());
        } else {
            // What cannot be read of the other files stays unknown, which a plan can live with.
            findings.push(Diagnostic { severity: problem.severity.min(Severity::Warning), ..problem.clone() });
        }
    }
    if !problems.is_empty() {
        return Err(CommandError::input(problems));
    }
    files.extend(project.files.iter().map(hashed));
    files.push(InputFile { path: "(catalog)".to_owned(), sha256: Catalog::hash() });
    files.sort();
    files.dedup();
    Ok(Loaded {
        root: global.root.clone(),
        policy,
        metrics,
        project,
        catalog,
        now,
        environment: global.env.clone(),
        files,
        findings,
        options: Options::default(),
        metrics_hash,
        recorded,
        base: None,
        step_files: false,
        lacking_indexes: Vec::new(),
    })
}

/// What was written and is not known to be live stands in that file: without it, a flight that nobody has pushed would
/// be taken for what runs.
fn damaged_record() -> Diagnostic {
    Diagnostic::error("damaged-record", format!("`{PENDING_PATH}` is not what palier wrote"))
        .at(Place::start_of(&SourceFile::new(PENDING_PATH, "")))
        .why("it says which flight was written and is not known to be live yet")
        .help("remove it when everything that the files say is live; else bring it back from a backup")
}

/// The policy alone.
pub(crate) fn policy(global: &Global) -> Result<Policy, CommandError> {
    Ok(read_policy(global, &mut Vec::new())?.policy)
}

/// The catalog that is compiled in.
pub(crate) fn catalog() -> Result<Catalog, CommandError> {
    Catalog::embedded().map_err(|error| {
        let help = "this is a defect of palier, please report it";
        CommandError::one(Diagnostic::error("defect", error.to_string()).help(help))
    })
}

/// The present instant: `PALIER_NOW`, else the clock.
pub(crate) fn now() -> Result<Timestamp, CommandError> {
    if std::env::var_os(NOW).is_none() { Ok(Timestamp::now()) } else { now_or("") }
}

/// `PALIER_NOW`, else the given instant.
pub(crate) fn now_or(instant: &str) -> Result<Timestamp, CommandError> {
    let text = std::env::var(NOW).unwrap_or_else(|_| instant.to_owned());
    text.parse().map_err(|_| {
        let message = format!("{NOW} is `{text}`, which is not an instant");
        CommandError::one(Diagnostic::error("invalid-instant", message).help("write for example 2026-11-20T08:00:00Z"))
    })
}

/// A policy that was read.
#[derive(Debug, Default)]
struct Read {
    policy: Policy,
    /// Lines that have no effect.
    findings: Vec<Diagnostic>,
    /// The file, when there is one.
    document: Option<Document>,
}

impl Read {
    /// The value that an environment has at a path, with its place: its own table's, else the file's.
    fn node(&self, environment: &str, path: &[&str]) -> Option<(&Document, &Node)> {
        let document = self.document.as_ref()?;
        let own = [&["environment", environment], path].concat();
        document.node(&own).or_else(|| document.node(path)).map(|node| (document, node))
    }

    /// A value that is none of the known ones, at its line.
    fn unknown(
        &self,
        environment: &str,
        path: &[&str],
        (id, message): (&'static str, String),
        known: &[&str],
    ) -> Diagnostic {
        let near = self
            .node(environment, path)
            .and_then(|(_, node)| node.as_str())
            .and_then(|written| did_you_mean(written, known.iter().copied()));
        let list =
            if known.is_empty() { "there is none".to_owned() } else { format!("known are {}", known.join(", ")) };
        let help = near.map_or_else(|| list.clone(), |name| format!("did you mean `{name}`? {list}"));
        let problem = Diagnostic::error(id, message).help(help);
        match self.node(environment, path) {
            Some((document, node)) => problem.at(document.place(node)),
            None => problem,
        }
    }
}

/// The policy; without a file and without `--policy`, the defaults.
fn read_policy(global: &Global, files: &mut Vec<InputFile>) -> Result<Read, Vec<Diagnostic>> {
    let path = global.policy.clone().unwrap_or_else(|| global.root.join("palier.toml"));
    if global.policy.is_none() {
        stays_inside(&global.root, &path)?;
    }
    let file = match read_file(&path, &shown(&global.root, &path)) {
        Ok(file) => file,
        Err(ReadError::NotFound(_)) if global.policy.is_none() && global.env == "production" => {
            return Ok(Read::default());
        }
        Err(error) => return Err(vec![error.diagnostic()]),
    };
    files.push(hashed(&file));
    let document = Document::parse(&file, Format::Toml)?;
    let (policy, findings) = policy::parse(&document, &global.env)?;
    Ok(Read { policy, findings, document: Some(document) })
}

/// Names in the policy that the catalog or the platform does not have.
fn unknown_names(read: &Read, environment: &str, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let ladder = &read.policy.mode.ladder;
    if catalog.ladder(ladder).is_none() {
        let known: Vec<&str> = catalog.ladders.iter().map(|ladder| ladder.name.as_str()).collect();
        let message = format!("there is no ladder `{ladder}`");
        found.push(read.unknown(environment, &["mode", "ladder"], ("unknown-ladder", message), &known));
    }
    if let Some(region) = &read.policy.project.region
        && read.policy.platform.app == PlatformName::Render
        && !RENDER_REGIONS.contains(&region.as_str())
    {
        let message = format!("`{region}` is not a region of Render");
        let problem = read.unknown(environment, &["project", "region"], ("unknown-region", message), &RENDER_REGIONS);
        found.push(problem.source("https://render.com/docs/regions"));
    }
    found
}

/// Names in the policy that the blueprint does not have.
fn not_in_blueprint(read: &Read, environment: &str, project: &Project) -> Vec<Diagnostic> {
    let Some(blueprint) = &project.blueprint else { return Vec::new() };
    let path = &blueprint.document.file.path;
    let mut found = Vec::new();
    let services: Vec<&str> = blueprint
        .services
        .iter()
        .filter(|service| service.kind != ServiceKind::KeyValue)
        .map(|service| service.name.as_str())
        .collect();
    let databases: Vec<&str> = blueprint.databases.iter().map(|database| database.name.as_str()).collect();
    if let Some(name) = read.policy.project.web.as_deref().filter(|name| !services.contains(name)) {
        let message = format!("there is no service `{name}` in {path}");
        found.push(read.unknown(environment, &["project", "web"], ("unknown-service", message), &services));
    }
    if let Some(name) = read.policy.project.database.as_deref().filter(|name| !databases.contains(name)) {
        let message = format!("there is no database `{name}` in {path}");
        found.push(read.unknown(environment, &["project", "database"], ("unknown-database", message), &databases));
    }
    found
}

/// The usage; without a file and without `--metrics`, nothing is known.
fn read_metrics(global: &Global, policy: &Policy, files: &mut Vec<InputFile>) -> Result<Metrics, Vec<Diagnostic>> {
    let path = global.metrics.clone().unwrap_or_else(|| global.root.join(&policy.files.metrics));
    if global.metrics.is_none() {
        stays_inside(&global.root, &path)?;
    }
    let file = match read_file(&path, &shown(&global.root, &path)) {
        Ok(file) => file,
        Err(ReadError::NotFound(_)) if global.metrics.is_none() => return Ok(Metrics::default()),
        Err(error) => return Err(vec![error.diagnostic()]),
    };
    files.push(hashed(&file));
    let document = Document::parse(&file, Format::of_path(&file.path)).map_err(|problems| {
        let hint = "keep one document; earlier snapshots of usage go under `history:`";
        let explain = |one: Diagnostic| if one.id == "several-documents" { one.help(hint) } else { one };
        problems.into_iter().map(explain).collect::<Vec<_>>()
    })?;
    metrics::parse(&document)
}

/// The usage file of an environment: one other than production has its own (`metrics.staging.yaml`). Where the policy
/// names none, it may be TOML or JSON instead.
fn metrics_of(read: &Read, root: &Path, environment: &str) -> Result<String, Vec<Diagnostic>> {
    let in_environment = |path: &str| match path.rsplit_once('.') {
        _ if environment == "production" => path.to_owned(),
        Some((stem, ending)) => format!("{stem}.{environment}.{ending}"),
        None => format!("{path}.{environment}"),
    };
    let path = in_environment(&read.policy.files.metrics);
    if read.node(environment, &["files", "metrics"]).is_some() {
        return Ok(path);
    }
    let is_there = |path: &String| root.join(path).symlink_metadata().is_ok();
    let names = ["metrics.yaml", "metrics.toml", "metrics.json"].map(in_environment);
    let mut present = names.into_iter().filter(is_there);
    match (present.next(), present.next()) {
        (Some(one), Some(other)) => Err(vec![
            Diagnostic::error("several-usage-files", format!("there are both `{one}` and `{other}`"))
                .at(Place::start_of(&SourceFile::new(other.as_str(), "")))
                .help("keep one of them, or name one as `files.metrics` in palier.toml"),
        ]),
        (Some(one), None) => Ok(one),
        (None, _) => Ok(path),
    }
}

/// A file that nobody named on the command line must not be a symlink out of the project.
fn stays_inside(root: &Path, path: &Path) -> Result<(), Vec<Diagnostic>> {
    if is_inside(root, path) {
        return Ok(());
    }
    let shown = shown(root, path);
    Err(vec![
        Diagnostic::error("symlink-outside", format!("`{shown}` is a symlink that leaves the project"))
            .at(Place::start_of(&SourceFile::new(shown.as_str(), "")))
            .why("a pull request could make palier show any file of this machine")
            .help("replace the symlink by the file itself"),
    ])
}

/// Whether a path lies inside of the root once symlinks are followed; one that does not resolve holds nothing.
pub(super) fn is_inside(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => path.starts_with(root),
        _ => true,
    }
}

/// Whether two paths below the root name the same file.
fn same_path(left: &str, right: &str) -> bool {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    parts(left) == parts(right)
}

/// A path as a user would write it: relative to the root where it lies inside.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn hashed(file: &Arc<SourceFile>) -> InputFile {
    InputFile { path: file.path.clone(), sha256: sha256(file.text.as_bytes()) }
}
