//! The way forward: step by step, each checked, begun, run and verified, with a line in the journal before and after.

use std::sync::Mutex;

use super::back::{Back, go_back};
use super::journal::{Event, Journal, JournalError, RunOutcome};
use super::report::{RunReport, report_of};
use super::run_state::{RunState, StepState, any_fails};
use super::select::Selection;
use super::steps::{Expected, Readiness, StepContext, Trouble, code_of};
use crate::diagnostic::Diagnostic;
use crate::plan::Step;
use crate::policy::RollbackScope;
use crate::verify::{Outcome, Status};

/// Who is told how a run goes on.
pub trait Listener: Sync {
    /// A step begins: its number, how many there are, and the step.
    fn begins(&self, number: usize, of: usize, step: &Step);

    /// A step, or the undo of one, ended.
    fn ended(&self, step: &Step, how: &Ending<'_>);
}

/// How a step ended.
#[derive(Debug)]
pub enum Ending<'a> {
    /// It is done and verified.
    Done {
        /// It was found done.
        already: bool,
        /// What was verified.
        verified: &'a [Outcome],
    },
    /// It did not come to its end.
    Stopped(&'a Trouble),
    /// It is undone, and that is verified.
    Undone,
    /// Its undo failed, or waits for somebody.
    NotUndone(&'a Trouble),
    /// It cannot be undone, and stands.
    Stands(&'a str),
}

/// A run in progress.
pub struct Engine<'a> {
    /// The journal, under whose lock the run is.
    pub journal: &'a Mutex<Journal>,
    /// What steps find around them.
    pub context: StepContext<'a>,
    /// Who is told.
    pub listener: &'a dyn Listener,
    /// Which steps are asked for.
    pub selection: Selection,
    /// What must hold of the running system before a step, beside the step's own checks.
    pub is_safe: &'a dyn Fn(&Step) -> Result<(), Diagnostic>,
}

impl Engine<'_> {
    /// Carries the run on to its end: forward, or back when it was going back already.
    ///
    /// # Errors
    /// The journal cannot be written; then nothing more was done.
    pub fn carry_on(&self, mut state: RunState) -> Result<RunReport, JournalError> {
        if state.is_going_back {
            // What a person asked for holds until it is done, whoever goes on with it.
            let back = state.back_to.clone().map_or_else(|| Back::Scope(self.scope()), Back::To);
            return go_back(self, state, &back, None);
        }
        let steps: Vec<Step> = state.decided.steps().cloned().collect();
        let selected = self.selection.of(&steps);
        for (number, step) in steps.iter().enumerate() {
            let is_done = matches!(state.of(&step.id), StepState::Done { .. });
            if is_done || !selected.contains(&step.id) {
                continue;
            }
            if self.context.interrupt.is_raised() {
                return self.end(state, RunOutcome::Interrupted, None);
            }
            self.listener.begins(number + 1, steps.len(), step);
            if let Err(trouble) = self.one(&mut state, step)? {
                self.listener.ended(step, &Ending::Stopped(&trouble));
                return self.stop(state, step, trouble);
            }
        }
        let all_done = steps.iter().all(|step| matches!(state.of(&step.id), StepState::Done { .. }));
        self.end(state, if all_done { RunOutcome::Applied } else { RunOutcome::Partial }, None)
    }

    pub(super) fn scope(&self) -> RollbackScope {
        self.context.around.policy.steps.rollback_scope
    }

    /// One step, whole.
    fn one(&self, state: &mut RunState, step: &Step) -> Result<Result<(), Trouble>, JournalError> {
        let code = code_of(step);
        let begin = self.context.clock().elapsed();
        if let Err(problem) = (self.is_safe)(step) {
            return Ok(Err(Trouble::failed(problem)));
        }
        let readiness = match code.check(step, &self.context) {
            Ok(readiness) => readiness,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if readiness == Readiness::Ready {
            self.note(state, Event::StepBegun { step: step.id.clone() })?;
            if let Err(trouble) = code.run(step, &self.context) {
                return Ok(Err(trouble));
            }
        }
        let verified = match code.verify(step, &self.context, Expected::Done) {
            Ok(verified) => verified,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if let Some(failed) = first_failure(&verified) {
            self.note(state, Event::StepFailed { step: step.id.clone(), message: failed.message.clone(), verified })?;
            return Ok(Err(Trouble::failed(failed)));
        }
        let already = readiness == Readiness::Done;
        self.listener.ended(step, &Ending::Done { already, verified: &verified });
        let took = self.context.clock().elapsed().saturating_sub(begin);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.note(state, Event::StepDone { step: step.id.clone(), already, verified, milliseconds })?;
        Ok(Ok(()))
    }

    /// What follows when a step did not come to its end.
    fn stop(&self, mut state: RunState, step: &Step, trouble: Trouble) -> Result<RunReport, JournalError> {
        match &trouble {
            Trouble::Waiting { missing, seen } => {
                if any_fails(seen) {
                    self.note(&mut state, Event::StepSeenFailing { step: step.id.clone() })?;
                }
                self.note(&mut state, Event::StepWaits { step: step.id.clone(), missing: missing.clone() })?;
                self.end(state, RunOutcome::Waiting, Some(trouble))
            }
            Trouble::Interrupted { .. } => self.end(state, RunOutcome::Interrupted, Some(trouble)),
            Trouble::Failed(_) | Trouble::Stale(_) => {
                if !matches!(state.of(&step.id), StepState::Failed { .. }) {
                    let event =
                        Event::StepFailed { step: step.id.clone(), message: trouble.message(), verified: Vec::new() };
                    self.note(&mut state, event)?;
                }
                if state.touched.is_empty() {
                    return self.end(state, RunOutcome::Failed, Some(trouble));
                }
                go_back(self, state, &Back::Scope(self.scope()), Some((step, trouble)))
            }
        }
    }

    /// Writes the end of the run and tells of it.
    pub(super) fn end(
        &self,
        mut state: RunState,
        outcome: RunOutcome,
        trouble: Option<Trouble>,
    ) -> Result<RunReport, JournalError> {
        self.note(&mut state, Event::RunEnded { outcome })?;
        Ok(report_of(&state, trouble))
    }

    /// Writes an entry and takes it in.
    pub(super) fn note(&self, state: &mut RunState, event: Event) -> Result<(), JournalError> {
        let mut journal = self.journal.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        journal.append(event.clone())?;
        state.note(self.context.clock().now(), &event);
        Ok(())
    }
}

/// What a failed verification says.
pub(super) fn first_failure(verified: &[Outcome]) -> Option<Diagnostic> {
    let failed = verified.iter().find(|one| one.status == Status::Fails)?;
    let message = format!("{} {}: {}, but {}", failed.probe, failed.of, failed.expect, failed.note);
    let remedy = failed.fault.as_ref().map(|fault| fault.remedy.clone()).unwrap_or_default();
    Some(Diagnostic::error("not-verified", message).help(remedy))
}
