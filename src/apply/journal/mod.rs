//! The journal: what was decided, begun, done, verified, undone, by whom; append-only.

mod entry;

pub use entry::{Decided, Entry, Event, Holder, RunOutcome};
