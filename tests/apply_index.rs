//! `sql-index` on a real Postgres: every kind of index is built, verified, taken back and built again.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/index_steps.rs"]
mod index_steps;
#[path = "support/indexes.rs"]
mod indexes;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/steps.rs"]
mod steps;

use index_steps::{CREATE, TABLE, around, build, drop_step, failure, outcomes, walk};
use palier::apply::steps::{Expected, Readiness, SQL_INDEX, StepCode};
use postgres::server;

#[test]
fn an_index_is_built_taken_back_and_built_again() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLE);
    let surroundings = around(&database);
    walk(&build(CREATE), &surroundings, &database);
    let seen = outcomes(&build(CREATE), &surroundings, Expected::Done);
    let size = seen[0].figures.iter().find(|figure| figure.name == "size").expect("a size");
    assert!(size.value > 8192.0 && size.unit == "bytes", "{seen:?}");
}

#[test]
fn an_index_is_dropped_brought_back_and_dropped_again() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(&format!("{TABLE} {CREATE};"));
    let surroundings = around(&database);
    walk(&drop_step(CREATE), &surroundings, &database);
    assert!(!database.indexes().contains("orders_customer"));
}

#[test]
fn every_kind_of_index_that_a_policy_declares_goes_the_whole_way() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(indexes::TABLES);
    let surroundings = around(&database);
    for policy in indexes::every_kind() {
        let index = indexes::index(&policy);
        walk(&build(&index.create_new()), &surroundings, &database);
    }
}

#[test]
fn what_an_index_is_made_of_is_compared_and_not_its_name_alone() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLE);
    let surroundings = around(&database);
    database.run("CREATE INDEX one ON orders (upper(email)) WHERE paid;");
    let context = surroundings.context();
    let same = build("CREATE INDEX CONCURRENTLY one ON orders ( UPPER( email ) ) WHERE (paid)");
    assert_eq!(SQL_INDEX.check(&same, &context), Ok(Readiness::Done));
    for other in [
        "CREATE INDEX CONCURRENTLY one ON orders (lower(email)) WHERE paid",
        "CREATE INDEX CONCURRENTLY one ON orders (upper(email)) WHERE NOT paid",
        "CREATE INDEX CONCURRENTLY one ON orders (upper(email) DESC) WHERE paid",
        "CREATE INDEX CONCURRENTLY one ON orders (upper(email) text_pattern_ops) WHERE paid",
        "CREATE INDEX CONCURRENTLY one ON orders (upper(email)) INCLUDE (id) WHERE paid",
        "CREATE UNIQUE INDEX CONCURRENTLY one ON orders (upper(email)) WHERE paid",
    ] {
        let said = failure(SQL_INDEX.check(&build(other), &context).expect_err(other));
        assert!(said.contains("USING btree (upper(email)) WHERE paid") && said.contains("meant is: CREATE"), "{said}");
        let said = failure(SQL_INDEX.run(&build(other), &context).expect_err(other));
        assert!(said.contains("`one` is taken"), "{said}");
        // Taking it back leaves alone what is somebody else's.
        SQL_INDEX.undo(&build(other), &context).expect("nothing to do");
    }
    assert!(database.indexes().contains("one valid"), "{}", database.indexes());
}

#[test]
fn what_cannot_be_built_is_told_before_anything_is_tried() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLE);
    database.run("CREATE SCHEMA shop; CREATE TABLE shop.baskets (id int); CREATE VIEW paid AS SELECT * FROM orders;");
    let surroundings = around(&database);
    let check = |create: &str| failure(SQL_INDEX.check(&build(create), &surroundings.context()).expect_err(create));
    let said = check("CREATE INDEX CONCURRENTLY i ON ordrs (id)");
    assert!(said.contains("public.ordrs") && said.contains("did you mean public.orders?"), "{said}");
    let said = check("CREATE INDEX CONCURRENTLY i ON baskets (id)");
    assert!(said.contains("did you mean shop.baskets?"), "{said}");
    let said = check("CREATE INDEX CONCURRENTLY i ON paid (id)");
    assert!(said.contains("view"), "{said}");
    let said = check("CREATE INDEX CONCURRENTLY i ON orders (custmer)");
    assert!(said.contains("custmer"), "{said}");
    let said = check("CREATE INDEX CONCURRENTLY i ON orders ((now()))");
    assert!(said.contains("IMMUTABLE"), "{said}");
    let said = check("CREATE INDEX CONCURRENTLY paid ON orders (id)");
    assert!(said.contains("`paid` is taken"), "{said}");
    assert_eq!(database.indexes().lines().count(), 1);
}
