//! A Postgres of palier's own: made, used, and gone again.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/time.rs"]
mod time;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use palier::client::postgres::{Address, Connection, Throwaway, find_binaries, unprivileged};
use palier::client::{Cause, Secret};
use time::TestClock;

fn binaries() -> Option<PathBuf> {
    let found = find_binaries(
        std::env::var_os("PATH").as_deref(),
        std::env::var_os("PALIER_PG_BIN").map(PathBuf::from).as_deref(),
    );
    if found.is_none() {
        postgres::skip("no Postgres was found");
    }
    found
}

/// A folder that the server's user can reach.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

fn open(url: &Secret) -> Result<Connection, palier::client::Fault> {
    Connection::open(&Address::parse(url).expect("an address"), Duration::from_secs(5))
}

#[test]
fn it_is_there_for_whoever_has_its_password_and_gone_without_a_trace() {
    let Some(binaries) = binaries() else { return };
    let folder = folder();
    let clock = TestClock::at("2026-11-20T08:00:00Z");
    let server = Throwaway::start(folder.path(), &binaries, unprivileged(), &clock).expect("a server");
    let mut connection = open(&server.url("postgres")).expect("a connection");
    connection.run("CREATE DATABASE trial").expect("created");
    let mut trial = open(&server.url("trial")).expect("a connection");
    assert_eq!(trial.value("SELECT current_database()").expect("an answer").as_deref(), Some("trial"));
    let stranger = server.url("trial").expose().replace("palier:", "palier:x");
    let fault = open(&Secret::new(stranger)).expect_err("a wrong password");
    assert_eq!(fault.cause, Cause::WrongPassword, "{fault:?}");
    let mode = std::fs::metadata(folder.path().join("postgres")).expect("its folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may read it");
    let url = server.url("trial");
    drop(server);
    assert_eq!(open(&url).expect_err("it is gone").cause, Cause::Refused);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn what_does_not_work_is_said_and_leaves_nothing() {
    let folder = folder();
    let clock = TestClock::at("2026-11-20T08:00:00Z");
    let fault = Throwaway::start(folder.path(), Path::new("/nowhere"), None, &clock).expect_err("no program");
    assert_eq!(fault.cause, Cause::ToolMissing);
    assert!(fault.message.contains("/nowhere/initdb"), "{fault:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    assert_eq!(find_binaries(Some("/nowhere:/neither".as_ref()), Some(folder.path())).is_some(), {
        Path::new("/usr/lib/postgresql").exists()
    });
}
