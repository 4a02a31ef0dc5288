//! The journal: what was decided, begun, done, verified, undone, by whom; append-only. The lock is a part of it.
//!
//! Each run begins with an entry that takes the lease, and every entry names the lease that it was written under. On a
//! disk (`disk.rs`) a lock of the operating system says who may write; in a bucket (`objects.rs`) whoever makes the next
//! number first.

mod book;
mod disk;
mod entry;
mod error;
mod line;
mod log;
mod objects;
mod place;
mod taking;

pub use book::Journal;
pub use entry::{Decided, Entry, Event, Holder, RunOutcome};
pub use error::JournalError;
pub use place::Place;

use log::{Lease, Log};
