//! Running a plan: the lock, the journal, and the steps, each checked, run, verified, and undone when it fails.
//!
//! Apply decides nothing. What it does stands in the plan; what it did, and what was verified with which figures,
//! stands in the journal before and after each step, so that a run that is killed at any instant is resumed or rolled
//! back from there.

pub mod journal;
mod patch;
pub mod steps;

pub use patch::{Hunk, Patch, PatchError};
