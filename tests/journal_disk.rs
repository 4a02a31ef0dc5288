//! The journal on a disk: what a run that is killed leaves behind, and who may write.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test stops at a surprise")]

#[path = "support/journal.rs"]
mod journal;
#[path = "support/time.rs"]
mod time;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};

use journal::{begun, done, holder, nobody_knows};
use palier::apply::journal::{Entry, Event, Journal, JournalError, Place};
use time::TestClock;

fn place(folder: &Path) -> Place {
    Place::Local { folder: folder.join(".palier"), environment: "production".to_owned() }
}

fn file(folder: &Path) -> PathBuf {
    folder.join(".palier/journal.jsonl")
}

fn open(folder: &Path) -> Result<Journal, JournalError> {
    Journal::open(&place(folder), Arc::new(TestClock::at("2026-11-20T08:00:00Z")))
}

/// A journal of one run, and its entries.
fn written(folder: &Path) -> Vec<Entry> {
    let mut journal = open(folder).expect("a new journal");
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    for event in [begun("index-1"), done("index-1"), begun("plan-2")] {
        journal.append(event).expect("it is written");
    }
    journal.release().expect("it is given back");
    journal.entries().to_vec()
}

#[test]
fn what_was_written_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = written(folder.path());
    assert_eq!(entries.len(), 5);
    let journal = open(folder.path()).expect("it opens");
    assert_eq!(journal.entries(), entries);
    let text = std::fs::read_to_string(file(folder.path())).expect("the file");
    let again: String = entries.iter().map(|entry| entry.to_line().expect("a line")).collect();
    assert_eq!(text, again);
    assert_eq!(std::fs::read_to_string(folder.path().join(".palier/.gitignore")).expect("it"), "*\n");
}

#[test]
fn looking_creates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(open(folder.path()).expect("an empty journal").entries().is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn each_environment_has_a_journal_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let staging = Place::Local { folder: folder.path().join(".palier"), environment: "staging".to_owned() };
    let clock = Arc::new(TestClock::at("2026-11-20T08:00:00Z"));
    assert!(Journal::open(&staging, clock.clone()).expect("it opens").entries().is_empty());
    let elsewhere = Place::Local { folder: folder.path().join(".palier"), environment: "../up".to_owned() };
    assert!(matches!(Journal::open(&elsewhere, clock), Err(JournalError::BadPlace { .. })));
}

#[test]
fn a_last_line_that_is_torn_at_any_byte_is_repaired_and_nothing_else_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = written(folder.path());
    let text = std::fs::read(file(folder.path())).expect("the file");
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("an earlier line") + 1;
    for length in last..=text.len() {
        std::fs::write(file(folder.path()), &text[..length]).expect("it is torn");
        // The line feed alone may be missing; then the entry is whole.
        let whole = if length + 1 >= text.len() { entries.len() } else { entries.len() - 1 };
        let mut journal = open(folder.path()).expect("it is repaired");
        assert_eq!(journal.entries(), &entries[..whole], "torn at {length}");
        assert_eq!(std::fs::read(file(folder.path())).expect("the file"), &text[..length], "looking changes nothing");
        journal.take(holder("second"), &nobody_knows).expect("the lock is free");
        journal.append(begun("plan-3")).expect("it is written");
        let again = open(folder.path()).expect("it is whole");
        assert_eq!(again.entries()[..whole], entries[..whole]);
        assert_eq!(again.entries(), journal.entries());
        assert_eq!(again.entries().len(), whole + 2);
    }
}

#[test]
fn zeros_that_a_power_cut_left_at_the_end_are_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = written(folder.path());
    let mut text = std::fs::read(file(folder.path())).expect("the file");
    text.extend([0; 4096]);
    std::fs::write(file(folder.path()), text).expect("zeros");
    let mut journal = open(folder.path()).expect("it is repaired");
    assert_eq!(journal.entries(), entries);
    journal.take(holder("second"), &nobody_knows).expect("the lock is free");
    assert_eq!(open(folder.path()).expect("it is whole").entries().len(), entries.len() + 1);
}

#[test]
fn a_byte_that_was_changed_in_an_earlier_line_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let text = std::fs::read(file(folder.path())).expect("the file");
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("an earlier line");
    let mut line = 1;
    for at in 0..=last {
        for bit in 0..8 {
            let mut changed = text.clone();
            changed[at] ^= 1 << bit;
            std::fs::write(file(folder.path()), &changed).expect("it is damaged");
            match open(folder.path()) {
                Err(JournalError::Damaged { line: told, place, .. }) => {
                    assert_eq!(told, line, "bit {bit} of byte {at}");
                    assert!(place.ends_with("journal.jsonl"));
                }
                Err(other) => panic!("bit {bit} of byte {at}: {other}"),
                Ok(journal) => panic!("bit {bit} of byte {at}: taken, with {} entries", journal.entries().len()),
            }
        }
        line += u64::from(text[at] == b'\n');
    }
    let damaged = open(folder.path()).err().expect("it is damaged").diagnostic();
    assert!(damaged.help.contains("backup") && damaged.help.contains("palier verify"), "{damaged:?}");
}

#[test]
fn a_line_that_is_missing_or_there_twice_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let text = std::fs::read_to_string(file(folder.path())).expect("the file");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = [lines[0], lines[2], lines[3]].concat();
    let twice = [lines[0], lines[1], lines[1], lines[2]].concat();
    for (text, line) in [(without, 2), (twice, 3)] {
        std::fs::write(file(folder.path()), text).expect("it is damaged");
        let refused = open(folder.path());
        assert!(matches!(refused, Err(JournalError::Damaged { line: told, .. }) if told == line));
    }
}

#[test]
fn what_a_newer_version_wrote_is_not_called_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = written(folder.path());
    let json =
        serde_json::to_string(&entries[4]).expect("JSON").replace("lease-released", "lease-lent").replace(":5", ":6");
    let line = format!("{:08x} {} {json}\n", crc32fast::hash(json.as_bytes()), json.len());
    let text = std::fs::read_to_string(file(folder.path())).expect("the file") + &line;
    std::fs::write(file(folder.path()), text).expect("a line more");
    let Err(error) = open(folder.path()) else { panic!("an unknown event was taken") };
    assert!(matches!(&error, JournalError::Unknown { line: 6, .. }), "{error}");
    assert!(error.diagnostic().help.contains("version"));
}

#[test]
fn of_fifty_runs_at_once_one_acts_and_the_others_know_who() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10 {
        let begin = Barrier::new(50);
        let end = Barrier::new(50);
        let race = |number: usize| {
            let mut journal = open(folder.path()).expect("it opens");
            begin.wait();
            let taken = journal.take(holder(&format!("{round}-{number}")), &nobody_knows);
            end.wait();
            let won = taken.is_ok();
            if won {
                journal.release().expect("it is given back");
            }
            (won, taken)
        };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..50).map(|number| scope.spawn(move || race(number))).collect();
            racers.into_iter().map(|racer| racer.join().expect("a racer")).collect()
        });
        assert_eq!(outcomes.iter().filter(|(won, _)| *won).count(), 1);
        let winner = format!("{round}-{}", outcomes.iter().position(|(won, _)| *won).expect("a winner"));
        for (_, taken) in outcomes.iter().filter(|(won, _)| !won) {
            let Err(JournalError::Locked { holder: Some(holder), .. }) = taken else { panic!("{taken:?}") };
            assert_eq!(holder.run, winner);
        }
    }
    assert_eq!(open(folder.path()).expect("it is whole").entries().len(), 20);
}

const HOLDER_FOLDER: &str = "PALIER_TEST_HOLDER_FOLDER";

/// Takes the lock when it can, and then writes and tells how many entries are kept until it is killed.
#[test]
#[ignore = "other tests start it as a process of its own"]
#[allow(clippy::print_stdout, reason = "it tells the other process")]
fn holder_process() {
    let Some(folder) = std::env::var_os(HOLDER_FOLDER) else { return };
    let mut journal = open(Path::new(&folder)).expect("it opens");
    match journal.take(holder("killed"), &nobody_knows) {
        Ok(()) => {}
        Err(JournalError::Locked { .. }) => return println!("\nlocked"),
        Err(error) => panic!("{error}"),
    }
    loop {
        println!("\nkept {}", journal.entries().len());
        if let Err(error) = journal.append(done("index-1")) {
            return println!("\nfull {} {}", journal.entries().len(), error.diagnostic().help);
        }
    }
}

/// A process that runs [`holder_process`], and what it tells.
fn start_holder(folder: &Path) -> (Child, impl Iterator<Item = String> + use<>) {
    start_holder_in("exec \"$0\" \"$@\"", folder)
}

/// The same, with what a shell does before.
fn start_holder_in(script: &str, folder: &Path) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "holder_process", "--nocapture"])
        .env(HOLDER_FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let told = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    (child, told.filter(|line| ["kept", "locked", "full"].iter().any(|word| line.starts_with(word))))
}

fn kill(child: &mut Child) {
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut told) = start_holder(folder.path());
    assert_eq!(told.next().expect("it begins"), "kept 1");
    let mut journal = open(folder.path()).expect("reading waits for nobody");
    let refused = journal.take(holder("second"), &nobody_knows).expect_err("it is held");
    let why = refused.diagnostic().why;
    assert!(why.contains("run killed") && why.contains("2026-11-20T08:00:00Z"), "{why}");
    kill(&mut child);
    journal.take(holder("second"), &nobody_knows).expect("nobody has the lock");
    let Event::LeaseTaken { took_over: Some(from), .. } = &journal.entries().last().expect("an entry").event else {
        panic!("{:?}", journal.entries().last())
    };
    assert_eq!(from.run, "killed");
}

#[test]
fn whenever_a_process_is_killed_what_it_was_told_is_kept_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..8 {
        let (mut child, mut told) = start_holder(folder.path());
        let kept = told.by_ref().nth(round * 5).expect("it writes");
        kill(&mut child);
        // What it told until it was killed, and what it wrote after that.
        let kept = told.last().unwrap_or(kept);
        let kept: usize = kept.trim_start_matches("kept ").parse().expect("a number");
        let entries = open(folder.path()).expect("it is whole, or only torn").entries().len();
        assert!((kept..=kept + 1).contains(&entries), "{kept} were kept and {entries} are there");
    }
}

#[test]
fn a_full_disk_stops_the_run_and_leaves_the_journal_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    // No file may grow beyond some kilobytes, and to try is an error instead of the end.
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    let (mut child, told) = start_holder_in(script, folder.path());
    let last = told.last().expect("it writes");
    child.wait().expect("it ends");
    let (kept, help) = last.strip_prefix("full ").and_then(|last| last.split_once(' ')).expect("it is refused");
    assert!(help.contains("make room"), "{help}");
    let text = std::fs::read(file(folder.path())).expect("the file");
    assert_eq!(text.last(), Some(&b'\n'), "what was begun is cut off");
    let mut journal = open(folder.path()).expect("it is whole");
    assert_eq!(journal.entries().len().to_string(), kept);
    journal.take(holder("second"), &nobody_knows).expect("nobody has the lock");
}

#[test]
fn of_many_processes_at_once_one_acts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut racers: Vec<_> = (0..12).map(|_| start_holder(folder.path())).collect();
    let told: Vec<String> = racers.iter_mut().map(|(_, told)| told.next().expect("an outcome")).collect();
    racers.iter_mut().for_each(|(child, _)| kill(child));
    assert_eq!(told.iter().filter(|told| *told == "locked").count(), 11, "{told:?}");
}

#[test]
fn a_run_whose_journal_was_removed_and_begun_anew_writes_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = open(folder.path()).expect("it opens");
    first.take(holder("first"), &nobody_knows).expect("the lock is free");
    first.append(begun("index-1")).expect("it is written");
    std::fs::remove_dir_all(folder.path().join(".palier")).expect("it is removed");
    let mut second = open(folder.path()).expect("it opens");
    second.take(holder("second"), &nobody_knows).expect("the lock is another file");
    let Err(JournalError::Fenced { by, .. }) = first.append(done("index-1")) else { panic!("it wrote") };
    assert_eq!(by.run, "second");
    assert_eq!(open(folder.path()).expect("it is whole").entries().len(), 1);
    second.keep_alive().expect("nothing has changed");
    std::fs::remove_dir_all(folder.path().join(".palier")).expect("it is removed");
    assert!(matches!(second.keep_alive(), Err(JournalError::Damaged { .. })));
    assert!(matches!(second.append(begun("index-1")), Err(JournalError::NotTaken { .. })));
}

#[test]
fn without_the_lock_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let mut journal = open(folder.path()).expect("it opens");
    assert!(matches!(journal.append(begun("index-1")), Err(JournalError::NotTaken { .. })));
    journal.release().expect("nothing to give back");
    assert_eq!(open(folder.path()).expect("it is whole").entries().len(), 5);
}
