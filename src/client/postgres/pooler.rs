use std::time::Duration;

use super::{Address, Connection, SqlError};
use crate::client::{Cause, Fault};

/// How often it is tried: other clients of the same pool may take the server connection in between.
const TRIES: usize = 3;

/// What a session is asked for its server process. The setting is of the session: it follows the server connection.
const MARK: &str = "SELECT pg_backend_pid(), set_config('palier.mark', 'set', false)";

/// Whether a pooler in transaction mode stands between here and the database, so that a session does not keep its
/// server process from one statement to the next: locks and settings of a session then end up with somebody else.
///
/// Two sessions are open at once. Postgres gives each a process of its own. A pooler lends one process to whoever asks
/// next (PgBouncer the one that was given back last), so that the second session meets the first one's process, or its
/// setting, or the first one finds itself in another process than before.
///
/// # Errors
/// The database cannot be reached or asked.
pub fn is_transaction_pooled(address: &Address, limit: Duration) -> Result<bool, Fault> {
    let opened = Connection::open(address, limit);
    if matches!(&opened, Err(fault) if fault.cause == Cause::Pooled) {
        return Ok(true);
    }
    let (mut first, mut second) = (opened?, Connection::open(address, limit)?);
    let mut found = false;
    for _ in 0..TRIES {
        found = shares_a_process(&mut first, &mut second).map_err(|error| of_sql(&error, address))?;
        if found {
            break;
        }
    }
    first.close();
    second.close();
    Ok(found)
}

fn shares_a_process(first: &mut Connection, second: &mut Connection) -> Result<bool, SqlError> {
    let before = first.value(MARK)?;
    second.run("BEGIN")?;
    let other = second.rows("SELECT pg_backend_pid(), current_setting('palier.mark', true)")?;
    let row = other.into_iter().next().unwrap_or_default();
    let met = row.first() == Some(&before) || row.get(1).is_some_and(|mark| mark.as_deref() == Some("set"));
    // A pool of one process would let the first session wait for the second one's transaction: do not ask it then.
    let moved = !met && first.value("SELECT pg_backend_pid()")? != before;
    second.run("ROLLBACK")?;
    Ok(met || moved)
}

fn of_sql(error: &SqlError, address: &Address) -> Fault {
    Fault::new(Cause::Other, format!("{} does not say which process answers: {error}", address.shown()))
        .remedy(error.hint.clone())
}
