//! Probes: one check of a running part each, that it connects, behaves and is fast enough. One file each.
//!
//! A probe changes nothing that lasts. Each has a time limit of its own and they run side by side, so that all of them
//! take as long as the slowest. What fails is named by its cause, with what to do about it; what cannot be seen from
//! here is unknown, which is no success.

mod around;
mod outcome;
mod run;

pub use around::Around;
pub use outcome::{Figure, Outcome, Seen, Status};
pub use run::run;

use crate::client::Fault;
use crate::plan::Probe;

/// A kind of probe.
pub struct Kind {
    /// The name as plans write it.
    pub name: &'static str,
    /// What it looks at, in one sentence.
    pub summary: &'static str,
    /// Looks.
    pub look: fn(&Probe, &Around) -> Result<Seen, Fault>,
}

/// Every kind of probe.
pub const KINDS: &[Kind] = &[];
