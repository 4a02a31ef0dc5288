//! What goes wrong with indexes on a running database, each case set up on a real Postgres and mended by the step itself.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/index_steps.rs"]
mod index_steps;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/steps.rs"]
mod steps;

use std::thread;
use std::time::{Duration, Instant};

use index_steps::{CREATE, TABLE, apply, around, build, failure, holds, outcomes, take_back};
use palier::apply::steps::{Expected, Readiness, SQL_INDEX, StepCode};
use palier::verify::Status;
use postgres::{Database, server};

const PHASE: &str = "SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database();";
const OLD_SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other";

fn orders() -> Option<Database> {
    let database = server()?.database();
    database.run(TABLE);
    database.run("CREATE TABLE other (id int);");
    Some(database)
}

/// The process of the session that is held open.
fn holder(database: &Database) -> String {
    database
        .run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'held%' AND datname = current_database();")
}

/// Case 1: a build with a lock timeout, while an unrelated transaction holds an older snapshot.
fn leave_invalid(database: &Database) {
    let old = database.hold(OLD_SNAPSHOT);
    let said = database.try_run(&format!("SET lock_timeout = '300ms'; {CREATE};")).expect_err("a lock timeout");
    assert!(said.contains("lock timeout"), "{said}");
    drop(old);
    assert!(database.indexes().contains("orders_customer invalid"));
}

#[test]
fn case_1_what_a_lock_timeout_leaves_behind_is_replaced() {
    let Some(database) = orders() else { return };
    leave_invalid(&database);
    let surroundings = around(&database);
    assert_eq!(SQL_INDEX.check(&build(CREATE), &surroundings.context()), Ok(Readiness::Ready));
    apply(&build(CREATE), &surroundings);
}

#[test]
fn case_1_an_old_transaction_is_waited_for_before_anything_is_changed() {
    let Some(database) = orders() else { return };
    let old = database.hold(OLD_SNAPSHOT);
    let holder = holder(&database);
    thread::sleep(Duration::from_millis(400));
    let surroundings = around(&database);
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(CREATE), &surroundings));
        thread::sleep(Duration::from_millis(1500));
        assert!(!database.indexes().contains("orders_customer"), "nothing was begun");
        drop(old);
        run.join().expect("it is built then");
    });
    let told = surroundings.told.text();
    assert!(told.contains(&format!("waiting for process {holder} (user palier, application `held")), "{told}");
    assert!(!told.contains("SELECT"), "queries are not shown: {told}");
}

#[test]
fn case_1_who_never_ends_is_named_and_nothing_is_changed() {
    let Some(database) = orders() else { return };
    let _old = database.hold(OLD_SNAPSHOT);
    let holder = holder(&database);
    thread::sleep(Duration::from_millis(400));
    let surroundings = index_steps::with_patience(around(&database), "1 s");
    let said = failure(SQL_INDEX.run(&build(CREATE), &surroundings.context()).expect_err("it waits in vain"));
    assert!(said.contains(&format!("process {holder}")) && said.contains("nothing was changed"), "{said}");
    assert!(said.contains(&format!("SELECT pg_terminate_backend({holder})")) && said.contains("patience"), "{said}");
    assert!(!database.indexes().contains("orders_customer"));
}

#[test]
fn case_2_an_invalid_index_is_not_taken_for_a_good_one() {
    let Some(database) = orders() else { return };
    leave_invalid(&database);
    database.run("CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer);");
    assert!(database.indexes().contains("orders_customer invalid"), "IF NOT EXISTS is the trap");
    let surroundings = around(&database);
    let seen = outcomes(&build(CREATE), &surroundings, Expected::Done);
    assert!(seen[0].status == Status::Fails && seen[0].note.contains("valid false, ready true"), "{seen:#?}");
    let plan = "EXPLAIN SELECT * FROM orders WHERE customer = 7;";
    assert!(!database.run(plan).contains("orders_customer"));
    apply(&build(CREATE), &surroundings);
    assert!(database.run(plan).contains("orders_customer"), "and then queries use it");
}

#[test]
fn case_3_a_good_index_is_not_built_anew() {
    let Some(database) = orders() else { return };
    leave_invalid(&database);
    let surroundings = around(&database);
    apply(&build(CREATE), &surroundings);
    let id = database.run("SELECT 'orders_customer'::regclass::oid;");
    SQL_INDEX.run(&build(CREATE), &surroundings.context()).expect("nothing to do");
    assert_eq!(database.run("SELECT 'orders_customer'::regclass::oid;"), id);
}

#[test]
fn case_4_a_unique_index_over_duplicates_names_the_keys_and_leaves_nothing() {
    let Some(database) = orders() else { return };
    database.run(
        "UPDATE orders SET email = 'twice@example.com' WHERE id IN (3, 4); UPDATE orders SET email = 'o''neil'
        WHERE id IN (5, 6, 7);",
    );
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY orders_email ON orders (email)";
    let surroundings = around(&database);
    let said = failure(SQL_INDEX.run(&build(unique), &surroundings.context()).expect_err("duplicates"));
    assert!(said.contains("(o'neil) 3 times; (twice@example.com) 2 times"), "{said}");
    assert!(said.contains("delete or merge the duplicates"), "{said}");
    assert!(!database.indexes().contains("orders_email"), "{}", database.indexes());
    database.run("DELETE FROM orders WHERE id IN (4, 6, 7);");
    apply(&build(unique), &surroundings);
}

#[test]
fn case_4_duplicates_outside_of_a_partial_index_and_empty_keys_do_not_count() {
    let Some(database) = orders() else { return };
    database.run(
        "UPDATE orders SET email = 'x' WHERE NOT paid; UPDATE orders SET email = NULL WHERE id <= 100;
        UPDATE orders SET email = 'lower' WHERE id = 110; UPDATE orders SET email = 'LOWER' WHERE id = 120;",
    );
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY orders_email ON orders (lower(email)) WHERE paid";
    let surroundings = around(&database);
    let said = failure(SQL_INDEX.run(&build(unique), &surroundings.context()).expect_err("duplicates"));
    assert!(said.contains("more than once: (lower) 2 times\n"), "{said}");
    database.run("UPDATE orders SET email = 'other' WHERE id = 110;");
    apply(&build(unique), &surroundings);
}

#[test]
fn case_5_it_runs_outside_of_a_transaction() {
    let Some(database) = orders() else { return };
    assert!(database.alone(&format!("SET lock_timeout = 0; {CREATE}")).expect_err("refused").contains("transaction"));
    apply(&build(CREATE), &around(&database));
}

#[test]
fn case_6_a_partitioned_table_gets_its_index_partition_by_partition() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(
        "CREATE TABLE events (at date, kind int) PARTITION BY RANGE (at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
        CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');",
    );
    let create = "CREATE INDEX CONCURRENTLY events_kind ON events (kind)";
    assert!(database.try_run(&format!("{create};")).expect_err("refused").contains("partitioned table"));
    apply(&build(create), &around(&database));
}

#[test]
fn case_7_a_statement_timeout_neither_cuts_the_build_short_nor_leaves_its_leftover() {
    let Some(database) = orders() else { return };
    database.run(
        "CREATE FUNCTION slow(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN IF n < 1000 THEN PERFORM pg_sleep(0.002); END IF; RETURN n; END $$;",
    );
    let create = "CREATE INDEX CONCURRENTLY orders_slow ON orders (public.slow(id))";
    let said = database.try_run(&format!("SET statement_timeout = '300ms'; {create};")).expect_err("a timeout");
    assert!(said.contains("statement timeout") && database.indexes().contains("orders_slow invalid"), "{said}");
    // For every session of the database, as hosted ones have it.
    database.run(&format!("ALTER DATABASE {} SET statement_timeout = '1500ms';", database.name()));
    database.run(&format!("ALTER DATABASE {} SET lock_timeout = '200ms';", database.name()));
    let begin = Instant::now();
    apply(&build(create), &around(&database));
    assert!(begin.elapsed() > Duration::from_millis(1500), "the build took longer than the timeout");
}

#[test]
fn case_8_what_a_reindexing_leaves_behind_is_dropped_and_the_good_one_kept() {
    let Some(database) = orders() else { return };
    database.run(&format!("{CREATE};"));
    let old = database.hold(OLD_SNAPSHOT);
    let reindex = "SET lock_timeout = '300ms'; REINDEX INDEX CONCURRENTLY orders_customer;";
    assert!(database.try_run(reindex).expect_err("a timeout").contains("lock timeout"));
    assert!(database.try_run(reindex).expect_err("a timeout").contains("lock timeout"));
    drop(old);
    let indexes = database.indexes();
    assert!(
        indexes.contains("orders_customer_ccnew invalid") && indexes.contains("orders_customer valid"),
        "{indexes}"
    );
    let id = database.run("SELECT 'orders_customer'::regclass::oid;");
    let surroundings = around(&database);
    assert_eq!(SQL_INDEX.check(&build(CREATE), &surroundings.context()), Ok(Readiness::Ready));
    apply(&build(CREATE), &surroundings);
    assert!(!database.indexes().contains("ccnew"), "{}", database.indexes());
    assert_eq!(database.run("SELECT 'orders_customer'::regclass::oid;"), id);
}

#[test]
fn case_9_a_drop_that_was_cut_short_is_finished_or_mended() {
    let Some(database) = orders() else { return };
    let cut_short = || {
        database.run(&format!("{CREATE};"));
        let reader = database.hold("SELECT count(*) FROM orders");
        let drop_it = "SET lock_timeout = '300ms'; DROP INDEX CONCURRENTLY orders_customer;";
        assert!(database.try_run(drop_it).expect_err("a timeout").contains("lock timeout"));
        drop(reader);
        assert!(database.indexes().contains("orders_customer invalid"), "a valid index became invalid");
    };
    let surroundings = around(&database);
    cut_short();
    take_back(&build(CREATE), &surroundings);
    cut_short();
    apply(&build(CREATE), &surroundings);
    assert!(database.indexes().contains("orders_pkey valid"));
}

#[test]
fn case_9_an_idle_reader_of_the_table_is_waited_for_by_a_drop() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database);
    apply(&build(CREATE), &surroundings);
    let reader = database.hold("SELECT count(*) FROM orders");
    thread::sleep(Duration::from_millis(400));
    thread::scope(|scope| {
        let undo = scope.spawn(|| take_back(&build(CREATE), &surroundings));
        thread::sleep(Duration::from_millis(1200));
        assert!(database.indexes().contains("orders_customer valid"), "it is not touched meanwhile");
        drop(reader);
        undo.join().expect("it is dropped then");
    });
}

#[test]
fn case_10_rows_are_written_while_the_index_is_built() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database).policy(|policy| {
        policy.steps.oldest_transaction = "1 hours".parse().expect("a duration");
    });
    let old = database.hold(OLD_SNAPSHOT);
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(CREATE), &surroundings));
        database.wait_for(PHASE, "waiting for old snapshots");
        database.run(
            "SET lock_timeout = '200ms'; INSERT INTO orders VALUES (0, 1); UPDATE orders SET customer = 2
            WHERE id = 1; DELETE FROM orders WHERE id = 2; SELECT count(*) FROM orders;",
        );
        drop(old);
        run.join().expect("it is built");
    });
    assert_eq!(
        database.run("SET enable_seqscan = off; SELECT count(*) FROM orders WHERE id = 0 AND customer = 1;"),
        "1"
    );
}

/// The second build waits for the first one's lock and holds a snapshot, for which the first one waits at its end.
/// Postgres ends whoever began to wait last: the step.
#[test]
fn case_11_a_deadlock_with_somebody_elses_build_is_recovered_from() {
    let Some(database) = orders() else { return };
    let surroundings = around(&database).policy(|policy| {
        policy.steps.oldest_transaction = "1 hours".parse().expect("a duration");
    });
    let writer = database.hold("INSERT INTO orders VALUES (0, 0)");
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&build(CREATE), &surroundings));
        database.wait_for(PHASE, "waiting for writers before build");
        let other = scope.spawn(|| database.try_run("CREATE INDEX CONCURRENTLY theirs ON orders (email);"));
        database.wait_for(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND
            datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY theirs%';",
            "1",
        );
        thread::sleep(Duration::from_millis(1200));
        drop(writer);
        run.join().expect("the step's own is built");
        other.join().expect("a thread").expect("theirs is built");
    });
    assert!(surroundings.told.text().contains("trying again: deadlock detected"), "{}", surroundings.told.text());
    let indexes = database.indexes();
    assert!(indexes.contains("orders_customer valid") && indexes.contains("theirs valid"), "{indexes}");
    assert!(!indexes.contains(" invalid "), "{indexes}");
}

#[test]
fn case_11_two_runs_on_one_table_build_one_after_the_other() {
    let Some(database) = orders() else { return };
    let all = ["customer", "email", "paid"].map(|column| {
        (build(&format!("CREATE INDEX CONCURRENTLY orders_{column} ON orders ({column})")), around(&database))
    });
    thread::scope(|scope| {
        for (step, surroundings) in &all {
            scope.spawn(move || SQL_INDEX.run(step, &surroundings.context()).expect("each is built"));
        }
    });
    for (step, surroundings) in &all {
        holds(step, surroundings, Expected::Done);
        assert!(!surroundings.told.text().contains("deadlock"), "{}", surroundings.told.text());
    }
}
