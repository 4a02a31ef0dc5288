//! Steps that build or drop an index, and a database with a table to do it on.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::path::Path;

use palier::apply::steps::{Expected, Readiness, SQL_INDEX, StepCode, Trouble};
use palier::generate::migrations::Index;
use palier::plan::{Action, IndexOfStep, Risk, Step};
use palier::verify::{Outcome, Status};

use crate::postgres::Database;
use crate::steps::Surroundings;

/// A table of twenty thousand rows.
pub const TABLE: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, email text, paid boolean);
    INSERT INTO orders SELECT n, n % 500, 'user' || n || '@example.com', n % 10 = 0 FROM generate_series(1, 20000) AS n;
    ANALYZE orders;";

/// The index of most tests.
pub const CREATE: &str = "CREATE INDEX CONCURRENTLY orders_customer ON public.orders (customer)";

/// What a step holds of an index.
pub fn of_step(create: &str) -> IndexOfStep {
    let index = Index::from_statement(create, "plan").expect("an index");
    IndexOfStep {
        name: index.name().to_owned(),
        table: index.table(),
        create: create.to_owned(),
        path: "migrations/palier/0001_index.up.sql".to_owned(),
        command: None,
        undo_command: None,
    }
}

/// The step that builds it.
pub fn build(create: &str) -> Step {
    step(of_step(create), false)
}

/// The step that drops it.
pub fn drop_step(create: &str) -> Step {
    step(of_step(create), true)
}

/// A step of an index; `drops` turns it round.
pub fn step(index: IndexOfStep, drops: bool) -> Step {
    let there = Action::BuildIndex { index: index.clone() };
    let gone = Action::DropIndex { index };
    let (run, undo) = if drops { (gone, there) } else { (there, gone) };
    Step {
        id: "index".to_owned(),
        flight: 1,
        kind: "sql-index".to_owned(),
        title: String::new(),
        reason: String::new(),
        depends_on: Vec::new(),
        reversible: true,
        one_way: None,
        risk: Risk::Medium,
        risk_reason: String::new(),
        cost_delta: None,
        check: Vec::new(),
        run,
        verify: Vec::new(),
        undo,
    }
}

/// What a step finds around it, with little patience: what is waited for in a test ends soon or never.
pub fn around(database: &Database) -> Surroundings {
    Surroundings::new(Path::new("."), &[("DATABASE_URL", &database.url("postgresql"))]).policy(|policy| {
        policy.steps.patience = "15 s".parse().expect("a duration");
        policy.steps.oldest_transaction = "300 ms".parse().expect("a duration");
        policy.steps.index_time_limit = "30 s".parse().expect("a duration");
    })
}

/// With another duration in the policy.
pub fn with_patience(surroundings: Surroundings, patience: &str) -> Surroundings {
    surroundings.policy(|policy| policy.steps.patience = patience.parse().expect("a duration"))
}

/// Checks, runs and verifies a step as apply does.
pub fn apply(step: &Step, surroundings: &Surroundings) {
    let context = surroundings.context();
    SQL_INDEX.check(step, &context).unwrap_or_else(|trouble| panic!("{trouble:?}"));
    SQL_INDEX.run(step, &context).unwrap_or_else(|trouble| panic!("{trouble:?}\n{}", surroundings.told.text()));
    holds(step, surroundings, Expected::Done);
}

/// Takes a step back and verifies that.
pub fn take_back(step: &Step, surroundings: &Surroundings) {
    let context = surroundings.context();
    SQL_INDEX.undo(step, &context).unwrap_or_else(|trouble| panic!("{trouble:?}\n{}", surroundings.told.text()));
    holds(step, surroundings, Expected::Undone);
}

/// Every outcome of the verification holds, and none does of the opposite.
pub fn holds(step: &Step, surroundings: &Surroundings, expected: Expected) {
    let seen = outcomes(step, surroundings, expected);
    assert!(seen.iter().all(|outcome| outcome.status == Status::Holds), "{seen:#?}");
    let opposite = if expected == Expected::Done { Expected::Undone } else { Expected::Done };
    let seen = outcomes(step, surroundings, opposite);
    assert!(seen.iter().any(|outcome| outcome.status == Status::Fails), "{seen:#?}");
}

/// What the verification sees.
pub fn outcomes(step: &Step, surroundings: &Surroundings, expected: Expected) -> Vec<Outcome> {
    let seen = SQL_INDEX.verify(step, &surroundings.context(), expected);
    seen.unwrap_or_else(|trouble| panic!("{trouble:?}"))
}

/// The whole walk: check, run, verify, undo, verify, run, verify; the other indexes stay as they are.
pub fn walk(step: &Step, surroundings: &Surroundings, database: &Database) {
    let before = database.indexes();
    assert_eq!(SQL_INDEX.check(step, &surroundings.context()), Ok(Readiness::Ready));
    apply(step, surroundings);
    let after = database.indexes();
    assert_eq!(SQL_INDEX.check(step, &surroundings.context()), Ok(Readiness::Done));
    // Everything can be repeated.
    apply(step, surroundings);
    assert_eq!(database.indexes(), after);
    take_back(step, surroundings);
    assert_eq!(database.indexes(), before);
    take_back(step, surroundings);
    apply(step, surroundings);
    assert_eq!(database.indexes(), after);
    assert!(!after.contains(" invalid "), "{after}");
}

/// The words of a failure: message, reason and help.
pub fn failure(trouble: Trouble) -> String {
    match trouble {
        Trouble::Failed(diagnostic) | Trouble::Stale(diagnostic) => {
            format!("{}\n{}\n{}", diagnostic.message, diagnostic.why, diagnostic.help)
        }
        other => panic!("{other:?}"),
    }
}
