//! A command of the project's own: a script for the shell, or a deploy hook.

use std::sync::Arc;
use std::time::Duration;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::client::http::{Client, Request, Site};
use crate::client::process::{Finished, Program};
use crate::client::{Deadline, Fault};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Probe, Step};
use crate::verify::{Outcome, Status};

/// How often it is told that a command still runs: whoever tells something keeps the lock alive.
const BETWEEN_WORDS: Duration = Duration::from_millis(200);

/// How many lines of what a failed command said are shown.
const LINES: usize = 12;

/// The code of steps that run a command.
#[derive(Debug)]
pub(super) struct Command;

impl StepCode for Command {
    fn locks(&self, _: &Step) -> String {
        "what the command locks, which palier does not know".to_owned()
    }

    fn time_limit(&self, step: &Step, _: &StepContext<'_>) -> Option<Duration> {
        match &step.run {
            Action::Command { time_limit_seconds, .. } => Some(Duration::from_secs(*time_limit_seconds)),
            _ => None,
        }
    }

    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
        if context.confirmed.contains(&step.id) {
            return Ok(Readiness::Done);
        }
        if context.begun_before.contains(&step.id) {
            return begun_before(step, context);
        }
        for probe in &step.check {
            let outcome = looked(probe, step, context)?;
            if outcome.status == Status::Fails {
                let message = format!("what must hold before `{}` does not: {}", probe.of, outcome.note);
                let problem = Diagnostic::error("command-not-ready", message).why("nothing of it was run");
                return Err(Trouble::failed(problem.help("mend that, or change its `check` in palier.toml")));
            }
        }
        Ok(Readiness::Ready)
    }

    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        carry_out(&step.run, context)
    }

    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
        match expected {
            Expected::Done => step.verify.iter().map(|probe| looked(probe, step, context)).collect(),
            // What a command changes only its own undo knows, and that has said that it succeeded.
            Expected::Undone => Ok(Vec::new()),
        }
    }

    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        carry_out(&step.undo, context)
    }
}

/// A run before this one began it and did not live to tell how it ended.
fn begun_before(step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
    if let Action::Command { repeatable: true, .. } = &step.run {
        return Ok(Readiness::Ready);
    }
    if !step.verify.is_empty() {
        let outcomes = step.verify.iter().map(|probe| looked(probe, step, context)).collect::<Result<Vec<_>, _>>()?;
        let holds = outcomes.iter().all(|outcome| outcome.status == Status::Holds);
        return Ok(if holds { Readiness::Done } else { Readiness::Ready });
    }
    let missing = format!(
        "whether `{}` ran to its end is not known: look, and say `--confirm {}` when it did; `palier rollback` runs its \
         undo; `repeatable = true` under [[command]] lets it run again",
        step.title, step.id
    );
    Err(Trouble::Waiting { missing: vec![missing], seen: Vec::new() })
}

fn carry_out(action: &Action, context: &StepContext<'_>) -> Result<(), Trouble> {
    let Action::Command { name, run, hook, time_limit_seconds, .. } = action else { return Ok(()) };
    let limit = Duration::from_secs(*time_limit_seconds);
    match (run, hook) {
        (Some(run), _) => {
            let finished = in_shell(name, run, limit, context)?;
            if finished.is_success() { Ok(()) } else { Err(failed(name, &finished)) }
        }
        (None, Some(variable)) => call(name, variable, limit, context),
        (None, None) => Ok(()),
    }
}

/// Runs a shell's command, and tells meanwhile that it still runs.
fn in_shell(name: &str, text: &str, limit: Duration, context: &StepContext<'_>) -> Result<Finished, Trouble> {
    let around = context.around;
    let arguments = ["-c", text];
    let program = Program {
        name: "sh",
        arguments: &arguments,
        folder: context.root,
        environment: &around.environment,
        secrets: &around.addresses,
    };
    let deadline = Deadline::after(&around.clock, limit);
    std::thread::scope(|scope| {
        let clock = Arc::clone(&around.clock);
        let for_program = deadline.clone();
        let running = scope.spawn(move || program.run(clock.as_ref(), &for_program));
        while !running.is_finished() {
            let share = 1.0 - deadline.left().as_secs_f64() / limit.as_secs_f64().max(0.001);
            context.progress.tell(&format!("`{name}` runs"), Some(share));
            context.clock().sleep(BETWEEN_WORDS.min(Duration::from_millis(20)));
        }
        match running.join() {
            Ok(finished) => finished.map_err(|fault| with_limit(name, fault)),
            Err(_) => Err(Trouble::failed(Diagnostic::error("defect", format!("`{name}` was lost sight of")))),
        }
    })
}

fn with_limit(name: &str, fault: Fault) -> Trouble {
    let help = "give it more `time_limit` under [[command]], or look why it takes so long";
    Trouble::failed(Diagnostic::error("command-failed", format!("`{name}`: {}", fault.message)).help(help))
}

fn failed(name: &str, finished: &Finished) -> Trouble {
    let how = finished.code.map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with {code}"));
    let said = if finished.stderr.trim().is_empty() { &finished.stdout } else { &finished.stderr };
    let lines: Vec<&str> = said.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n");
    Trouble::failed(
        Diagnostic::error("command-failed", format!("`{name}` {how}"))
            .why(if last.is_empty() { "it said nothing".to_owned() } else { format!("it said:\n{last}") })
            .help("mend it, then run palier again"),
    )
}

/// Calls a deploy hook. It answers before the deploy ends: that the new version is live is what the wait looks for
/// (Render's documentation, "Deploy hooks").
fn call(name: &str, variable: &str, limit: Duration, context: &StepContext<'_>) -> Result<(), Trouble> {
    let around = context.around;
    let site = Site::parse(around.address(variable)?)?;
    let deadline = Deadline::after(&around.clock, limit.min(Duration::from_secs(60)));
    let client = Client::new(&site, around.authorities.as_deref());
    let answer = client.send(&Request { method: "POST", ..Request::default() }, &deadline)?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let message = format!("the deploy hook in {variable} (`{name}`) answers {}", answer.status);
    let help = match answer.status {
        401 | 403 | 404 => "the hook was regenerated or its service is gone: copy its address anew",
        429 => "wait a minute: Render allows ten calls a minute for each service",
        _ => "look at the service's page, then run palier again",
    };
    Err(Trouble::failed(Diagnostic::error("hook-failed", message).help(help)))
}

/// A command that must succeed, as an outcome.
fn looked(probe: &Probe, step: &Step, context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let begin = context.clock().elapsed();
    let text = probe.wants.get("run").and_then(serde_json::Value::as_str).unwrap_or_default();
    let limit = match &step.run {
        Action::Command { time_limit_seconds, .. } => Duration::from_secs(*time_limit_seconds),
        _ => context.around.limit,
    };
    let finished = in_shell(&probe.of, text, limit, context)?;
    let took = context.clock().elapsed().saturating_sub(begin);
    let holds = finished.is_success();
    let note = if holds { "it succeeds".to_owned() } else { format!("it fails: {}", finished.last_line()) };
    Ok(Outcome {
        probe: "command".to_owned(),
        of: probe.of.clone(),
        expect: probe.expect.clone(),
        status: if holds { Status::Holds } else { Status::Fails },
        note,
        figures: Vec::new(),
        fault: None,
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}
