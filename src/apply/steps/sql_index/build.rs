//! Building an index without blocking anybody, from whatever is there.

use super::catalog::{self, State, state};
use super::duplicates;
use super::in_the_way;
use super::remove::{self, GRACE};
use super::site::Site;
use super::statement::{Broken, Heed};
use super::stop::{Stop, passes, refused};
use super::survivors::Survivors;
use super::worker::{Worker, steadily};
use crate::apply::steps::Trouble;
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// Builds the index unless it is there, valid and as meant.
pub(super) fn ensure(site: &Site<'_>, index: &Index) -> Result<(), Trouble> {
    steadily(site, index, |worker| attempt(worker, index))
}

fn attempt(worker: &mut Worker<'_>, index: &Index) -> Result<(), Stop> {
    if !ready(worker, index)? {
        return Ok(());
    }
    let site = worker.site;
    let survivors = Survivors::of(worker.connection()?, index)?;
    // SHARE UPDATE EXCLUSIVE on the table: reads and writes go on. It waits for every older transaction.
    let what = format!("building {}", index.name());
    let built = worker.statement(&index.create_new(), &what, site.time_limit(), Heed::EveryInterrupt);
    built.map_err(|broken| after(worker, index, broken))?;
    let connection = worker.connection()?;
    match state(connection, index)? {
        State::Valid => survivors.check(connection, index),
        other => Err(Stop::Passing(format!("the build came to its end, and pg_index says that it is {other:?}"))),
    }
}

/// Waits until nobody is in the way, and drops leftovers; false when the index is there then.
pub(super) fn ready(worker: &mut Worker<'_>, index: &Index) -> Result<bool, Stop> {
    let site = worker.site;
    let connection = worker.connection()?;
    let is_built = is_there(state(connection, index)?, index)?;
    if is_built && catalog::leftovers(connection, index)?.is_empty() {
        return Ok(false);
    }
    in_the_way::wait(site, connection, index)?;
    remove::leftovers(worker, index, site.patience(), Heed::EveryInterrupt)?;
    // Who was in the way may have built it meanwhile.
    Ok(!is_there(state(worker.connection()?, index)?, index)?)
}

fn is_there(state: State, index: &Index) -> Result<bool, Trouble> {
    match state {
        State::Valid => Ok(true),
        State::Absent | State::Invalid => Ok(false),
        State::Other { definition } => Err(Trouble::failed(taken(index, &definition))),
    }
}

/// Something else has the name.
pub(super) fn taken(index: &Index, definition: &str) -> Diagnostic {
    let message = format!("the name `{}` is taken by another one: {definition}", index.name());
    Diagnostic::error("index-name-taken", message)
        .why(format!("meant is: {}", index.create_new()))
        .help("give the index another `name` under [[index]], or drop the one that is there if nobody needs it")
}

/// After a build that did not come to its end: what it left is dropped, and what is to be said.
fn after(worker: &mut Worker<'_>, index: &Index, broken: Broken) -> Stop {
    let patience = worker.site.patience();
    match broken {
        Broken::Urgent => Stop::Trouble(Trouble::Interrupted { clean: false }),
        Broken::Interrupted => {
            let clean = remove::clean(worker, index, GRACE);
            Stop::Trouble(Trouble::Interrupted { clean })
        }
        // The next attempt looks first what the server made of it.
        Broken::Lost(message) => Stop::Passing(message),
        Broken::Refused(error) if passes(&error) => Stop::Passing(error.to_string()),
        Broken::Refused(error) if error.code == "23505" => {
            let keys = duplicates::find(worker, index);
            let clean = remove::clean(worker, index, patience);
            failed(index, duplicates::diagnostic(index, &error.detail, &keys), clean)
        }
        Broken::Refused(error) if error.code == "57014" => {
            let clean = remove::clean(worker, index, patience);
            failed(index, cancelled(index, &error.message), clean)
        }
        Broken::Refused(error) => {
            let clean = remove::clean(worker, index, patience);
            match refused(&error) {
                Trouble::Failed(diagnostic) => {
                    let message = format!("the index `{}` is not built: {}", index.name(), diagnostic.message);
                    failed(index, Diagnostic { message, ..*diagnostic }, clean)
                }
                other => Stop::Trouble(other),
            }
        }
        Broken::OverTime => {
            let clean = remove::clean(worker, index, patience);
            failed(index, over_time(worker.site, index), clean)
        }
    }
}

/// A failure, with what still stands when something does.
fn failed(index: &Index, mut diagnostic: Diagnostic, clean: bool) -> Stop {
    if !clean {
        diagnostic.help = format!(
            "{}; an invalid index of `{}` is left behind: the next run drops it first",
            diagnostic.help,
            index.table()
        );
    }
    Stop::Trouble(Trouble::failed(diagnostic))
}

fn cancelled(index: &Index, message: &str) -> Diagnostic {
    Diagnostic::error("index-cancelled", format!("building the index `{}` was cancelled: {message}", index.name()))
        .why("somebody with access to the database ended it, or a pooler's time limit did; palier set none")
        .help("ask who did, then run this again")
}

fn over_time(site: &Site<'_>, index: &Index) -> Diagnostic {
    let limit = site.policy().index_time_limit;
    Diagnostic::error("index-time-limit", format!("building the index `{}` took longer than {limit}", index.name()))
        .why("it was cancelled: either the table is large, or an older transaction did not end")
        .help("raise `index_time_limit` in [steps], or run it when fewer old transactions are open")
}
