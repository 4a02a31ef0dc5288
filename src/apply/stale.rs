//! Whether a saved plan still holds: its inputs by their hashes, what was observed live, and its time.

use jiff::Timestamp;

use crate::diagnostic::Diagnostic;
use crate::plan::{InputFile, ObservedOfPlan, Plan};

const REFRESH: &str = "make the plan anew: `palier plan --out FILE`, or `palier apply --refresh`";

/// Every difference between what a plan was made from and what is there now. `hash_of` gives the SHA-256 of a file as
/// it is, or `None`; `read` are the files that a plan would be made from now; `observed` is what the running system says,
/// when it was looked at.
#[must_use]
pub fn differences(
    plan: &Plan,
    now: Timestamp,
    hash_of: impl Fn(&str) -> Option<String>,
    read: &[InputFile],
    observed: Option<&[ObservedOfPlan]>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if plan.expires_at <= now {
        found.push(
            Diagnostic::error("expired-plan", format!("the plan expired on {}", day(plan.expires_at)))
                .why("the usage that it was decided on is older than the policy allows, or a week has passed")
                .help(REFRESH),
        );
    }
    for input in &plan.inputs {
        let is = hash_of(&input.path);
        // What the plan itself changes may have been changed already.
        let brought = plan.files.iter().find(|file| file.path == input.path).map(|file| file.after.as_str());
        if is.as_deref() == Some(input.sha256.as_str()) || (is.is_some() && is.as_deref() == brought) {
            continue;
        }
        let message = match (&is, input.path.as_str()) {
            (_, "(catalog)") => "the plan was made with another catalog of prices and limits".to_owned(),
            (None, path) => format!("`{path}` is not there any more"),
            (Some(_), path) => format!("`{path}` has changed since the plan was made"),
        };
        let short = |hash: &str| hash.get(..12).unwrap_or(hash).to_owned();
        let hashes = is.as_deref().map_or_else(
            || format!("its SHA-256 was {}", short(&input.sha256)),
            |is| format!("its SHA-256 was {} and is {}", short(&input.sha256), short(is)),
        );
        found.push(Diagnostic::error("stale-plan", message).why(hashes).help(REFRESH));
    }
    let is_known = |path: &str| {
        plan.inputs.iter().any(|input| input.path == path) || plan.files.iter().any(|file| file.path == path)
    };
    for file in read.iter().filter(|file| !is_known(&file.path)) {
        let message = format!("`{}` is there now, and was not when the plan was made", file.path);
        found.push(Diagnostic::error("stale-plan", message).help(REFRESH));
    }
    for before in &plan.observed {
        let Some(observed) = observed else {
            found.push(
                Diagnostic::error("stale-plan", format!("nobody can say whether `{}` still holds", before.what))
                    .why("the plan was made with a look at the running database, which cannot be reached now")
                    .help("set DATABASE_URL, or make the plan without `--live`"),
            );
            break;
        };
        let is = observed.iter().find(|one| one.what == before.what).map_or("unknown", |one| one.value.as_str());
        if is != before.value && !is_brought(plan, before, is) {
            let message = format!("{} was {} when the plan was made, and is {is}", before.what, before.value);
            found.push(Diagnostic::error("stale-plan", message).help(REFRESH));
        }
    }
    found
}

/// Whether an observation differs because the plan itself, or an earlier run of it, has brought that about.
fn is_brought(plan: &Plan, before: &ObservedOfPlan, is: &str) -> bool {
    if let Some(index) = before.what.strip_prefix("index ") {
        return plan.steps.iter().any(|step| match &step.run {
            crate::plan::Action::BuildIndex { index: one } => one.name == index,
            crate::plan::Action::DropIndex { index: one } => one.name == index,
            _ => false,
        });
    }
    let connections = plan.flight(1).and_then(|flight| flight.after.databases.first()?.max_connections);
    before.what == "postgres max_connections"
        && is.parse::<u32>().ok().zip(connections).is_some_and(|(is, then)| is <= then)
}

fn day(instant: Timestamp) -> String {
    instant.to_string().chars().take(10).collect()
}
