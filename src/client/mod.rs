//! The wires to the world, one file each: typed, with a time limit on everything, and without decisions.
//!
//! Whatever cannot be reached is a [`Fault`]: its cause by name, what was seen, and what to do about it. Addresses are
//! secrets: they come in as [`Secret`]s, and no fault, figure or log holds more of one than its host and port.

pub mod bucket;
mod certificate;
mod clock;
mod deadline;
mod fault;
pub mod http;
mod interrupt;
pub mod kept;
pub mod postgres;
pub mod process;
pub mod processes;
pub mod redis;
mod secret;
mod stream;
pub mod tcp;
pub mod tls;
pub mod tls_fault;

pub use certificate::Certificate;
pub use clock::Clock;
pub use deadline::Deadline;
pub use fault::{Cause, Fault};
pub use interrupt::Interrupt;
pub use secret::Secret;
pub use stream::Stream;
