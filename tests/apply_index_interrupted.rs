//! `sql-index` cut short: cancelled, out of time, its session ended, its run killed, behind a pooler.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/index_steps.rs"]
mod index_steps;
#[path = "support/pgbouncer.rs"]
mod pgbouncer;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/steps.rs"]
mod steps;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use index_steps::{CREATE, TABLE, apply, around, build, failure, take_back};
use palier::apply::steps::{SQL_INDEX, StepCode, Trouble};
use palier::client::Secret;
use palier::client::postgres::{Address, Connection};
use postgres::{Database, server};
use steps::Surroundings;

/// A function that takes its time with the first rows, so that a build lasts some seconds.
const SLOW: &str = "CREATE FUNCTION slow(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN IF n < 1000 THEN PERFORM pg_sleep(0.002); END IF; RETURN n; END $$;";
const SLOW_INDEX: &str = "CREATE INDEX CONCURRENTLY orders_slow ON orders (public.slow(id))";
const PHASE: &str = "SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database();";
const BUILDING: &str = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database();";

fn orders() -> Option<Database> {
    let database = server()?.database();
    database.run(TABLE);
    database.run("CREATE TABLE other (id int);");
    database.run(SLOW);
    Some(database)
}

/// Does not wait for old transactions before, so that the build itself does.
fn impatient(database: &Database) -> Surroundings {
    around(database).policy(|policy| policy.steps.oldest_transaction = "1 hours".parse().expect("a duration"))
}

fn waits_for_old(database: &Database) -> postgres::Session {
    database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other")
}

#[test]
fn an_interrupt_during_a_build_leaves_nothing_behind() {
    let Some(database) = orders() else { return };
    let old = waits_for_old(&database);
    let surroundings = impatient(&database);
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(CREATE), &surroundings.context()));
        database.wait_for(PHASE, "waiting for old snapshots");
        let begin = Instant::now();
        surroundings.interrupt.raise();
        let ended = run.join().expect("a thread");
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        ended
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: true }));
    assert_eq!(database.indexes().lines().count(), 1, "{}", database.indexes());
    drop(old);
    apply(&build(CREATE), &around(&database));
}

#[test]
fn an_interrupt_while_somebody_is_waited_for_changes_nothing() {
    let Some(database) = orders() else { return };
    let _old = waits_for_old(&database);
    thread::sleep(Duration::from_millis(400));
    let surroundings = around(&database);
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(CREATE), &surroundings.context()));
        thread::sleep(Duration::from_millis(800));
        surroundings.interrupt.raise();
        run.join().expect("a thread")
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: true }));
    assert_eq!(database.indexes().lines().count(), 1);
}

#[test]
fn an_interrupt_that_cannot_be_cleaned_in_time_says_so_and_the_next_run_mends_it() {
    let Some(database) = orders() else { return };
    // Who has touched the table itself is waited for by a drop too.
    let old = database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders");
    let surroundings = impatient(&database);
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(CREATE), &surroundings.context()));
        database.wait_for(PHASE, "waiting for old snapshots");
        surroundings.interrupt.raise();
        run.join().expect("a thread")
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: false }));
    drop(old);
    let surroundings = around(&database);
    apply(&build(CREATE), &surroundings);
    take_back(&build(CREATE), &surroundings);
    assert_eq!(database.indexes().lines().count(), 1, "{}", database.indexes());
}

#[test]
fn an_urgent_interrupt_returns_at_once() {
    let Some(database) = orders() else { return };
    let old = waits_for_old(&database);
    let surroundings = impatient(&database);
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(CREATE), &surroundings.context()));
        database.wait_for(PHASE, "waiting for old snapshots");
        surroundings.interrupt.raise();
        surroundings.interrupt.raise();
        let begin = Instant::now();
        let ended = run.join().expect("a thread");
        assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
        ended
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: false }));
    drop(old);
    apply(&build(CREATE), &around(&database));
}

#[test]
fn a_build_that_takes_too_long_is_cancelled_and_cleaned() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database).policy(|policy| {
        policy.steps.index_time_limit = "600 ms".parse().expect("a duration");
    });
    let said = failure(SQL_INDEX.run(&build(SLOW_INDEX), &surroundings.context()).expect_err("too long"));
    assert!(said.contains("took longer than 600 ms") && said.contains("index_time_limit"), "{said}");
    assert_eq!(database.indexes().lines().count(), 1, "{}", database.indexes());
}

#[test]
fn a_build_that_somebody_cancels_is_not_begun_again() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database);
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(SLOW_INDEX), &surroundings.context()));
        database.wait_for(BUILDING, "1");
        database.run(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index WHERE datname =
            current_database();",
        );
        run.join().expect("a thread")
    });
    let said = failure(ended.expect_err("cancelled"));
    assert!(said.contains("was cancelled"), "{said}");
    assert_eq!(database.indexes().lines().count(), 1, "{}", database.indexes());
}

#[test]
fn a_session_that_the_server_ends_is_opened_anew_and_the_build_begins_again() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database);
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(SLOW_INDEX), &surroundings));
        database.wait_for(BUILDING, "1");
        thread::sleep(Duration::from_millis(300));
        database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index WHERE datname =
            current_database();",
        );
        run.join().expect("it is built all the same");
    });
    assert!(surroundings.told.text().contains("trying again"), "{}", surroundings.told.text());
}

/// A run that was killed leaves its server process behind, which goes on building with the lock in its hand.
#[test]
fn the_build_of_a_killed_run_is_waited_for_and_used() {
    let Some(database) = orders() else { return };
    let address = Address::parse(&Secret::new(database.url("postgresql"))).expect("an address");
    let mut killed = Connection::open(&address, Duration::from_secs(5)).expect("a connection");
    let key = format!("({}::bigint << 32) | 'orders'::regclass::oid::bigint", 0x7061_6c69);
    assert_eq!(killed.value(&format!("SELECT pg_try_advisory_lock({key})")).expect("an answer").as_deref(), Some("t"));
    let process = killed.value("SELECT pg_backend_pid()").expect("an answer").expect("a process");
    let running = killed.start(SLOW_INDEX);
    database.wait_for(BUILDING, "1");
    let surroundings = around(&database);
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(SLOW_INDEX), &surroundings));
        thread::sleep(Duration::from_millis(800));
        // Whoever was killed does not say goodbye once its build is done: its socket is closed by the system.
        let (connection, result) = loop {
            if let Some(ended) = running.wait(Duration::from_millis(100)) {
                break ended;
            }
        };
        result.expect("it is built");
        drop(connection);
        run.join().expect("the next run finds it");
    });
    let told = surroundings.told.text();
    assert!(told.contains(&format!("another run of palier (process {process}) on public.orders: building")), "{told}");
    assert!(!told.contains("building orders_slow:"), "nothing was built twice: {told}");
}

#[test]
fn how_far_the_build_is_is_told() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database);
    apply(&build(SLOW_INDEX), &surroundings);
    let (told, shares) = (surroundings.told.text(), surroundings.told.shares());
    assert!(told.contains("building orders_slow: building index"), "{told}");
    assert!(!shares.is_empty() && shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)));
}

#[test]
fn a_prepared_transaction_on_the_table_is_named_with_what_ends_it() {
    let Some(database) = orders() else { return };
    database.run("BEGIN; UPDATE orders SET customer = 1 WHERE id = 1; PREPARE TRANSACTION 'forgotten';");
    thread::sleep(Duration::from_millis(400));
    let surroundings = index_steps::with_patience(around(&database), "600 ms");
    let said = failure(SQL_INDEX.run(&build(CREATE), &surroundings.context()).expect_err("it waits in vain"));
    database.run("ROLLBACK PREPARED 'forgotten';");
    assert!(said.contains("prepared transaction `forgotten` of palier"), "{said}");
    assert!(said.contains("ROLLBACK PREPARED 'forgotten'"), "{said}");
    apply(&build(CREATE), &around(&database));
}

#[test]
fn a_pooler_in_transaction_mode_is_refused_and_the_direct_address_asked_for() {
    let Some(database) = orders() else { return };
    let Some(pooler) = pgbouncer::Pooler::start(database.port(), "transaction", 5) else { return };
    let url = database.url("postgresql").replace(&database.port().to_string(), &pooler.port().to_string());
    let pooled = Surroundings::new(Path::new("."), &[("DATABASE_URL", &url)]);
    for result in [
        SQL_INDEX.check(&build(CREATE), &pooled.context()).map(drop),
        SQL_INDEX.run(&build(CREATE), &pooled.context()),
        SQL_INDEX.undo(&build(CREATE), &pooled.context()),
    ] {
        let said = failure(result.expect_err("a pooler"));
        assert!(said.contains("PgBouncer in transaction mode") && said.contains("DIRECT_DATABASE_URL"), "{said}");
    }
    assert_eq!(database.indexes().lines().count(), 1);
    let direct = database.url("postgresql");
    let both = Surroundings::new(Path::new("."), &[("DATABASE_URL", &url), ("DIRECT_DATABASE_URL", &direct)]);
    apply(&build(CREATE), &both);
}

/// The way is cut in the middle of a build and nothing answers for a while; the server process knows nothing of it.
#[test]
fn a_server_that_is_away_for_a_while_is_waited_for() {
    let Some(database) = orders() else { return };
    let proxy = proxy::Proxy::to(database.port());
    let url = database.url("postgresql").replace(&database.port().to_string(), &proxy.port().to_string());
    let mut surroundings = around(&database);
    surroundings.around.addresses.insert("DATABASE_URL".to_owned(), Secret::new(url));
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(SLOW_INDEX), &surroundings));
        database.wait_for(BUILDING, "1");
        thread::sleep(Duration::from_millis(300));
        proxy.cut();
        thread::sleep(Duration::from_millis(1200));
        proxy.mend();
        run.join().expect("it is there in the end");
    });
    let told = surroundings.told.text();
    assert!(told.contains("waiting for the database: nothing listens"), "{told}");
}

/// Hosted databases give no superuser: other people's sessions are seen by their locks alone.
#[test]
fn a_role_that_is_no_superuser_builds_and_waits_for_others() {
    let Some(database) = orders() else { return };
    database.run(
        "DO $$ BEGIN CREATE ROLE app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        ALTER TABLE orders OWNER TO app; GRANT CREATE ON SCHEMA public TO app;",
    );
    let url = database.url("postgresql").replace("palier:none", "app:none");
    let mut surroundings = around(&database);
    surroundings.around.addresses.insert("DATABASE_URL".to_owned(), Secret::new(url));
    let theirs = database.hold("LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE");
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(CREATE), &surroundings));
        thread::sleep(Duration::from_millis(1200));
        assert_eq!(database.indexes().lines().count(), 1, "nothing was begun");
        drop(theirs);
        run.join().expect("it is built then");
    });
    let told = surroundings.told.text();
    assert!(told.contains("user palier") && told.contains("working on the table"), "{told}");
    take_back(&build(CREATE), &surroundings);
    database.run("ALTER TABLE orders OWNER TO palier;");
    let said = failure(SQL_INDEX.check(&build(CREATE), &surroundings.context()).expect_err("not the owner"));
    assert!(said.contains("does not own public.orders"), "{said}");
}

#[test]
fn a_pooler_that_keeps_sessions_is_no_obstacle() {
    let Some(database) = orders() else { return };
    let Some(pooler) = pgbouncer::Pooler::start(database.port(), "session", 9) else { return };
    let url = database.url("postgresql").replace(&database.port().to_string(), &pooler.port().to_string());
    let mut surroundings = around(&database);
    surroundings.around.addresses.insert("DATABASE_URL".to_owned(), Secret::new(url));
    index_steps::walk(&build(SLOW_INDEX), &surroundings, &database);
}

/// Interrupted while the way to the server is cut: what stands then is looked at, not guessed.
#[test]
fn an_interrupt_after_the_connection_was_lost_does_not_claim_to_be_clean() {
    let Some(database) = orders() else { return };
    let proxy = proxy::Proxy::to(database.port());
    let url = database.url("postgresql").replace(&database.port().to_string(), &proxy.port().to_string());
    let mut surroundings = around(&database);
    surroundings.around.addresses.insert("DATABASE_URL".to_owned(), Secret::new(url));
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&build(SLOW_INDEX), &surroundings.context()));
        database.wait_for(BUILDING, "1");
        thread::sleep(Duration::from_millis(300));
        proxy.cut();
        thread::sleep(Duration::from_millis(700));
        surroundings.interrupt.raise();
        run.join().expect("a thread")
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: false }));
    database.wait_for(BUILDING, "0");
    apply(&build(SLOW_INDEX), &around(&database));
}
