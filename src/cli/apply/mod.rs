//! `palier apply`: one flight of a plan, step by step.

mod choose;
mod desk;
mod told;

pub(crate) use desk::{Desk, Direction};
pub(crate) use told::Told;

use super::arguments::{ApplyArguments, Format, Global};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::loaded::Loaded;
use super::output;
use choose::{Chosen, choose};
use palier::apply::journal::{Event, RunOutcome};
use palier::apply::steps::{FileMode, Readiness, code_of};
use palier::apply::{RunReport, RunState, Selection, id_of, runs};
use palier::diagnostic::Diagnostic;
use palier::generate::{Folder, write_file};
use palier::plan::{Action, PENDING_PATH, PendingFlight, Step};
use palier::policy::DeliveryMode;
use palier::report;

/// `palier apply`.
pub(crate) fn run(global: &Global, arguments: &ApplyArguments) -> Result<Exit, CommandError> {
    let mut loaded = load_whole(global)?;
    let desk = Desk::open(global, &loaded)?;
    if arguments.dry_run {
        return act(global, arguments, &mut loaded, &desk);
    }
    // The lock comes before the choice: whoever is second says so at once, instead of planning for a world that the
    // first is just changing.
    desk.take()?;
    note_as_live(&loaded, &desk, false);
    let acted = load_whole(global).and_then(|mut loaded| act(global, arguments, &mut loaded, &desk));
    let released = desk.release();
    let exit = acted?;
    released.map(|()| exit)
}

fn load_whole(global: &Global) -> Result<Loaded, CommandError> {
    let mut loaded = load(global)?;
    loaded.step_files = true;
    Ok(loaded)
}

/// Chooses a run and carries it on to its end.
fn act(global: &Global, arguments: &ApplyArguments, loaded: &mut Loaded, desk: &Desk) -> Result<Exit, CommandError> {
    if loaded.policy.delivery.mode == DeliveryMode::Api {
        let problem = Diagnostic::error("no-interface", "`mode = \"api\"` under [delivery] cannot be applied yet")
            .why("no provider's interface is driven: nothing would bring the change live before what rests on it")
            .help("use `mode = \"push\"`");
        return Err(CommandError { problems: vec![problem], exit: Exit::Forbidden });
    }
    let files = arguments.files.mode();
    let chosen = match choose(loaded, desk, arguments, files)? {
        Chosen::Run(chosen) => chosen,
        Chosen::Nothing(said) => {
            output::result(&format!("{said}\n"));
            return Ok(Exit::Done);
        }
        Chosen::Forbidden(problems) => return Err(CommandError { problems, exit: Exit::Forbidden }),
    };
    let steps: Vec<Step> = chosen.decided().steps().cloned().collect();
    let named = |name: &Option<String>| name.as_deref().map(|name| id_of_step(name, &steps)).transpose();
    let selection = Selection { target: named(&arguments.target)?, until: named(&arguments.until)? };
    let confirm: Vec<String> =
        arguments.confirm.iter().map(|name| id_of_step(name, &steps)).collect::<Result<_, _>>()?;
    if arguments.dry_run {
        return desk.with_context(files, &chosen, arguments, |context| dry_run(&steps, &selection, context));
    }
    if arguments.rehearse && super::rehearse::run(desk, &chosen.decided().clone(), global.quiet)? == Exit::RolledBack {
        return Ok(Exit::RolledBack);
    }
    if let choose::ChosenRun::New(_) = &chosen {
        needs_database(desk, &steps, &selection)?;
    }
    let report = desk.carry_on(chosen, &confirm, arguments.wait_limit(), selection, files)?;
    note_as_live(loaded, desk, true);
    tell(&report, arguments.format)?;
    Ok(exit(&report))
}

/// What a step locks, and how long it may take.
fn cost_of(step: &Step, context: &palier::apply::steps::StepContext<'_>) -> String {
    let code = code_of(step);
    let time = code.time_limit(step, context).map_or_else(
        || "at once".to_owned(),
        |limit| format!("at most {}", palier::units::Duration::seconds(limit.as_secs_f64())),
    );
    format!("locks {}; {time}", code.locks(step))
}

/// What each step would do; nothing is changed.
fn dry_run(
    steps: &[Step],
    selection: &Selection,
    context: &palier::apply::steps::StepContext<'_>,
) -> Result<Exit, CommandError> {
    let selected = selection.of(steps);
    let mut exit = Exit::Done;
    for (number, step) in steps.iter().enumerate().filter(|(_, step)| selected.contains(&step.id)) {
        let what = match code_of(step).check(step, context) {
            Ok(Readiness::Ready) => format!("would run; {}", cost_of(step, context)),
            Ok(Readiness::Done) => "is done already".to_owned(),
            Err(trouble) => {
                exit = Exit::Error;
                format!("would fail: {}", trouble.message())
            }
        };
        output::result(&format!("{:>3}. {} [{}]: {what}\n", number + 1, step.title, step.id));
    }
    Ok(exit)
}

/// The id of a step that is named by its id or by its number.
pub(crate) fn id_of_step(name: &str, steps: &[Step]) -> Result<String, CommandError> {
    let by_number = name.parse::<usize>().ok().and_then(|number| steps.get(number.checked_sub(1)?));
    if let Some(step) = by_number.or_else(|| steps.iter().find(|step| step.id == name)) {
        return Ok(step.id.clone());
    }
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let near = palier::diagnostic::did_you_mean(name, ids.iter().copied());
    let known = format!("the flight has {}", ids.join(", "));
    let help = near.map_or_else(|| known.clone(), |near| format!("did you mean `{near}`? {known}"));
    Err(CommandError::one(Diagnostic::error("unknown-step", format!("there is no step `{name}`")).help(help)))
}

/// A run that works on the database is not begun without its address: files would be written and taken back again.
fn needs_database(desk: &Desk, steps: &[Step], selection: &Selection) -> Result<(), CommandError> {
    let selected = selection.of(steps);
    let is_sql = |step: &&Step| matches!(step.run, Action::BuildIndex { .. } | Action::DropIndex { .. });
    let first = steps.iter().filter(|step| selected.contains(&step.id)).find(is_sql);
    match first {
        Some(step) if palier::apply::live::address(&desk.around).is_none() => {
            let message = format!("`{}` needs the database, and the variable DATABASE_URL is not set", step.id);
            let problem = Diagnostic::error("no-database-address", message).why("nothing was changed");
            Err(CommandError::one(problem.help(
                "set DATABASE_URL in the environment, or give the file that holds it with --env-file; `--until STEP` \
                 stops before that step",
            )))
        }
        _ => Ok(()),
    }
}

/// Prints what came of a run: the result on stdout, what is wrong on stderr.
pub(crate) fn tell(run: &RunReport, format: Format) -> Result<(), CommandError> {
    if let Some(problem) = run.trouble.as_ref().and_then(Told::diagnostic) {
        output::talk(&report::diagnostic(&problem));
    }
    match format {
        Format::Text => output::result(&report::run_text(run)),
        Format::Json => output::result(&report::run_json(run)),
    }
    Ok(())
}

/// The exit code of a run.
pub(crate) fn exit(report: &RunReport) -> Exit {
    match report.outcome {
        RunOutcome::Applied | RunOutcome::Partial | RunOutcome::Abandoned => Exit::Done,
        RunOutcome::Waiting => Exit::ProbeFailed,
        RunOutcome::RolledBack => Exit::RolledBack,
        RunOutcome::Stuck => Exit::RollbackFailed,
        RunOutcome::Failed if report.stale => Exit::Stale,
        RunOutcome::Failed => Exit::Error,
        RunOutcome::Interrupted => Exit::Interrupted,
    }
}

/// After a run that is applied whole: notes that its flight is live, so that the next one may be written, and what ran
/// while the usage was measured, so that old figures are not taken for those of the new plans. What is to be noted
/// stands in the journal, so that a run that was killed just before this is caught up with by the next.
fn note_as_live(loaded: &Loaded, desk: &Desk, has_just_ended: bool) {
    let Some(run) = runs(desk.journal().entries()).pop().filter(|run| run.outcome == Some(RunOutcome::Applied)) else {
        return;
    };
    let former = loaded.read(PENDING_PATH).and_then(|bytes| PendingFlight::parse(&bytes));
    let record = match former {
        Some(record) if record.plan.as_ref().is_some_and(|plan| id_of(plan) == run.decided.plan_id) => {
            PendingFlight { live: true, plan: None, ..record }
        }
        // The flight that `generate` has written since, or what was noted before.
        Some(record) if !record.live || !has_just_ended => return,
        _ => PendingFlight::live(&run.decided.metrics, run.decided.measured_on),
    };
    // A folder that cannot be written loses a convenience, not the run.
    let _ = write_file(&loaded.root.join(".palier/.gitignore"), b"*\n");
    let _ = write_file(&loaded.root.join(PENDING_PATH), record.to_json().as_bytes());
}

/// The last run of the journal, when it is neither applied nor taken back whole.
pub(crate) fn unfinished(desk: &Desk) -> Option<RunState> {
    runs(desk.journal().entries()).pop().filter(|run| !run.is_final())
}

/// Gives an unfinished run up as it stands, under the lock.
pub(crate) fn abandon(desk: &Desk) -> Result<(), CommandError> {
    desk.append(Event::RunEnded { outcome: RunOutcome::Abandoned })
}

/// Files are written where a person commits them, and compared where a job runs.
impl super::arguments::FilesChoice {
    fn mode(self) -> FileMode {
        let in_ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0");
        match self {
            Self::Write => FileMode::Write,
            Self::Check => FileMode::Compare,
            Self::Auto if in_ci => FileMode::Compare,
            Self::Auto => FileMode::Write,
        }
    }
}
