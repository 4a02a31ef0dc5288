use super::apply::{Desk, Direction, exit, id_of_step, tell};
use super::arguments::{Global, RollbackArguments};
use super::ask::{says_yes, somebody_is_there};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output;
use palier::apply::steps::FileMode;
use palier::apply::{RunState, Selection, runs};
use palier::diagnostic::Diagnostic;
use palier::plan::Step;

/// `palier rollback`.
pub(crate) fn run(global: &Global, arguments: &RollbackArguments) -> Result<Exit, CommandError> {
    let loaded = load(global)?;
    let desk = Desk::open(global, &loaded)?;
    let Some(state) = last(&desk) else {
        output::result("nothing to take back: no run of the journal has left anything\n");
        return Ok(Exit::Done);
    };
    let steps: Vec<Step> = state.decided.steps().cloned().collect();
    let to = arguments.to.as_deref().map(|name| id_of_step(name, &steps)).transpose()?;
    let confirm: Vec<String> =
        arguments.confirm.iter().map(|name| id_of_step(name, &steps)).collect::<Result<_, _>>()?;
    if !arguments.auto_approve {
        approve(&state)?;
    }
    desk.take()?;
    // Between the look and the lock another run may have come.
    let Some(now) = last(&desk).filter(|now| now.number == state.number) else {
        let _ = desk.release();
        let problem = Diagnostic::error("changed-meanwhile", "another run has begun or ended in the meantime");
        let problems = vec![problem.help("look at `palier history`, then run this again")];
        return Err(CommandError { problems, exit: Exit::Stale });
    };
    let settings = (Selection::default(), FileMode::Write, None);
    let report =
        desk.drive(now, &confirm, Direction::Back, settings, |engine, state| engine.roll_back(state, to.clone()))?;
    tell(&report, arguments.format)?;
    Ok(match exit(&report) {
        // That it was taken back is what was asked for.
        Exit::RolledBack => Exit::Done,
        other => other,
    })
}

/// The last run, when it has left something that can be taken back. One that was killed before its first step has not,
/// and is ended all the same, because no other may begin before.
fn last(desk: &Desk) -> Option<RunState> {
    let run = runs(desk.journal().entries()).pop()?;
    (!run.touched.is_empty() || !run.is_final()).then_some(run)
}

fn approve(state: &RunState) -> Result<(), CommandError> {
    let problem = |message: &str| {
        let problem = Diagnostic::error("not-approved", message).why("nothing was changed");
        CommandError::one(problem.help("add `--auto-approve`"))
    };
    if !somebody_is_there() {
        return Err(problem("nobody is here to say yes to the rollback"));
    }
    for step in state.decided.steps().filter(|step| state.touched.contains(&step.id)) {
        output::talk(&format!("  undo: {}", step.title));
    }
    if says_yes("Take this back?") { Ok(()) } else { Err(problem("the rollback was not approved")) }
}
