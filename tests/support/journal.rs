//! Journals of tests: who writes, and entries as runs write them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use palier::apply::journal::{Event, Holder};
use palier::client::{Cause, Fault};
use palier::verify::{Figure, Outcome, Status};

/// A holder on this machine.
pub(crate) fn holder(run: &str) -> Holder {
    Holder {
        host: "runner-1".to_owned(),
        process: 4711,
        process_started: Some(1_234_567),
        machine: None,
        user: "ci job 17".to_owned(),
        run: run.to_owned(),
    }
}

/// For a place from which no process can be seen.
pub(crate) fn nobody_knows(_: &Holder) -> Option<bool> {
    None
}

/// A step begins.
pub(crate) fn begun(step: &str) -> Event {
    Event::StepBegun { step: step.to_owned() }
}

/// A step is done, with what was verified.
pub(crate) fn done(step: &str) -> Event {
    let outcome = |probe: &str, fault: Option<Fault>| Outcome {
        probe: probe.to_owned(),
        of: "students-db".to_owned(),
        expect: "the index is there, valid, and on the columns that the plan names".to_owned(),
        status: if fault.is_some() { Status::Fails } else { Status::Holds },
        note: "enrollments_student_id_idx is valid: \u{201c}student_id, course_id\u{201d}\nand ready".to_owned(),
        figures: vec![Figure::new("latency", 12.75, "ms"), Figure::new("size", 1_048_576.0, "bytes")],
        fault,
        milliseconds: 13,
    };
    let slow = Fault::new(Cause::Slow, "it answered after 2.1 s").remedy("look at its load");
    let verified = vec![outcome("database-index", None), outcome("database-latency", Some(slow))];
    Event::StepDone { step: step.to_owned(), already: false, verified, milliseconds: 8_417 }
}
