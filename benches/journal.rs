//! What opening a long journal costs: reading it, checking every line, and taking all entries from it.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures and stops at a surprise")]

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use palier::apply::journal::{Entry, Event, Holder, Journal, Place, RunOutcome};
use palier::client::Clock;
use palier::verify::{Figure, Outcome, Status};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENTRIES: u64 = 100_000;
/// How many entries one run writes.
const RUN: u64 = 40;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("journal.jsonl")).expect("a journal");
    let place = Place::Local { folder: folder.path().to_owned(), environment: "production".to_owned() };
    let open = || {
        let begin = Instant::now();
        let journal = Journal::open(&place, Arc::new(Still)).expect("it opens");
        let took = begin.elapsed().as_secs_f64();
        assert_eq!(journal.entries().len() as u64, ENTRIES);
        took
    };
    // The quickest of five: what else runs on the machine makes one slower, never quicker.
    let took = (0..5).map(|_| open()).min_by(f64::total_cmp).expect("five");
    let size = std::fs::metadata(folder.path().join("journal.jsonl")).expect("the file").len();
    println!("Bytes of one entry: {} bytes", size / ENTRIES);
    println!("Time to open a journal of 100000 entries: {took:.3} s");
}

/// Runs one after the other, as they write: each takes the lease, does its steps, and gives it back.
fn write(path: &Path) -> std::io::Result<()> {
    let begin: Timestamp = "2026-11-20T08:00:00.123456789Z".parse().expect("an instant");
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for number in 1..=ENTRIES {
        let place_in_run = (number - 1) % RUN;
        let at = begin + Duration::from_millis(number * 731);
        let entry = Entry { number, at, lease: number - place_in_run, event: event(place_in_run) };
        file.write_all(entry.to_line().expect("a line").as_bytes())?;
    }
    file.flush()
}

fn event(place_in_run: u64) -> Event {
    let step = format!("index-enrollments-{}", place_in_run / 2);
    match place_in_run {
        0 => {
            let (host, user) = ("fv-az1234-567".to_owned(), "deploy of students-api".to_owned());
            let (process_started, run) = (Some(123_456), "7f3c2a9d5b1e4c60".to_owned());
            let holder = Holder { host, process: 2_417, process_started, machine: None, user, run };
            Event::LeaseTaken { holder, until: None, took_over: None }
        }
        38 => Event::RunEnded { outcome: RunOutcome::Applied },
        39 => Event::LeaseReleased,
        odd if odd % 2 == 1 => Event::StepBegun { step },
        _ => Event::StepDone { step, already: false, verified: vec![verified()], milliseconds: 8_417 },
    }
}

fn verified() -> Outcome {
    Outcome {
        probe: "database-index".to_owned(),
        of: "students-db".to_owned(),
        expect: "enrollments_student_id_course_id_idx is there and valid".to_owned(),
        status: Status::Holds,
        note: "it is valid, on (student_id, course_id), 12.4 MiB".to_owned(),
        figures: vec![Figure::new("latency", 3.25, "ms"), Figure::new("size", 13_002_342.0, "bytes")],
        fault: None,
        milliseconds: 13,
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}
