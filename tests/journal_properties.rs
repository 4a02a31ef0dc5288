//! Whatever a run writes, the next one reads.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;
#[path = "support/figures.rs"]
#[allow(dead_code, reason = "every test file uses its own part")]
mod figures;
#[path = "support/journal.rs"]
mod journal;
#[path = "support/planted.rs"]
#[allow(dead_code, reason = "every test file uses its own part")]
mod planted;
#[path = "support/time.rs"]
mod time;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use figures::{PROJECTS, given, usage, wishes};
use journal::{holder, nobody_knows};
use palier::apply::journal::{Decided, Event, Journal, JournalError, Place, RunOutcome};
use palier::apply::{Hunk, Patch};
use palier::client::{Cause, Fault};
use palier::generate::Options;
use palier::plan::{Request, make};
use palier::verify::{Figure, Outcome, Status};
use proptest::prelude::*;
use time::TestClock;

fn open(folder: &Path) -> Journal {
    let place = Place::Local { folder: folder.to_owned(), environment: "production".to_owned() };
    Journal::open(&place, Arc::new(TestClock::at("2026-11-20T08:00:00.123456789Z"))).expect("it opens")
}

/// Writes these events as one run and gives those of the journal that is then opened.
fn read_again(events: &[Event]) -> Vec<Event> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = open(folder.path());
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    for event in events {
        journal.append(event.clone()).expect("it is written");
    }
    open(folder.path()).entries()[1..].iter().map(|entry| entry.event.clone()).collect()
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let status = prop::sample::select(vec![Status::Holds, Status::Fails, Status::Unknown]);
    let figure = (any::<String>(), any::<f64>()).prop_map(|(name, value)| {
        // What is no number is refused when it is written: see below.
        Figure::new(&name, if value.is_finite() { value } else { 0.0 }, "ms")
    });
    let fault = prop::option::of(any::<(String, String)>());
    let fault = fault.prop_map(|texts| texts.map(|(message, help)| Fault::new(Cause::Reset, message).remedy(help)));
    let figures = prop::collection::vec(figure, 0..3);
    (any::<[String; 4]>(), status, figures, fault, any::<u64>()).prop_map(
        |([probe, of, expect, note], status, figures, fault, milliseconds)| Outcome {
            probe,
            of,
            expect,
            status,
            note,
            figures,
            fault,
            milliseconds,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let verified = || prop::collection::vec(outcome(), 0..3);
    let texts = || prop::collection::vec(any::<String>(), 0..3);
    let ended = prop::sample::select(vec![RunOutcome::Applied, RunOutcome::RolledBack, RunOutcome::Interrupted]);
    prop_oneof![
        any::<String>().prop_map(|step| Event::StepBegun { step }),
        (any::<String>(), any::<bool>(), verified(), any::<u64>()).prop_map(
            |(step, already, verified, milliseconds)| { Event::StepDone { step, already, verified, milliseconds } }
        ),
        (any::<String>(), any::<String>(), verified()).prop_map(|(step, message, verified)| Event::StepFailed {
            step,
            message,
            verified
        }),
        (any::<String>(), texts()).prop_map(|(step, missing)| Event::StepWaits { step, missing }),
        any::<[String; 2]>().prop_map(|[step, by]| Event::StepConfirmed { step, by }),
        any::<String>().prop_map(|step| Event::UndoBegun { step }),
        (any::<String>(), verified()).prop_map(|(step, verified)| Event::UndoDone { step, verified }),
        (any::<[String; 2]>(), texts()).prop_map(|([step, message], to_do)| Event::UndoFailed { step, message, to_do }),
        ended.prop_map(|outcome| Event::RunEnded { outcome }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_happened_is_read_as_it_was_written(events in prop::collection::vec(event(), 1..8)) {
        prop_assert_eq!(read_again(&events), events);
    }

    #[test]
    fn what_was_decided_is_read_as_it_was_written(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage(), file in any::<String>()
    ) {
        let given = given(project, &policy, &metrics);
        let inputs = given.inputs();
        let (findings, options) = (&[], Options::default());
        let request = Request { inputs, environment: "production", files: &[], findings, folder: &given, options, step_files: false, lacking_indexes: &[] };
        let made = make(&request).expect("a plan");
        let hunk = Hunk { offset: 3, removed: file.clone(), added: format!("{file}\r\n") };
        let patch = Patch { path: "render.yaml".to_owned(), before: Some(file), after: None, hunks: vec![hunk] };
        let decided = Decided {
            plan_id: "0123456789ab".to_owned(),
            after: Box::new(made.flights.first().map_or_else(|| made.start.clone(), |flight| flight.after.clone())),
            plan: Box::new(made.plan),
            flight: 1,
            patches: vec![("write-files".to_owned(), vec![patch])],
            commit: None,
            metrics: String::new(),
            measured_on: palier::metrics::MeasuredOn::default(),
        };
        let events = [Event::Decided(Box::new(decided))];
        // As a saved plan does, it leaves out where things stand in the blueprint: so what is stored is compared.
        let stored = |events: &[Event]| serde_json::to_value(events).expect("JSON");
        prop_assert_eq!(stored(&read_again(&events)), stored(&events));
    }
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = open(folder.path());
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    let Event::StepDone { mut verified, .. } = journal::done("index-1") else { panic!("another event") };
    verified[0].figures.push(Figure::new("latency", f64::NAN, "ms"));
    let event = Event::UndoDone { step: "index-1".to_owned(), verified };
    assert!(matches!(journal.append(event), Err(JournalError::Unwritable { .. })));
    journal.append(journal::begun("index-1")).expect("it goes on");
    assert_eq!(open(folder.path()).entries().len(), 2);
}

#[test]
fn a_clock_that_was_set_back_stops_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = open(folder.path());
    journal.take(holder("first"), &nobody_knows).expect("nobody has the lock");
    journal.release().expect("it is given back");
    let place = Place::Local { folder: folder.path().to_owned(), environment: "production".to_owned() };
    let clock = Arc::new(TestClock::at("2020-01-01T00:00:00Z"));
    clock.pass(Duration::from_secs(1));
    let mut journal = Journal::open(&place, clock).expect("it opens");
    journal.take(holder("second"), &nobody_knows).expect("nobody has the lock");
    assert_eq!(open(folder.path()).entries().len(), 3);
}
