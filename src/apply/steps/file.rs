//! Files: written or edited on a person's machine, compared in CI, where nobody commits the checkout.

use std::path::PathBuf;
use std::time::Duration;

use super::{Expected, FileMode, Readiness, StepCode, StepContext, Trouble};
use crate::apply::{Patch, PatchError};
use crate::diagnostic::Diagnostic;
use crate::document::{read_bytes, sha256};
use crate::generate::{remove_file, remove_leftovers, stays_inside, write_file};
use crate::plan::Step;
use crate::verify::{Outcome, Status};

/// The code of steps that write, edit or remove files.
#[derive(Debug)]
pub(super) struct File;

impl StepCode for File {
    fn locks(&self, _: &Step) -> String {
        "nothing".to_owned()
    }

    fn time_limit(&self, _: &Step, _: &StepContext<'_>) -> Option<Duration> {
        None
    }

    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
        let mut done = true;
        for patch in patches(step, context) {
            let now = read(context, patch)?.map(|bytes| sha256(&bytes));
            if now == patch.after {
                continue;
            }
            done = false;
            match context.files {
                FileMode::Compare => return Err(not_as_generated(patch, now.is_some())),
                FileMode::Write if now != patch.before => return Err(changed_since(patch)),
                FileMode::Write => {}
            }
        }
        Ok(if done { Readiness::Done } else { Readiness::Ready })
    }

    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        patches(step, context).iter().try_for_each(|patch| bring(context, patch))
    }

    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
        patches(step, context)
            .iter()
            .map(|patch| {
                let wanted = if expected == Expected::Done { &patch.after } else { &patch.before };
                let found = read(context, patch)?.map(|bytes| sha256(&bytes));
                Ok(outcome(&patch.path, wanted.as_deref(), found.as_deref()))
            })
            .collect()
    }

    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let patches = patches(step, context);
        // Nothing is touched unless all of it can be taken back.
        for patch in patches {
            let now = read(context, patch)?.map(|bytes| sha256(&bytes));
            if now != patch.after && now != patch.before {
                return Err(edited_later(patch));
            }
        }
        patches.iter().rev().try_for_each(|patch| bring(context, &patch.inverse()))
    }
}

fn patches<'c>(step: &Step, context: &'c StepContext<'_>) -> &'c [Patch] {
    context.patches.get(&step.id).map(Vec::as_slice).unwrap_or_default()
}

fn path_of(context: &StepContext<'_>, patch: &Patch) -> Result<PathBuf, Trouble> {
    let path = context.root.join(&patch.path);
    stays_inside(context.root, &path).map_err(Trouble::failed)?;
    Ok(path)
}

fn read(context: &StepContext<'_>, patch: &Patch) -> Result<Option<Vec<u8>>, Trouble> {
    read_bytes(&path_of(context, patch)?).map_err(|error| {
        Trouble::failed(
            Diagnostic::error("file-unreadable", format!("`{}` cannot be read: {error}", patch.path))
                .help("check the file's permissions"),
        )
    })
}

fn bring(context: &StepContext<'_>, patch: &Patch) -> Result<(), Trouble> {
    // Under the lock nobody else writes it: what is there beside it, a killed run has left.
    remove_leftovers(&path_of(context, patch)?);
    let before = read(context, patch)?;
    let after = patch.apply(before.as_deref()).map_err(|error| match error {
        PatchError::Changed { .. } => changed_since(patch),
        other => Trouble::failed(Diagnostic::error("file-not-patched", other.to_string())),
    })?;
    if after == before && after.is_some() {
        return Ok(());
    }
    let path = path_of(context, patch)?;
    match after {
        Some(bytes) => write_file(&path, &bytes).map_err(Trouble::failed),
        // Also where the file is gone already: its folders may not be.
        None => remove_file(context.root, &path).map_err(Trouble::failed),
    }
}

fn outcome(path: &str, wanted: Option<&str>, found: Option<&str>) -> Outcome {
    let expect = wanted.map_or_else(|| "it is not there".to_owned(), |hash| format!("its SHA-256 is {hash}"));
    let note = found.map_or_else(|| "it is not there".to_owned(), |hash| format!("its SHA-256 is {hash}"));
    Outcome {
        probe: "file".to_owned(),
        of: path.to_owned(),
        expect,
        status: if wanted == found { Status::Holds } else { Status::Fails },
        note,
        figures: Vec::new(),
        fault: None,
        milliseconds: 0,
    }
}

fn not_as_generated(patch: &Patch, exists: bool) -> Trouble {
    let message = if exists {
        format!("`{}` is not as the plan wants it", patch.path)
    } else {
        format!("`{}` is not there", patch.path)
    };
    Trouble::stale(
        Diagnostic::error("not-as-generated", message)
            .why("nobody commits this checkout, so that palier does not write it here")
            .help("run `palier generate` in the pull request, commit and push; or `--files write` on your own machine"),
    )
}

fn changed_since(patch: &Patch) -> Trouble {
    Trouble::stale(
        Diagnostic::error("file-changed", format!("`{}` has changed since the plan was made", patch.path))
            .help("make the plan anew: `palier apply --refresh`"),
    )
}

fn edited_later(patch: &Patch) -> Trouble {
    Trouble::failed(
        Diagnostic::error("edited-later", format!("somebody has changed `{}` since palier wrote it", patch.path))
            .why("taking palier's change back would throw that away")
            .help(format!(
                "take your change out of `{}`, run `palier rollback` again, and put it back; or undo palier's lines by \
                 hand",
                patch.path
            )),
    )
}
