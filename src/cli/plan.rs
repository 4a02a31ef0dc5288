use super::arguments::{Global, PlanArguments, PlanFormat};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output;
use palier::diagnostic::Diagnostic;
use palier::generate::write_file;
use palier::plan::{Made, Outcome, Plan, make};
use palier::report;

/// `palier plan`.
pub(crate) fn run(global: &Global, arguments: &PlanArguments) -> Result<Exit, CommandError> {
    let loaded = load(global)?;
    let made = make(&loaded.request())?;
    if let Some(path) = &arguments.out {
        write_file(path, json(&made.plan)?.as_bytes()).map_err(CommandError::one)?;
        if !global.quiet {
            output::talk(&format!("saved the plan to {}", path.display()));
        }
    }
    match arguments.format {
        PlanFormat::Text => output::result(&report::text(&made.plan)),
        PlanFormat::Json => output::result(&json(&made.plan)?),
        PlanFormat::Markdown => output::result(&report::markdown(&made.plan)),
    }
    Ok(exit(&made, arguments.detailed_exitcode))
}

/// The plan as the JSON contract has it.
pub(crate) fn json(plan: &Plan) -> Result<String, CommandError> {
    serde_json::to_string_pretty(plan)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::one(Diagnostic::error("defect", error.to_string())))
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
