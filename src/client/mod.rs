//! The wires to the world, one file each: typed, with a time limit on everything, and without decisions.
//!
//! Whatever cannot be reached is a [`Fault`]: its cause by name, what was seen, and what to do about it. Addresses are
//! secrets: they come in as [`Secret`]s, and no fault, figure or log holds more of one than its host and port.

pub mod bucket;
mod clock;
mod fault;
mod interrupt;
pub mod postgres;
mod secret;
pub mod tcp;
pub mod tls_fault;

pub use clock::Clock;
pub use fault::{Cause, Fault};
pub use interrupt::Interrupt;
pub use secret::Secret;
