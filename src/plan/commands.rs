//! The project's own commands as steps.

use super::extra::identifier;
use super::step::{Action, Probe, Risk, Step};
use crate::policy::{CommandMoment, CommandPolicy, OneWayStep};

/// The steps of the commands of one moment, in the order of the policy.
pub(super) fn command_steps(
    flight: u32,
    commands: &[CommandPolicy],
    moment: CommandMoment,
    before: &[String],
) -> Vec<Step> {
    let mut before = before.to_vec();
    let mut steps = Vec::new();
    for command in commands.iter().filter(|command| command.when == moment) {
        let step = command_step(flight, command, before);
        before = vec![step.id.clone()];
        steps.push(step);
    }
    steps
}

fn command_step(flight: u32, command: &CommandPolicy, depends_on: Vec<String>) -> Step {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration is never negative")]
    let seconds = command.time_limit.as_seconds().ceil() as u64;
    let action = |run: Option<&String>, hook: Option<&String>| Action::Command {
        name: command.name.clone(),
        run: run.cloned(),
        hook: hook.cloned(),
        time_limit_seconds: seconds,
        repeatable: command.repeatable || command.hook.is_some(),
    };
    let probe =
        |text: &String| Probe::new("command", &command.name, format!("`{text}` succeeds")).wants("run", text.as_str());
    let one_way = command.undo.is_none().then(|| format!("{}: nothing undoes it", OneWayStep::Command.name()));
    let undo = match &command.undo {
        Some(undo) => action(Some(undo), None),
        None => Action::Nothing { why: "the policy names no `undo`".to_owned() },
    };
    let title = match (&command.run, &command.hook) {
        (_, Some(variable)) => format!("Call the deploy hook in {variable} (`{}`)", command.name),
        (Some(run), None) => format!("Run `{run}` (`{}`)", command.name),
        (None, None) => format!("Run `{}`", command.name),
    };
    Step {
        id: format!("flight-{flight}-{}", identifier(&command.name)),
        flight,
        kind: "command".to_owned(),
        title,
        reason: "the policy asks for it".to_owned(),
        depends_on,
        reversible: one_way.is_none(),
        one_way,
        risk: Risk::Medium,
        risk_reason: "palier does not know what it does".to_owned(),
        cost_delta: Some("0.00".to_owned()),
        check: command.check.iter().map(probe).collect(),
        run: action(command.run.as_ref(), command.hook.as_ref()),
        verify: command.verify.iter().map(probe).collect(),
        undo,
    }
}
