//! One file per kind of step: what it checks, does, verifies and takes back.

mod command;
mod context;
mod file;
mod nothing;
mod resource;
mod sql_index;
mod trouble;
mod wait;

pub use context::{FileMode, Progress, StepContext};
pub use sql_index::{SQL_INDEX, SqlIndex};
pub use trouble::Trouble;

use std::time::Duration;

use crate::plan::{Action, Step};
use crate::verify::Outcome;

/// What a step's check finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Readiness {
    /// It can run.
    Ready,
    /// What it should bring about is there already.
    Done,
}

/// The state that a verification looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The step is done.
    Done,
    /// The step is undone: everything is as it was before.
    Undone,
}

/// The code of a kind of step. Every part can be repeated: a run may have been killed in the middle of it.
pub trait StepCode: Sync {
    /// What it locks, and whom that keeps waiting, in a few words.
    fn locks(&self, step: &Step) -> String;

    /// How long it may take before it is given up; `None` when it is done at once.
    fn time_limit(&self, step: &Step, context: &StepContext<'_>) -> Option<Duration>;

    /// What must hold before; changes nothing.
    ///
    /// # Errors
    /// The step cannot run: nothing was changed.
    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble>;

    /// Does it.
    ///
    /// # Errors
    /// It failed; something may have been changed.
    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble>;

    /// Looks whether the state is the expected one; changes nothing. Every outcome must hold.
    ///
    /// # Errors
    /// It cannot be looked at.
    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble>;

    /// Takes it back, whether it was done whole, in part or not at all.
    ///
    /// # Errors
    /// It failed: what stands now, and what a person must do.
    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble>;
}

/// The code of a step.
#[must_use]
pub fn code_of(step: &Step) -> &'static dyn StepCode {
    match &step.run {
        Action::EditFile { .. } | Action::WriteFiles { .. } | Action::RemoveFiles { .. } => &file::File,
        Action::BuildIndex { .. } | Action::DropIndex { .. } => &SQL_INDEX,
        Action::Wait { .. } | Action::ByHand { .. } => &wait::Wait,
        Action::Command { .. } => &command::Command,
        Action::ChangeResource { .. } => &resource::Resource,
        Action::Nothing { .. } => &nothing::Nothing,
    }
}
