use std::collections::BTreeMap;

use jiff::Timestamp;

use super::journal::{Decided, Entry, Event, Holder, RunOutcome};
use crate::plan::Step;
use crate::verify::{Outcome, Status};

/// How far a step is, as the journal has it.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Nothing of it has happened.
    Open,
    /// It may have happened, in part or whole.
    Begun,
    /// It is done and verified.
    Done {
        /// Whether it was found done: then this run has nothing to take back.
        already: bool,
        /// What was verified.
        verified: Vec<Outcome>,
    },
    /// It failed.
    Failed {
        /// Why.
        message: String,
    },
    /// It waits for something that happens elsewhere.
    Waits {
        /// What is still missing.
        missing: Vec<String>,
    },
    /// Its undo may have happened, in part or whole.
    Undoing,
    /// It is undone, and that is verified.
    Undone,
    /// Its undo failed.
    UndoFailed {
        /// Why.
        message: String,
    },
}

/// A run, as the journal has it: one decision and all that followed from it, by however many processes.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// What was decided.
    pub decided: Decided,
    /// The number of the journal's entry that decided it.
    pub number: u64,
    /// When that was.
    pub at: Timestamp,
    /// Who began it.
    pub by: Option<Holder>,
    /// How far each step is, by id.
    pub steps: BTreeMap<String, StepState>,
    /// Steps that may have been done by this run: begun, and not merely found done.
    pub touched: Vec<String>,
    /// Steps whose probes were seen failing while it waited for them.
    pub seen_failing: Vec<String>,
    /// Steps that a person said are done.
    pub confirmed: Vec<String>,
    /// Steps whose undo a person said is done: that something went live is no word on its having been taken back.
    pub undo_confirmed: Vec<String>,
    /// What failed last, and why; it stays when the step is undone.
    pub failure: Option<String>,
    /// Whether it has begun to take its steps back.
    pub is_going_back: bool,
    /// How far back somebody has asked to go; `None` when nobody has.
    pub back_to: Option<Option<String>>,
    /// What a person must do, in order, when an undo failed.
    pub to_do: Vec<String>,
    /// How it ended; `None` when it was killed, or still runs.
    pub outcome: Option<RunOutcome>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl RunState {
    fn new(entry: &Entry, decided: &Decided, by: Option<Holder>) -> Self {
        let steps = decided.steps().map(|step| (step.id.clone(), StepState::Open)).collect();
        Self {
            decided: decided.clone(),
            number: entry.number,
            at: entry.at,
            by,
            steps,
            touched: Vec::new(),
            seen_failing: Vec::new(),
            confirmed: Vec::new(),
            undo_confirmed: Vec::new(),
            failure: None,
            is_going_back: false,
            back_to: None,
            to_do: Vec::new(),
            outcome: None,
            ended_at: None,
        }
    }

    /// How far a step is.
    #[must_use]
    pub fn of(&self, step: &str) -> &StepState {
        self.steps.get(step).unwrap_or(&StepState::Open)
    }

    /// Whether nothing of it is left to be resumed or taken back.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.outcome.is_some_and(RunOutcome::is_final)
    }

    /// Takes an entry in that belongs to this run.
    pub fn note(&mut self, at: Timestamp, event: &Event) {
        let mut set = |step: &str, state: StepState| {
            self.steps.insert(step.to_owned(), state);
        };
        match event {
            Event::StepBegun { step } => {
                set(step, StepState::Begun);
                self.touch(step);
                self.outcome = None;
            }
            Event::StepDone { step, already, verified, .. } => {
                let already = *already && !self.touched.contains(step);
                self.steps.insert(step.clone(), StepState::Done { already, verified: verified.clone() });
            }
            Event::StepFailed { step, message, .. } => {
                set(step, StepState::Failed { message: message.clone() });
                self.failure = Some(format!("{step}: {message}"));
                self.is_going_back = true;
            }
            Event::StepWaits { step, missing } => set(step, StepState::Waits { missing: missing.clone() }),
            Event::StepSeenFailing { step } => self.seen_failing.push(step.clone()),
            Event::StepConfirmed { step, .. } => {
                let is_of_undo = self.is_going_back || matches!(self.of(step), StepState::Done { .. });
                let list = if is_of_undo { &mut self.undo_confirmed } else { &mut self.confirmed };
                list.push(step.clone());
            }
            Event::RollbackAsked { to } => {
                self.is_going_back = true;
                self.back_to = Some(to.clone());
                self.outcome = None;
            }
            Event::UndoBegun { step } => {
                set(step, StepState::Undoing);
                self.is_going_back = true;
                self.outcome = None;
            }
            Event::UndoDone { step, .. } => {
                set(step, StepState::Undone);
                self.touched.retain(|one| one != step);
            }
            Event::UndoFailed { step, message, to_do } => {
                set(step, StepState::UndoFailed { message: message.clone() });
                self.to_do.clone_from(to_do);
            }
            Event::RunEnded { outcome } => {
                self.outcome = Some(*outcome);
                self.ended_at = Some(at);
            }
            Event::Decided(_) | Event::LeaseTaken { .. } | Event::LeaseRenewed { .. } | Event::LeaseReleased => {}
        }
    }

    fn touch(&mut self, step: &str) {
        if !self.touched.iter().any(|one| one == step) {
            self.touched.push(step.to_owned());
        }
    }
}

impl Decided {
    /// The steps of the flight that is applied, in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.plan.steps.iter().filter(|step| step.flight == self.flight)
    }
}

/// Every run of a journal, the oldest first.
#[must_use]
pub fn runs(entries: &[Entry]) -> Vec<RunState> {
    let mut runs: Vec<RunState> = Vec::new();
    let mut holder = None;
    for entry in entries {
        match &entry.event {
            Event::LeaseTaken { holder: taken, .. } => holder = Some(taken.clone()),
            Event::Decided(decided) => runs.push(RunState::new(entry, decided, holder.clone())),
            event => {
                if let Some(run) = runs.last_mut() {
                    run.note(entry.at, event);
                }
            }
        }
    }
    runs
}

/// Whether something was seen failing.
#[must_use]
pub(super) fn any_fails(seen: &[Outcome]) -> bool {
    seen.iter().any(|one| one.status == Status::Fails)
}
