//! An index whose migration the project runs itself (Alembic, Django): the project's own command, with the same care
//! before it and the same look at `pg_index` after it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::build;
use super::catalog::{State, state, table_id, text};
use super::duplicates;
use super::in_the_way;
use super::remove::{self, GRACE};
use super::site::{POLL, Site};
use super::stop::Stop;
use super::survivors::Survivors;
use super::worker::{Worker, steadily};
use crate::apply::steps::Trouble;
use crate::client::process::{Finished, Program};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// What a failed command says when the same one may succeed a moment later.
const PASSING: &[&str] = &[
    "deadlock detected",
    "lock timeout",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "is not valid, and the table is being worked on",
];

/// Runs the command that builds the index, unless it is there.
pub(super) fn build(site: &Site<'_>, index: &Index, command: &str) -> Result<(), Trouble> {
    steadily(site, index, |worker| {
        if !build::ready(worker, index)? {
            return Ok(());
        }
        let survivors = Survivors::of(worker.connection()?, index)?;
        let finished = run(worker, index, command)?;
        let connection = worker.revive(index)?;
        match state(connection, index)? {
            State::Valid => survivors.check(connection, index),
            State::Other { definition } => Err(Trouble::failed(build::taken(index, &definition)).into()),
            found @ (State::Absent | State::Invalid) => {
                let may_be_twice = index.is_unique() && !finished.is_success();
                let twice = if may_be_twice { duplicates::find(worker, index) } else { Vec::new() };
                remove::clean(worker, index, site.patience());
                if !twice.is_empty() {
                    return Err(Trouble::failed(duplicates::diagnostic(index, "", &twice)).into());
                }
                Err(failed(command, &finished, &not_built(index, &found, &finished)))
            }
        }
    })
}

/// Runs the command that takes the index back. It is run even where the index is gone: the project's own record of its
/// migrations must go back too, and it names the migration to go back to, so that it can be repeated.
pub(super) fn take_back(site: &Site<'_>, index: &Index, command: &str) -> Result<(), Trouble> {
    steadily(site, index, |worker| {
        in_the_way::wait(site, worker.connection()?, index)?;
        let survivors = Survivors::of(worker.connection()?, index)?;
        let finished = run(worker, index, command)?;
        worker.revive(index)?;
        // What the command has left half dropped is dropped whole.
        remove::leftovers(worker, index, site.patience(), super::statement::Heed::EveryInterrupt)?;
        let connection = worker.connection()?;
        match state(connection, index)? {
            State::Absent | State::Other { .. } if passes(&finished) => {
                Err(Stop::Passing(finished.last_line().to_owned()))
            }
            State::Absent | State::Other { .. } => survivors.check(connection, index),
            State::Valid | State::Invalid => {
                let message = format!("`{command}` ran, and the index `{}` is still there", index.name());
                Err(failed(command, &finished, &message))
            }
        }
    })
}

fn not_built(index: &Index, found: &State, finished: &Finished) -> String {
    let name = index.name();
    match (finished.is_success(), found) {
        (true, State::Absent) => format!(
            "it succeeded and built no index `{name}`: the project's record says that the migration ran already, or \
             none of its migrations holds it"
        ),
        (true, _) => format!("it succeeded, and the index `{name}` is not valid"),
        (false, _) => format!("the index `{name}` is not built"),
    }
}

fn passes(finished: &Finished) -> bool {
    let says = |words: &&str| finished.stdout.contains(*words) || finished.stderr.contains(*words);
    !finished.is_success() && PASSING.iter().any(says)
}

fn failed(command: &str, finished: &Finished, what: &str) -> Stop {
    let said = finished.last_line();
    if passes(finished) {
        return Stop::Passing(said.to_owned());
    }
    let code = finished.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    let message = if finished.is_success() {
        format!("`{command}`: {what}")
    } else {
        format!("`{command}` failed with {code}, {what}: {said}")
    };
    Stop::Trouble(Trouble::failed(
        Diagnostic::error("index-command", message)
            .why("the project's own command runs this migration (`migrations` in [database])")
            .help("run the command by hand with the same DATABASE_URL to see all that it says, then run this again"),
    ))
}

/// Runs the command to its end while the worker's session keeps the table's lock.
fn run(worker: &mut Worker<'_>, index: &Index, command: &str) -> Result<Finished, Stop> {
    let site = worker.site;
    let context = site.context;
    let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
        Trouble::failed(
            Diagnostic::error("index-command", format!("`{command}` cannot be cut into words"))
                .help("close its quotes; no shell runs it"),
        )
    })?;
    let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let program = Program {
        name: &words[0],
        arguments: &arguments,
        folder: context.root,
        environment: &environment(site)?,
        secrets: &context.around.addresses,
    };
    let begin = context.clock().elapsed();
    let (limit, mut last_told) = (site.time_limit(), begin);
    let mut is_over_time = false;
    let finished = program.run_while(context.clock(), &mut || {
        let now = context.clock().elapsed();
        if now >= last_told + POLL {
            last_told = now;
            tell(worker, index, command);
        }
        is_over_time = now > begin + limit;
        !is_over_time && !context.interrupt.is_raised()
    })?;
    match finished {
        Some(finished) => Ok(finished),
        None => Err(stopped(worker, index, command, is_over_time)),
    }
}

/// The project's environment, with the address that palier itself uses.
fn environment(site: &Site<'_>) -> Result<BTreeMap<String, String>, Trouble> {
    let mut environment = site.context.around.environment.clone();
    let address = site.context.around.address(site.variable)?.expose().to_owned();
    environment.insert("DATABASE_URL".to_owned(), address);
    Ok(environment)
}

/// The command was killed; what it had begun in the database goes on there, and is cancelled.
fn stopped(worker: &mut Worker<'_>, index: &Index, command: &str, is_over_time: bool) -> Stop {
    if worker.site.context.interrupt.is_urgent() {
        return Trouble::Interrupted { clean: false }.into();
    }
    cancel(worker, index);
    let limit = if is_over_time { worker.site.patience() } else { GRACE };
    let clean = remove::clean(worker, index, limit);
    if !is_over_time {
        return Trouble::Interrupted { clean }.into();
    }
    let message = format!("`{command}` took longer than {} and was stopped", worker.site.policy().index_time_limit);
    Trouble::failed(
        Diagnostic::error("index-time-limit", message)
            .why("either the table is large, or an older transaction did not end")
            .help("raise `index_time_limit` in [steps], or run it when fewer old transactions are open"),
    )
    .into()
}

/// Cancels what this role still builds or drops on the table: the lock is palier's and nobody worked on the table before
/// the command, so that it is the command's.
fn cancel(worker: &mut Worker<'_>, index: &Index) {
    let clock = worker.site.context.clock();
    let Ok(connection) = worker.connection() else { return };
    let sql = format!(
        "SELECT pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
        WHERE a.usename = current_user AND a.pid <> pg_backend_pid() AND a.state = 'active' AND a.pid IN (
            SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND mode = 'ShareUpdateExclusiveLock'
                AND relation = {table} AND database =
                    (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))",
        table = table_id(index)
    );
    for _ in 0..20 {
        match connection.rows(&sql) {
            Ok(rows) if !rows.is_empty() => clock.sleep(Duration::from_millis(100)),
            _ => return,
        }
    }
}

fn tell(worker: &mut Worker<'_>, index: &Index, command: &str) {
    let site = worker.site;
    let Ok(connection) = worker.connection() else { return };
    let sql =
        format!("SELECT pid FROM pg_catalog.pg_stat_progress_create_index WHERE relid = {} LIMIT 1", table_id(index));
    let process = connection.rows(&sql).ok().and_then(|rows| rows.first().map(|row| text(row, 0)));
    let seen = process.and_then(|process| super::progress::look(connection, &process).ok().flatten());
    match seen {
        Some(seen) => site.context.progress.tell(&format!("`{command}`: {}", seen.phase), seen.share),
        None => site.tell(&format!("`{command}` is running")),
    }
}
