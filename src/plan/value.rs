use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step::Step;
use crate::decide::{Cost, Current, Forecast, Rejected, Target, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::sha256;
use crate::generate::FileChange;

/// The version of the JSON contract.
pub const FORMAT_VERSION: &str = "1";

/// Whether there is anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What runs is the target.
    NoChange,
    /// There are steps.
    Changes,
    /// The policy forbids the target, or nothing fits.
    Blocked,
}

/// The project that a plan is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectOfPlan {
    /// Its name.
    pub name: String,
    /// Its framework; null when unknown.
    pub framework: Option<String>,
    /// Its server; null when unknown.
    pub server: Option<String>,
    /// The web service; null when there is none.
    pub web_service: Option<String>,
}

/// A file that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// Its path, relative to the root where it lies inside.
    pub path: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// A finding, as the JSON contract has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingOfPlan {
    /// Its id.
    pub id: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The file; empty when it concerns none.
    pub path: String,
    /// The line, counted from 1; 0 when it concerns none.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// Why it matters; empty when obvious.
    pub why: String,
    /// What to do; empty when nothing is to be done.
    pub help: String,
    /// Where the fact comes from; empty for the user's own files.
    pub source: String,
}

impl From<&Diagnostic> for FindingOfPlan {
    fn from(diagnostic: &Diagnostic) -> Self {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        Self {
            id: diagnostic.id.to_owned(),
            severity: severity.to_owned(),
            path: diagnostic.path().to_owned(),
            line: diagnostic.line(),
            message: diagnostic.message.clone(),
            why: diagnostic.why.clone(),
            help: diagnostic.help.clone(),
            source: diagnostic.source.clone(),
        }
    }
}

/// The ladder's stage, as the JSON contract has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageOfPlan {
    /// The ladder.
    pub ladder: String,
    /// The stage.
    pub name: String,
    /// Which sign chose it.
    pub because: String,
    /// The stage's checklist.
    pub checklist: Vec<String>,
    /// The next stage; null on the last.
    pub next: Option<String>,
    /// When the next stage is due.
    pub next_when: Option<String>,
    /// What the guide claims that the stage costs a month.
    pub claimed_monthly: Option<crate::units::Money>,
}

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonOfPlan {
    /// The component.
    pub component: String,
    /// One sentence.
    pub reason: String,
}

/// A file that the next flight changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileOfPlan {
    /// Its path, relative to the root.
    pub path: String,
    /// The SHA-256 of its content before; null when there is no such file.
    pub before: Option<String>,
    /// The SHA-256 of its content then.
    pub after: String,
}

impl From<&FileChange> for FileOfPlan {
    fn from(change: &FileChange) -> Self {
        Self { path: change.path.clone(), before: change.before.as_deref().map(sha256), after: sha256(&change.after) }
    }
}

/// What runs after a flight, and how much of the hard limits it then uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlightOfPlan {
    /// Its number, counted from 1; 0 is today.
    pub number: u32,
    /// What runs then.
    pub after: Target,
    /// The constraints that must hold after every step: connections, memory, storage.
    pub verdicts: Vec<Verdict>,
}

/// Something that was seen on the running system while the plan was made, and on which it rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedOfPlan {
    /// What: `postgres.max_connections`, `index idx_a_b`.
    pub what: String,
    /// Its value.
    pub value: String,
}

/// The ordered steps from what is there to the target, with everything that they rest on: the JSON contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Always [`FORMAT_VERSION`].
    pub format_version: String,
    /// Always `plan`.
    pub kind: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub made_at: Timestamp,
    /// When it expires with its evidence.
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    /// Whether there is anything to do.
    pub outcome: Outcome,
    /// How it was decided: `measured` or `ladder`.
    pub mode: String,
    /// The ladder's stage; null in measured mode.
    pub stage: Option<StageOfPlan>,
    /// The project.
    pub project: ProjectOfPlan,
    /// The files that it was made from.
    pub inputs: Vec<InputFile>,
    /// The git revision whose files are taken for what runs; null when those of the folder are.
    #[serde(default)]
    pub base: Option<String>,
    /// The files that the next flight changes.
    #[serde(default)]
    pub files: Vec<FileOfPlan>,
    /// What runs today, and after each flight.
    #[serde(default)]
    pub flights: Vec<FlightOfPlan>,
    /// What was seen on the running system; empty when nobody looked.
    #[serde(default)]
    pub observed: Vec<ObservedOfPlan>,
    /// The environment.
    pub environment: String,
    /// What runs today.
    pub current: Current,
    /// What should run.
    pub target: Target,
    /// What it costs.
    pub cost: Cost,
    /// Each constraint on the target.
    pub verdicts: Vec<Verdict>,
    /// Each cheaper offer with what rejects it.
    pub rejected: Vec<Rejected>,
    /// The next landing.
    pub forecast: Forecast,
    /// What is wrong or worth knowing.
    pub findings: Vec<FindingOfPlan>,
    /// Why workers and settings are as they are.
    pub reasons: Vec<ReasonOfPlan>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Figures that nothing measured.
    pub unknown: Vec<String>,
    /// What each unknown figure weakens.
    pub weakened: Vec<ReasonOfPlan>,
}

impl Plan {
    /// What runs after a flight; 0 is today.
    #[must_use]
    pub fn flight(&self, number: u32) -> Option<&FlightOfPlan> {
        self.flights.iter().find(|flight| flight.number == number)
    }
}

/// The JSON Schema of a plan.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Plan);
    schema.insert("title".to_owned(), "plan.json".into());
    schema.to_value()
}
