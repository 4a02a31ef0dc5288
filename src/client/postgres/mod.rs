//! Postgres, synchronously: one connection is one thread's, and every question has a time limit.
//!
//! Everything is sent by the simple protocol, one statement at a time in autocommit: `CREATE INDEX CONCURRENTLY` is
//! refused inside of a transaction, several statements in one message are one, and named prepared statements do not
//! survive a pooler in transaction mode.

mod address;
mod clone;
mod connection;
mod error;
mod pooler;
mod running;
mod throwaway;

pub use address::Address;
pub use clone::clone_schema;
pub use connection::{Connection, Rows};
pub use error::{SqlError, of_sqlx};
pub use pooler::is_transaction_pooled;
pub use running::Running;
pub use throwaway::{Throwaway, find_binaries, unprivileged};
