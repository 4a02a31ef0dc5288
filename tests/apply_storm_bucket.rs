//! The same storm with the journal in a bucket: a killed holder of this machine is known to be dead at once.
//!
//! 8 kills in a usual run, 60 with `PALIER_LONG=1`; `PALIER_SEED` repeats a storm.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/s3.rs"]
mod s3;
#[path = "support/storm.rs"]
mod storm;
#[path = "support/venv.rs"]
mod venv;

use applied::{Site, index, policy};
use postgres::server;
use s3::S3Server;
use storm::{Storm, Tally, count, seed};

fn site(bucket: &S3Server, prefix: &str) -> Option<Site> {
    let more = format!("[journal]\nurl = \"s3://journals/{prefix}\"\n\n");
    let indexes = index("grades", "student_id\", \"created_at desc", "") + &index("students", "email", "unique = true");
    let mut site = Site::new(server()?, &policy(&(more + &indexes)));
    for (name, value) in bucket.options() {
        site.set(&name, &value);
    }
    Some(site)
}

#[test]
fn killed_at_any_instant_a_run_with_its_journal_in_a_bucket_is_carried_on_or_taken_back() {
    let Some(bucket) = S3Server::start() else { return };
    let Some(site) = site(&bucket, "storm") else { return };
    let (seed, tally) = (seed(), Tally::new(count(8, 60)));
    eprintln!("kill storm in a bucket: PALIER_SEED={seed}");
    Storm::new(&site, &tally, seed, 0).rage();
    eprintln!("{}", tally.line("kill storm in a bucket"));
    assert!(!site.path().join(".palier/journal.jsonl").exists(), "there is no second journal");
}

#[test]
fn what_one_machine_applied_another_takes_back() {
    let Some(bucket) = S3Server::start() else { return };
    let Some(site) = site(&bucket, "moved") else { return };
    let start = site.state();
    site.apply().exits(0);
    assert_ne!(site.state(), start);
    // A CI job begins without what an earlier one left in its checkout.
    std::fs::remove_dir_all(site.path().join(".palier")).expect("palier's folder");
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
    let said = site.run(&["history"]).exits(0).stdout;
    assert!(said.contains("rolled-back"), "{said}");
}
