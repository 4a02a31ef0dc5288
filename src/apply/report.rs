use serde::Serialize;

use super::journal::RunOutcome;
use super::run_state::{RunState, StepState};
use super::steps::Trouble;
use crate::plan::Action;
use crate::verify::Outcome;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// The plan's id.
    pub plan_id: String,
    /// The flight.
    pub flight: u32,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Each step, in order.
    pub steps: Vec<StepReport>,
    /// Why it did not come to its end; null when it did.
    pub problem: Option<String>,
    /// What to do about it, in order.
    pub to_do: Vec<String>,
    /// The flight that is due next; null when there is none.
    pub next_flight: Option<u32>,
    /// Whether the world differed from what the plan assumed.
    pub stale: bool,
    /// Why it did not come to its end, for rendering.
    #[serde(skip)]
    pub trouble: Option<Trouble>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Its id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// `open`, `begun`, `done`, `already`, `failed`, `waits`, `undoing`, `undone` or `undo-failed`.
    pub state: &'static str,
    /// Why it is not done; empty when it is.
    pub message: String,
    /// What was verified.
    pub verified: Vec<Outcome>,
    /// Whether a person said that it is done.
    pub confirmed: bool,
}

/// Tells of a run.
pub(super) fn report_of(state: &RunState, trouble: Option<Trouble>) -> RunReport {
    let outcome = state.outcome.unwrap_or(RunOutcome::Interrupted);
    let next_flight = state.decided.flight + 1;
    let is_due =
        outcome == RunOutcome::Applied && state.decided.plan.steps.iter().any(|step| step.flight == next_flight);
    RunReport {
        plan_id: state.decided.plan_id.clone(),
        flight: state.decided.flight,
        outcome,
        steps: steps_of(state),
        problem: trouble.as_ref().map(Trouble::message),
        to_do: match outcome {
            RunOutcome::Stuck => state.to_do.clone(),
            _ => to_do(trouble.as_ref()).into_iter().chain(stays_live(state, outcome)).collect(),
        },
        next_flight: is_due.then_some(next_flight),
        stale: matches!(trouble, Some(Trouble::Stale(_))),
        trouble,
    }
}

fn to_do(trouble: Option<&Trouble>) -> Vec<String> {
    match trouble {
        Some(Trouble::Waiting { missing, .. }) => missing.clone(),
        Some(Trouble::Failed(problem) | Trouble::Stale(problem)) if !problem.help.is_empty() => {
            vec![problem.help.clone()]
        }
        _ => Vec::new(),
    }
}

/// What is live follows the repository and not a run: it is not taken back by itself, and that is said.
fn stays_live(state: &RunState, outcome: RunOutcome) -> Option<String> {
    let is_live = |step: &crate::plan::Step| {
        matches!(step.run, Action::Wait { .. }) && matches!(state.of(&step.id), StepState::Done { .. })
    };
    let is_left = outcome == RunOutcome::RolledBack && state.decided.steps().any(is_live);
    is_left.then(|| {
        format!(
            "the files of flight {} stay, because the flight is live: to take that back too, revert its commit and push",
            state.decided.flight
        )
    })
}

/// How far each step of a run is.
#[must_use]
pub fn steps_of(state: &RunState) -> Vec<StepReport> {
    let one = |step: &crate::plan::Step| {
        let (name, message, verified) = match state.of(&step.id) {
            StepState::Open => ("open", String::new(), Vec::new()),
            StepState::Begun => ("begun", String::new(), Vec::new()),
            StepState::Done { already: true, verified } => ("already", String::new(), verified.clone()),
            StepState::Done { already: false, verified } => ("done", String::new(), verified.clone()),
            StepState::Failed { message } => ("failed", message.clone(), Vec::new()),
            StepState::Waits { missing } => ("waits", missing.join("; "), Vec::new()),
            StepState::Undoing => ("undoing", String::new(), Vec::new()),
            StepState::Undone => ("undone", String::new(), Vec::new()),
            StepState::UndoFailed { message } => ("undo-failed", message.clone(), Vec::new()),
        };
        StepReport {
            id: step.id.clone(),
            title: step.title.clone(),
            state: name,
            message,
            verified,
            confirmed: state.confirmed.contains(&step.id),
        }
    };
    state.decided.steps().map(one).collect()
}
