use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Told;
use super::choose::ChosenRun;
use crate::cli::arguments::{ApplyArguments, Global};
use crate::cli::around::around;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::identity;
use crate::cli::interrupt;
use crate::cli::loaded::Loaded;
use crate::cli::progress::Bar;
use palier::apply::journal::{Event, Journal, JournalError, Place};
use palier::apply::steps::{FileMode, StepContext};
use palier::apply::{Engine, Keeper, Patch, RunReport, RunState, Selection, is_safe, is_safe_for_memory, live};
use palier::client::Interrupt;
use palier::diagnostic::Diagnostic;
use palier::plan::{Plan, Step};
use palier::verify::Around;

/// Where a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the target.
    Forward,
    /// Back to the start.
    Back,
}

/// Everything that a run needs at hand: the journal, the surroundings, the signals, the progress.
pub(crate) struct Desk {
    journal: Mutex<Journal>,
    pub(crate) around: Arc<Around>,
    pub(crate) interrupt: Arc<Interrupt>,
    pub(crate) bar: Bar,
    pub(crate) quiet: bool,
    root: PathBuf,
}

impl Desk {
    /// Opens the journal of the environment and listens for signals.
    pub(crate) fn open(global: &Global, loaded: &Loaded) -> Result<Self, CommandError> {
        let around = around(loaded, global.env_file.as_deref())?;
        let place = place(loaded, &around);
        let journal = Journal::open(&place, Arc::clone(&around.clock)).map_err(journal_error)?;
        Ok(Self {
            journal: Mutex::new(journal),
            root: around.root.clone(),
            around,
            interrupt: interrupt::listen(),
            bar: Bar::new(global.quiet),
            quiet: global.quiet,
        })
    }

    /// The journal.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock.
    pub(crate) fn take(&self) -> Result<(), CommandError> {
        self.journal().take(identity::holder(), &identity::is_alive).map_err(journal_error)
    }

    /// Appends an entry.
    pub(crate) fn append(&self, event: Event) -> Result<(), CommandError> {
        self.journal().append(event).map_err(journal_error)
    }

    /// Gives the lock back.
    pub(crate) fn release(&self) -> Result<(), CommandError> {
        self.journal().release().map_err(journal_error)
    }

    /// Runs something in the context of a chosen run, without the lock.
    pub(crate) fn with_context<T>(
        &self,
        files: FileMode,
        chosen: &ChosenRun,
        arguments: &ApplyArguments,
        look: impl FnOnce(&StepContext<'_>) -> T,
    ) -> T {
        let patches = Patch::seen_from_now(&chosen.decided().patches);
        look(&StepContext {
            root: &self.root,
            around: &self.around,
            interrupt: &self.interrupt,
            progress: &self.bar,
            files,
            patches: &patches,
            providers: &[],
            confirmed: &arguments.confirm,
            seen_failing: &[],
            begun_before: &[],
            wait_limit: arguments.wait_limit(),
        })
    }

    /// Carries a run on to its end, under the lock.
    pub(crate) fn carry_on(
        &self,
        chosen: ChosenRun,
        confirm: &[String],
        wait_limit: Option<Duration>,
        selection: Selection,
        files: FileMode,
    ) -> Result<RunReport, CommandError> {
        let state = self.begin(chosen)?;
        self.drive(state, confirm, Direction::Forward, (selection, files, wait_limit), |engine, state| {
            engine.carry_on(state)
        })
    }

    /// Writes what is decided, unless an earlier run has.
    fn begin(&self, chosen: ChosenRun) -> Result<RunState, CommandError> {
        let unfinished = palier::apply::runs(self.journal().entries()).pop().filter(|run| !run.is_final());
        match (chosen, unfinished) {
            (ChosenRun::Resume(chosen), Some(now)) if now.number == chosen.number => Ok(now),
            (ChosenRun::New(decided), None) => {
                self.append(Event::Decided(decided))?;
                let state = palier::apply::runs(self.journal().entries()).pop();
                state.ok_or_else(|| changed_meanwhile(self))
            }
            _ => Err(changed_meanwhile(self)),
        }
    }

    /// Runs an engine under the lock, and gives the lock back.
    pub(crate) fn drive(
        &self,
        state: RunState,
        confirm: &[String],
        direction: Direction,
        (selection, files, wait_limit): (Selection, FileMode, Option<Duration>),
        run: impl FnOnce(&Engine<'_>, RunState) -> Result<RunReport, JournalError>,
    ) -> Result<RunReport, CommandError> {
        let mut state = state;
        for step in confirm {
            let by = identity::holder().user;
            let event = Event::StepConfirmed { step: step.clone(), by };
            self.append(event.clone())?;
            state.note(self.around.clock.now(), &event);
        }
        let goes_back = direction == Direction::Back || state.is_going_back;
        let confirmed = if goes_back { state.undo_confirmed.clone() } else { state.confirmed.clone() };
        let seen_failing = state.seen_failing.clone();
        let begun_before = state.touched.clone();
        let patches: BTreeMap<_, _> = state.decided.patches.iter().cloned().collect();
        let plan = state.decided.plan.clone();
        let keeper = Keeper::new(&self.bar, &self.journal, &self.interrupt);
        let safe = |step: &Step| self.is_safe(&plan, step);
        let told = Told::new(&self.bar, self.quiet);
        let engine = Engine {
            journal: &self.journal,
            context: StepContext {
                root: &self.root,
                around: &self.around,
                interrupt: &self.interrupt,
                progress: &keeper,
                files,
                patches: &patches,
                providers: &[],
                confirmed: &confirmed,
                seen_failing: &seen_failing,
                begun_before: &begun_before,
                wait_limit,
            },
            listener: &told,
            selection,
            is_safe: &safe,
        };
        let report = run(&engine, state);
        self.bar.clear();
        let released = self.release();
        let report = report.map_err(journal_error)?;
        released?;
        Ok(report)
    }

    /// Judges a step by what the running database says; without an address nothing is known, and without an answer
    /// the step's own checks say why.
    fn is_safe(&self, plan: &Plan, step: &Step) -> Result<(), Diagnostic> {
        if let Some(per_worker) = live::memory_per_worker(&self.around) {
            is_safe_for_memory(plan, step, per_worker)?;
        }
        match live::look(&self.around, &[]) {
            Ok(Some(live)) => is_safe(plan, step, &live, &self.around.policy.headroom),
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

fn changed_meanwhile(desk: &Desk) -> CommandError {
    let _ = desk.release();
    let problem =
        Diagnostic::error("changed-meanwhile", "another run has ended in the meantime and left something behind")
            .help("look at `palier history`, then run this again");
    CommandError { problems: vec![problem], exit: Exit::Stale }
}

/// Where the journal is.
pub(crate) fn place(loaded: &Loaded, around: &Around) -> Place {
    let environment = loaded.environment.clone();
    match &loaded.policy.journal.url {
        Some(url) => {
            let of_aws = around.environment.iter().filter(|(name, _)| name.starts_with("AWS_"));
            let options = of_aws.map(|(name, value)| (name.clone(), value.clone())).collect();
            Place::Bucket { url: url.clone(), environment, options }
        }
        None => Place::Local { folder: loaded.root.join(".palier"), environment },
    }
}

/// An error of the journal as a command's.
pub(crate) fn journal_error(error: JournalError) -> CommandError {
    let exit = match &error {
        JournalError::Locked { .. } => Exit::Locked,
        JournalError::Fenced { .. } => Exit::Locked,
        _ => Exit::Error,
    };
    CommandError { problems: vec![error.diagnostic()], exit }
}
