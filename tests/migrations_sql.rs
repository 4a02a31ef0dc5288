//! Plain SQL migrations: the files, and what they do to a real Postgres.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/indexes.rs"]
mod indexes;
#[path = "support/postgres.rs"]
mod postgres;

use indexes::{TABLES, every_kind, index, policy, with};
use palier::generate::migrations::{MigrationFile, MigrationOptions, render, split_statements};
use palier::policy::{IndexPolicy, MigrationFormat};
use postgres::server;

fn options(existing: &[MigrationFile]) -> MigrationOptions {
    MigrationOptions {
        format: MigrationFormat::Sql,
        folder: "migrations/palier".to_owned(),
        django_app: None,
        existing: existing.to_vec(),
    }
}

/// The up and the down file of one index.
fn files(policy: &IndexPolicy) -> (String, String) {
    let mut files = render(&[index(policy)], &options(&[])).expect("files");
    assert_eq!(files.len(), 2);
    let down = files.pop().expect("down").content;
    (files.pop().expect("up").content, down)
}

#[test]
fn the_files_of_an_index() {
    let (up, down) = files(&policy("enrollments", &["student_id", "course_id"]));
    insta::assert_snapshot!("up", up);
    insta::assert_snapshot!("down", down);
}

#[test]
fn every_kind_of_index_is_written_as_meant() {
    let lines: Vec<String> = every_kind()
        .iter()
        .map(|policy| format!("{} ON {}", index(policy).name(), index(policy).definition()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn squawk_has_nothing_to_say() {
    for policy in every_kind() {
        let (up, down) = files(&policy);
        for text in [up, down] {
            let file = squawk_syntax::SourceFile::parse(&text);
            assert_eq!(file.errors(), [], "{text}");
            let found = squawk_linter::Linter::with_default_rules().lint(&file, &text);
            assert!(found.is_empty(), "{found:#?}\n{text}");
        }
    }
}

#[test]
fn indexes_are_built_dropped_and_built_again() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    for policy in every_kind() {
        let before = database.indexes();
        let (up, down) = files(&policy);
        database.run(&up);
        let built = database.indexes();
        assert_eq!(built.lines().count(), before.lines().count() + 1, "{built}");
        assert!(!built.contains(" invalid "), "{built}");
        database.run(&up);
        assert_eq!(database.indexes(), built, "a second run changes nothing");
        database.run(&down);
        assert_eq!(database.indexes(), before);
        database.run(&down);
        database.run(&up);
        assert_eq!(database.indexes(), built);
    }
    insta::assert_snapshot!(database.indexes());
}

#[test]
fn each_statement_runs_on_a_connection_of_its_own() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, down) = files(&policy("enrollments", &["student_id"]));
    for text in [&up, &down, &up] {
        let statements = split_statements(text);
        // The documented way to split gives the same: a semicolon, then an empty line.
        let paragraphs = text.split("\n\n").filter(|part| part.trim_end().ends_with(';')).count();
        assert_eq!(statements.len(), paragraphs, "{text}");
        for statement in statements {
            database.alone(&statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
    }
    assert!(database.indexes().contains("idx_enrollments_student_id valid"));
}

#[test]
fn a_unique_index_over_duplicates_names_the_key_and_is_built_once_they_are_gone() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, _) = files(&with(policy("enrollments", &["student_id"]), |index| index.unique = true));
    for _ in 0..2 {
        let error = database.try_run(&up).expect_err("duplicates");
        assert!(error.contains("Key (student_id)=(") && error.contains("is duplicated"), "{error}");
        assert!(database.indexes().contains("uniq_enrollments_student_id invalid"), "{}", database.indexes());
        let verification = split_statements(&up).into_iter().find(|part| part.contains("DECLARE")).expect("a check");
        let error = database.alone(&verification).expect_err("an invalid index");
        assert!(error.contains("is not valid") && error.contains("Run this migration again"), "{error}");
    }
    database.run("DELETE FROM enrollments WHERE id > 50");
    database.run(&up);
    assert!(database.indexes().contains("uniq_enrollments_student_id valid"), "{}", database.indexes());
    assert_eq!(database.indexes().lines().count(), 2, "the leftover is gone: {}", database.indexes());
}

#[test]
fn an_index_left_invalid_by_a_lock_timeout_is_replaced_while_others_read_and_write() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, _) = files(&policy("enrollments", &["student_id"]));
    let holder = database.hold("UPDATE enrollments SET note = 'held' WHERE id = 1");
    let plain = "CREATE INDEX CONCURRENTLY idx_enrollments_student_id ON enrollments (student_id);";
    let error = database.try_run(&format!("SET lock_timeout = '200ms';\n{plain}")).expect_err("a timeout");
    assert!(error.contains("lock timeout"), "{error}");
    assert!(database.indexes().contains("idx_enrollments_student_id invalid"), "{}", database.indexes());
    // Setting the leftover aside needs no lock that the open transaction, or a new write, stands in the way of.
    let statements = split_statements(&up);
    let set_aside = statements.iter().find(|statement| statement.contains("RENAME")).expect("the guard");
    database.run(&format!("SET lock_timeout = '1s';\n{set_aside}"));
    assert!(database.indexes().contains("_leftover_"), "{}", database.indexes());
    database.run("UPDATE enrollments SET note = 'written' WHERE id = 2");
    drop(holder);
    database.run(&up);
    assert_eq!(database.indexes().lines().count(), 2, "{}", database.indexes());
    assert!(database.indexes().contains("idx_enrollments_student_id valid"), "{}", database.indexes());
}

#[test]
fn a_build_waits_for_an_older_transaction_instead_of_failing() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, _) = files(&policy("enrollments", &["student_id"]));
    let holder = database.hold("UPDATE enrollments SET note = 'held' WHERE id = 1");
    std::thread::scope(|scope| {
        // The role's own timeouts are those that the file sets aside for itself.
        let build = scope.spawn(|| database.try_run(&format!("SET lock_timeout = '100ms';\n{up}")));
        database.wait_for("SELECT count(*) FROM pg_stat_progress_create_index", "1");
        // Longer than the role's timeout, so that the build would have failed by it.
        database.run("SELECT pg_sleep(0.4)");
        database.run("UPDATE enrollments SET note = 'written' WHERE id = 2");
        drop(holder);
        build.join().expect("the build").expect("a valid index");
    });
    assert!(database.indexes().contains("idx_enrollments_student_id valid"), "{}", database.indexes());
}

#[test]
fn an_index_that_another_session_is_just_building_is_left_alone() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, _) = files(&policy("enrollments", &["student_id"]));
    let holder = database.hold("UPDATE enrollments SET note = 'held' WHERE id = 1");
    std::thread::scope(|scope| {
        let build = scope.spawn(|| {
            database.try_run("CREATE INDEX CONCURRENTLY idx_enrollments_student_id ON enrollments (student_id);")
        });
        database.wait_for("SELECT count(*) FROM pg_index WHERE NOT indisvalid", "1");
        let error = database.try_run(&up).expect_err("a build is running");
        assert!(error.contains("the table is being worked on") && error.contains("wait for it"), "{error}");
        drop(holder);
        build.join().expect("the build").expect("a valid index");
    });
    database.run(&up);
    assert!(database.indexes().contains("idx_enrollments_student_id valid"), "{}", database.indexes());
}

#[test]
fn a_drop_that_was_cut_short_is_mended_by_running_either_file() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, down) = files(&policy("enrollments", &["student_id"]));
    for mend in [&down, &up] {
        database.run(&up);
        let reader = database.hold("SELECT * FROM enrollments WHERE student_id = 3");
        let cut = database.try_run(
            "SET lock_timeout = '200ms';\nDROP INDEX CONCURRENTLY IF EXISTS public.idx_enrollments_student_id;",
        );
        assert!(cut.is_err() && database.indexes().contains("idx_enrollments_student_id invalid"));
        drop(reader);
        database.run(mend);
        assert!(!database.indexes().contains("invalid"), "{}", database.indexes());
    }
    assert!(database.indexes().contains("idx_enrollments_student_id valid"), "{}", database.indexes());
}

#[test]
fn another_index_of_that_name_and_a_partitioned_table_are_refused() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run(TABLES);
    let (up, _) = files(&policy("enrollments", &["student_id"]));
    for other in [
        "CREATE INDEX idx_enrollments_student_id ON enrollments (course_id)",
        "CREATE UNIQUE INDEX idx_enrollments_student_id ON enrollments (student_id, id)",
        "CREATE INDEX idx_enrollments_student_id ON enrollments (student_id) WHERE id > 3",
        "CREATE INDEX idx_enrollments_student_id ON enrollments USING hash (student_id)",
        "CREATE INDEX idx_enrollments_student_id ON enrollments (student_id DESC)",
        "CREATE INDEX idx_enrollments_student_id ON enrollments (student_id) INCLUDE (course_id)",
    ] {
        database.run(other);
        let error = database.try_run(&up).expect_err("another index");
        assert!(error.contains("is another one than was meant: CREATE"), "{error}");
        database.run("DROP INDEX idx_enrollments_student_id");
    }
    database.run("CREATE TABLE idx_enrollments_student_id ()");
    let error = database.try_run(&up).expect_err("a table of that name");
    assert!(error.contains("was not built"), "{error}");
    database.run("CREATE TABLE events (at date) PARTITION BY RANGE (at)");
    let error = database.try_run(&files(&policy("events", &["at"])).0).expect_err("a partitioned table");
    assert!(error.contains("is partitioned") && error.contains("attach"), "{error}");
    let error = database.try_run(&files(&policy("nowhere", &["at"])).0).expect_err("no table");
    assert!(error.contains("does not exist"), "{error}");
}

#[test]
fn names_beyond_the_limit_are_found_again() {
    let Some(server) = server() else { return };
    let database = server.database();
    let table = format!("t{}", "é".repeat(30));
    let columns = [format!("c{}", "x".repeat(60)), format!("d{}", "y".repeat(60))];
    database.run(&format!("CREATE TABLE \"{table}\" ({} int, {} int)", columns[0], columns[1]));
    let (up, down) = files(&policy(&table, &[&columns[0], &columns[1]]));
    for text in [&up, &up, &down, &up] {
        database.run(text);
    }
    assert_eq!(database.indexes().lines().count(), 1, "{}", database.indexes());
    let named = with(policy(&table, &[&columns[0]]), |index| index.name = Some("n".repeat(100)));
    database.run(&files(&named).0);
    assert!(database.indexes().lines().all(|line| line.contains(" valid ")), "{}", database.indexes());
}

#[test]
fn every_word_of_postgres_can_be_a_column() {
    let Some(server) = server() else { return };
    let database = server.database();
    let words: Vec<String> =
        database.run("SELECT word FROM pg_get_keywords() ORDER BY word").lines().map(str::to_owned).collect();
    assert!(words.len() > 400);
    let columns: Vec<String> = words.iter().map(|word| format!("\"{word}\" int")).collect();
    database.run(&format!("CREATE TABLE words ({})", columns.join(", ")));
    let statements: Vec<String> = words
        .iter()
        .map(|word| {
            format!("CREATE INDEX ON {};", index(&policy("words", &[&format!("{word} desc"), word])).definition())
        })
        .collect();
    database.run(&statements.join("\n"));
}
