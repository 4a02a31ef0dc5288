//! Running a plan: the lock, the journal, and the steps, each checked, run, verified, and undone when it fails.
//!
//! Apply decides nothing. What it does stands in the plan; what it did, and what was verified with which figures,
//! stands in the journal before and after each step, so that a run that is killed at any instant is resumed or rolled
//! back from there.

mod back;
mod engine;
pub mod journal;
mod keeper;
pub mod live;
mod patch;
mod prepare;
mod rehearse;
mod report;
mod run_state;
mod safety;
mod select;
mod stale;
pub mod steps;

pub use back::Back;
pub use engine::{Ending, Engine, Listener};
pub use keeper::Keeper;
pub use patch::{Hunk, Patch, PatchError};
pub use prepare::{decided, id_of};
pub use rehearse::{Rehearsed, rehearse};
pub use report::{RunReport, StepReport, steps_of};
pub use run_state::{RunState, StepState, runs};
pub use safety::{is_safe, is_safe_for_memory};
pub use select::Selection;
pub use stale::differences;
