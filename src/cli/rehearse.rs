//! `palier apply --rehearse`: the steps on a copy of the files and an empty clone of the schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply::Desk;
use super::error::CommandError;
use super::exit::Exit;
use super::output;
use palier::apply::journal::Decided;
use palier::apply::steps::{FileMode, StepContext};
use palier::apply::{Rehearsed, live, rehearse};
use palier::client::postgres::{Address, Throwaway, clone_schema, find_binaries, unprivileged};
use palier::client::{Cause, Fault, Secret};
use palier::diagnostic::Diagnostic;
use palier::generate::write_file;
use palier::plan::{Action, Step};
use palier::report;
use palier::verify::Around;

/// Rehearses; exit 6 when a step does not come through.
pub(crate) fn run(desk: &Desk, decided: &Decided, quiet: bool) -> Result<Exit, CommandError> {
    let folder = tempfile::Builder::new()
        .prefix("palier-rehearsal-")
        .tempdir()
        .map_err(|error| CommandError::one(no_rehearsal(&format!("no temporary folder can be made: {error}"))))?;
    let say = |text: &str| {
        if !quiet {
            output::talk(text);
        }
    };
    say("rehearsal, on a copy:");
    copy_files(desk, decided, folder.path())?;
    let builds = |step: &Step| matches!(step.run, Action::BuildIndex { .. } | Action::DropIndex { .. });
    let clone = if decided.steps().any(builds) { Some(clone(desk, folder.path())) } else { None };
    let (server, clone) = match clone {
        Some(Ok((server, url))) => (Some(server), Some(url)),
        Some(Err(fault)) => {
            say(&format!("  no clone of the schema: {}; {}", fault.message, fault.remedy));
            (None, None)
        }
        None => (None, None),
    };
    let held = with_copy(desk, decided, folder.path(), clone, |context, has_database| {
        rehearse(decided, context, has_database, |step, rehearsed| tell(step, rehearsed, quiet))
    });
    drop(server);
    Ok(if held { Exit::Done } else { Exit::RolledBack })
}

fn tell(step: &Step, rehearsed: &Rehearsed, quiet: bool) {
    let line = match rehearsed {
        Rehearsed::Held => format!("  ok  {}: forward, back and forward again", step.title),
        Rehearsed::Skipped(why) => format!("  --  {}: not rehearsed, {why}", step.title),
        Rehearsed::Failed { at, trouble } => format!("  NO  {}: its {at} fails: {}", step.title, trouble.message()),
    };
    let failed = matches!(rehearsed, Rehearsed::Failed { .. });
    if !quiet || failed {
        output::talk(&line);
    }
    if failed {
        let problem =
            Diagnostic::error("rehearsal-failed", format!("`{}` does not come through its rehearsal", step.id));
        output::talk(&report::diagnostic(&problem.why("nothing of the real system was changed")));
    }
}

fn no_rehearsal(message: &str) -> Diagnostic {
    Diagnostic::error("no-rehearsal", message.to_owned()).help("apply without `--rehearse`")
}

/// Copies the files that the steps change.
fn copy_files(desk: &Desk, decided: &Decided, into: &Path) -> Result<(), CommandError> {
    for patch in decided.patches.iter().flat_map(|(_, patches)| patches) {
        let Ok(bytes) = std::fs::read(desk.around.root.join(&patch.path)) else { continue };
        write_file(&into.join(&patch.path), &bytes).map_err(CommandError::one)?;
    }
    Ok(())
}

/// An empty clone of the database's schema, in a Postgres of this machine.
fn clone(desk: &Desk, folder: &Path) -> Result<(Throwaway, Secret), Fault> {
    let around = &desk.around;
    let secret = live::address(around).ok_or_else(|| {
        Fault::new(Cause::BadAddress, "DATABASE_URL is not set").remedy("set it to rehearse the SQL too")
    })?;
    let from = Address::parse(secret)?;
    let binaries = binaries().ok_or_else(|| {
        Fault::new(Cause::ToolMissing, "there is no Postgres on this machine").remedy("apt-get install postgresql")
    })?;
    let user = unprivileged();
    // The server's own user must reach its folder, which lies in this one.
    open_for(folder, user);
    let server = Throwaway::start(folder, &binaries, user, around.clock.as_ref())?;
    let url = server.url("postgres");
    clone_schema(&from, &Address::parse(&url)?, &binaries, folder, &around.clock)?;
    Ok((server, url))
}

fn binaries() -> Option<PathBuf> {
    let named = std::env::var_os("PALIER_PG_BIN").map(PathBuf::from);
    find_binaries(std::env::var_os("PATH").as_deref(), named.as_deref())
}

#[cfg(unix)]
fn open_for(folder: &Path, user: Option<(u32, u32)>) {
    use std::os::unix::fs::PermissionsExt;
    if user.is_some() {
        let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711));
    }
}

/// A context whose root is the copy and whose database is the clone.
fn with_copy(
    desk: &Desk,
    decided: &Decided,
    folder: &Path,
    clone: Option<Secret>,
    look: impl FnOnce(&StepContext<'_>, bool) -> bool,
) -> bool {
    let has_database = clone.is_some();
    let addresses: BTreeMap<String, Secret> = clone.into_iter().map(|url| (live::DATABASE.to_owned(), url)).collect();
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let around =
        Arc::new(Around { root: root.clone(), addresses, environment: BTreeMap::new(), ..(*desk.around).clone() });
    let patches: BTreeMap<_, _> = decided.patches.iter().cloned().collect();
    let context = StepContext {
        root: &root,
        around: &around,
        interrupt: &desk.interrupt,
        progress: &desk.bar,
        files: FileMode::Write,
        patches: &patches,
        providers: &[],
        confirmed: &[],
        seen_failing: &[],
        begun_before: &[],
        wait_limit: None,
    };
    look(&context, has_database)
}
