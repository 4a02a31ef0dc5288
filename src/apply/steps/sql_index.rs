//! `sql-index`: builds or drops an index on a running database, and blocks nobody by it.
//!
//! A concurrent build waits for other people's transactions and leaves an invalid index behind when it is cut short,
//! which costs every write, helps no read, and hides behind IF NOT EXISTS. So everything is read from `pg_index`, before
//! and after, never from an exit code; leftovers are dropped first; whoever is in the way is waited for before anything
//! is changed; and each part can be repeated from wherever a killed run has left it.

mod before;
mod build;
mod catalog;
mod command;
mod duplicates;
mod in_the_way;
mod look;
mod partitions;
mod progress;
mod remove;
mod site;
mod statement;
mod stop;
mod survivors;
mod worker;

use std::time::Duration;

use catalog::Table;
use site::Site;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;
use crate::plan::{Action, IndexOfStep, Step};
use crate::verify::Outcome;

/// The code of `sql-index` steps.
#[derive(Debug, Clone, Copy)]
pub struct SqlIndex;

/// The code of `sql-index` steps.
pub static SQL_INDEX: SqlIndex = SqlIndex;

/// What a step, or its undo, brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    There,
    Gone,
}

impl StepCode for SqlIndex {
    /// `SHARE UPDATE EXCLUSIVE` conflicts with itself, with vacuum and with changes of the table's definition
    /// (Postgres' documentation, "Explicit Locking"). The parent of partitions is locked against writes for a moment.
    fn locks(&self, step: &Step) -> String {
        match wanted(&step.run) {
            Ok((_, index)) => format!("{} against other builds and vacuum; reads and writes go on", index.table),
            Err(_) => "nothing".to_owned(),
        }
    }

    fn time_limit(&self, _: &Step, context: &StepContext<'_>) -> Option<Duration> {
        Duration::try_from_secs_f64(context.around.policy.steps.index_time_limit.as_seconds()).ok()
    }

    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
        let (wanted, of_step) = wanted(&step.run)?;
        let index = read(of_step)?;
        let site = Site::with_sessions(context)?;
        match wanted {
            Wanted::There => before::of_build(&site, &index, of_step.command.is_some()),
            Wanted::Gone => before::of_drop(&site, &index),
        }
    }

    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let (wanted, of_step) = wanted(&step.run)?;
        bring_about(wanted, of_step, context)
    }

    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
        let (wanted, of_step) = wanted(&step.run)?;
        let index = read(of_step)?;
        let is_there = (wanted == Wanted::There) == (expected == Expected::Done);
        let expected = if is_there { Expected::Done } else { Expected::Undone };
        look::outcomes(&Site::of(context)?, &index, expected)
    }

    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let (wanted, of_step) = wanted(&step.undo)?;
        bring_about(wanted, of_step, context)
    }
}

fn bring_about(wanted: Wanted, of_step: &IndexOfStep, context: &StepContext<'_>) -> Result<(), Trouble> {
    let index = read(of_step)?;
    // A server that restarts just now is waited for.
    Site::of(context)?.open_patiently().map_err(stop::Stop::into_trouble)?.close();
    let site = Site::with_sessions(context)?;
    let command = match wanted {
        Wanted::There => of_step.command.as_deref(),
        Wanted::Gone => of_step.undo_command.as_deref(),
    };
    if let Some(command) = command {
        return match wanted {
            Wanted::There => command::build(&site, &index, command),
            Wanted::Gone => command::take_back(&site, &index, command),
        };
    }
    let mut connection = site.open_patiently().map_err(stop::Stop::into_trouble)?;
    let table = match wanted {
        Wanted::There => before::table(&mut connection, &index).map(Some),
        // Without its table an index is gone.
        Wanted::Gone => catalog::table(&mut connection, &index)
            .map(|found| found.map(|(kind, _)| kind))
            .map_err(|error| stop::refused(&error)),
    };
    connection.close();
    match (wanted, table?) {
        (Wanted::There, Some(Table::Partitioned)) => partitions::ensure(&site, &index),
        (Wanted::There, _) => build::ensure(&site, &index),
        (Wanted::Gone, None) => Ok(()),
        (Wanted::Gone, Some(Table::Partitioned)) => partitions::gone(&site, &index),
        (Wanted::Gone, Some(_)) => remove::gone(&site, &index),
    }
}

fn wanted(action: &Action) -> Result<(Wanted, &IndexOfStep), Trouble> {
    match action {
        Action::BuildIndex { index } => Ok((Wanted::There, index)),
        Action::DropIndex { index } => Ok((Wanted::Gone, index)),
        _ => Err(Trouble::stale(
            Diagnostic::error("index-action", "the step says `sql-index` and holds another action")
                .help("make the plan anew with this version of palier"),
        )),
    }
}

/// The index of a step. Its statement is read by the grammar and written anew, so that a plan runs nothing else.
fn read(of_step: &IndexOfStep) -> Result<Index, Trouble> {
    let index = Index::from_statement(&of_step.create, &of_step.path);
    index.map_err(|error| Trouble::stale(error.diagnostic()))
}
