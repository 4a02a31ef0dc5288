use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::arguments::{Global, PlanArguments, PlanFormat};
use super::around::around;
use super::clock::SystemClock;
use super::error::CommandError;
use super::exit::Exit;
use super::load::load_on;
use super::loaded::Loaded;
use super::output;
use palier::apply::journal::{Journal, Place};
use palier::apply::{live, runs};
use palier::diagnostic::Diagnostic;
use palier::document::sha256;
use palier::generate::{Folder, Generated, write_file};
use palier::plan::{Action, FindingOfPlan, Made, Outcome, Plan, Step, lacking, make};
use palier::report;
use palier::verify::Around;

/// The environment variable in which GitHub names the file of a job's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// `palier plan`.
pub(crate) fn run(global: &Global, arguments: &PlanArguments) -> Result<Exit, CommandError> {
    let mut loaded = load_on(global, arguments.base.as_deref())?;
    let made = if arguments.live {
        let around = around(&loaded, global.env_file.as_deref())?;
        make_live(&mut loaded, &around)?
    } else {
        make_on(&loaded)?
    };
    if let Some(path) = &arguments.out {
        write_file(path, json(&made.plan)?.as_bytes()).map_err(CommandError::one)?;
        if !global.quiet {
            output::talk(&format!("saved the plan to {}", path.display()));
        }
    }
    warn_of_unfinished(&loaded);
    let for_ci = || from_working_folder(&made.plan, &global.root);
    let text = match arguments.format {
        PlanFormat::Text => report::text(&made.plan),
        PlanFormat::Json => json(&made.plan)?,
        PlanFormat::Markdown => report::markdown(&made.plan),
        PlanFormat::Github => {
            append_to_summary(&report::markdown(&made.plan))?;
            report::github(&for_ci())
        }
        PlanFormat::Sarif => report::sarif(&for_ci()),
        PlanFormat::Gitlab => report::gitlab(&for_ci()),
        PlanFormat::Junit => report::junit(&for_ci()),
    };
    output::result(&text);
    Ok(exit(&made, arguments.detailed_exitcode))
}

/// Says that a run was left in the middle: what the files say is then not what was done.
fn warn_of_unfinished(loaded: &Loaded) {
    let place = Place::Local { folder: loaded.root.join(".palier"), environment: loaded.environment.clone() };
    let Ok(journal) = Journal::open(&place, Arc::new(SystemClock::starting_at(loaded.now))) else { return };
    if let Some(run) = runs(journal.entries()).pop().filter(|run| !run.is_final()) {
        let message = format!("a run of plan {} is unfinished", run.decided.plan_id);
        let warning = Diagnostic::warning("unfinished-run", message)
            .why("this plan is made from the files, and knows nothing of how far that run came")
            .help("`palier apply --resume` goes on with it, `palier rollback` takes it back");
        output::talk(&report::diagnostic(&warning));
    }
}

/// The plan. Where what runs is a git revision, the folder's files are those that the plan wants: it is bound to them,
/// and a finding names each that is not as it should be.
pub(crate) fn make_on(loaded: &Loaded) -> Result<Made, CommandError> {
    let mut made = make(&loaded.request())?;
    let Some(base) = &loaded.base else { return Ok(made) };
    made.plan.base = Some(base.reference.clone());
    let head = loaded.head();
    let lacking = lacking_on(loaded, &made)?;
    for file in &mut made.plan.files {
        match lacking.changes.iter().find(|change| change.path == file.path) {
            Some(change) => file.after = sha256(&change.after),
            None => file.after = head.read(&file.path).map_or_else(|| file.after.clone(), |bytes| sha256(&bytes)),
        }
    }
    for change in &lacking.changes {
        let finding = Diagnostic::warning("not-as-generated", format!("`{}` is not as the plan wants it", change.path))
            .why("applying it after the merge would stop at this file")
            .help(format!("run `palier generate --base {}`, commit and push", base.reference));
        made.plan.findings.push(FindingOfPlan::from(&finding));
        made.findings.push(finding);
    }
    Ok(made)
}

/// The plan, bound to what the running database says, when its address is set: an index whose migration is there and
/// which that database lacks is built as well.
pub(crate) fn make_live(loaded: &mut Loaded, around: &Around) -> Result<Made, CommandError> {
    let mut made = make_on(loaded)?;
    let reached = |indexes: &[(String, String)]| {
        live::look(around, indexes)
            .map_err(|fault| CommandError::one(Diagnostic::error("cannot-reach", fault.message).help(fault.remedy)))
    };
    let declared: Vec<(String, String)> =
        made.next.declared.iter().map(|index| (index.table.clone(), index.name.clone())).collect();
    let Some(seen) = reached(&declared)? else { return Ok(made) };
    let lacks = seen.indexes.iter().filter(|(_, state)| state != "valid").map(|(name, _)| name.clone());
    loaded.lacking_indexes = lacks.collect();
    if !loaded.lacking_indexes.is_empty() {
        made = make_on(loaded)?;
    }
    let of_plan = indexes_of(&made.plan);
    made.plan.observed = reached(&of_plan)?.map(|live| live.observed()).unwrap_or_default();
    Ok(made)
}

/// The indexes that a plan builds or drops: table and name.
pub(crate) fn indexes_of(plan: &Plan) -> Vec<(String, String)> {
    let of = |step: &Step| match &step.run {
        Action::BuildIndex { index } | Action::DropIndex { index } => Some((index.table.clone(), index.name.clone())),
        _ => None,
    };
    plan.steps.iter().filter_map(of).collect()
}

/// What the folder's files lack for the next flight.
pub(crate) fn lacking_on(loaded: &Loaded, made: &Made) -> Result<Generated, CommandError> {
    let state = made.flights.first().map_or(&made.start, |flight| &flight.after);
    Ok(lacking(&loaded.head().request(), state, &made.plan.target)?)
}

/// The plan as the JSON contract has it.
pub(crate) fn json(plan: &Plan) -> Result<String, CommandError> {
    serde_json::to_string_pretty(plan)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::one(Diagnostic::error("defect", error.to_string())))
}

/// The plan with its files named as from the working folder, which in CI is the repository's root: a service shows a
/// finding only where that path leads.
fn from_working_folder(plan: &Plan, root: &Path) -> Plan {
    let mut plan = plan.clone();
    let here = std::env::current_dir().unwrap_or_default();
    let below = root.strip_prefix(&here).unwrap_or(root);
    let folder: PathBuf = below.components().filter(|part| *part != Component::CurDir).collect();
    if folder.as_os_str().is_empty() || folder.is_absolute() {
        return plan;
    }
    let inputs = plan.inputs.iter_mut().map(|input| &mut input.path);
    for path in plan.findings.iter_mut().map(|finding| &mut finding.path).chain(inputs) {
        // A file outside of the project is named from the working folder already.
        if !path.is_empty() && root.join(&*path).exists() {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    }
    plan
}

/// Appends the comment to the job's summary, where GitHub names its file.
fn append_to_summary(comment: &str) -> Result<(), CommandError> {
    let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) else { return Ok(()) };
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    opened.and_then(|mut file| file.write_all(comment.as_bytes())).map_err(|error| {
        let message = format!("the job summary `{}` cannot be written: {error}", path.display());
        let help = format!("check {SUMMARY}, or leave it out");
        CommandError::one(Diagnostic::error("summary-not-written", message).help(help))
    })
}

fn exit(made: &Made, detailed: bool) -> Exit {
    match made.plan.outcome {
        Outcome::Blocked => {
            output::talk(&report::diagnostics(&made.blocked));
            Exit::Forbidden
        }
        Outcome::Changes if detailed => Exit::Changes,
        Outcome::Changes | Outcome::NoChange => Exit::Done,
    }
}
