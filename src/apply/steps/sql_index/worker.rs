use std::time::Duration;

use super::catalog::{self, State, table_id, text};
use super::progress;
use super::site::{POLL, Site};
use super::stop::Stop;
use crate::apply::steps::Trouble;
use crate::client::postgres::{Connection, SqlError};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// How often a piece of work is begun anew after what passes by itself.
const ATTEMPTS: u32 = 6;

/// For this session alone, which is closed after its work: a timeout cuts a build short and leaves an invalid index
/// behind, and its waiting blocks nobody. Keep-alive packets keep a firewall from forgetting a session that is silent
/// for the hours of a build. Settings that a version does not have are passed over.
const SETTINGS: &str = "SELECT set_config(name, CASE name WHEN 'tcp_keepalives_idle' THEN '60' ELSE '0' END, false)
    FROM pg_catalog.pg_settings WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout',
        'idle_in_transaction_session_timeout', 'idle_session_timeout', 'tcp_keepalives_idle')";

/// The first half of the advisory lock's key: no other program's.
const LOCK_SPACE: u32 = 0x7061_6c69;

/// A session that works on one table and holds palier's lock on it.
///
/// The lock is of the session that builds: when a run is killed, its server process goes on building and keeps the
/// lock, so that the next run waits for it instead of building beside it, which would deadlock.
pub(super) struct Worker<'a> {
    pub(super) site: &'a Site<'a>,
    /// `None` while a statement runs on its own thread, and after the connection was lost.
    pub(super) connection: Option<Connection>,
    /// The server's process, to look at and to cancel.
    pub(super) process: String,
}

impl<'a> Worker<'a> {
    /// Opens a session for the table of an index, and waits for its lock.
    pub(super) fn open(site: &'a Site<'a>, index: &Index) -> Result<Self, Stop> {
        let mut connection = site.open_patiently()?;
        connection.run(SETTINGS)?;
        let process = connection.value("SELECT pg_backend_pid()")?.unwrap_or_default();
        lock(site, &mut connection, index)?;
        Ok(Self { site, connection: Some(connection), process })
    }

    /// The session, to ask something.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Stop> {
        self.connection.as_mut().ok_or_else(|| Stop::Passing("the connection was lost".to_owned()))
    }

    /// The session, opened anew when it was lost.
    pub(super) fn revive(&mut self, index: &Index) -> Result<&mut Connection, Stop> {
        if self.connection.is_none() {
            *self = Self::open(self.site, index)?;
        }
        self.connection()
    }

    /// Says goodbye, which gives the lock back at once.
    pub(super) fn close(self) {
        if let Some(connection) = self.connection {
            connection.close();
        }
    }
}

/// One build on a table at a time among palier's runs: two deadlock. The lock is asked for again and again and never
/// waited on: a session that waits holds a snapshot, for which the other's build would wait in turn.
fn lock(site: &Site<'_>, connection: &mut Connection, index: &Index) -> Result<(), Stop> {
    // A table that the project's own command makes first is not there yet: zero is no table.
    let key = format!("(({LOCK_SPACE}::bigint << 32) | coalesce({}::bigint, 0))", table_id(index));
    // A run that was killed goes on building for as long as a build may take.
    let limit = site.patience().max(site.time_limit());
    let mut holder = String::new();
    let locked = site.context.poll(limit, POLL, || {
        let asked = connection.value(&format!("SELECT pg_try_advisory_lock({key})"));
        match asked {
            Ok(answer) if answer.as_deref() == Some("t") => Ok(Some(Ok(()))),
            Ok(_) => match tell_holder(site, connection, index) {
                Ok(process) => {
                    holder = process;
                    Ok(None)
                }
                Err(error) => Ok(Some(Err(error))),
            },
            Err(error) => Ok(Some(Err(error))),
        }
    })?;
    match locked {
        Some(result) => Ok(result?),
        None => Err(Stop::Trouble(Trouble::failed(still_locked(index, &holder)))),
    }
}

fn tell_holder(site: &Site<'_>, connection: &mut Connection, index: &Index) -> Result<String, SqlError> {
    let sql = format!(
        "SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND classid = {LOCK_SPACE}
            AND objid = coalesce({}, 0) AND objsubid = 1
            AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
        table_id(index)
    );
    let process = connection.rows(&sql)?.first().map(|row| text(row, 0)).unwrap_or_default();
    // It may have let go between the two questions.
    if let Some(seen) = progress::look(connection, &process)? {
        let what =
            format!("waiting for another run of palier (process {process}) on {}: {}", index.table(), seen.phase);
        site.context.progress.tell(&what, seen.share);
    }
    Ok(process)
}

fn still_locked(index: &Index, process: &str) -> Diagnostic {
    Diagnostic::error(
        "index-blocked",
        format!("another run of palier (process {process}) still works on {}", index.table()),
    )
    .why("two builds on one table wait for each other; nothing was changed")
    .help(format!("let it end, or end it with `SELECT pg_cancel_backend({process})`, then run this again"))
}

/// Does a piece of work on a session with the table's lock, and begins anew after what passes by itself. The work looks
/// first what is there: each time it may have been cut short anywhere.
pub(super) fn steadily<T>(
    site: &Site<'_>,
    index: &Index,
    mut work: impl FnMut(&mut Worker<'_>) -> Result<T, Stop>,
) -> Result<T, Trouble> {
    let mut last = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            site.tell(&format!("trying again: {last}"));
            pause(site, attempt).map_err(|trouble| honest(site, index, trouble))?;
        }
        let done = Worker::open(site, index).and_then(|mut worker| {
            let done = work(&mut worker);
            worker.close();
            done
        });
        match done {
            Ok(done) => return Ok(done),
            Err(Stop::Trouble(trouble)) if attempt > 0 => return Err(honest(site, index, trouble)),
            Err(Stop::Trouble(trouble)) => return Err(trouble),
            Err(Stop::Passing(message)) => last = message,
        }
    }
    let message = format!("no attempt on the index `{}` came to its end: {last}", index.name());
    Err(Trouble::failed(
        Diagnostic::error("index-attempts", message)
            .why("palier tried it several times, each time from what was there")
            .help("look at the database's log for what ends its sessions, then run this again"),
    ))
}

/// An interrupt of a later attempt is clean only when the earlier ones have left nothing behind.
fn honest(site: &Site<'_>, index: &Index, trouble: Trouble) -> Trouble {
    let Trouble::Interrupted { clean: true } = trouble else { return trouble };
    let looked = site.open().ok().and_then(|mut connection| {
        let state = catalog::state(&mut connection, index).ok()?;
        let leftovers = catalog::leftovers(&mut connection, index).ok()?;
        connection.close();
        Some(state != State::Invalid && leftovers.is_empty())
    });
    Trouble::Interrupted { clean: looked.unwrap_or(false) }
}

/// Half a second, then twice as long each time.
fn pause(site: &Site<'_>, attempt: u32) -> Result<(), Trouble> {
    let time = Duration::from_millis(250 << attempt.min(6));
    site.context.poll(time, Duration::from_millis(100), || Ok(None::<()>)).map(drop)
}
