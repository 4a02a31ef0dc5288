//! Redis over TCP and TLS: one connection, each question with a deadline. The `redis` package writes and reads the
//! protocol; the connection is ours, so that each failure keeps its cause.

mod address;
mod connection;
mod fault;
mod reply;

pub use address::Address;
pub use connection::Connection;
pub use fault::{is_command_refused, of_refusal};
pub use reply::Reply;
