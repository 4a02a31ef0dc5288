//! What the running database says: what a plan rests on, and what must hold before each step.

use crate::client::postgres::{Address, Connection, SqlError};
use crate::client::{Cause, Fault, Secret, processes};
use crate::plan::ObservedOfPlan;
use crate::verify::Around;

/// The variable with the direct address, where the first goes through a pooler.
pub const DIRECT: &str = "DIRECT_DATABASE_URL";

/// The variable with the database's address.
pub const DATABASE: &str = "DATABASE_URL";

/// Figures of the running database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The server's major version.
    pub version: u32,
    /// Connections that it accepts.
    pub max_connections: u32,
    /// Connections that are open.
    pub connections: u32,
    /// What the database stores, in bytes.
    pub size: u64,
    /// Whether it accepts writes.
    pub writable: bool,
    /// The indexes that were asked for, each with `absent`, `valid` or `invalid`.
    pub indexes: Vec<(String, String)>,
}

/// The address of the database, the direct one when there is one; `None` when none is set.
#[must_use]
pub fn address(around: &Around) -> Option<&Secret> {
    around.addresses.get(DIRECT).or_else(|| around.addresses.get(DATABASE))
}

/// Looks at the database; `None` when no address is set. `indexes` are pairs of a table, as SQL text, and a name.
///
/// # Errors
/// It cannot be reached.
pub fn look(around: &Around, indexes: &[(String, String)]) -> Result<Option<Live>, Fault> {
    let Some(secret) = address(around) else { return Ok(None) };
    let variable = if around.addresses.contains_key(DIRECT) { DIRECT } else { DATABASE };
    let address =
        Address::parse(secret).map_err(|fault| Fault { message: format!("{variable}: {}", fault.message), ..fault })?;
    let mut connection = Connection::open(&address, around.limit)?;
    let live = ask(&mut connection, indexes).map_err(|error| {
        Fault::new(Cause::UnexpectedAnswer, format!("{} does not say how it is: {error}", address.shown()))
    })?;
    connection.close();
    Ok(Some(live))
}

/// What the largest worker of the web server holds, in bytes, where it runs on this machine and the policy names its pid
/// file; `None` elsewhere.
#[must_use]
pub fn memory_per_worker(around: &Around) -> Option<u64> {
    let pid_file = around.policy.verify.workers.pid_file.as_ref()?;
    let workers = processes::workers(&around.root.join(pid_file)).ok()?;
    workers.iter().filter_map(|worker| worker.memory).max()
}

fn ask(connection: &mut Connection, indexes: &[(String, String)]) -> Result<Live, SqlError> {
    let rows = connection.rows(
        "SELECT current_setting('server_version_num')::int / 10000,
                current_setting('max_connections')::int,
                (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
                pg_database_size(current_database()),
                NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'",
    )?;
    let row = rows.into_iter().next().unwrap_or_default();
    let text = |column: usize| row.get(column).cloned().flatten().unwrap_or_default();
    let mut live = Live {
        version: text(0).parse().unwrap_or_default(),
        max_connections: text(1).parse().unwrap_or_default(),
        connections: text(2).parse().unwrap_or_default(),
        size: text(3).parse().unwrap_or_default(),
        writable: text(4) == "t",
        indexes: Vec::new(),
    };
    for (table, name) in indexes {
        let state = connection.value(&format!(
            "SELECT CASE WHEN i.indisvalid AND i.indisready THEN 'valid' ELSE 'invalid' END
             FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
             WHERE i.indrelid = to_regclass({}) AND c.relname = {}",
            literal(table),
            literal(name)
        ))?;
        live.indexes.push((name.clone(), state.unwrap_or_else(|| "absent".to_owned())));
    }
    Ok(live)
}

/// A text as an SQL literal; a backslash means itself (`standard_conforming_strings`).
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Live {
    /// What a plan is bound to: what does not change by itself from one minute to the next.
    #[must_use]
    pub fn observed(&self) -> Vec<ObservedOfPlan> {
        let of = |what: &str, value: String| ObservedOfPlan { what: what.to_owned(), value };
        let mut list = vec![
            of("postgres version", self.version.to_string()),
            of("postgres max_connections", self.max_connections.to_string()),
            of("postgres writable", self.writable.to_string()),
        ];
        list.extend(self.indexes.iter().map(|(name, state)| of(&format!("index {name}"), state.clone())));
        list
    }
}
