//! Steps beside the providers' resources: files that are written, indexes that are built.

use super::step::{Action, FileHash, IndexOfStep, Probe, Risk, Step};
use crate::document::sha256;
use crate::generate::{FileChange, FileKind, Generated, NewIndex};
use crate::policy::MigrationFormat;

/// The id of the step that writes the index migrations.
const MIGRATIONS_STEP: &str = "write-index-migrations";

/// The files that are written besides the blueprint, whose edits are the resources' own steps: the index migrations
/// together, every other file by itself.
pub(super) fn file_steps(generated: &Generated) -> Vec<Step> {
    let others = |change: &&FileChange| !matches!(change.kind, FileKind::Blueprint | FileKind::Migration);
    let mut steps: Vec<Step> = generated
        .changes
        .iter()
        .filter(others)
        .map(|change| {
            file_step(format!("file-{}", identifier(&change.path)), file_title(change), change.kind, &[change])
        })
        .collect();
    let migrations: Vec<&FileChange> =
        generated.changes.iter().filter(|change| change.kind == FileKind::Migration).collect();
    if let Some(first) = migrations.first() {
        let folder = first.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let count = generated.indexes.len();
        let plural = if count == 1 { "index" } else { "indexes" };
        let title = format!("Write the migrations of {count} {plural} to `{folder}`");
        steps.push(file_step(MIGRATIONS_STEP.to_owned(), title, FileKind::Migration, &migrations));
    }
    steps
}

/// What happens to a file; of a list of requirements, which lines are appended.
fn file_title(change: &FileChange) -> String {
    let Some(before) = &change.before else { return format!("Write `{}`", change.path) };
    let added = change.after.strip_prefix(before.as_slice()).map(String::from_utf8_lossy).unwrap_or_default();
    let lines: Vec<&str> = added.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [first @ .., last] if change.kind == FileKind::Requirements => {
            let first = if first.is_empty() { String::new() } else { format!("{} and ", first.join(", ")) };
            format!("Add {first}{last} to `{}`", change.path)
        }
        _ if change.after.starts_with(before) => format!("Add to `{}`", change.path),
        _ => format!("Change `{}`", change.path),
    }
}

fn file_step(id: String, title: String, kind: FileKind, changes: &[&FileChange]) -> Step {
    let hashes: Vec<FileHash> =
        changes.iter().map(|change| FileHash { path: change.path.clone(), sha256: sha256(&change.after) }).collect();
    let before: Vec<FileHash> = changes
        .iter()
        .filter_map(|change| Some(FileHash { path: change.path.clone(), sha256: sha256(change.before.as_ref()?) }))
        .collect();
    let undo = if before.is_empty() {
        Action::RemoveFiles { paths: changes.iter().map(|change| change.path.clone()).collect() }
    } else {
        Action::WriteFiles { files: before }
    };
    let probe = |expect: &dyn Fn(&FileHash) -> String| {
        hashes.iter().map(|file| Probe::new("file", &file.path, expect(file))).collect::<Vec<_>>()
    };
    Step {
        id,
        flight: 1,
        kind: "file".to_owned(),
        title,
        reason: reason(kind).to_owned(),
        depends_on: Vec::new(),
        reversible: true,
        one_way: None,
        risk: Risk::Low,
        risk_reason: String::new(),
        cost_delta: Some("0.00".to_owned()),
        check: probe(&|_| "it is as it was when the plan was made".to_owned()),
        verify: probe(&|file| format!("its SHA-256 is {}", file.sha256)),
        run: Action::WriteFiles { files: hashes },
        undo,
    }
}

const fn reason(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Blueprint => "the plan changes it",
        FileKind::Gunicorn => "the web server reads its settings from it",
        FileKind::Requirements => "the start command needs a package that nothing requires yet",
        FileKind::Migration => "it builds, or drops, an index that the application needs",
        FileKind::Env => "it names the variables that the application needs",
        FileKind::DjangoCache => "Django's cache goes to Redis through it",
    }
}

/// One step for each index that gets built.
pub(super) fn index_steps(flight: u32, indexes: &[NewIndex], format: MigrationFormat, before: &[String]) -> Vec<Step> {
    indexes
        .iter()
        .map(|index| {
            let (run, undo) = actions(index, format);
            let mut depends_on = before.to_vec();
            depends_on.push(MIGRATIONS_STEP.to_owned());
            depends_on.dedup();
            Step {
                id: format!("index-{}", identifier(&index.name)),
                flight,
                kind: "sql-index".to_owned(),
                title: format!("Build the index `{}` on {}", index.name, index.table),
                reason: format!("asked for by {}", index.origin),
                depends_on,
                reversible: true,
                one_way: None,
                risk: Risk::Medium,
                risk_reason: "reads and writes go on (CONCURRENTLY); the build reads the table twice and uses disk"
                    .to_owned(),
                cost_delta: Some("0.00".to_owned()),
                check: vec![
                    Probe::new("postgres", &index.table, "no transaction is older than a minute")
                        .wants("oldest_transaction_seconds", 60),
                    Probe::new("index", &index.name, "no invalid index of this name is left over"),
                ],
                run,
                verify: vec![Probe::new("index", &index.name, "pg_index says that it is valid and ready")],
                undo,
            }
        })
        .collect()
}

fn actions(index: &NewIndex, format: MigrationFormat) -> (Action, Action) {
    // The way back names where it leads: run twice, it takes nothing else back.
    let before = index.back_to.as_deref();
    let (command, undo_command) = match format {
        MigrationFormat::Sql => (None, None),
        MigrationFormat::Alembic => {
            (Some("alembic upgrade head"), Some(format!("alembic downgrade {}", before.unwrap_or("-1"))))
        }
        // Where it does not show what came before, palier drops the index itself.
        MigrationFormat::Django => {
            (Some("python manage.py migrate"), before.map(|before| format!("python manage.py migrate {before}")))
        }
    };
    let of_step = IndexOfStep {
        name: index.name.clone(),
        table: index.table.clone(),
        create: index.create.clone(),
        path: index.up.clone(),
        command: command.map(str::to_owned),
        undo_command,
    };
    (Action::BuildIndex { index: of_step.clone() }, Action::DropIndex { index: of_step })
}

/// A part of a step's id: letters, digits and dashes.
pub(super) fn identifier(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
