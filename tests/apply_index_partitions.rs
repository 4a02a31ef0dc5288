//! `sql-index` on partitioned tables: every partition concurrently, then the parent; repeatable from anywhere.
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
use std::time::Duration;

use index_steps::{apply, around, build, drop_step, failure, take_back, walk};
use palier::apply::steps::{Expected, SQL_INDEX, StepCode};
use palier::generate::migrations::Index;
use palier::verify::Status;
use postgres::{Database, server};

/// By year, the last year by kind again; names that need quotes, and one as long as a name may be.
const EVENTS: &str = "CREATE SCHEMA app;
    CREATE TABLE app.\"Events\" (at date, kind int, note text) PARTITION BY RANGE (at);
    CREATE TABLE app.events_2024 PARTITION OF app.\"Events\" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE public.events_2025_with_a_name_that_is_as_long_as_a_name_can_be_really
        PARTITION OF app.\"Events\" FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE app.events_2026 PARTITION OF app.\"Events\" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
        PARTITION BY LIST (kind);
    CREATE TABLE app.events_2026_1 PARTITION OF app.events_2026 FOR VALUES IN (1);
    CREATE TABLE app.\"Events 2026 rest\" PARTITION OF app.events_2026 DEFAULT;
    INSERT INTO app.\"Events\" SELECT date '2024-01-01' + n % 1000, n % 3, 'note ' || n FROM generate_series(1, 3000) AS n;";

const CREATE: &str =
    "CREATE INDEX CONCURRENTLY events_kind ON app.\"Events\" (kind, lower(note)) WHERE note IS NOT NULL";

fn events() -> Option<Database> {
    let database = server()?.database();
    database.run(EVENTS);
    Some(database)
}

/// How many partitions' indexes belong to the parent's, at any depth.
fn attached(database: &Database) -> String {
    database.run("SELECT count(*) - 1 FROM pg_partition_tree('app.events_kind'::regclass);")
}

#[test]
fn the_whole_way_with_partitions_of_partitions() {
    let Some(database) = events() else { return };
    let surroundings = around(&database);
    walk(&build(CREATE), &surroundings, &database);
    assert_eq!(attached(&database), "5");
    let size = index_steps::outcomes(&build(CREATE), &surroundings, Expected::Done)[0].figures[0].value;
    assert!(size > 4.0 * 8192.0, "the size is that of all partitions: {size}");
    database.run(
        "CREATE TABLE app.events_2027 PARTITION OF app.\"Events\" FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
    );
    assert_eq!(attached(&database), "6", "a new partition gets its own by itself");
    take_back(&build(CREATE), &around(&database));
    walk(&build(CREATE), &around(&database), &database);
    walk(&drop_step(CREATE), &around(&database), &database);
}

#[test]
fn a_run_that_was_cut_short_anywhere_is_taken_up_or_taken_back() {
    let Some(database) = events() else { return };
    let index = Index::from_statement(CREATE, "plan").expect("an index");
    let part = |schema: &str, table: &str| index.on_partition(schema, table);
    let leaf = part("app", "events_2024");
    let sub = part("app", "events_2026");
    let below = part("app", "events_2026_1");
    let cut_short = [
        index.create_on_only(),
        sub.create_on_only(),
        leaf.create_new(),
        below.create_new(),
        format!("ALTER INDEX {} ATTACH PARTITION {}", sub.qualified_name(), below.qualified_name()),
        format!("ALTER INDEX {} ATTACH PARTITION {}", index.qualified_name(), sub.qualified_name()),
    ];
    let before = database.indexes();
    database.run(&format!("{};", leaf.create_new()));
    let seen = index_steps::outcomes(&build(CREATE), &around(&database), Expected::Undone);
    assert!(seen[1].status == Status::Fails && seen[1].note.contains(leaf.name()), "{seen:#?}");
    take_back(&build(CREATE), &around(&database));
    for count in 1..=cut_short.len() {
        for takes_back in [true, false] {
            for statement in &cut_short[..count] {
                database.run(&format!("{statement};"));
            }
            if !takes_back {
                apply(&build(CREATE), &around(&database));
                assert_eq!(attached(&database), "5");
            }
            take_back(&build(CREATE), &around(&database));
            assert_eq!(database.indexes(), before);
        }
    }
}

#[test]
fn an_invalid_leftover_on_a_partition_is_replaced() {
    let Some(database) = events() else { return };
    let leaf = Index::from_statement(CREATE, "plan").expect("an index").on_partition("app", "events_2024");
    let reader =
        database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM app.events_2026_1");
    database.try_run(&format!("SET lock_timeout = '200ms'; {};", leaf.create_new())).expect_err("cut short");
    drop(reader);
    assert!(database.indexes().contains(" invalid "));
    apply(&build(CREATE), &around(&database));
    assert!(!database.indexes().contains(" invalid "), "{}", database.indexes());
}

#[test]
fn a_unique_index_without_the_key_of_the_partitions_is_refused_before_anything_is_built() {
    let Some(database) = events() else { return };
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY events_note ON app.\"Events\" (note)";
    let before = database.indexes();
    let said = failure(SQL_INDEX.run(&build(unique), &around(&database).context()).expect_err("no key"));
    assert!(said.contains("partition"), "{said}");
    assert_eq!(database.indexes(), before);
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY events_note ON app.\"Events\" (note, at, kind)";
    walk(&build(unique), &around(&database), &database);
}

#[test]
fn duplicates_in_one_partition_are_named_and_taking_it_back_leaves_nothing() {
    let Some(database) = events() else { return };
    database.run("INSERT INTO app.\"Events\" VALUES ('2026-05-05', 1, 'twice'), ('2026-05-05', 1, 'twice');");
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY events_note ON app.\"Events\" (note, at, kind)";
    let before = database.indexes();
    let said = failure(SQL_INDEX.run(&build(unique), &around(&database).context()).expect_err("duplicates"));
    assert!(said.contains("app.events_2026_1") && said.contains("(twice, 2026-05-05, 1) 2 times"), "{said}");
    take_back(&build(unique), &around(&database));
    assert_eq!(database.indexes(), before);
}

#[test]
fn a_reader_of_the_parent_delays_the_drop_and_nobody_queues_behind_it_for_long() {
    let Some(database) = events() else { return };
    apply(&build(CREATE), &around(&database));
    let reader = database.hold("SELECT count(*) FROM app.\"Events\"");
    let surroundings = around(&database);
    thread::scope(|scope| {
        let undo = scope.spawn(|| take_back(&build(CREATE), &surroundings));
        thread::sleep(Duration::from_millis(300));
        // It queues behind the drop, which gives up after a second at the most.
        database.run("SET statement_timeout = '3s'; SELECT count(*) FROM app.\"Events\";");
        thread::sleep(Duration::from_millis(1500));
        drop(reader);
        undo.join().expect("it is dropped then");
    });
    assert!(surroundings.told.text().contains("waiting for a moment"), "{}", surroundings.told.text());
}
