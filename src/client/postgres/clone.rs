//! The schema of a database, without a row of it, in another one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Address;
use crate::client::process::Program;
use crate::client::{Cause, Clock, Deadline, Fault, Secret};

/// How long reading and writing a schema may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Copies a schema with Postgres' own `pg_dump` and `psql`, which lie in `binaries`; `folder` takes the file between them.
/// Owners and privileges stay behind: the roles are not there. What the new server cannot make (an extension that it
/// does not have) is left out; a step that needs it says so.
///
/// # Errors
/// The tools are not there, or `pg_dump` is older than the server.
pub fn clone_schema(
    from: &Address,
    to: &Address,
    binaries: &Path,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<(), Fault> {
    let file = folder.join("schema.sql").display().to_string();
    let dump = ["--schema-only", "--no-owner", "--no-privileges", "--file", &file];
    run(&binaries.join("pg_dump"), &dump, from, folder, clock)?;
    let load = ["--no-psqlrc", "--quiet", "--file", &file];
    run(&binaries.join("psql"), &load, to, folder, clock)
}

fn run(
    program: &Path,
    arguments: &[&str],
    address: &Address,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<(), Fault> {
    let name = program.display().to_string();
    let secrets: BTreeMap<String, Secret> = [("address".to_owned(), address.secret().clone())].into();
    let program = Program { name: &name, arguments, folder, environment: &environment(address), secrets: &secrets };
    let finished = program.run(clock.as_ref(), &Deadline::after(clock, LIMIT))?;
    if finished.is_success() {
        return Ok(());
    }
    Err(Fault::new(
        Cause::Other,
        format!("the schema of {} cannot be copied: {}", address.shown(), finished.last_line()),
    )
    .remedy("`pg_dump` must be of the server's version or newer: install postgresql-client of that version"))
}

/// The address as the variables of libpq: arguments are seen by everybody on the machine.
fn environment(address: &Address) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = [
        ("PGHOST", address.host.trim_matches(['[', ']'])),
        ("PGPORT", &address.port.to_string()),
        ("PGDATABASE", &address.database),
        ("PGAPPNAME", "palier"),
        ("PGCONNECT_TIMEOUT", "10"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if let Ok(url) = url::Url::parse(address.secret().expose()) {
        let decoded = |text: &str| crate::client::secret::percent_decoded(text);
        variables.insert("PGUSER".to_owned(), decoded(url.username()));
        if let Some(password) = url.password() {
            variables.insert("PGPASSWORD".to_owned(), decoded(password));
        }
        for (name, value) in url.query_pairs() {
            let variable = match name.as_ref() {
                "sslmode" => "PGSSLMODE",
                "sslrootcert" => "PGSSLROOTCERT",
                _ => continue,
            };
            variables.insert(variable.to_owned(), value.into_owned());
        }
    }
    variables
}
