use super::apply::Desk;
use super::arguments::{Format, Global, HistoryArguments};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output;
use palier::apply::runs;
use palier::report;

/// `palier history`.
pub(crate) fn run(global: &Global, arguments: &HistoryArguments) -> Result<Exit, CommandError> {
    let loaded = load(global)?;
    let desk = Desk::open(global, &loaded)?;
    let mut runs = runs(desk.journal().entries());
    runs.reverse();
    runs.truncate(arguments.last);
    match arguments.format {
        Format::Text => output::result(&report::history_text(&runs)),
        Format::Json => output::result(&report::history_json(&runs)),
    }
    Ok(Exit::Done)
}
