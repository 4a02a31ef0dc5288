//! Which run it is to be: one that was left unfinished, a saved plan, the flight whose files were written, or a plan
//! that is made now.

use std::path::Path;

use super::{Desk, abandon, unfinished};
use crate::cli::arguments::ApplyArguments;
use crate::cli::ask::{says_yes, somebody_is_there};
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::generate::measured_on;
use crate::cli::loaded::Loaded;
use crate::cli::output;
use crate::cli::plan::{indexes_of, make_live};
use palier::apply::journal::Decided;
use palier::apply::steps::FileMode;
use palier::apply::{RunState, decided, differences, id_of};
use palier::catalog::Catalog;
use palier::diagnostic::{Diagnostic, Place, SourceFile};
use palier::document::{read_file, sha256};
use palier::generate::{FileChange, Folder};
use palier::plan::{Outcome, PENDING_PATH, PendingFlight, Plan, make};
use palier::report;

/// A run that may begin.
pub(crate) enum ChosenRun {
    /// A new one.
    New(Box<Decided>),
    /// One that was left.
    Resume(Box<RunState>),
}

impl ChosenRun {
    /// What is decided.
    pub(crate) fn decided(&self) -> &Decided {
        match self {
            Self::New(decided) => decided,
            Self::Resume(state) => &state.decided,
        }
    }
}

/// What came of the choice.
pub(crate) enum Chosen {
    /// A run.
    Run(ChosenRun),
    /// There is nothing to do, and why.
    Nothing(String),
    /// The policy, or a person, forbids it.
    Forbidden(Vec<Diagnostic>),
}

/// Chooses, and asks a person where there is one.
pub(crate) fn choose(
    loaded: &mut Loaded,
    desk: &Desk,
    arguments: &ApplyArguments,
    files: FileMode,
) -> Result<Chosen, CommandError> {
    let left = unfinished(desk);
    if arguments.resume {
        return Ok(match left {
            Some(state) => Chosen::Run(ChosenRun::Resume(Box::new(state))),
            None => Chosen::Nothing("nothing to resume: no run was left unfinished".to_owned()),
        });
    }
    let (plan, step_files) = match &arguments.plan {
        Some(path) => {
            let plan = saved(path)?;
            if let Some(state) = left.as_ref().filter(|state| state.decided.plan_id == id_of(&plan)) {
                // The same job runs once more: it goes on where it was.
                return Ok(Chosen::Run(ChosenRun::Resume(Box::new(state.clone()))));
            }
            checked(loaded, desk, arguments, plan, files)?
        }
        None => fresh(loaded, desk)?,
    };
    if let Some(state) = left {
        if !arguments.abandon {
            return Err(CommandError { problems: vec![is_unfinished(&state)], exit: Exit::Stale });
        }
        if !arguments.dry_run {
            abandon(desk)?;
        }
    }
    if let Some(forbidden) = forbidden(loaded, &plan) {
        return Ok(Chosen::Forbidden(forbidden));
    }
    if plan.steps.is_empty() {
        return Ok(Chosen::Nothing(format!("{}: nothing to change", plan.project.name)));
    }
    let mut decided = decided(&plan, &step_files, files, desk.around.commit.clone()).map_err(CommandError::input)?;
    decided.metrics.clone_from(&loaded.metrics_hash);
    decided.measured_on = measured_on(loaded);
    let refused = one_way(loaded, &decided, arguments);
    if !refused.is_empty() {
        return Ok(Chosen::Forbidden(refused));
    }
    if !arguments.auto_approve && !arguments.dry_run {
        approve(&plan, &decided)?;
    }
    Ok(Chosen::Run(ChosenRun::New(Box::new(decided))))
}

/// A plan with what each of its steps changes in which file.
type PlanWithFiles = (Plan, Vec<(String, Vec<FileChange>)>);

/// The plan of the flight whose files `generate` has written, when it is not live; else a plan that is made now.
fn fresh(loaded: &mut Loaded, desk: &Desk) -> Result<PlanWithFiles, CommandError> {
    let pending = loaded.read(PENDING_PATH).and_then(|bytes| PendingFlight::parse(&bytes));
    let holds = |record: &PendingFlight| !record.live && record.holds(|path| loaded.read(path));
    if let Some(plan) = pending.filter(holds).and_then(|record| record.plan) {
        // Its files are there: nothing is left to be written, and nothing to be taken back by palier.
        return Ok((*plan, Vec::new()));
    }
    let made = make_live(loaded, &desk.around)?;
    Ok((made.plan, made.step_files))
}

/// Reads a saved plan.
fn saved(path: &Path) -> Result<Plan, CommandError> {
    let shown = path.display().to_string();
    let file = read_file(path, &shown).map_err(|error| CommandError::one(error.diagnostic()))?;
    serde_json::from_str(&file.text).map_err(|error| {
        let problem =
            Diagnostic::error("no-plan", format!("`{shown}` is not a plan that this palier has saved: {error}"))
                .at(Place::start_of(&SourceFile::new(shown.as_str(), "")))
                .help("save one with `palier plan --out plan.json`; one of another version must be made anew");
        CommandError::one(problem)
    })
}

/// A saved plan, when everything that it rests on still holds; with `--refresh` a new one where it does not.
fn checked(
    loaded: &mut Loaded,
    desk: &Desk,
    arguments: &ApplyArguments,
    plan: Plan,
    files: FileMode,
) -> Result<PlanWithFiles, CommandError> {
    let mut problems = Vec::new();
    if plan.environment != loaded.environment {
        let message = format!("the plan is of the environment `{}`, not `{}`", plan.environment, loaded.environment);
        problems
            .push(Diagnostic::error("other-environment", message).help(format!("add `--env {}`", plan.environment)));
        return Err(CommandError { problems, exit: Exit::Stale });
    }
    let observed = if plan.observed.is_empty() {
        None
    } else {
        palier::apply::live::look(&desk.around, &indexes_of(&plan)).ok().flatten().map(|live| live.observed())
    };
    let hash_of = |path: &str| match path {
        "(catalog)" => Some(Catalog::hash()),
        path => loaded
            .files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.sha256.clone())
            .or_else(|| loaded.head_bytes(path).map(|bytes| sha256(&bytes))),
    };
    problems.extend(differences(&plan, loaded.now, hash_of, &loaded.files, observed.as_deref()));
    let step_files = match files {
        FileMode::Compare => Vec::new(),
        FileMode::Write => {
            match step_files(loaded, &plan) {
                Some(step_files) => step_files,
                None if problems.is_empty() => {
                    problems.push(
                    Diagnostic::error("stale-plan", "the plan cannot be made again as it was")
                        .why("what its steps change in which file is worked out anew, and must be the same")
                        .help("it was made by another version of palier, or for CI: make it anew, or add `--files check`"),
                );
                    Vec::new()
                }
                None => Vec::new(),
            }
        }
    };
    if problems.is_empty() {
        return Ok((plan, step_files));
    }
    if arguments.refresh {
        output::talk("the saved plan does not hold any more; here is a new one");
        return fresh(loaded, desk);
    }
    Err(CommandError { problems, exit: Exit::Stale })
}

/// What the steps of a saved plan change in which file: the same inputs at the same instant give the same plan. Where
/// its files are there already, there is nothing to write.
fn step_files(loaded: &Loaded, plan: &Plan) -> Option<Vec<(String, Vec<FileChange>)>> {
    let is_there = |path: &str, hash: &str| loaded.head_bytes(path).is_some_and(|bytes| sha256(&bytes) == hash);
    if plan.files.iter().all(|file| is_there(&file.path, &file.after)) {
        return Some(Vec::new());
    }
    let names: Vec<String> = indexes_of(plan).into_iter().map(|(_, name)| name).collect();
    let mut request = loaded.request();
    request.inputs.now = plan.made_at;
    request.lacking_indexes = &names;
    let again = make(&request).ok()?;
    (again.plan.steps == plan.steps && again.plan.files == plan.files).then_some(again.step_files)
}

fn is_unfinished(state: &RunState) -> Diagnostic {
    let by = state.by.as_ref().map_or_else(String::new, |by| format!(" by {} on {}", by.user, by.host));
    let at = state.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let how = state.outcome.map_or("cut short", |outcome| outcome.name());
    let message = format!("a run is unfinished ({how}): plan {}, begun at {at}{by}", state.decided.plan_id);
    Diagnostic::error("unfinished-run", message)
        .why("two plans at once could not be told apart when one is taken back")
        .help(
            "`palier apply --resume` goes on with it, `palier rollback` takes it back, `--abandon` leaves it as it is",
        )
}

/// What the policy forbids, as far as it stands in the plan or has come since.
fn forbidden(loaded: &Loaded, plan: &Plan) -> Option<Vec<Diagnostic>> {
    let today = loaded.inputs().today();
    let expired = loaded.policy.waiver.iter().filter(|waiver| waiver.expires < today);
    let mut problems: Vec<Diagnostic> = expired
        .map(|waiver| {
            let message = format!("the waiver of `{}` by {} expired on {}", waiver.rule, waiver.owner, waiver.expires);
            Diagnostic::error("expired-waiver", message).help("mend what it covers, or renew it with a new date")
        })
        .collect();
    if plan.outcome == Outcome::Blocked && problems.is_empty() {
        let said = plan.findings.iter().filter(|finding| finding.severity == "error");
        let said: Vec<String> = said.map(|finding| finding.message.clone()).collect();
        problems.push(Diagnostic::error("blocked-plan", format!("the policy forbids the plan: {}", said.join("; "))));
    }
    (!problems.is_empty()).then_some(problems)
}

/// The steps that cannot be undone and that neither the policy nor, on a terminal, a person allows.
fn one_way(loaded: &Loaded, decided: &Decided, arguments: &ApplyArguments) -> Vec<Diagnostic> {
    let allowed: Vec<&str> = loaded.policy.steps.allow_one_way.iter().map(|one| one.name()).collect();
    let steps = decided.steps().filter_map(|step| Some((step, step.one_way.as_deref()?.split_once(": ")?)));
    let mut refused = Vec::new();
    for (step, (name, why)) in steps.filter(|(_, (name, _))| !allowed.contains(name)) {
        let is_asked = !arguments.auto_approve && !arguments.dry_run && somebody_is_there();
        if is_asked && says_yes(&format!("{}: this cannot be undone ({why}). Do it?", step.title)) {
            continue;
        }
        refused.push(
            Diagnostic::error("one-way-step", format!("`{}` cannot be undone: {why}", step.id))
                .why(step.title.clone())
                .help(format!("allow it with `allow_one_way = [\"{name}\"]` under [steps] in palier.toml")),
        );
    }
    if arguments.dry_run { Vec::new() } else { refused }
}

/// Shows the steps and asks.
fn approve(plan: &Plan, decided: &Decided) -> Result<(), CommandError> {
    let problem = |message: &str| {
        CommandError::one(
            Diagnostic::error("not-approved", message)
                .why("nothing was changed")
                .help("look at it with `palier plan`, then add `--auto-approve`"),
        )
    };
    if !somebody_is_there() {
        return Err(problem("nobody is here to say yes to the plan"));
    }
    output::talk(&report::text(plan));
    let count = decided.steps().count();
    let steps = if count == 1 { "this step".to_owned() } else { format!("these {count} steps of flight 1") };
    if says_yes(&format!("Apply {steps}?")) { Ok(()) } else { Err(problem("the plan was not approved")) }
}
