use std::collections::BTreeSet;

use crate::plan::{Action, Step};

/// Which steps of a flight are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// This step alone, with what it depends on.
    pub target: Option<String>,
    /// All steps up to this one.
    pub until: Option<String>,
}

impl Selection {
    /// The ids of the steps that are asked for.
    #[must_use]
    pub fn of(&self, steps: &[Step]) -> BTreeSet<String> {
        let ids = |steps: &[Step]| steps.iter().map(|step| step.id.clone()).collect::<BTreeSet<_>>();
        let mut chosen = match self.until.as_ref().and_then(|until| steps.iter().position(|step| step.id == *until)) {
            Some(last) => ids(&steps[..=last]),
            None => ids(steps),
        };
        if let Some(target) = &self.target {
            let needed = with_needs(steps, target);
            chosen.retain(|id| needed.contains(id));
        }
        chosen
    }
}

/// A step with all that it depends on. Edits of one file build on each other in the order of the steps.
fn with_needs(steps: &[Step], target: &str) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = [target.to_owned()].into();
    for (number, step) in steps.iter().enumerate().rev() {
        if !needed.contains(&step.id) {
            continue;
        }
        needed.extend(step.depends_on.iter().cloned());
        if let Action::EditFile { path, .. } = &step.run {
            let same = |one: &&Step| matches!(&one.run, Action::EditFile { path: other, .. } if other == path);
            needed.extend(steps[..number].iter().filter(same).map(|one| one.id.clone()));
        }
    }
    needed
}
