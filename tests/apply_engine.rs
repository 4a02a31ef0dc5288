//! A run of several steps: a failure or a death at every boundary, and what is left then.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/command.rs"]
mod command;
#[path = "support/journal.rs"]
mod journal;
#[path = "support/pretend.rs"]
mod pretend;
#[path = "support/steps.rs"]
mod steps;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use journal::holder;
use palier::apply::journal::{Event, Journal, Place, RunOutcome};
use palier::apply::steps::FileMode;
use palier::apply::{Ending, Engine, Listener, RunReport, RunState, Selection, decided, runs};
use palier::diagnostic::Diagnostic;
use palier::plan::{Plan, Step};
use pretend::{Mood, Pretend, Sleepless, step};
use steps::Surroundings;

const STEPS: usize = 5;

/// A plan of the demo whose steps are those of the pretend provider.
fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let project = command::Project::of(&[
            ("palier.toml", include_str!("../templates/demo/fastapi/palier.toml")),
            ("metrics.yaml", include_str!("../templates/demo/fastapi/metrics.yaml")),
            ("render.yaml", include_str!("../templates/demo/fastapi/render.yaml")),
            ("requirements.txt", include_str!("../templates/demo/fastapi/requirements.txt")),
            ("main.py", include_str!("../templates/demo/fastapi/main.py")),
        ]);
        let said = command::palier(&project).args(["plan", "--format", "json"]).run().exits(0).stdout;
        let mut plan: Plan = serde_json::from_str(&said).expect("a plan");
        plan.steps = (0..STEPS).map(step).collect();
        plan
    })
}

struct Quiet;

impl Listener for Quiet {
    fn begins(&self, _: usize, _: usize, _: &Step) {}

    fn ended(&self, _: &Step, _: &Ending<'_>) {}
}

fn all(value: &str) -> Vec<String> {
    vec![value.to_owned(); STEPS]
}

/// The file of the journal of a folder.
fn lines(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// What to do with the last run.
enum Ask {
    CarryOn,
    RollBack,
    Apply,
}

/// One process: it takes the lock, does something with the last run, or a new one, and ends.
fn process(folder: &Path, pretend: &Pretend, ask: &Ask) -> RunReport {
    let mut surroundings = Surroundings::new(folder, &[]);
    surroundings.around.clock = Arc::new(Sleepless::default());
    surroundings.providers = pretend.boxed();
    let place = Place::Local { folder: folder.to_owned(), environment: "production".to_owned() };
    let mut journal = Journal::open(&place, Arc::clone(&surroundings.around.clock)).expect("a journal");
    journal.take(holder("a run"), &|_| Some(false)).expect("nobody has the lock");
    if matches!(ask, Ask::Apply) {
        let decided = decided(plan(), &[], FileMode::Compare, None).expect("a decision");
        journal.append(Event::Decided(Box::new(decided))).expect("it is written");
    }
    let state = runs(journal.entries()).pop().expect("a run");
    let journal = Mutex::new(journal);
    let is_safe = |_: &Step| -> Result<(), Diagnostic> { Ok(()) };
    let engine = Engine {
        journal: &journal,
        context: surroundings.context(),
        listener: &Quiet,
        selection: Selection::default(),
        is_safe: &is_safe,
    };
    let counted = folder.to_owned();
    pretend.world().entries = Some(Box::new(move || lines(&counted).len()));
    let report = match ask {
        Ask::RollBack => engine.roll_back(state, None),
        Ask::CarryOn | Ask::Apply => engine.carry_on(state),
    };
    let report = report.expect("the journal is written");
    journal.lock().expect("the journal").release().expect("it is given back");
    report
}

fn last(folder: &Path) -> RunState {
    let place = Place::Local { folder: folder.to_owned(), environment: "production".to_owned() };
    let journal = Journal::open(&place, Arc::new(Sleepless::default())).expect("a journal");
    runs(journal.entries()).pop().expect("a run")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn whichever_step_fails_all_before_it_is_undone_in_reverse() {
    for failing in 0..STEPS {
        for mood in [Mood::Refuses, Mood::Fails, Mood::Lies(99)] {
            let (folder, pretend) = (folder(), Pretend::of(STEPS).with(&format!("r{failing}"), mood));
            let report = process(folder.path(), &pretend, &Ask::Apply);
            assert_eq!(report.outcome, RunOutcome::RolledBack, "{failing} {mood:?}: {report:?}");
            assert_eq!(pretend.values(), all("small"), "{failing} {mood:?}");
            let taken: Vec<String> = pretend.world().taken.iter().map(|(resource, _, _)| resource.clone()).collect();
            let there = (0..failing).map(|number| format!("r{number}"));
            let expected: Vec<String> = there.clone().chain(there.rev()).collect();
            assert_eq!(taken, expected, "{failing} {mood:?}");
            let states: Vec<&str> = report.steps.iter().map(|step| step.state).collect();
            let wanted = |number| if number <= failing { "undone" } else { "open" };
            assert_eq!(states, (0..STEPS).map(wanted).collect::<Vec<_>>(), "{failing} {mood:?}");
            assert!(report.problem.is_some() && last(folder.path()).is_final());
        }
    }
}

#[test]
fn a_step_that_cannot_begin_takes_back_those_before_it_and_leaves_others_work_alone() {
    for failing in 0..STEPS {
        let (folder, pretend) = (folder(), Pretend::of(STEPS));
        let resource = format!("r{failing}");
        pretend.set(&resource, "huge");
        let report = process(folder.path(), &pretend, &Ask::Apply);
        let outcome = if failing == 0 { RunOutcome::Failed } else { RunOutcome::RolledBack };
        assert_eq!((report.outcome, report.stale), (outcome, true), "{failing}");
        let mut expected = all("small");
        expected[failing] = "huge".to_owned();
        assert_eq!(pretend.values(), expected, "{failing}");
    }
}

#[test]
fn what_was_as_wanted_already_is_not_taken_back() {
    let (folder, pretend) = (folder(), Pretend::of(STEPS).with("r4", Mood::Refuses));
    pretend.set("r1", "large");
    let report = process(folder.path(), &pretend, &Ask::Apply);
    assert_eq!(report.outcome, RunOutcome::RolledBack);
    assert_eq!(pretend.values(), ["small", "large", "small", "small", "small"]);
}

#[test]
fn when_an_undo_fails_a_person_is_told_what_to_do_in_order() {
    let (folder, pretend) = (folder(), Pretend::of(STEPS));
    process(folder.path(), &pretend, &Ask::Apply);
    assert_eq!(pretend.values(), all("large"));
    pretend.world().moods.insert("r2".to_owned(), Mood::Refuses);
    let report = process(folder.path(), &pretend, &Ask::RollBack);
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert_eq!(pretend.values(), ["large", "large", "large", "small", "small"]);
    assert_eq!(
        report.to_do,
        [
            "ask the provider",
            "make sure that this is undone: Change r2 from small to large",
            "then still to be undone: Change r1 from small to large",
            "then still to be undone: Change r0 from small to large",
            "run `palier rollback`: it verifies each undo and goes on with the rest",
        ]
    );
    // Somebody did it by hand; the rest goes on from there.
    pretend.set("r2", "small");
    let report = process(folder.path(), &pretend, &Ask::RollBack);
    assert_eq!(report.outcome, RunOutcome::RolledBack);
    assert_eq!(pretend.values(), all("small"));
}

/// What each resource is when the journal has so many entries; `with` says whether a change that was asked for right
/// then has been taken.
fn world_at(taken: &[(String, String, usize)], entries: usize, with: bool) -> Pretend {
    let pretend = Pretend::of(STEPS);
    for (resource, value, at) in taken {
        if *at < entries || (*at == entries && with) {
            pretend.set(resource, value);
        }
    }
    pretend
}

/// Every state in which a process can have died: journal and world.
fn deaths(lines: &[String], taken: &[(String, String, usize)]) -> Vec<(tempfile::TempDir, Pretend, usize)> {
    let decided = lines.iter().position(|line| line.contains("\"decided\"")).expect("a decision") + 1;
    let mut deaths = Vec::new();
    for entries in decided..=lines.len() {
        let is_between = taken.iter().any(|(_, _, at)| *at == entries);
        for with in [false, true].into_iter().take(1 + usize::from(is_between)) {
            let folder = folder();
            std::fs::write(folder.path().join("journal.jsonl"), lines[..entries].concat()).expect("a journal");
            deaths.push((folder, world_at(taken, entries, with), entries));
        }
    }
    deaths
}

#[test]
fn a_process_that_dies_after_any_entry_is_carried_on_to_the_target() {
    let (whole, pretend) = (folder(), Pretend::of(STEPS));
    process(whole.path(), &pretend, &Ask::Apply);
    let (lines, taken) = (lines(whole.path()), pretend.world().taken.clone());
    assert_eq!(lines.len(), 2 + 2 * STEPS + 2);
    let mut counts: BTreeMap<bool, usize> = BTreeMap::new();
    for (folder, pretend, entries) in deaths(&lines, &taken) {
        let is_over = last(folder.path()).is_final();
        *counts.entry(is_over).or_default() += 1;
        if !is_over {
            let report = process(folder.path(), &pretend, &Ask::CarryOn);
            assert_eq!(report.outcome, RunOutcome::Applied, "after {entries} entries: {report:?}");
        }
        assert_eq!(pretend.values(), all("large"), "after {entries} entries");
        // And from there back to the start: what was begun before the death is not forgotten.
        assert_eq!(process(folder.path(), &pretend, &Ask::RollBack).outcome, RunOutcome::RolledBack);
        assert_eq!(pretend.values(), all("small"), "after {entries} entries");
    }
    assert_eq!(counts, BTreeMap::from([(false, 1 + 3 * STEPS), (true, 2)]));
}

#[test]
fn a_process_that_dies_after_any_entry_is_taken_back_to_the_start() {
    let (whole, pretend) = (folder(), Pretend::of(STEPS));
    process(whole.path(), &pretend, &Ask::Apply);
    let (lines, taken) = (lines(whole.path()), pretend.world().taken.clone());
    for (folder, pretend, entries) in deaths(&lines, &taken) {
        let report = process(folder.path(), &pretend, &Ask::RollBack);
        assert_eq!(report.outcome, RunOutcome::RolledBack, "after {entries} entries: {report:?}");
        assert_eq!(pretend.values(), all("small"), "after {entries} entries");
        assert!(last(folder.path()).touched.is_empty());
    }
}

#[test]
fn a_process_that_dies_on_the_way_back_goes_on_back() {
    let refused = || Pretend::of(STEPS).with("r4", Mood::Refuses);
    let (whole, pretend) = (folder(), refused());
    process(whole.path(), &pretend, &Ask::Apply);
    let (lines, taken) = (lines(whole.path()), pretend.world().taken.clone());
    for (folder, pretend, entries) in deaths(&lines, &taken) {
        let pretend = pretend.with("r4", Mood::Refuses);
        if !last(folder.path()).is_final() {
            let report = process(folder.path(), &pretend, &Ask::CarryOn);
            assert_eq!(report.outcome, RunOutcome::RolledBack, "after {entries} entries: {report:?}");
        }
        assert_eq!(pretend.values(), all("small"), "after {entries} entries");
    }
}

#[test]
fn a_rollback_that_somebody_asked_for_is_finished_by_whoever_goes_on() {
    let (whole, pretend) = (folder(), Pretend::of(STEPS));
    process(whole.path(), &pretend, &Ask::Apply);
    let forward = lines(whole.path()).len();
    process(whole.path(), &pretend, &Ask::RollBack);
    let (lines, taken) = (lines(whole.path()), pretend.world().taken.clone());
    for (folder, pretend, entries) in deaths(&lines, &taken).into_iter().filter(|(_, _, entries)| *entries > forward) {
        let state = last(folder.path());
        if state.outcome == Some(RunOutcome::Applied) {
            assert_eq!(pretend.values(), all("large"), "after {entries} entries: only the lock was taken");
            continue;
        }
        if !state.is_final() {
            let report = process(folder.path(), &pretend, &Ask::CarryOn);
            assert_eq!(report.outcome, RunOutcome::RolledBack, "after {entries} entries: {report:?}");
        }
        assert_eq!(pretend.values(), all("small"), "after {entries} entries");
    }
}
