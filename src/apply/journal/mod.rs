//! The journal: what was decided, begun, done, verified, undone, by whom; append-only. The lock is a part of it.
//!
//! Each run begins with an entry that takes the lease, and every entry names the lease that it was written under. On a
//! disk the operating system's lock says who may write ([`disk`]).

mod book;
mod disk;
mod entry;
mod error;
mod line;
mod log;
mod place;

pub use book::Journal;
pub use entry::{Decided, Entry, Event, Holder, RunOutcome};
pub use error::JournalError;
pub use place::Place;

use log::{Lease, Log};
