//! Postgres in every bad shape, on real servers: each is told by its name and within its time.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/pgbouncer.rs"]
mod pgbouncer;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/probing.rs"]
mod probing;
#[path = "support/stub.rs"]
mod stub;

use std::path::PathBuf;
use std::sync::OnceLock;

use certificates::Authority;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palier::client::Cause;
use palier::verify::{Around, Status};
use pgbouncer::Pooler;
use postgres::{Database, Server};
use probing::{PLANTED, cause, cause_of, note, probe};
use stub::{Manner, Stub, closed_port};

const LIMIT: f64 = 1.5;

fn at(address: &str) -> Around {
    probing::around(&[("DATABASE_URL", address), ("PALIER_WEB_URL", address)], LIMIT)
}

fn as_user(user: &str, database: &Database, query: &str) -> Around {
    let (port, name) = (database.port(), database.name());
    at(&format!("postgresql://{user}:{PLANTED}@127.0.0.1:{port}/{name}{query}"))
}

/// A database that only a user with a password gets into: `app`, whose password is the planted one.
fn locked(database: &Database) -> String {
    let (name, user) = (database.name(), format!("app_{}", database.name()));
    database.run(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PLANTED}'; GRANT ALL ON DATABASE {name} TO {user};"));
    rule(database, &format!("host {name} {user} 127.0.0.1/32 scram-sha-256"), &user);
    user
}

/// Puts a rule before those that say who may connect from where.
fn rule(database: &Database, rule: &str, user: &str) {
    static RULES: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = RULES.lock();
    let folder = database.run("SHOW data_directory");
    let program =
        format!("cd {folder} && (echo {rule}; cat pg_hba.conf) >new_hba && cp new_hba pg_hba.conf && cat >/dev/null");
    database.run(&format!("COPY (SELECT 1) TO PROGRAM '{program}'; SELECT pg_reload_conf();"));
    database.wait_for(&format!("SELECT count(*) FROM pg_hba_file_rules WHERE '{user}' = ANY (user_name)"), "1");
    std::thread::sleep(std::time::Duration::from_millis(200));
}

#[test]
fn a_machine_that_is_not_let_in_is_told() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    let (name, user) = (database.name(), format!("stranger_{}", database.name()));
    database.run(&format!("CREATE ROLE {user} LOGIN"));
    rule(&database, &format!("host {name} {user} 127.0.0.1/32 reject"), &user);
    assert_eq!(cause("postgres", &as_user(&user, &database, "")), Cause::AddressNotAllowed);
    assert_eq!(cause("postgres", &as_user(&user, &database, "?sslmode=disable")), Cause::TlsPort);
}

#[test]
fn a_good_database_is_described() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    database.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1);");
    let _ = database.alone("CREATE UNIQUE INDEX CONCURRENTLY broken ON t (a)");
    let around = as_user("palier", &database, "");
    let told = note(&probe("postgres").wants("max_connections", 60).wants("direct", true), &around);
    for words in ["primary", "directly", "`palier`", "of 60 connections", "plpgsql", "broken"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = note(&probe("latency").wants("url_variable", "DATABASE_URL"), &around);
    assert!(told.contains("SELECT 1"), "{told}");
    note(&probe("tcp"), &around);
}

#[test]
fn what_the_plan_relies_on_is_compared() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    let around = as_user("palier", &database, "");
    let postgres = || probe("postgres");
    assert_eq!(cause_of(&postgres().wants("max_connections", 100), &around), Cause::OutOfLimit);
    assert_eq!(cause_of(&postgres().wants("used_connections", 58), &around), Cause::OutOfLimit);
    assert_eq!(cause_of(&postgres().wants("storage_gb", 0.001), &around), Cause::Full);
    let missing = serde_json::json!(["pg_nothing"]);
    assert_eq!(cause_of(&postgres().wants("extensions", missing), &around), Cause::Missing);
    let held = database.hold("SELECT 1");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    assert_eq!(cause_of(&postgres().wants("oldest_transaction_seconds", 0), &around), Cause::Blocked);
    drop(held);
}

#[test]
fn passwords_users_and_databases_that_are_wrong_are_told() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    let user = locked(&database);
    note(&probe("postgres"), &as_user(&user, &database, ""));
    let (port, name) = (database.port(), database.name());
    assert_eq!(
        cause("postgres", &at(&format!("postgres://{user}:wrong@127.0.0.1:{port}/{name}"))),
        Cause::WrongPassword
    );
    assert_eq!(cause("postgres", &at(&format!("postgres://nobody:x@127.0.0.1:{port}/{name}"))), Cause::WrongPassword);
    assert_eq!(cause("postgres", &at(&format!("postgres://palier:x@127.0.0.1:{port}/nothing"))), Cause::Missing);
    assert_eq!(cause("postgres", &at("mysql://a:b@127.0.0.1/c")), Cause::BadAddress);
    assert_eq!(cause("postgres", &at("postgres://a:b@nothing.invalid/c")), Cause::NotResolved);
    assert_eq!(cause("postgres", &at("postgres://a:b@dpg-abc-a/c")), Cause::PrivateOnly);
}

#[test]
fn a_database_without_writes_connections_or_an_answer_in_time_is_told() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    let user = locked(&database);
    let around = as_user(&user, &database, "");
    let name = database.name();
    database.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    assert_eq!(cause("postgres", &around), Cause::ReadOnly);
    let database = server.database();
    let user = locked(&database);
    let around = as_user(&user, &database, "");
    database.run(&format!("ALTER ROLE {user} CONNECTION LIMIT 0"));
    assert_eq!(cause("postgres", &around), Cause::TooManyConnections);
    database.run(&format!("ALTER ROLE {user} CONNECTION LIMIT -1"));
    let held = database.hold("LOCK TABLE pg_extension IN ACCESS EXCLUSIVE MODE");
    assert_eq!(cause("postgres", &around), Cause::Slow);
    drop(held);
    note(&probe("postgres"), &around);
}

#[test]
fn servers_that_are_away_silent_or_cut_off_are_told_apart() {
    let address = |port: u16| at(&format!("postgres://app:{PLANTED}@127.0.0.1:{port}/shop"));
    assert_eq!(cause("postgres", &address(closed_port())), Cause::Refused);
    for (manner, expected) in
        [(Manner::Silent, Cause::Silent), (Manner::Resets(""), Cause::Reset), (Manner::Says(""), Cause::Closed)]
    {
        let stub = Stub::plain(manner);
        assert_eq!(cause("postgres", &address(stub.port())), expected);
    }
}

#[test]
fn a_server_that_is_paused_is_told() {
    // Its own server: the others' would be paused as well.
    let Some(server) = Server::start() else { return };
    let server: &'static Server = Box::leak(Box::new(server));
    let database = server.database();
    let around = as_user("palier", &database, "");
    note(&probe("postgres"), &around);
    let file = PathBuf::from(database.run("SHOW data_directory")).join("postmaster.pid");
    let text = std::fs::read_to_string(file).expect("the server's id");
    let process = Pid::from_raw(text.lines().next().and_then(|id| id.trim().parse().ok()).expect("an id"));
    kill(process, Signal::SIGSTOP).expect("paused");
    let found = cause("postgres", &around);
    kill(process, Signal::SIGCONT).expect("it goes on");
    assert_eq!(found, Cause::Silent);
}

#[test]
fn a_pooler_is_told_from_a_direct_address() {
    let Some(server) = postgres::server() else { return };
    let database = server.database();
    let Some(pooler) = Pooler::start(database.port(), "transaction", 5) else { return };
    let around = at(&format!("postgres://palier:{PLANTED}@127.0.0.1:{}/{}", pooler.port(), database.name()));
    let told = note(&probe("postgres"), &around);
    assert!(told.contains("through a pooler in transaction mode"), "{told}");
    assert_eq!(cause_of(&probe("postgres").wants("direct", true), &around), Cause::Pooled);
}

/// A server that speaks TLS, whose certificate is changed by one test alone.
fn secure_server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<&'static Server>> = OnceLock::new();
    *SERVER.get_or_init(|| Server::start().map(|server| &*Box::leak(Box::new(server))))
}

#[test]
fn certificates_are_told_by_what_is_wrong_with_them() {
    let (Some(server), Some(authority)) = (secure_server(), Authority::new()) else { return };
    let database = server.database();
    let roots = authority.path();
    let around = |query: &str| {
        let (port, name) = (database.port(), database.name());
        let address = format!("postgres://palier:{PLANTED}@localhost:{port}/{name}{query}");
        Around { authorities: Some(authority.pem()), ..at(&address) }
    };
    let full = format!("?sslmode=verify-full&sslrootcert={}", roots.display());
    assert_eq!(cause("postgres", &around("?sslmode=require")), Cause::PlainPort);
    assert_eq!(cause("tls", &around("")), Cause::PlainPort);
    for (name, days, expected) in [
        ("localhost", -1, Some(Cause::CertificateExpired)),
        ("other.example.com", 20, Some(Cause::CertificateName)),
        ("localhost", 20, None),
    ] {
        show(&database, &authority.certificate(name, days));
        for (kind, query) in [("postgres", full.as_str()), ("tls", "")] {
            match expected {
                Some(expected) => assert_eq!(cause(kind, &around(query)), expected, "{kind}"),
                None => drop(note(&probe(kind), &around(query))),
            }
        }
    }
    let outcome = probing::look(&probe("postgres"), &around("?sslmode=verify-full"));
    assert_eq!(outcome.status, Status::Fails);
    assert_eq!(outcome.fault.expect("a fault").cause, Cause::CertificateUntrusted);
}

/// Lets the server show a certificate; it reads the files as its own user, which may not be the test's.
fn show(database: &Database, pair: &certificates::Pair) {
    let text = |path: &std::path::Path| String::from_utf8(certificates::bytes(path)).expect("PEM");
    let folder = database.run("SHOW data_directory");
    for (name, path) in [("server.crt", &pair.certificate), ("server.key", &pair.key)] {
        let lines = text(path).lines().map(|line| format!("('{line}')")).collect::<Vec<_>>().join(", ");
        let program = format!("umask 077 && cat >{folder}/{name} && chmod 600 {folder}/{name}");
        database.run(&format!("COPY (SELECT line FROM (VALUES {lines}) AS t (line)) TO PROGRAM '{program}'"));
    }
    database.run("ALTER SYSTEM SET ssl = on");
    database.run("SELECT pg_reload_conf()");
    database.wait_for("SHOW ssl", "on");
    std::thread::sleep(std::time::Duration::from_millis(300));
}
