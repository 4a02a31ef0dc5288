//! A step that has nothing to do: it is in the plan so that a person reads why.

use std::time::Duration;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::plan::Step;
use crate::verify::Outcome;

/// The code of steps without an action.
#[derive(Debug)]
pub(super) struct Nothing;

impl StepCode for Nothing {
    fn locks(&self, _: &Step) -> String {
        "nothing".to_owned()
    }

    fn time_limit(&self, _: &Step, _: &StepContext<'_>) -> Option<Duration> {
        None
    }

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
