use std::path::Path;

use serde_json::{Value, json};

use super::arguments::{Format, GenerateArguments, Global};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load_on;
use super::loaded::Loaded;
use super::{output, plan as planned};
use palier::decide::Current;
use palier::diagnostic::{Diagnostic, Severity, mask};
use palier::generate::{FileChange, FileKind, Folder, Generated, stays_inside, write_file};
use palier::metrics::MeasuredOn;
use palier::plan::{Action, Made, Outcome, PENDING_PATH, PendingFlight, Plan, make};
use palier::report;

/// `palier generate`.
pub(crate) fn run(global: &Global, arguments: &GenerateArguments) -> Result<Exit, CommandError> {
    let mut loaded = load_on(global, arguments.base.as_deref())?;
    loaded.options.edit_settings = arguments.edit_settings;
    if loaded.base.is_some() {
        return on_base(&loaded, arguments);
    }
    let pending = pending(&loaded).filter(|_| !arguments.next);
    let made = make(&loaded.request())?;
    if made.plan.outcome == Outcome::Blocked {
        output::talk(&report::diagnostics(&made.blocked));
        return Ok(Exit::Forbidden);
    }
    if arguments.all {
        safe_at_once(made.flights.len() + usize::from(pending.as_ref().is_some_and(|one| one.flights_left > 0)))?;
    }
    let generated = if arguments.all { &made.all } else { &made.next };
    // What belongs to the flight after a pending one waits until that one is live.
    let waits = |change: &FileChange| {
        matches!(change.kind, FileKind::Blueprint | FileKind::Gunicorn | FileKind::Requirements | FileKind::Env)
    };
    let changes: Vec<FileChange> = match &pending {
        Some(_) => generated.changes.iter().filter(|change| !waits(change)).cloned().collect(),
        None => generated.changes.clone(),
    };
    stop_at_errors(generated)?;
    if arguments.check {
        return Ok(check(&changes, arguments.format));
    }
    let left = if arguments.all { 0 } else { made.flights.len().saturating_sub(1) };
    write(&loaded, &changes, pending.is_none().then_some(left), Some(&made.plan).filter(|_| !arguments.all))?;
    warn_of_one_way(&made, &changes, arguments.all);
    match arguments.format {
        Format::Json => output::result(&json_of(&changes)),
        Format::Text => output::result(&told(&changes, generated, &made, pending.as_ref(), arguments.all)),
    }
    Ok(Exit::Done)
}

/// What the next flight of the revision that runs still lacks in the folder's files.
fn on_base(loaded: &Loaded, arguments: &GenerateArguments) -> Result<Exit, CommandError> {
    let made = make(&loaded.request())?;
    if made.plan.outcome == Outcome::Blocked {
        output::talk(&report::diagnostics(&made.blocked));
        return Ok(Exit::Forbidden);
    }
    let lacking = planned::lacking_on(loaded, &made)?;
    stop_at_errors(&lacking)?;
    if arguments.check {
        return Ok(check(&lacking.changes, arguments.format));
    }
    write(loaded, &lacking.changes, None, None)?;
    warn_of_one_way(&made, &lacking.changes, false);
    match arguments.format {
        Format::Json => output::result(&json_of(&lacking.changes)),
        Format::Text => output::result(&told(&lacking.changes, &lacking, &made, None, false)),
    }
    Ok(Exit::Done)
}

/// Writes the files of the next flight and tells which.
pub(crate) fn write_next(loaded: &Loaded, made: &Made) -> Result<(), CommandError> {
    stop_at_errors(&made.next)?;
    write(loaded, &made.next.changes, Some(made.flights.len().saturating_sub(1)), Some(&made.plan))?;
    warn_of_one_way(made, &made.next.changes, false);
    output::result(&told(&made.next.changes, &made.next, made, None, false));
    Ok(())
}

/// A file that cannot be made right stops all of them: half a flight would be worse than none.
fn stop_at_errors(generated: &Generated) -> Result<(), CommandError> {
    let errors = generated.refused.iter().filter(|one| one.severity == Severity::Error);
    let problems: Vec<Diagnostic> = errors.cloned().collect();
    if problems.is_empty() { Ok(()) } else { Err(CommandError::input(problems)) }
}

/// Says which of the written changes cannot be undone once they are live.
fn warn_of_one_way(made: &Made, changes: &[FileChange], all: bool) {
    let written = |path: &str| changes.iter().any(|change| change.path == path);
    for step in made.plan.steps.iter().filter(|step| all || step.flight == 1) {
        let (Some(one_way), Action::EditFile { path, .. }) = (&step.one_way, &step.run) else { continue };
        if !written(path) {
            continue;
        }
        let why = one_way.split_once(": ").map_or(one_way.as_str(), |(_, why)| why);
        let warning = Diagnostic::warning("one-way-step", format!("this cannot be undone: {}", step.title))
            .why(why)
            .help(format!("committing and pushing `{path}` is the yes to it; without that nothing happens"));
        output::talk(&report::diagnostic(&warning));
    }
}

/// The flight that was written and is not known to be live.
fn pending(loaded: &Loaded) -> Option<PendingFlight> {
    let record = PendingFlight::parse(&loaded.read(PENDING_PATH)?)?;
    (!record.live && record.holds(|path| loaded.read(path))).then_some(record)
}

/// `--all` puts every flight into one push, which gives no order: only a plan of one flight allows that.
fn safe_at_once(flights: usize) -> Result<(), CommandError> {
    if flights < 2 {
        return Ok(());
    }
    let message = format!("this plan has {flights} flights, and one push would bring them live in no order");
    let problem = Diagnostic::error("several-flights", message)
        .why("in some order the system would exceed its memory, storage or connections for a while")
        .help("leave `--all` out: the next flight alone is written");
    Err(CommandError { problems: vec![problem], exit: Exit::Forbidden })
}

fn check(changes: &[FileChange], format: Format) -> Exit {
    match format {
        Format::Json => output::result(&json_of(changes)),
        Format::Text => output::result(&changes.iter().map(diff).collect::<String>()),
    }
    if changes.is_empty() { Exit::Done } else { Exit::Changes }
}

/// A unified diff of a file; secrets that its unchanged lines hold are masked.
fn diff(change: &FileChange) -> String {
    let text = |bytes: &[u8]| mask(&String::from_utf8_lossy(bytes));
    let before = change.before.as_deref().map(text).unwrap_or_default();
    let after = text(&change.after);
    let from = if change.before.is_some() { format!("a/{}", change.path) } else { "/dev/null".to_owned() };
    let to = format!("b/{}", change.path);
    similar::TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).header(&from, &to).to_string()
}

/// Writes every file, each atomically, and the record of the flight, when it is one, with the number of flights that
/// are left. A file that cannot be written stops the rest; what was written before is put back, so that either all of
/// them are there or none.
fn write(
    loaded: &Loaded,
    changes: &[FileChange],
    flights_left: Option<usize>,
    plan: Option<&Plan>,
) -> Result<(), CommandError> {
    let write_one = |path: &str, bytes: &[u8]| {
        let path = loaded.root.join(path);
        stays_inside(&loaded.root, &path).and_then(|()| write_file(&path, bytes))
    };
    let written: Result<(), (usize, Diagnostic)> = changes
        .iter()
        .enumerate()
        .try_for_each(|(index, change)| write_one(&change.path, &change.after).map_err(|problem| (index, problem)))
        .and_then(|()| match flights_left {
            Some(left) if !changes.is_empty() => {
                let mut record = PendingFlight::of(changes, left, &loaded.metrics_hash, measured_on(loaded));
                record.plan = plan.cloned().map(Box::new);
                // The folder ignores itself in git.
                write_one(".palier/.gitignore", b"*\n")
                    .and_then(|()| write_one(PENDING_PATH, record.to_json().as_bytes()))
                    .map_err(|problem| (changes.len(), problem))
            }
            _ => Ok(()),
        });
    written.map_err(|(count, problem)| {
        for done in changes[..count].iter().rev() {
            put_back(&loaded.root.join(&done.path), done.before.as_deref());
        }
        CommandError::one(problem)
    })
}

fn put_back(path: &Path, before: Option<&[u8]>) {
    let _ = match before {
        Some(bytes) => write_file(path, bytes).is_ok(),
        None => std::fs::remove_file(path).is_ok(),
    };
}

/// What ran while the usage was measured: what is known of it, else what the repository named before the change.
pub(crate) fn measured_on(loaded: &Loaded) -> MeasuredOn {
    if let Some(recorded) = &loaded.recorded {
        return recorded.clone();
    }
    let inputs = loaded.inputs();
    let current = Current::of(&inputs);
    let web = current.web(&inputs);
    loaded.metrics.measured_on.clone().or(MeasuredOn {
        web_plan: web.and_then(|web| web.offer.clone()),
        instances: web.map(|web| web.instances),
        workers: web.and_then(|web| web.workers),
        threads: web.map(|web| web.threads.unwrap_or(1)),
        database_plan: current.database(&inputs).and_then(|database| database.offer.clone()),
        redis_plan: current.redis.first().and_then(|redis| redis.offer.clone()),
    })
}

fn told(
    changes: &[FileChange],
    generated: &Generated,
    made: &Made,
    pending: Option<&PendingFlight>,
    all: bool,
) -> String {
    let mut out = String::new();
    for change in changes {
        let verb = if change.before.is_some() { "changed" } else { "wrote  " };
        out.push_str(&format!("{verb} {}\n", change.path));
    }
    for refused in &generated.refused {
        out.push_str(&report::diagnostic(refused));
    }
    if changes.is_empty() && generated.refused.is_empty() {
        out.push_str("nothing to change\n");
    }
    let left = if all { 0 } else { made.flights.len().saturating_sub(1) };
    match pending {
        Some(pending) if pending.flights_left > 0 => out.push_str(&format!(
            "the flight that was written before is not known to be live; {} more due after it:\n\
             push it, wait until it runs, then `palier generate --next`\n",
            pending.flights_left
        )),
        None if left > 0 && !changes.is_empty() => out.push_str(&format!(
            "{left} more due after this one: commit and push it, wait until it runs, then `palier generate --next`\n"
        )),
        _ => {}
    }
    out
}

fn json_of(changes: &[FileChange]) -> String {
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| json!({"path": change.path, "new": change.before.is_none(), "diff": diff(change)}))
        .collect();
    format!("{:#}\n", json!({"format_version": "1", "kind": "generate", "files": rows}))
}
