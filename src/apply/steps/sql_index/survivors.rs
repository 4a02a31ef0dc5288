use super::catalog;
use super::stop::Stop;
use crate::apply::steps::Trouble;
use crate::client::postgres::{Connection, SqlError};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// The other indexes of a table that were valid before.
pub(super) struct Survivors(Vec<String>);

impl Survivors {
    /// Notes them.
    pub(super) fn of(connection: &mut Connection, index: &Index) -> Result<Self, SqlError> {
        let others = catalog::others(connection, index)?;
        Ok(Self(others.into_iter().filter(|(_, valid)| *valid).map(|(name, _)| name).collect()))
    }

    /// Looks whether those that are still there are valid.
    pub(super) fn check(&self, connection: &mut Connection, index: &Index) -> Result<(), Stop> {
        let others = catalog::others(connection, index)?;
        let broken: Vec<String> = others
            .into_iter()
            .filter(|(name, valid)| !valid && self.0.contains(name))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        let message = format!("{} on {} became invalid meanwhile", broken.join(", "), index.table());
        Err(Stop::Trouble(Trouble::failed(
            Diagnostic::error("index-survivors", message)
                .why("somebody's drop was cut short: every write still pays for such an index and no query uses it")
                .help("build it again with `REINDEX INDEX CONCURRENTLY`, or drop it, then run this again"),
        )))
    }
}
