//! Other people's work that a build or a drop would have to wait for. Their queries are never shown: they hold data.

use std::collections::BTreeMap;
use std::time::Duration;

use super::catalog::{table_id, text};
use super::site::{POLL, Site};
use super::stop::Stop;
use crate::client::postgres::{Connection, SqlError};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::{Index, literal};
use crate::units;

/// Somebody whose end must be waited for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Somebody {
    /// The session; `None` for a prepared transaction.
    pub(super) process: Option<String>,
    /// For a person: who, and since when.
    pub(super) shown: String,
    /// How to end it, for a person to decide.
    pub(super) remedy: String,
}

/// Who is in the way of a build on the index's table.
///
/// A concurrent build waits for every transaction of the database with a snapshot older than itself, and for those that
/// have written to the table; a concurrent drop for all that have touched the table, idle readers too. What does not
/// count: autovacuum, which gives way by itself (it is nobody's: it has no user), manual VACUUMs and builds on other
/// tables, which Postgres passes over. Of other people's sessions a role that is not a superuser sees only the locks.
pub(super) fn look(connection: &mut Connection, index: &Index, oldest: Duration) -> Result<Vec<Somebody>, SqlError> {
    let sql = format!(
        "WITH locks AS (SELECT l.pid, l.virtualtransaction, l.mode FROM pg_catalog.pg_locks AS l
            WHERE l.locktype = 'relation' AND l.granted AND l.relation = {table}
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
        SELECT 'transaction', a.pid::text, a.usename, a.application_name, a.state,
            extract(epoch FROM clock_timestamp() - a.xact_start)
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
            AND a.xact_start <= clock_timestamp() - interval '{oldest} seconds'
            AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR a.pid IN (SELECT pid FROM locks))
            AND a.pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_progress_vacuum)
            AND a.pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_progress_create_index)
        UNION ALL
        SELECT 'work', a.pid::text, a.usename, a.application_name, a.state,
            extract(epoch FROM clock_timestamp() - a.xact_start)
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.pid <> pg_backend_pid() AND a.usename IS NOT NULL AND a.pid IN (
            SELECT pid FROM locks WHERE mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                'ExclusiveLock', 'AccessExclusiveLock'))
        UNION ALL
        SELECT 'prepared', p.gid, p.owner, '', 'prepared', extract(epoch FROM clock_timestamp() - p.prepared)
        FROM pg_catalog.pg_prepared_xacts AS p
        WHERE p.database = current_database() AND p.prepared <= clock_timestamp() - interval '{oldest} seconds'
            AND EXISTS (SELECT FROM pg_catalog.pg_locks AS x JOIN locks USING (virtualtransaction)
                WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction)",
        table = table_id(index),
        oldest = oldest.as_secs_f64(),
    );
    let mut found: BTreeMap<String, Somebody> = BTreeMap::new();
    for row in connection.rows(&sql)? {
        found.entry(text(&row, 1)).or_insert_with(|| somebody(&row));
    }
    Ok(found.into_values().collect())
}

fn somebody(row: &[Option<String>]) -> Somebody {
    let (kind, id) = (text(row, 0), printable(&text(row, 1)));
    let (user, application, state) = (printable(&text(row, 2)), printable(&text(row, 3)), text(row, 4));
    let age = units::Duration::seconds(text(row, 5).parse().unwrap_or(0.0));
    if kind == "prepared" {
        let quoted = literal(&id);
        let remedy = format!("`COMMIT PREPARED {quoted}` or `ROLLBACK PREPARED {quoted}`");
        return Somebody { process: None, shown: format!("prepared transaction `{id}` of {user}, {age} old"), remedy };
    }
    let application = if application.is_empty() { String::new() } else { format!(", application `{application}`") };
    let what = if kind == "work" { "working on the table" } else { state.as_str() };
    Somebody {
        shown: format!("process {id} (user {user}{application}, {what}, {age} old)"),
        remedy: format!("`SELECT pg_terminate_backend({id})`"),
        process: Some(id),
    }
}

/// Applications name themselves: nothing in such a name may steer a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Waits until nobody is in the way, before anything is changed.
pub(super) fn wait(site: &Site<'_>, connection: &mut Connection, index: &Index) -> Result<(), Stop> {
    let oldest = Duration::from_secs_f64(site.policy().oldest_transaction.as_seconds());
    let mut last = Vec::new();
    let waited = site.context.poll(site.patience(), POLL, || match look(connection, index, oldest) {
        Ok(found) if found.is_empty() => Ok(Some(Ok(()))),
        Ok(found) => {
            site.tell(&format!("waiting for {}", list(&found)));
            last = found;
            Ok(None)
        }
        Err(error) => Ok(Some(Err(error))),
    })?;
    match waited {
        Some(result) => Ok(result?),
        None => Err(Stop::Trouble(crate::apply::steps::Trouble::failed(blocked(site, index, &last)))),
    }
}

/// Everybody, for a person.
pub(super) fn list(found: &[Somebody]) -> String {
    let shown: Vec<&str> = found.iter().take(3).map(|one| one.shown.as_str()).collect();
    let more = found.len().saturating_sub(3);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Nobody came to an end in time.
pub(super) fn blocked(site: &Site<'_>, index: &Index, found: &[Somebody]) -> Diagnostic {
    let remedies: Vec<&str> = found.iter().take(3).map(|one| one.remedy.as_str()).collect();
    let message = format!("the index `{}` waits for {}, without an end", index.name(), list(found));
    Diagnostic::error("index-blocked", message)
        .why("a concurrent build or drop waits for everybody who was there before it; nothing was changed")
        .help(format!(
            "let it end, or end it with {} when you know what it is; `patience` in [steps] is how long palier waits ({})",
            remedies.join(", "),
            site.policy().patience
        ))
}
