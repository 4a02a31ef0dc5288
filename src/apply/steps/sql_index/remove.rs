//! Dropping an index without blocking anybody, until it is gone: a drop that is cut short leaves a valid index invalid.

use std::time::Duration;

use super::catalog::{self, State, state};
use super::in_the_way;
use super::site::Site;
use super::statement::{Broken, Heed};
use super::stop::Stop;
use super::survivors::Survivors;
use super::worker::{Worker, steadily};
use crate::apply::steps::Trouble;
use crate::client::Cause;
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// How long the cleaning after an interrupt may take: whoever asked for an end kills soon.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Drops the index, valid or not, and what was left behind of it. What else has its name is left alone.
pub(super) fn gone(site: &Site<'_>, index: &Index) -> Result<(), Trouble> {
    steadily(site, index, |worker| attempt(worker, index))
}

fn attempt(worker: &mut Worker<'_>, index: &Index) -> Result<(), Stop> {
    let site = worker.site;
    let connection = worker.connection()?;
    let is_there = matches!(state(connection, index)?, State::Valid | State::Invalid);
    if !is_there && catalog::leftovers(connection, index)?.is_empty() {
        return Ok(());
    }
    in_the_way::wait(site, connection, index)?;
    let survivors = Survivors::of(connection, index)?;
    leftovers(worker, index, site.time_limit(), Heed::EveryInterrupt)?;
    if state(worker.connection()?, index)? == State::Valid {
        // SHARE UPDATE EXCLUSIVE on the table: reads and writes go on. It waits for all who have touched the table.
        let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.qualified_name());
        let what = format!("dropping {}", index.name());
        let dropped = worker.statement(&sql, &what, site.time_limit(), Heed::EveryInterrupt);
        dropped.map_err(|broken| after(worker, index, broken))?;
    }
    let connection = worker.connection()?;
    match state(connection, index)? {
        State::Valid | State::Invalid => Err(Stop::Passing("the index is still there".to_owned())),
        State::Absent | State::Other { .. } => survivors.check(connection, index),
    }
}

fn after(worker: &mut Worker<'_>, index: &Index, broken: Broken) -> Stop {
    match broken {
        Broken::Interrupted => {
            // Cancelled before it had begun, the index is as it was.
            let clean = worker.connection().ok().and_then(|connection| state(connection, index).ok());
            let clean = matches!(clean, Some(State::Valid | State::Absent));
            Stop::Trouble(Trouble::Interrupted { clean })
        }
        Broken::OverTime => Stop::Trouble(Trouble::failed(still_there(worker.site, index))),
        Broken::Refused(error) if error.code == "2BP01" => Stop::Trouble(Trouble::failed(
            Diagnostic::error("index-needed", format!("the index `{}` cannot be dropped: {error}", index.name()))
                .why("a constraint rests on it; palier did not build it")
                .help("drop the constraint, if it is not needed, or keep the index"),
        )),
        other => other.into_stop("the drop"),
    }
}

fn still_there(site: &Site<'_>, index: &Index) -> Diagnostic {
    let limit = site.policy().index_time_limit;
    Diagnostic::error("index-time-limit", format!("dropping the index `{}` took longer than {limit}", index.name()))
        .why("a drop that is cut short leaves the index invalid: it helps no query any more")
        .help(format!(
            "end the transactions that use the table, then run this again or `DROP INDEX CONCURRENTLY {}`",
            index.qualified_name()
        ))
}

/// Drops what cut-short builds, drops and reindexings have left behind of the index; never a valid one.
pub(super) fn leftovers(worker: &mut Worker<'_>, index: &Index, limit: Duration, heed: Heed) -> Result<(), Stop> {
    drop_leftovers(worker, index, limit, heed)?;
    let connection = worker.connection()?;
    if state(connection, index)? == State::Invalid {
        // Under its own name it could become valid between the look and the drop. It is renamed under a lock that no
        // build lets go of (SHARE UPDATE EXCLUSIVE on the table, given up at once when it is not free), then dropped.
        connection.run(&index.set_aside())?;
        drop_leftovers(worker, index, limit, heed)?;
    }
    Ok(())
}

fn drop_leftovers(worker: &mut Worker<'_>, index: &Index, limit: Duration, heed: Heed) -> Result<(), Stop> {
    for name in catalog::leftovers(worker.connection()?, index)? {
        let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.beside(&name));
        let what = format!("dropping the leftover {name}");
        worker.statement(&sql, &what, limit, heed).map_err(|broken| broken.into_stop("dropping a leftover"))?;
    }
    Ok(())
}

/// Brings everything to a clean state after a build was cut short: true when nothing of it is left. A lost connection is
/// opened again; only somebody who asks urgently ends it before its time.
pub(super) fn clean(worker: &mut Worker<'_>, index: &Index, limit: Duration) -> bool {
    worker.site.tell("dropping what the build has left behind");
    let cleaned = worker.revive(index).map(drop).and_then(|()| leftovers(worker, index, limit, Heed::UrgentOnly));
    match cleaned {
        Ok(()) => true,
        Err(stop) => {
            let message = stop.into_trouble().message();
            worker.site.tell(&format!("something is left behind ({}): {message}", Cause::Blocked.name()));
            false
        }
    }
}
