use std::io::IsTerminal;
use std::sync::Arc;

use serde::Serialize;

use super::arguments::{Format, Global, VerifyArguments};
use super::around::around;
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output;
use palier::diagnostic::{Diagnostic, did_you_mean};
use palier::plan::Probe;
use palier::report;
use palier::verify::{self, Around, KINDS, Outcome, Status, VARIABLES, Variable};

/// The result as other programs read it.
#[derive(Debug, Serialize)]
struct VerifyResult<'a> {
    format_version: &'static str,
    kind: &'static str,
    probes: &'a [Outcome],
}

/// `palier verify`.
pub(crate) fn run(global: &Global, arguments: &VerifyArguments) -> Result<Exit, CommandError> {
    for name in &arguments.only {
        is_known(name)?;
    }
    let loaded = load(global)?;
    let around = around(&loaded, global.env_file.as_deref())?;
    let mut probes = verify::wanted(&loaded.policy, &loaded.project, &Variable::of(&around.addresses));
    if !arguments.only.is_empty() {
        probes.retain(|probe| arguments.only.contains(&probe.probe));
    }
    let outcomes = ask(global, &probes, &around);
    match arguments.format {
        Format::Json => output::result(&json(&outcomes)?),
        Format::Text if outcomes.is_empty() => output::result(&nothing(&arguments.only)),
        Format::Text => output::result(&report::outcomes(&outcomes)),
    }
    let failed = outcomes.iter().any(|outcome| outcome.status == Status::Fails);
    Ok(if failed { Exit::ProbeFailed } else { Exit::Done })
}

fn is_known(name: &str) -> Result<(), CommandError> {
    let names = KINDS.iter().map(|kind| kind.name);
    if names.clone().any(|one| one == name) {
        return Ok(());
    }
    let all = names.clone().collect::<Vec<_>>().join(", ");
    let help = did_you_mean(name, names)
        .map_or_else(|| format!("there are {all}"), |near| format!("did you mean `{near}`? There are {all}"));
    Err(CommandError::one(Diagnostic::error("unknown-probe", format!("there is no probe `{name}`")).help(help)))
}

/// Runs the probes; on a terminal with a word that something happens, because a service that wakes takes a minute.
fn ask(global: &Global, probes: &[Probe], around: &Arc<Around>) -> Vec<Outcome> {
    let shows = std::io::stderr().is_terminal() && !global.quiet && !probes.is_empty();
    let spinner = shows.then(|| {
        let spinner = indicatif::ProgressBar::new_spinner();
        let plural = if probes.len() == 1 { "" } else { "s" };
        spinner.set_message(format!("{} probe{plural} under way", probes.len()));
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        spinner
    });
    let outcomes = verify::run(probes, around);
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    outcomes
}

fn json(outcomes: &[Outcome]) -> Result<String, CommandError> {
    let result = VerifyResult { format_version: "1", kind: "verify", probes: outcomes };
    serde_json::to_string_pretty(&result)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::one(Diagnostic::error("defect", error.to_string())))
}

/// What could be looked at, where nothing can.
fn nothing(only: &[String]) -> String {
    let which = if only.is_empty() { String::new() } else { format!(" for {}", only.join(", ")) };
    let list: String = VARIABLES.iter().map(|name| format!("  {name}\n")).collect();
    format!(
        "Nothing to probe{which}: no variable with an address is set, and [verify] in the policy asks for nothing.\n\
         These are looked at, in the environment and in the file after --env-file:\n{list}"
    )
}
