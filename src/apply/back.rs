//! The way back: the steps that a run has touched are undone in reverse, and each undo is verified.

use super::engine::{Ending, Engine, first_failure};
use super::journal::{Event, JournalError, RunOutcome};
use super::report::RunReport;
use super::run_state::{RunState, StepState};
use super::steps::{Expected, Trouble, code_of};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Step};
use crate::policy::RollbackScope;

/// How far back to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// After a failure: as far as the policy says, but never behind a point at which something went live, because what
    /// is live follows the repository and not this run.
    Scope(RollbackScope),
    /// A person asked: everything, or all that came after a step.
    To(Option<String>),
}

impl Engine<'_> {
    /// Takes back what a run has done.
    ///
    /// # Errors
    /// The journal cannot be written; then nothing more was done.
    pub fn roll_back(&self, mut state: RunState, to: Option<String>) -> Result<RunReport, JournalError> {
        self.note(&mut state, Event::RollbackAsked { to: to.clone() })?;
        go_back(self, state, &Back::To(to), None)
    }
}

/// Goes back. `after` is the step that failed, and why.
pub(super) fn go_back(
    engine: &Engine<'_>,
    mut state: RunState,
    back: &Back,
    after: Option<(&Step, Trouble)>,
) -> Result<RunReport, JournalError> {
    let failed = after.as_ref().map(|(step, _)| step.id.clone()).or_else(|| failed_step(&state));
    for step in order(&state, back, failed.as_deref()) {
        if engine.context.interrupt.is_urgent() {
            return engine.end(state, RunOutcome::Interrupted, after.map(|(_, trouble)| trouble));
        }
        if let Some(why) = step.one_way.as_ref().filter(|_| stands(&state, &step)) {
            engine.listener.ended(&step, &Ending::Stands(why));
            continue;
        }
        if let Err(trouble) = undo(engine, &mut state, &step)? {
            engine.listener.ended(&step, &Ending::NotUndone(&trouble));
            return not_undone(engine, state, &step, trouble);
        }
        engine.listener.ended(&step, &Ending::Undone);
    }
    engine.end(state, RunOutcome::RolledBack, after.map(|(_, trouble)| trouble))
}

fn failed_step(state: &RunState) -> Option<String> {
    let failed = |step: &&Step| matches!(state.of(&step.id), StepState::Failed { .. });
    state.decided.steps().find(failed).map(|step| step.id.clone())
}

/// The steps to undo, in order.
fn order(state: &RunState, back: &Back, failed: Option<&str>) -> Vec<Step> {
    let is_touched = |step: &&Step| {
        state.touched.contains(&step.id)
            || matches!(state.of(&step.id), StepState::Undoing | StepState::UndoFailed { .. })
    };
    let backwards = || state.decided.steps().rev();
    let is_live = |step: &Step| is_wait(step) && matches!(state.of(&step.id), StepState::Done { .. });
    match back {
        Back::Scope(RollbackScope::Step) => {
            backwards().filter(|step| Some(step.id.as_str()) == failed).filter(is_touched).cloned().collect()
        }
        Back::Scope(RollbackScope::Flight | RollbackScope::Plan) => backwards()
            .take_while(|step| !is_live(step))
            .filter(is_touched)
            // A wait that did not come to its end has changed nothing.
            .filter(|step| !is_wait(step))
            .cloned()
            .collect(),
        Back::To(kept) => {
            let later: Vec<&Step> =
                backwards().take_while(|step| kept.as_deref() != Some(step.id.as_str())).filter(is_touched).collect();
            // What is live follows the files: they come first, then somebody pushes them, and that is waited for.
            let (waits, others): (Vec<&Step>, Vec<&Step>) = later.into_iter().partition(|step| is_wait(step));
            let live =
                waits.into_iter().filter(|step| is_live(step) || !matches!(state.of(&step.id), StepState::Begun));
            others.into_iter().chain(live).cloned().collect()
        }
    }
}

/// Whether a one-way step cannot be taken back any more. An edit of a file is nothing but that until its flight may be
/// live; everything else has happened when it was run.
fn stands(state: &RunState, step: &Step) -> bool {
    let is_edit = matches!(step.run, Action::EditFile { .. } | Action::WriteFiles { .. } | Action::RemoveFiles { .. });
    let may_be_live = |one: &Step| is_wait(one) && !matches!(state.of(&one.id), StepState::Open);
    step.one_way.is_some() && (!is_edit || state.decided.steps().any(may_be_live))
}

fn is_wait(step: &Step) -> bool {
    matches!(step.run, Action::Wait { .. } | Action::ByHand { .. })
}

/// Undoes one step and verifies that.
fn undo(engine: &Engine<'_>, state: &mut RunState, step: &Step) -> Result<Result<(), Trouble>, JournalError> {
    let code = code_of(step);
    engine.note(state, Event::UndoBegun { step: step.id.clone() })?;
    let undone = code.undo(step, &engine.context).and_then(|()| code.verify(step, &engine.context, Expected::Undone));
    let verified = match undone {
        Ok(verified) => verified,
        Err(trouble) => return Ok(Err(trouble)),
    };
    if let Some(failed) = first_failure(&verified) {
        return Ok(Err(Trouble::failed(failed)));
    }
    engine.note(state, Event::UndoDone { step: step.id.clone(), verified })?;
    Ok(Ok(()))
}

/// An undo that did not come to its end stops the way back at once.
fn not_undone(
    engine: &Engine<'_>,
    mut state: RunState,
    step: &Step,
    trouble: Trouble,
) -> Result<RunReport, JournalError> {
    match &trouble {
        Trouble::Waiting { missing, .. } => {
            engine.note(&mut state, Event::StepWaits { step: step.id.clone(), missing: missing.clone() })?;
            engine.end(state, RunOutcome::Waiting, Some(trouble))
        }
        Trouble::Interrupted { .. } => engine.end(state, RunOutcome::Interrupted, Some(trouble)),
        Trouble::Failed(problem) | Trouble::Stale(problem) => {
            let to_do = to_do(&state, step, problem);
            let message = trouble.message();
            engine.note(&mut state, Event::UndoFailed { step: step.id.clone(), message, to_do })?;
            engine.end(state, RunOutcome::Stuck, Some(trouble))
        }
    }
}

/// What a person must do, in order.
fn to_do(state: &RunState, step: &Step, problem: &Diagnostic) -> Vec<String> {
    let mut list = Vec::new();
    if !problem.help.is_empty() {
        list.push(problem.help.clone());
    }
    list.push(format!("make sure that this is undone: {}", step.title));
    let later = order(state, &Back::To(None), None);
    let rest = later.iter().skip_while(|one| one.id != step.id).skip(1);
    list.extend(rest.map(|one| format!("then still to be undone: {}", one.title)));
    list.push("run `palier rollback`: it verifies each undo and goes on with the rest".to_owned());
    list
}
