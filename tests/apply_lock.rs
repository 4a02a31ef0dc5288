//! One acts: whoever comes second says at once who holds the lock, since when and where.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;

use std::process::Child;
use std::time::Duration;

use applied::{Site, ended, entries, event_name, index, policy, until};
use postgres::{Server, Session, server};

const STARTERS: usize = 50;

fn site(server: &'static Server) -> Site {
    Site::new(server, &policy(&index("grades", "student_id\", \"created_at desc", "")))
}

/// An apply whose index build waits for a transaction that somebody holds open, and that transaction.
fn waiting(site: &Site) -> (Child, Session) {
    let session = site.database.hold(
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
         SELECT count(*) FROM students",
    );
    let holder = site.start(&["apply", "--auto-approve"]);
    let building = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";
    until("the build waits", || site.database.run(building) == "1");
    (holder, session)
}

/// Every lease is given back before the next one is taken, and each entry is written under the newest.
fn assert_never_two(site: &Site) {
    let (mut open, mut newest) = (false, 0);
    for entry in entries(&site.journal()) {
        match event_name(&entry).as_str() {
            "lease-taken" => {
                assert!(!open, "taken while another has it: {entry}");
                (open, newest) = (true, entry["number"].as_u64().expect("a number"));
            }
            "lease-released" => open = false,
            _ => assert!(open, "written without the lock: {entry}"),
        }
        assert_eq!(entry["lease"].as_u64(), Some(newest), "{entry}");
    }
    assert!(!open, "the last one has given it back");
}

#[test]
fn while_one_applies_all_others_say_at_once_who_holds_the_lock_since_when_and_where() {
    let Some(server) = server() else { return };
    let site = site(server);
    let (mut holder, session) = waiting(&site);
    let others: Vec<Child> = (1..STARTERS).map(|_| site.start(&["apply", "--auto-approve"])).collect();
    let journal = site.path().join(".palier/journal.jsonl").canonicalize().expect("the journal");
    let taken = entries(&site.journal()).remove(0)["event"]["lease-taken"]["holder"].clone();
    let host = taken["host"].as_str().expect("a host").to_owned();
    for other in others {
        let said = ended(other).exits(5).stderr;
        let who = format!("alice (process {} on {host}, run ", holder.id());
        for part in [who.as_str(), "holds it since 2026-11-20T08:0", "/.palier/journal.jsonl", "is free at once"] {
            assert!(said.contains(part), "no `{part}` in {said}");
        }
        assert!(said.contains(&*journal.file_name().expect("a name").to_string_lossy()), "{said}");
    }
    for arguments in
        [&["apply", "--resume"][..], &["rollback", "--auto-approve"], &["apply", "--abandon", "--auto-approve"]]
    {
        site.run(arguments).exits(5);
    }
    assert!(matches!(holder.try_wait(), Ok(None)), "nobody has waited for the holder's end");
    site.run(&["history"]).exits(0);
    drop(session);
    ended(holder).exits(0);
    assert_never_two(&site);
    assert_eq!(site.events().iter().filter(|event| *event == "lease-taken").count(), 1);
}

#[test]
fn of_fifty_that_start_at_once_one_does_the_work() {
    let Some(server) = server() else { return };
    let site = site(server);
    let all: Vec<Child> = (0..STARTERS).map(|_| site.start(&["apply", "--auto-approve"])).collect();
    let (mut applied, mut late, mut locked) = (0, 0, 0);
    for one in all {
        let ran = ended(one);
        match ran.code {
            Some(5) => locked += 1,
            Some(0) if ran.stdout.contains("nothing to change") => late += 1,
            Some(0) => applied += 1,
            _ => panic!("{:?}: {}", ran.code, ran.all()),
        }
    }
    eprintln!("race of {STARTERS}: {applied} applied, {locked} found the lock held, {late} found nothing to do");
    assert_eq!(applied, 1);
    assert_eq!(site.events().iter().filter(|event| *event == "decided").count(), 1);
    assert_never_two(&site);
    site.run(&["rollback", "--auto-approve"]).exits(0);
}

#[test]
fn the_lock_of_a_killed_run_is_taken_over_at_once() {
    let Some(server) = server() else { return };
    let site = site(server);
    let (mut holder, session) = waiting(&site);
    let dead = holder.id();
    holder.kill().expect("it is ours");
    let _ = holder.wait();
    // Not even what it has left is in the way of the lock: this one waits for the database alone.
    let next = site.start(&["apply", "--resume"]);
    until("the next has the lock", || site.events().iter().filter(|event| *event == "lease-taken").count() == 2);
    drop(session);
    ended(next).exits(0);
    let journal = entries(&site.journal());
    let taken = journal.iter().rfind(|entry| event_name(entry) == "lease-taken").expect("a lease");
    assert_eq!(taken["event"]["lease-taken"]["took_over"]["process"].as_u64(), Some(u64::from(dead)));
    assert!(site.database.indexes().lines().all(|line| line.contains(" valid ")), "{}", site.database.indexes());
    assert!(Duration::from_secs(60) > site.apply().exits(0).took);
}
