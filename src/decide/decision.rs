use super::cost::Cost;
use super::current::Current;
use super::forecast::Forecast;
use super::target::Target;
use super::verdict::{Rejected, Verdict};
use crate::diagnostic::Diagnostic;
use crate::policy::Decide;

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// How it was made.
    pub mode: Decide,
    /// The ladder's stage, when a ladder made it.
    pub stage: Option<Stage>,
    /// What runs today.
    pub current: Current,
    /// What should run.
    pub target: Target,
    /// Each constraint applied to the target.
    pub verdicts: Vec<Verdict>,
    /// Each cheaper offer with what rejects it.
    pub rejected: Vec<Rejected>,
    /// What it costs.
    pub cost: Cost,
    /// The next landing.
    pub forecast: Forecast,
    /// What is wrong or worth knowing.
    pub findings: Vec<Diagnostic>,
    /// Figures that nothing measured, in the metrics file's words.
    pub unknown: Vec<Unknown>,
    /// Why workers, threads and settings are as they are: component and sentence.
    pub reasons: Vec<(String, String)>,
    /// Why nothing can be done, when so.
    pub blocked: Vec<Diagnostic>,
}

/// A figure that nothing measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Its name in the metrics file.
    pub name: String,
    /// The decision that this weakens.
    pub weakens: String,
}

/// The stage of a ladder that the project stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The ladder's name.
    pub ladder: String,
    /// The stage's name.
    pub name: String,
    /// Which of the guide's signs chose it.
    pub because: String,
    /// The guide's checklist.
    pub checklist: Vec<String>,
    /// The next stage: its name and when it is due.
    pub next: Option<(String, String)>,
    /// What the guide says the stage costs.
    pub claimed_monthly: Option<crate::units::Money>,
}
