//! A pooler in transaction mode is told from a direct address, before anything relies on a session.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "support/pgbouncer.rs"]
mod pgbouncer;
#[path = "support/postgres.rs"]
mod postgres;

use std::time::Duration;

use palier::client::Secret;
use palier::client::postgres::{Address, is_transaction_pooled};
use pgbouncer::Pooler;

const LIMIT: Duration = Duration::from_secs(10);

fn address(port: u16, database: &str) -> Address {
    let url = format!("postgresql://palier:none@127.0.0.1:{port}/{database}?sslmode=disable");
    Address::parse(&Secret::new(url)).expect("an address")
}

#[test]
fn a_pooler_in_transaction_mode_is_found() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    for pool_size in [1, 5] {
        let Some(pooler) = Pooler::start(database.port(), "transaction", pool_size) else { return };
        let found = is_transaction_pooled(&address(pooler.port(), database.name()), LIMIT).expect("an answer");
        assert!(found, "a pool of {pool_size}");
    }
}

#[test]
fn a_direct_address_and_a_pooler_in_session_mode_are_none() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    assert!(!is_transaction_pooled(&address(database.port(), database.name()), LIMIT).expect("an answer"));
    let Some(pooler) = Pooler::start(database.port(), "session", 5) else { return };
    assert!(!is_transaction_pooled(&address(pooler.port(), database.name()), LIMIT).expect("an answer"));
}
