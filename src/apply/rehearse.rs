//! The dry rollback: each step forward, back and forward again, where that is harmless, before the real run.

use super::journal::Decided;
use super::steps::{Expected, StepContext, Trouble, code_of};
use crate::plan::{Action, IndexOfStep, Step};
use crate::verify::{Outcome, Status};

/// What came of the rehearsal of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Rehearsed {
    /// It ran, was taken back and ran again, verified each time.
    Held,
    /// It was not rehearsed, and why.
    Skipped(&'static str),
    /// It failed.
    Failed {
        /// In which part: `check`, `run`, `verify`, `undo`...
        at: &'static str,
        /// Why.
        trouble: Trouble,
    },
}

/// Rehearses the steps of a flight in a context whose root is a copy and whose database is a clone, in order; a step
/// that failed is followed by no other.
///
/// `has_database` says whether there is a clone.
pub fn rehearse(
    decided: &Decided,
    context: &StepContext<'_>,
    has_database: bool,
    mut told: impl FnMut(&Step, &Rehearsed),
) -> bool {
    for step in decided.steps() {
        let rehearsed = match skipped(step, context, has_database) {
            Some(why) => Rehearsed::Skipped(why),
            None => walk(&in_plain_sql(step), context),
        };
        told(step, &rehearsed);
        if matches!(rehearsed, Rehearsed::Failed { .. }) {
            return false;
        }
    }
    true
}

fn skipped(step: &Step, context: &StepContext<'_>, has_database: bool) -> Option<&'static str> {
    match &step.run {
        Action::EditFile { .. } | Action::WriteFiles { .. } | Action::RemoveFiles { .. } => {
            let is_known = context.patches.get(&step.id).is_some_and(|patches| !patches.is_empty());
            (!is_known).then_some("its files are as they should be")
        }
        Action::BuildIndex { .. } | Action::DropIndex { .. } => {
            (!has_database).then_some("there is no clone of the schema")
        }
        Action::Wait { .. } | Action::ByHand { .. } => Some("it happens elsewhere"),
        Action::Command { .. } => Some("palier does not know what the command does"),
        Action::ChangeResource { .. } => Some("the provider has no copy to try it on"),
        Action::Nothing { .. } => Some("it does nothing"),
    }
}

/// The project's own migration command would need its records of earlier migrations, which an empty clone has not: the
/// index itself is tried.
fn in_plain_sql(step: &Step) -> Step {
    let plain = |index: &IndexOfStep| IndexOfStep { command: None, undo_command: None, ..index.clone() };
    let action = |action: &Action| match action {
        Action::BuildIndex { index } => Action::BuildIndex { index: plain(index) },
        Action::DropIndex { index } => Action::DropIndex { index: plain(index) },
        other => other.clone(),
    };
    Step { run: action(&step.run), undo: action(&step.undo), ..step.clone() }
}

/// A part of the walk, with its name.
type Part<'p> = (&'static str, &'p dyn Fn() -> Result<(), Trouble>);

fn walk(step: &Step, context: &StepContext<'_>) -> Rehearsed {
    let code = code_of(step);
    let verified = |expected| verified(code.verify(step, context, expected));
    let parts: [Part<'_>; 7] = [
        ("check", &|| code.check(step, context).map(drop)),
        ("run", &|| code.run(step, context)),
        ("verification", &|| verified(Expected::Done)),
        ("undo", &|| code.undo(step, context)),
        ("verification of the undo", &|| verified(Expected::Undone)),
        ("second run", &|| code.run(step, context)),
        ("second verification", &|| verified(Expected::Done)),
    ];
    for (at, part) in parts {
        if let Err(trouble) = part() {
            return Rehearsed::Failed { at, trouble };
        }
    }
    Rehearsed::Held
}

fn verified(outcomes: Result<Vec<Outcome>, Trouble>) -> Result<(), Trouble> {
    let outcomes = outcomes?;
    let failed = outcomes.iter().any(|one| one.status == Status::Fails);
    match super::engine::first_failure(&outcomes).filter(|_| failed) {
        Some(problem) => Err(Trouble::failed(problem)),
        None => Ok(()),
    }
}
