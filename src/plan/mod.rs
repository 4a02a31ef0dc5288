//! From today to the target: steps as values, their order, flights, the saved plan.

mod change;
mod commands;
mod extra;
mod file_changes;
mod flight;
mod make;
mod pending;
mod safety;
mod step;
mod steps;
mod value;

pub use change::{Change, differences};
pub use flight::Flight;
pub use make::{Made, Request, lacking, make};
pub use pending::{PENDING_PATH, PendingFlight};
pub use safety::{Strain, strain};
pub use step::{Action, FieldChange, FileHash, IndexOfStep, Probe, Risk, Step};
pub use value::{
    FORMAT_VERSION, FileOfPlan, FindingOfPlan, FlightOfPlan, InputFile, ObservedOfPlan, Outcome, Plan, ProjectOfPlan,
    ReasonOfPlan, StageOfPlan, schema,
};
