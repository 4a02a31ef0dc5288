//! `palier apply` and people: files that somebody edits meanwhile, Ctrl-C, what the history tells, files in CI.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;

use std::process::{Child, Command};

use applied::{Site, ended, index, policy, until};
use postgres::{Server, Session, server};

fn site(server: &'static Server) -> Site {
    Site::new(server, &policy(&index("grades", "student_id\", \"created_at desc", "")))
}

/// An apply whose index build waits for a transaction that somebody holds open, and that transaction.
fn waiting(site: &Site) -> (Child, Session) {
    let session = site.database.hold(
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
         SELECT count(*) FROM students",
    );
    let child = site.start(&["apply", "--auto-approve"]);
    let building = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";
    until("the build waits", || site.database.run(building) == "1");
    (child, session)
}

/// What Ctrl-C does.
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[test]
fn what_somebody_edits_after_apply_is_never_thrown_away_by_a_rollback() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    site.apply().exits(0);
    let applied = site.read("requirements.txt");
    let edited = format!("{applied}httpx==0.28.1\n");
    site.write("requirements.txt", &edited);
    let ran = site.run(&["rollback", "--auto-approve"]).exits(7);
    assert!(ran.stderr.contains("somebody has changed `requirements.txt`"), "{}", ran.stderr);
    for part in ["What a person must do, in order", "take your change out of `requirements.txt`", "`palier rollback`"] {
        assert!(ran.stdout.contains(part), "no `{part}` in {}", ran.stdout);
    }
    assert_eq!(site.read("requirements.txt"), edited);
    // Nothing else may begin, and nothing goes on, before that is mended.
    site.apply().exits(8);
    site.run(&["apply", "--resume"]).exits(7);
    assert_eq!(site.read("requirements.txt"), edited);
    site.write("requirements.txt", &applied);
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
    let history = site.run(&["history"]).exits(0).stdout;
    assert!(history.contains("rolled-back"), "{history}");
}

#[test]
fn a_file_that_changes_while_the_plan_is_applied_stops_it_and_the_rest_is_taken_back() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    let first = "students-db-plan";
    site.run(&["apply", "--auto-approve", "--until", first]).exits(0);
    let own = site.read("requirements.txt") + "httpx==0.28.1\n";
    site.write("requirements.txt", &own);
    let ran = site.run(&["apply", "--resume"]).exits(6);
    assert!(ran.stderr.contains("`requirements.txt` has changed since the plan was made"), "{}", ran.stderr);
    assert_eq!(site.read("requirements.txt"), own);
    assert_eq!(site.files()["render.yaml"], start.0["render.yaml"]);
    assert_eq!(site.database.indexes(), start.1);
}

#[test]
fn ctrl_c_leaves_nothing_half_done_and_the_run_can_be_resumed() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    let (child, session) = waiting(&site);
    interrupt(&child);
    let ran = ended(child).exits(130);
    assert!(ran.stderr.contains("coming to an end"), "{}", ran.stderr);
    assert!(ran.stdout.contains("`palier apply --resume` goes on"), "{}", ran.stdout);
    assert_eq!(site.database.indexes(), start.1, "nothing invalid is left");
    assert_eq!(site.events().pop().as_deref(), Some("lease-released"));
    drop(session);
    site.run(&["apply", "--resume"]).exits(0);
    assert!(site.database.indexes().contains("idx_grades"), "{}", site.database.indexes());
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
}

#[test]
fn ctrl_c_twice_ends_at_once_and_the_next_run_clears_up() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    // Somebody who has written to the table: dropping what the build has left waits for them as well.
    let session = site
        .database
        .hold("SET LOCAL idle_in_transaction_session_timeout = 0; UPDATE grades SET grade = 1 WHERE id = 1");
    let child = site.start(&["apply", "--auto-approve"]);
    let building = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";
    until("the build waits", || site.database.run(building) == "1");
    interrupt(&child);
    interrupt(&child);
    let ran = ended(child).exits(130);
    assert!(ran.all().contains("palier apply --resume"), "{}", ran.all());
    drop(session);
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
    site.apply().exits(0);
}

#[test]
fn the_history_tells_each_run_its_steps_and_who_ran_it() {
    let Some(server) = server() else { return };
    let site = site(server);
    assert_eq!(site.run(&["history"]).exits(0).stdout, "nothing was applied yet\n");
    site.apply().exits(0);
    site.run(&["rollback", "--auto-approve"]).exits(0);
    site.apply().exits(0);
    let text = site.run(&["history"]).exits(0).stdout;
    let (newest, older) = (text.find(" applied: plan "), text.find(" rolled-back: plan "));
    assert!(newest.is_some() && newest < older, "{text}");
    assert!(text.contains("by alice on ") && text.contains("Build the index") && text.contains("(undone)"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&site.run(&["history", "--format", "json"]).exits(0).stdout).expect("JSON");
    assert_eq!((json["format_version"].as_str(), json["kind"].as_str()), (Some("1"), Some("history")));
    let outcome = |run: usize| json["runs"][run]["outcome"].as_str().map(str::to_owned);
    assert_eq!((outcome(0).as_deref(), outcome(1).as_deref()), (Some("applied"), Some("rolled-back")));
    assert_eq!(json["runs"][0]["by"]["user"], "alice");
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(2));
    let one: serde_json::Value =
        serde_json::from_str(&site.run(&["history", "--format", "json", "--last", "1"]).stdout).expect("JSON");
    assert_eq!(one["runs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn where_nobody_commits_the_files_they_are_compared_and_never_written() {
    let Some(server) = server() else { return };
    let mut site = site(server);
    let before = site.state();
    let said = site.run(&["apply", "--auto-approve", "--files", "check"]).exits(8).stderr;
    assert!(said.contains("is not as the plan wants it") && said.contains("palier generate"), "{said}");
    assert_eq!(site.state(), before);
    // A CI service says so itself.
    site.set("CI", "true");
    site.apply().exits(8);
    assert_eq!(site.state(), before);
    site.run(&["generate"]).exits(0);
    let files = site.files();
    site.apply().exits(0);
    assert_eq!(site.files(), files);
    assert!(site.database.indexes().contains("idx_grades"));
    // Taking it back leaves the files to who commits them.
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), (files, before.1));
}
