//! A command of the project's own.

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::plan::Step;
use crate::verify::Outcome;

/// The code of steps that run a command.
#[derive(Debug)]
pub(super) struct Command;

impl StepCode for Command {
    fn check(&self, _: &Step, _: &StepContext<'_>) -> Result<Readiness, Trouble> {
        Ok(Readiness::Done)
    }

    fn run(&self, _: &Step, _: &StepContext<'_>) -> Result<(), Trouble> {
        Ok(())
    }

    fn verify(&self, _: &Step, _: &StepContext<'_>, _: Expected) -> Result<Vec<Outcome>, Trouble> {
        Ok(Vec::new())
    }

    fn undo(&self, _: &Step, _: &StepContext<'_>) -> Result<(), Trouble> {
        Ok(())
    }
}
