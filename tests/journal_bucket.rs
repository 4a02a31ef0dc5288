//! The journal in a bucket: two that race, one that wakes late, a cancelled job, a store that stumbles.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test stops at a surprise")]

#[path = "support/journal.rs"]
mod journal;
#[path = "support/s3.rs"]
mod s3;
#[path = "support/time.rs"]
mod time;
#[path = "support/venv.rs"]
mod venv;

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use journal::{begun, done, holder, nobody_knows};
use palier::apply::journal::{Event, Holder, Journal, JournalError, Place};
use s3::S3Server;
use time::TestClock;

const NOW: &str = "2026-11-20T08:00:00Z";

fn place(server: &S3Server, prefix: &str) -> Place {
    let (url, environment) = (format!("s3://journals/{prefix}"), "production".to_owned());
    Place::Bucket { url, environment, options: server.options() }
}

fn clock() -> Arc<TestClock> {
    Arc::new(TestClock::at(NOW))
}

fn open(server: &S3Server, prefix: &str) -> Journal {
    Journal::open(&place(server, prefix), clock()).expect("it opens")
}

/// Whether a run may act now, without acting.
fn is_locked(journal: &mut Journal) -> bool {
    match journal.take(holder("another"), &nobody_knows) {
        Err(JournalError::Locked { .. }) => true,
        Ok(()) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_was_written_is_read_again() {
    let Some(server) = S3Server::start() else { return };
    let mut journal = open(&server, "team/app");
    assert!(journal.entries().is_empty());
    assert_eq!(journal.place().shown(), "s3://journals/team/app/production/journal");
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    for event in [begun("index-1"), done("index-1")] {
        journal.append(event).expect("it is written");
    }
    journal.release().expect("it is given back");
    assert_eq!(open(&server, "team/app").entries(), journal.entries());
    assert_eq!(journal.entries().len(), 4);
    assert!(open(&server, "team/other").entries().is_empty());
    let mut second = open(&server, "team/app");
    second.take(holder("second"), &nobody_knows).expect("it was given back");
}

#[test]
fn of_two_that_race_one_acts_and_the_log_has_no_gap_and_no_entry_twice() {
    let Some(server) = S3Server::start() else { return };
    for round in 0..20 {
        // Five races for each journal: the first is for one that does not exist.
        let prefix = format!("race-{}", round / 5);
        let (begin, end) = (Barrier::new(2), Barrier::new(2));
        let race = |name: &str| {
            let mut journal = open(&server, &prefix);
            begin.wait();
            let taken = journal.take(holder(&format!("{round}-{name}")), &nobody_knows);
            if taken.is_ok() {
                journal.append(begun(name)).expect("it is written");
            }
            end.wait();
            let won = taken.is_ok();
            if won {
                journal.release().expect("it is given back");
            } else {
                assert!(matches!(taken, Err(JournalError::Locked { holder: Some(_), .. })), "{taken:?}");
            }
            won
        };
        let won = std::thread::scope(|scope| {
            let racers = ["one", "two"].map(|name| scope.spawn(move || race(name)));
            racers.map(|racer| racer.join().expect("a racer"))
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}");
        // Opening refuses a gap, a number that is there twice and an entry of an old lease.
        let journal = open(&server, &prefix);
        assert_eq!(journal.entries().len(), 3 * (round % 5 + 1));
        assert!(journal.entries().iter().zip(1..).all(|(entry, number)| entry.number == number));
    }
}

#[test]
fn a_run_that_wakes_late_writes_nothing() {
    let Some(server) = S3Server::start() else { return };
    let asleep = clock();
    let mut late = Journal::open(&place(&server, "late"), asleep).expect("it opens");
    late.take(holder("late"), &nobody_knows).expect("nobody has the lock");
    late.append(begun("index-1")).expect("it is written");

    let awake = clock();
    let mut second = Journal::open(&place(&server, "late"), awake.clone()).expect("it opens");
    awake.pass(Duration::from_secs(125));
    assert!(is_locked(&mut second), "the store has not seen its lease end");
    server.pass(Duration::from_secs(125));
    second.take(holder("second"), &nobody_knows).expect("the lease is over");
    let Event::LeaseTaken { took_over: Some(from), .. } = &second.entries().last().expect("an entry").event else {
        panic!("{:?}", second.entries())
    };
    assert_eq!(from.run, "late");

    let before = open(&server, "late").entries().to_vec();
    let Err(error @ JournalError::Fenced { .. }) = late.append(done("index-1")) else { panic!("it wrote") };
    assert!(error.diagnostic().why.contains("run second"), "{:?}", error.diagnostic());
    assert!(matches!(late.append(begun("index-2")), Err(JournalError::NotTaken { .. })));
    assert_eq!(open(&server, "late").entries(), before);
    second.append(begun("index-1")).expect("the right to write is the second's");
}

#[test]
fn a_cancelled_job_leaves_no_lock_that_needs_a_person() {
    let Some(server) = S3Server::start() else { return };
    let mut cancelled = open(&server, "cancelled");
    cancelled.take(holder("cancelled"), &nobody_knows).expect("nobody has the lock");
    drop(cancelled);
    // A clock that runs behind delays nothing and one that runs ahead takes nothing: the store's decides.
    let [mut behind, mut ahead] = ["2026-11-20T01:00:00Z", "2026-11-20T15:00:00Z"]
        .map(|now| Journal::open(&place(&server, "cancelled"), Arc::new(TestClock::at(now))).expect("it opens"));
    assert!(is_locked(&mut ahead) && is_locked(&mut behind));
    server.pass(Duration::from_secs(125));
    behind.take(holder("next"), &nobody_knows).expect("the lease is over");
    assert!(is_locked(&mut ahead));
}

#[test]
fn the_lock_of_a_dead_process_of_this_machine_is_taken_over_at_once() {
    let Some(server) = S3Server::start() else { return };
    let mut killed = open(&server, "killed");
    killed.take(holder("killed"), &nobody_knows).expect("nobody has the lock");
    drop(killed);
    let mut journal = open(&server, "killed");
    let elsewhere = Holder { host: "runner-2".to_owned(), ..holder("elsewhere") };
    assert!(matches!(journal.take(elsewhere, &|_| Some(false)), Err(JournalError::Locked { .. })));
    assert!(matches!(journal.take(holder("second"), &|_| Some(true)), Err(JournalError::Locked { .. })));
    journal.take(holder("second"), &|_| Some(false)).expect("nobody has the lock");
}

#[test]
fn who_works_long_keeps_the_lock_and_who_reads_writes_nothing() {
    let Some(server) = S3Server::start() else { return };
    let time = clock();
    let mut working = Journal::open(&place(&server, "long"), time.clone()).expect("it opens");
    working.take(holder("working"), &nobody_knows).expect("nobody has the lock");
    for _ in 0..20 {
        time.pass(Duration::from_secs(10));
        server.pass(Duration::from_secs(10));
        working.keep_alive().expect("it renews");
    }
    // Every third of the lease: not at each call.
    assert_eq!(working.entries().len(), 1 + 6);
    let mut other = Journal::open(&place(&server, "long"), time).expect("it opens");
    assert!(is_locked(&mut other));
    assert_eq!(open(&server, "long").entries().len(), 7);
    working.append(begun("index-1")).expect("it is written");
}

#[test]
fn a_write_that_was_done_and_answered_with_an_error_is_done_once() {
    let Some(server) = S3Server::start() else { return };
    let mut journal = open(&server, "stumble");
    server.stumble(1);
    journal.take(holder("first"), &nobody_knows).expect("it is taken");
    server.stumble(2);
    journal.append(begun("index-1")).expect("it is written");
    let read = open(&server, "stumble");
    assert_eq!(read.entries(), journal.entries());
    assert_eq!(read.entries().len(), 2);
}

#[test]
fn more_entries_than_one_part_of_a_list_holds_are_all_read() {
    let Some(server) = S3Server::start() else { return };
    let mut journal = open(&server, "many");
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    let taken = journal.entries()[0].clone();
    for number in 2..=35 {
        let mut entry = taken.clone();
        (entry.number, entry.event) = (number, begun("index-1"));
        server.put(&format!("many/production/journal/{number:012}.json"), &entry.to_line().expect("a line"));
    }
    let read = open(&server, "many");
    assert_eq!(read.entries().len(), 35);
    assert_eq!(read.entries().last().expect("an entry").number, 35);
    server.delete("many/production/journal/000000000020.json");
    let Err(error) = Journal::open(&place(&server, "many"), clock()) else { panic!("a gap was taken") };
    assert!(matches!(&error, JournalError::Damaged { line: 20, .. }), "{error}");
}

#[test]
fn an_object_that_was_changed_is_refused_with_its_number() {
    let Some(server) = S3Server::start() else { return };
    let mut journal = open(&server, "changed");
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    journal.append(begun("index-1")).expect("it is written");
    let line = journal.entries()[1].to_line().expect("a line");
    for body in [line.replace("index-1", "index-2"), line[..line.len() - 2].to_owned(), String::new(), line.repeat(2)] {
        server.put("changed/production/journal/000000000002.json", &body);
        let Err(error) = Journal::open(&place(&server, "changed"), clock()) else { panic!("taken: {body}") };
        assert!(matches!(&error, JournalError::Damaged { line: 2, .. }), "{error}");
        assert!(error.diagnostic().help.contains("palier verify"));
    }
}

#[test]
fn no_key_is_ever_shown() {
    let Some(server) = S3Server::start() else { return };
    let mut places = vec![
        place(&server, "fine"),
        Place::Bucket {
            url: "s3://refused".to_owned(),
            environment: "production".to_owned(),
            options: server.options(),
        },
        Place::Bucket {
            url: "s3://absent/x".to_owned(),
            environment: "production".to_owned(),
            options: server.options(),
        },
    ];
    let closed = ("AWS_ENDPOINT_URL_S3".to_owned(), "http://user:planted/secret+key@127.0.0.1:1".to_owned());
    let plain = ("AWS_ENDPOINT_URL_S3".to_owned(), "http://user:planted/secret+key@s3.example.com".to_owned());
    for (more, url) in [(closed, "s3://journals/x"), (plain.clone(), "s3://journals/x")] {
        let mut options = server.options();
        options.push(more);
        places.push(Place::Bucket { url: url.to_owned(), environment: "production".to_owned(), options });
    }
    let url = "s3://planted/secret+key@journals/x?planted-session-token".to_owned();
    places.push(Place::Bucket { url, environment: "production".to_owned(), options: server.options() });
    let mut refused = 0;
    for place in places {
        let mut told = format!("{place:?} {}", place.shown());
        if let Err(error) = Journal::open(&place, clock()) {
            refused += 1;
            told.push_str(&format!("{error} {error:?} {:?}", error.diagnostic()));
            assert!(!error.diagnostic().help.is_empty(), "{error}");
        }
        for secret in ["AKIAPLANTEDKEY", "secret+key", "planted-session-token"] {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
    }
    assert_eq!(refused, 5);
}

#[test]
fn without_keys_or_without_tls_nobody_is_asked() {
    let open = |options: &[(&str, &str)]| {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (url, environment) = ("s3://journals/x".to_owned(), "production".to_owned());
        let begin = Instant::now();
        let error = Journal::open(&Place::Bucket { url, environment, options }, clock()).err().expect("it is refused");
        assert!(begin.elapsed() < Duration::from_secs(1));
        assert!(matches!(error, JournalError::BadPlace { .. }), "{error:?}");
        error.to_string()
    };
    assert!(open(&[]).contains("AWS_ACCESS_KEY_ID is not set"));
    let keys = [("AWS_ACCESS_KEY_ID", "planted"), ("AWS_SECRET_ACCESS_KEY", "planted")];
    assert!(open(&keys[..1]).contains("AWS_SECRET_ACCESS_KEY is not set"));
    assert!(open(&[keys[0], keys[1], ("AWS_ENDPOINT_URL", "http://192.0.2.1:9000")]).contains("without TLS"));
}
