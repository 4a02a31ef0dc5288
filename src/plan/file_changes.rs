//! What each step of the next flight changes in which file: the flight's files, taken apart.

use super::change::Change;
use super::step::{Action, Step};
use crate::decide::Target;
use crate::generate::template::TemplateError;
use crate::generate::{FileChange, FileKind, Generated};

/// The changes of each step, by its id. The blueprint is edited by several steps, one after the other, and the last of
/// them leaves it as the flight wants it; every other file belongs to one step alone.
///
/// `files_of` works out the files of a state.
pub(super) fn of_steps(
    steps: &[Step],
    changes: &[Change],
    (start, end): (&Target, &Target),
    next: &Generated,
    files_of: impl Fn(&Target) -> Result<Generated, TemplateError>,
) -> Result<Vec<(String, Vec<FileChange>)>, TemplateError> {
    let of_flight = || steps.iter().filter(|step| step.flight == 1);
    let mut found: Vec<(String, Vec<FileChange>)> = Vec::new();
    if let Some(last) = next.changes.iter().find(|change| change.kind == FileKind::Blueprint) {
        let edits: Vec<(&Step, &Change)> = of_flight()
            .zip(changes)
            .filter(|(step, _)| matches!(&step.run, Action::EditFile { path, .. } if *path == last.path))
            .collect();
        let mut state = start.clone();
        let mut before = last.before.clone();
        for (number, (step, change)) in edits.iter().enumerate() {
            change.apply(&mut state, end);
            let is_last = number + 1 == edits.len();
            let after = if is_last { last.after.clone() } else { blueprint(&files_of(&state)?, &before) };
            let changed = before.as_ref() != Some(&after);
            let edit = FileChange { before: before.clone(), after: after.clone(), ..last.clone() };
            found.push((step.id.clone(), if changed { vec![edit] } else { Vec::new() }));
            before = Some(after);
        }
    }
    for step in of_flight() {
        let Action::WriteFiles { files } = &step.run else { continue };
        let is_of_step = |change: &&FileChange| files.iter().any(|file| file.path == change.path);
        found.push((step.id.clone(), next.changes.iter().filter(is_of_step).cloned().collect()));
    }
    Ok(found)
}

/// The blueprint of a state on the way; where it cannot be edited that far, as it was before: a later step brings it.
fn blueprint(generated: &Generated, before: &Option<Vec<u8>>) -> Vec<u8> {
    let edited = generated.changes.iter().find(|change| change.kind == FileKind::Blueprint);
    edited.map(|change| change.after.clone()).or_else(|| before.clone()).unwrap_or_default()
}
