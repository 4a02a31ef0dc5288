//! From a plan to what a run is about to do.

use super::journal::Decided;
use super::patch::{Patch, PatchError};
use super::steps::FileMode;
use crate::decide::Target;
use crate::diagnostic::Diagnostic;
use crate::document::sha256;
use crate::generate::FileChange;
use crate::metrics::MeasuredOn;
use crate::plan::{Action, Plan, Step};

/// The flight that a plan's run applies: its first. The files of later ones are not worked out before it is live.
pub(super) const FLIGHT: u32 = 1;

/// What a run of a plan is about to do. `step_files` says what each step changes in which file; it is needed only
/// where files are written.
///
/// # Errors
/// A file that must be changed cannot be taken back from the journal: it is no text, or the line holds a secret.
pub fn decided(
    plan: &Plan,
    step_files: &[(String, Vec<FileChange>)],
    files: FileMode,
    commit: Option<String>,
) -> Result<Decided, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let steps = plan.steps.iter().filter(|step| step.flight == FLIGHT);
    let patches = match files {
        FileMode::Compare => steps.map(|step| (step.id.clone(), compared(plan, step))).collect(),
        FileMode::Write => steps
            .map(|step| {
                let changes = step_files.iter().find(|(id, _)| *id == step.id).map(|(_, changes)| changes);
                let patches = match changes {
                    Some(changes) => changes.iter().filter_map(|one| patch(one, &mut problems)).collect(),
                    // Its files are written already, by `palier generate`: they only have to be as they should be.
                    None => compared(plan, step),
                };
                (step.id.clone(), patches)
            })
            .collect(),
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let after = plan.flight(FLIGHT).map_or_else(Target::default, |flight| flight.after.clone());
    Ok(Decided {
        plan_id: id_of(plan),
        plan: Box::new(plan.clone()),
        flight: FLIGHT,
        patches,
        after: Box::new(after),
        commit,
        metrics: String::new(),
        measured_on: MeasuredOn::default(),
    })
}

/// A plan's name: the first twelve digits of the SHA-256 of its JSON.
#[must_use]
pub fn id_of(plan: &Plan) -> String {
    let mut id = serde_json::to_vec(plan).map(|bytes| sha256(&bytes)).unwrap_or_default();
    id.truncate(12);
    id
}

fn patch(change: &FileChange, problems: &mut Vec<Diagnostic>) -> Option<Patch> {
    match Patch::between(&change.path, change.before.as_deref(), Some(&change.after)) {
        Ok(patch) => Some(patch),
        Err(error) => {
            let help = match &error {
                PatchError::Secret { .. } => {
                    "move it into an environment variable of the service, or make this change by hand"
                }
                _ => "make this change by hand",
            };
            let problem = Diagnostic::error("file-not-kept", error.to_string())
                .why("to take a change back, the journal keeps the lines that it replaces, and it never keeps a secret")
                .help(help);
            problems.push(problem);
            None
        }
    }
}

/// What the files of a step must be, where they are only compared.
fn compared(plan: &Plan, step: &Step) -> Vec<Patch> {
    let wanted = |path: &str, hash: Option<&str>| {
        let of_plan = plan.files.iter().find(|file| file.path == path).map(|file| file.after.clone());
        let after = of_plan.or_else(|| hash.map(str::to_owned));
        Patch { path: path.to_owned(), before: after.clone(), after, hunks: Vec::new() }
    };
    match &step.run {
        Action::EditFile { path, .. } => vec![wanted(path, None)],
        Action::WriteFiles { files } => files.iter().map(|file| wanted(&file.path, Some(&file.sha256))).collect(),
        _ => Vec::new(),
    }
}
