//! What came of a run, and what the journal holds of earlier ones.

use serde_json::{Value, json};

use super::figure::counted;
use super::text::{heading, item, options};
use crate::apply::journal::RunOutcome;
use crate::apply::{RunReport, RunState, StepReport, steps_of};
use crate::verify::{Outcome, Status};

/// What came of a run, as text.
#[must_use]
pub fn run_text(run: &RunReport) -> String {
    let mut out = format!("{}\n", first_line(run));
    for (number, step) in run.steps.iter().enumerate() {
        out.push_str(&step_text(number + 1, step));
    }
    if !run.to_do.is_empty() {
        let title = match run.outcome {
            RunOutcome::Waiting => "Still missing",
            RunOutcome::Stuck => "What a person must do, in order",
            _ => "What to do",
        };
        out.push_str(&heading(title));
        out.push_str(&run.to_do.iter().map(|line| item(line)).collect::<String>());
    }
    if let Some(hint) = next(run) {
        out.push_str(&format!("\n{hint}\n"));
    }
    out
}

fn first_line(run: &RunReport) -> String {
    let (flight, id) = (run.flight, &run.plan_id);
    match run.outcome {
        RunOutcome::Applied => format!("applied: flight {flight} of plan {id}, {}", how_verified(run)),
        RunOutcome::Partial => format!("applied in part: flight {flight} of plan {id}"),
        RunOutcome::Waiting => format!("waiting: flight {flight} of plan {id}; nothing was undone"),
        RunOutcome::RolledBack => format!("rolled back: flight {flight} of plan {id}, every undo verified"),
        RunOutcome::Stuck => format!("stuck: an undo of flight {flight} of plan {id} failed"),
        RunOutcome::Failed => format!("failed before anything was changed: flight {flight} of plan {id}"),
        RunOutcome::Interrupted => format!("interrupted: flight {flight} of plan {id}"),
        RunOutcome::Abandoned => format!("abandoned: flight {flight} of plan {id}"),
    }
}

/// Whether everything was seen that was asked for.
fn how_verified(run: &RunReport) -> String {
    let outcomes = run.steps.iter().flat_map(|step| &step.verified);
    let unseen = outcomes.filter(|one| one.status == Status::Unknown).count();
    let confirmed = run.steps.iter().filter(|step| step.confirmed).count();
    match (unseen, confirmed) {
        (0, 0) => "every step verified".to_owned(),
        (unseen, 0) => format!("verified but for {} that cannot be seen from here", counted(unseen, "check")),
        (_, confirmed) => format!("{} on somebody's word, the rest verified", counted(confirmed, "step")),
    }
}

fn next(run: &RunReport) -> Option<String> {
    match run.outcome {
        RunOutcome::Applied => run.next_flight.map(|flight| {
            format!("flight {flight} is due next: `palier generate`, commit and push it, then `palier apply`")
        }),
        RunOutcome::Waiting | RunOutcome::Interrupted | RunOutcome::Partial => {
            Some("`palier apply --resume` goes on, `palier rollback` takes it back".to_owned())
        }
        _ => None,
    }
}

fn mark(state: &str) -> &'static str {
    match state {
        "done" | "already" => "ok",
        "failed" | "undo-failed" => "NO",
        "undone" => "<-",
        "waits" | "begun" | "undoing" => "..",
        _ => "  ",
    }
}

fn step_text(number: usize, step: &StepReport) -> String {
    let first = format!("  {}  {number}. ", mark(step.state));
    let word = if step.confirmed { ", on somebody's word" } else { "" };
    let mut out = filled(&format!("{} [{}] ({}{word})", step.title, step.id, step.state), &first);
    // What is still missing has a section of its own.
    if !step.message.is_empty() && step.state != "waits" {
        out.push_str(&filled(&step.message, DETAIL));
    }
    // That a file is as it should be goes without saying.
    let said = |one: &&Outcome| one.probe != "file" || one.status != Status::Holds;
    out.extend(step.verified.iter().filter(said).map(|one| filled(&outcome_text(one), DETAIL)));
    out
}

/// The indent of what is said about a step.
const DETAIL: &str = "         ";

fn filled(line: &str, first: &str) -> String {
    format!("{}\n", textwrap::fill(line, options(first, DETAIL)))
}

/// A verified outcome in one line.
fn outcome_text(outcome: &Outcome) -> String {
    let mark = match outcome.status {
        Status::Holds => "ok",
        Status::Fails => "NO",
        Status::Unknown => "? ",
    };
    let figures: Vec<String> = outcome
        .figures
        .iter()
        .map(|figure| format!("{} {} {}", figure.name, rounded(figure.value), figure.unit))
        .collect();
    let figures = if figures.is_empty() { String::new() } else { format!(" [{}]", figures.join(", ")) };
    let note = &outcome.note;
    format!("{mark} {} {}: {note}{figures}", outcome.probe, outcome.of)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What came of a run, as JSON.
#[must_use]
pub fn run_json(run: &RunReport) -> String {
    let mut value = serde_json::to_value(run).unwrap_or_default();
    value["format_version"] = "1".into();
    value["kind"] = "apply".into();
    format!("{value:#}\n")
}

/// The runs of a journal, the newest first, as text.
#[must_use]
pub fn history_text(runs: &[RunState]) -> String {
    if runs.is_empty() {
        return "nothing was applied yet\n".to_owned();
    }
    let mut out = String::new();
    for run in runs {
        let by = run.by.as_ref().map_or_else(|| "unknown".to_owned(), |by| format!("{} on {}", by.user, by.host));
        let commit = run
            .decided
            .commit
            .as_ref()
            .map_or_else(String::new, |commit| format!(", commit {}", commit.get(..12).unwrap_or(commit)));
        let how = run.outcome.map_or("unfinished", RunOutcome::name);
        let at = run.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        out.push_str(&filled(&format!("{at} {how}: plan {} by {by}{commit}", run.decided.plan_id), ""));
        for (number, step) in steps_of(run).iter().enumerate() {
            out.push_str(&step_text(number + 1, step));
        }
        // The mark of a step that is undone does not say any more that it is the one that failed.
        let is_told = steps_of(run).iter().any(|step| step.state == "failed");
        if let Some(failure) = run.failure.as_ref().filter(|_| !is_told) {
            out.push_str(&filled(&format!("because: {failure}"), "  "));
        }
        for line in predictions(run) {
            let (predicted, measured) = (rounded(line.predicted), rounded(line.measured));
            out.push_str(&filled(
                &format!("predicted {} {predicted} {}, measured {measured} ({})", line.what, line.unit, line.by),
                "  ",
            ));
        }
        out.push('\n');
    }
    out
}

/// The runs of a journal, the newest first, as JSON.
#[must_use]
pub fn history_json(runs: &[RunState]) -> String {
    let rows: Vec<Value> = runs.iter().map(row).collect();
    format!("{:#}\n", json!({"format_version": "1", "kind": "history", "runs": rows}))
}

fn row(run: &RunState) -> Value {
    let predictions: Vec<Value> = predictions(run)
        .iter()
        .map(|one| {
            json!({"what": one.what, "unit": one.unit, "predicted": one.predicted, "measured": one.measured,
                   "measured_by": one.by})
        })
        .collect();
    json!({
        "plan_id": run.decided.plan_id,
        "flight": run.decided.flight,
        "began": run.at,
        "ended": run.ended_at,
        "outcome": run.outcome.map(RunOutcome::name),
        "by": run.by,
        "commit": run.decided.commit,
        "failure": run.failure,
        "steps": steps_of(run),
        "predicted": predictions,
    })
}

/// A figure that the plan predicted and that a probe measured.
struct Prediction {
    what: String,
    unit: String,
    predicted: f64,
    measured: f64,
    by: String,
}

/// Which figures of probes measure what which constraint predicts: the constraint, the figure, and what the figure is
/// multiplied by to be in the constraint's unit.
const MEASURES: &[(&str, &str, f64)] = &[
    ("connections", "used connections", 1.0),
    ("memory", "memory", 1.0),
    ("latency", "p95", 1.0),
    ("storage", "size", 1e-9),
];

fn predictions(run: &RunState) -> Vec<Prediction> {
    let steps = steps_of(run);
    // A build tells the size of its index: only probes of the running parts measure what the plan predicted.
    let seen: Vec<&Outcome> = steps
        .iter()
        .flat_map(|step| &step.verified)
        .filter(|one| !matches!(one.probe.as_str(), "index" | "file"))
        .collect();
    let mut found = Vec::new();
    for verdict in &run.decided.plan.verdicts {
        let measure = MEASURES.iter().find(|(constraint, ..)| *constraint == verdict.constraint);
        let (Some((_, figure, factor)), Some(predicted)) = (measure, verdict.used) else { continue };
        let measured = seen.iter().rev().find_map(|outcome| {
            let one = outcome.figures.iter().find(|one| one.name == *figure)?;
            Some((one.value * factor, format!("{} {}", outcome.probe, outcome.of)))
        });
        if let Some((measured, by)) = measured {
            let (what, unit) = (verdict.constraint.to_string(), verdict.unit.to_string());
            found.push(Prediction { what, unit, predicted, measured, by });
        }
    }
    found
}
