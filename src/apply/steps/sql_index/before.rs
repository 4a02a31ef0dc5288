//! What is looked at before a step changes anything.

use super::build;
use super::catalog::{self, State, Table};
use super::site::Site;
use super::stop::refused;
use crate::apply::steps::{Readiness, Trouble};
use crate::client::postgres::{Connection, SqlError};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::generate::migrations::Index;

/// Whether the index can be built, or is there. A command of the project's own may make the table, or the column, first.
pub(super) fn of_build(site: &Site<'_>, index: &Index, has_command: bool) -> Result<Readiness, Trouble> {
    let mut connection = site.open()?;
    let readiness = look_before_build(&mut connection, index, has_command);
    connection.close();
    readiness
}

fn look_before_build(connection: &mut Connection, index: &Index, has_command: bool) -> Result<Readiness, Trouble> {
    if has_command && catalog::table(connection, index).map_err(|error| refused(&error))?.is_none() {
        return Ok(Readiness::Ready);
    }
    table(connection, index)?;
    match catalog::state(connection, index).map_err(|error| refused(&error))? {
        State::Valid => {
            let leftovers = catalog::leftovers(connection, index).map_err(|error| refused(&error))?;
            return Ok(if leftovers.is_empty() { Readiness::Done } else { Readiness::Ready });
        }
        State::Other { definition } => return Err(Trouble::failed(build::taken(index, &definition))),
        State::Absent | State::Invalid => {}
    }
    if has_command {
        return Ok(Readiness::Ready);
    }
    match catalog::meant(connection, index) {
        Ok(_) => Ok(Readiness::Ready),
        // Temporary tables may be forbidden (42501), the table locked for a moment (55P03): neither says anything about
        // the index.
        Err(error) if matches!(error.code.as_str(), "42501" | "55P03") => Ok(Readiness::Ready),
        Err(error) if error.is_lost() => Err(refused(&error)),
        Err(error) => Err(Trouble::failed(impossible(index, &error))),
    }
}

/// Whether the index can be dropped, or is gone.
pub(super) fn of_drop(site: &Site<'_>, index: &Index) -> Result<Readiness, Trouble> {
    let mut connection = site.open()?;
    let found = catalog::state(&mut connection, index).and_then(|state| {
        let leftovers = catalog::leftovers(&mut connection, index)?;
        Ok((state, leftovers))
    });
    connection.close();
    match found.map_err(|error| refused(&error))? {
        (State::Absent, leftovers) if leftovers.is_empty() => Ok(Readiness::Done),
        (State::Other { definition }, _) => Err(Trouble::failed(build::taken(index, &definition))),
        _ => Ok(Readiness::Ready),
    }
}

/// The table, as it is; an error that names it when no index can be built on it.
pub(super) fn table(connection: &mut Connection, index: &Index) -> Result<Table, Trouble> {
    if connection.value("SELECT pg_is_in_recovery()").map_err(|error| refused(&error))?.as_deref() == Some("t") {
        return Err(Trouble::failed(
            Diagnostic::error("database-read-only", "the database is a replica and takes no changes")
                .help("use the address of the primary"),
        ));
    }
    match catalog::table(connection, index).map_err(|error| refused(&error))? {
        None => {
            Err(Trouble::failed(missing(connection, index).unwrap_or_else(|error| no_table(index, &error.message))))
        }
        Some((Table::Other, _)) => Err(Trouble::failed(no_table(index, "it is a view or a foreign table"))),
        Some((_, false)) => Err(Trouble::failed(
            Diagnostic::error(
                "index-not-permitted",
                format!("this role does not own {}, and only its owner may build an index on it", index.table()),
            )
            .help("use the address of the role that owns the table"),
        )),
        Some((kind, true)) => Ok(kind),
    }
}

fn missing(connection: &mut Connection, index: &Index) -> Result<Diagnostic, SqlError> {
    let tables = catalog::tables(connection)?;
    let wanted = index.table();
    // The same table in another schema is nearer than any slip of the keyboard.
    let elsewhere = tables.iter().find(|name| name.rsplit('.').next() == wanted.rsplit('.').next());
    let near = elsewhere.map(String::as_str).or_else(|| did_you_mean(&wanted, tables.iter().map(String::as_str)));
    let help = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "run the migration that makes the table first, or correct `table` under [[index]]".to_owned(),
    };
    Ok(no_table(index, "the database has no such table").help(help))
}

fn no_table(index: &Index, why: &str) -> Diagnostic {
    let message = format!("the index `{}` has no table {}: {why}", index.name(), index.table());
    Diagnostic::error("index-table-missing", message).help("correct `table` under [[index]]")
}

fn impossible(index: &Index, error: &SqlError) -> Diagnostic {
    let message = format!("the index `{}` cannot be built: {error}", index.name());
    Diagnostic::error("index-impossible", message)
        .why("Postgres refuses it on an empty copy of the table already; nothing was changed")
        .help(if error.hint.is_empty() { "correct its columns under [[index]]".to_owned() } else { error.hint.clone() })
}
