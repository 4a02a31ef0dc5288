use super::apply::Desk;
use super::error::CommandError;
use super::exit::Exit;
use palier::apply::journal::Decided;

/// The dry rollback before a run.
pub(crate) fn run(_: &Desk, _: &Decided, _: bool) -> Result<Exit, CommandError> {
    Ok(Exit::Done)
}
