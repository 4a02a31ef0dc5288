//! What apply itself costs for each step: the journal's entries before and after it, the checks, the verification. The
//! steps change a resource of a provider that answers at once, so that nothing else is measured.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures and stops at a surprise")]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use palier::apply::journal::{Decided, Event, Holder, Journal, Place};
use palier::apply::steps::{FileMode, Progress, StepContext};
use palier::apply::{Ending, Engine, Listener, Selection, runs};
use palier::client::{Clock, Fault, Interrupt};
use palier::metrics::MeasuredOn;
use palier::plan::{Action, Plan, Step};
use palier::policy::Policy;
use palier::provider::{self, Provider, ResourceChange};
use palier::verify::Around;

const PALIER: &str = env!("CARGO_BIN_EXE_palier");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/demo/fastapi");
const STEPS: u32 = 200;

struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

struct Quiet;

impl Progress for Quiet {
    fn tell(&self, _: &str, _: Option<f64>) {}
}

impl Listener for Quiet {
    fn begins(&self, _: usize, _: usize, _: &Step) {}
    fn ended(&self, _: &Step, _: &Ending<'_>) {}
}

#[derive(Default)]
struct AtOnce(Mutex<BTreeMap<String, String>>);

impl Provider for AtOnce {
    fn name(&self) -> &str {
        "bench"
    }
    fn read(&self, resource: &str, _: &str) -> Result<Option<String>, Fault> {
        Ok(self.0.lock().expect("the values").get(resource).cloned())
    }
    fn change(&self, change: &ResourceChange) -> Result<(), Fault> {
        let value = change.to.clone().expect("a value");
        self.0.lock().expect("the values").insert(change.resource.clone(), value);
        Ok(())
    }
    fn progress(&self, _: &ResourceChange) -> Result<provider::Progress, Fault> {
        Ok(provider::Progress::Done)
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock: Arc<dyn Clock> = Arc::new(Monotonic(Instant::now()));
    let around = Arc::new(Around {
        root: folder.path().to_owned(),
        policy: Policy::default(),
        addresses: BTreeMap::new(),
        environment: BTreeMap::new(),
        authorities: None,
        commit: None,
        clock: Arc::clone(&clock),
        limit: Duration::from_secs(5),
    });
    let place = Place::Local { folder: folder.path().join(".palier"), environment: "production".to_owned() };
    let mut journal = Journal::open(&place, clock).expect("a journal");
    let holder = Holder {
        host: "bench".to_owned(),
        process: std::process::id(),
        process_started: None,
        machine: None,
        user: "bench".to_owned(),
        run: "bench".to_owned(),
    };
    journal.take(holder, &|_| None).expect("the lock");
    journal.append(Event::Decided(Box::new(decided()))).expect("an entry");
    let state = runs(journal.entries()).pop().expect("a run");
    let journal = Mutex::new(journal);
    let (interrupt, patches) = (Interrupt::new(), BTreeMap::new());
    let providers: Vec<Box<dyn Provider>> = vec![Box::new(AtOnce::default())];
    let engine = Engine {
        journal: &journal,
        context: StepContext {
            root: folder.path(),
            around: &around,
            interrupt: &interrupt,
            progress: &Quiet,
            files: FileMode::Write,
            patches: &patches,
            providers: &providers,
            confirmed: &[],
            seen_failing: &[],
            begun_before: &[],
            wait_limit: None,
        },
        listener: &Quiet,
        selection: Selection::default(),
        is_safe: &|_| Ok(()),
    };
    let before = cpu();
    let report = engine.carry_on(state).expect("a report");
    let each = (cpu() - before) / f64::from(STEPS);
    assert_eq!(report.outcome.name(), "applied");
    println!("CPU time of apply itself for one step: {each:.2} ms");
}

/// What this process has used so far, in milliseconds.
#[allow(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage");
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e3
}

/// The example's plan, with steps that change a resource each instead of its own.
fn decided() -> Decided {
    let mut command = Command::new(PALIER);
    command.args(["plan", "--format", "json", "--root", EXAMPLE]).env_clear();
    let output = command.env("PALIER_NOW", "2026-11-20T08:00:00Z").output().expect("palier runs");
    let mut plan: Plan = serde_json::from_slice(&output.stdout).expect("a plan");
    let first = plan.steps[0].clone();
    plan.steps = (0..STEPS)
        .map(|number| Step {
            id: format!("step-{number}"),
            one_way: None,
            run: Action::ChangeResource {
                provider: "bench".to_owned(),
                resource: format!("resource-{number}"),
                field: "plan".to_owned(),
                from: None,
                to: Some("larger".to_owned()),
            },
            ..first.clone()
        })
        .collect();
    let after = Box::new(plan.target.clone());
    Decided {
        plan_id: "bench".to_owned(),
        plan: Box::new(plan),
        flight: 1,
        patches: Vec::new(),
        after,
        commit: None,
        metrics: String::new(),
        measured_on: MeasuredOn::default(),
    }
}
