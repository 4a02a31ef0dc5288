//! `palier apply` and `palier rollback`, killed at random instants: each run is carried on to the target or taken back
//! to the start, files byte for byte and indexes by the catalog.
//!
//! 30 kills in a usual run, 1,000 with `PALIER_LONG=1`; `PALIER_SEED` repeats a storm.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/storm.rs"]
mod storm;

use applied::{Site, index, policy};
use postgres::{Server, server};
use storm::{Storm, Tally, count, seed};

/// Five indexes on three tables.
fn indexes() -> String {
    [
        index("enrollments", "student_id\", \"course_id", ""),
        index("enrollments", "course_id", "include = [\"student_id\"]"),
        index("grades", "student_id\", \"created_at desc", ""),
        index("grades", "created_at", "where = \"grade > 3\""),
        index("students", "email", "unique = true"),
    ]
    .concat()
}

/// The same, and one that cannot be built: names are there twice.
fn failing() -> String {
    indexes() + &index("students", "name", "unique = true")
}

fn site(server: &'static Server) -> Site {
    Site::new(server, &policy(&indexes()))
}

#[test]
fn killed_at_any_instant_a_run_ends_in_the_target_or_is_taken_back_to_the_start() {
    let Some(server) = server() else { return };
    let (seed, tally) = (seed(), Tally::new(count(30, 1000)));
    eprintln!("kill storm: PALIER_SEED={seed}");
    std::thread::scope(|scope| {
        for (number, ends) in [0, 0, 6].into_iter().enumerate() {
            let tally = &tally;
            scope.spawn(move || {
                let site = Site::new(server, &policy(&if ends == 6 { failing() } else { indexes() }));
                Storm::new(&site, tally, seed + number as u64, ends).rage();
            });
        }
    });
    eprintln!("{}", tally.line("kill storm"));
}

#[test]
fn a_last_line_that_was_torn_by_the_kill_is_repaired_by_the_next_run() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    site.apply().exits(0);
    let (target, journal) = (site.state(), site.journal());
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    // Torn in its last line at a few places each: in the middle of the run, after its last step, before its end.
    for (whole, share) in [(9, 2), (lines.len() - 3, 3), (lines.len() - 2, 7)] {
        let torn = lines[..whole].concat() + &lines[whole][..lines[whole].len() / share];
        site.write(".palier/journal.jsonl", &torn);
        site.run(&["apply", "--resume"]).exits(0);
        assert_eq!(site.state(), target);
        assert!(site.journal().starts_with(&lines[..whole].concat()), "what was whole stays");
        assert_eq!(applied::entries(&site.journal()).len(), site.journal().lines().count(), "and is whole again");
    }
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
}

#[test]
fn a_damaged_journal_is_refused_with_what_to_do_and_nothing_is_touched() {
    let Some(server) = server() else { return };
    let site = site(server);
    site.apply().exits(0);
    let (target, journal) = (site.state(), site.journal());
    let lines: Vec<&str> = journal.lines().collect();
    let swapped = lines[5].replace("step-", "stop-");
    let without: Vec<&str> = lines.iter().enumerate().filter(|(at, _)| *at != 5).map(|(_, line)| *line).collect();
    let changed = journal.replace(lines[5], &swapped);
    for (damaged, what) in [(changed, "checksum"), (without.join("\n") + "\n", "should follow")] {
        site.write(".palier/journal.jsonl", &damaged);
        for arguments in
            [&["apply", "--auto-approve"][..], &["apply", "--resume"], &["rollback", "--auto-approve"], &["history"]]
        {
            let said = site.run(arguments).exits(1).stderr;
            assert!(said.contains("damaged at line 6") && said.contains(what), "{arguments:?}: {said}");
            assert!(said.contains("restore") && said.contains("backup"), "{arguments:?}: {said}");
        }
        assert_eq!(site.journal(), damaged);
        assert_eq!(site.state(), target);
    }
    site.write(".palier/journal.jsonl", &journal);
    site.run(&["rollback", "--auto-approve"]).exits(0);
}
