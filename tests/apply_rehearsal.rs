//! `palier apply --rehearse`: each step forward, back and forward again on a copy, before anything real is touched.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

#[path = "support/command.rs"]
mod command;
#[path = "support/postgres.rs"]
mod postgres;

use command::{Project, palier};
use postgres::server;

const POLICY: &str = "
[delivery]
mode = \"local\"

[[index]]
table = \"enrollments\"
columns = [\"student_id\"]
";

const UNIQUE: &str = "
[[index]]
table = \"enrollments\"
columns = [\"course_id\"]
unique = true
";

#[test]
fn a_rehearsal_goes_forward_and_back_on_a_clone_before_the_real_run() {
    let Some(server) = server() else { return };
    let database = server.database();
    database.run("CREATE TABLE enrollments (student_id int, course_id int); INSERT INTO enrollments VALUES (1, 1)");
    let project = Project::of(&[("palier.toml", POLICY)]);
    let run = palier(&project)
        .env("DATABASE_URL", &database.url("postgresql"))
        .args(["apply", "--auto-approve", "--rehearse"])
        .run()
        .exits(0);
    let rehearsed = run.stderr.matches("forward, back and forward again").count();
    assert_eq!(rehearsed, 2, "the migration's files and the index:\n{}", run.stderr);
    assert!(run.stdout.starts_with("applied"), "{}", run.stdout);
    assert!(database.indexes().contains("idx_enrollments_student_id valid"), "{}", database.indexes());
}

#[test]
fn a_rehearsal_that_fails_leaves_the_real_system_untouched() {
    let Some(server) = server() else { return };
    let database = server.database();
    // The clone has this constraint's index too: the name is taken by another one.
    database.run("CREATE TABLE enrollments (student_id int, course_id int)");
    database.run("CREATE INDEX uniq_enrollments_course_id ON enrollments (student_id)");
    let project = Project::of(&[("palier.toml", &format!("{POLICY}{UNIQUE}"))]);
    let before = database.indexes();
    let run = palier(&project)
        .env("DATABASE_URL", &database.url("postgresql"))
        .args(["apply", "--auto-approve", "--rehearse"])
        .run()
        .exits(6);
    assert!(run.stderr.contains("rehearsal-failed"), "{}", run.stderr);
    assert!(run.stderr.contains("nothing of the real system was changed"), "{}", run.stderr);
    assert_eq!(database.indexes(), before);
    assert!(!project.files().keys().any(|path| path.starts_with("migrations/")), "{:?}", project.files().keys());
}

#[test]
fn what_cannot_be_rehearsed_is_said() {
    let project =
        Project::of(&[("palier.toml", "[delivery]\nmode = \"local\"\n[[index]]\ntable = \"a\"\ncolumns = [\"b\"]\n")]);
    let run =
        palier(&project).args(["apply", "--auto-approve", "--rehearse", "--until", "write-index-migrations"]).run();
    let run = run.exits(0);
    assert!(run.stderr.contains("no clone of the schema: DATABASE_URL is not set"), "{}", run.stderr);
    assert!(run.stderr.contains("not rehearsed, there is no clone of the schema"), "{}", run.stderr);
    assert!(run.stdout.contains("applied in part"), "{}", run.stdout);
}
