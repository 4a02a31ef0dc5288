//! A field of a resource, changed through its provider's interface. What the interface says is not believed: the field
//! is read again.

use std::time::Duration;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::client::Cause;
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Step};
use crate::provider::{Progress, Provider, ResourceChange};
use crate::verify::{Outcome, Status};

const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// A plan change of a database takes minutes, a deploy up to the two hours of a build (Render's documentation).
const LIMIT: Duration = Duration::from_secs(2 * 3600);

/// How often a change that was said to be done and is not there is asked for again.
const TRIES: u32 = 3;

/// The code of steps that change a resource.
#[derive(Debug)]
pub(super) struct Resource;

impl StepCode for Resource {
    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
        let (provider, change) = of(step, context)?;
        let now = provider.read(&change.resource, &change.field)?;
        if now == change.to {
            return Ok(Readiness::Done);
        }
        if now == change.from {
            return Ok(Readiness::Ready);
        }
        Err(Trouble::stale(
            Diagnostic::error(
                "resource-changed",
                format!(
                    "`{}` of `{}` is {}, where the plan assumed {}",
                    change.field,
                    change.resource,
                    shown(&now),
                    shown(&change.from)
                ),
            )
            .why("somebody has changed it since the plan was made")
            .help("make the plan anew: `palier apply --refresh`"),
        ))
    }

    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let (provider, change) = of(step, context)?;
        bring(provider, &change, context)
    }

    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
        let (provider, change) = of(step, context)?;
        let wanted = if expected == Expected::Done { &change.to } else { &change.from };
        let now = provider.read(&change.resource, &change.field)?;
        Ok(vec![Outcome {
            probe: "resource".to_owned(),
            of: format!("{} {}", change.resource, change.field),
            expect: format!("it is {}", shown(wanted)),
            status: if now == *wanted { Status::Holds } else { Status::Fails },
            note: format!("it is {}", shown(&now)),
            figures: Vec::new(),
            fault: None,
            milliseconds: 0,
        }])
    }

    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let (provider, change) = of(step, context)?;
        bring(provider, &change.inverse(), context)
    }
}

fn of<'c>(step: &Step, context: &'c StepContext<'_>) -> Result<(&'c dyn Provider, ResourceChange), Trouble> {
    let Action::ChangeResource { provider: name, resource, field, from, to } = &step.run else {
        return Err(Trouble::failed(Diagnostic::error("defect", format!("step `{}` changes no resource", step.id))));
    };
    let provider = context.providers.iter().find(|provider| provider.name() == name).ok_or_else(|| {
        let problem = Diagnostic::error("no-provider", format!("step `{}` needs the interface of {name}", step.id));
        Trouble::failed(problem.help("set its key in the environment, or use `mode = \"push\"` under [delivery]"))
    })?;
    let change =
        ResourceChange { resource: resource.clone(), field: field.clone(), from: from.clone(), to: to.clone() };
    Ok((provider.as_ref(), change))
}

/// Asks for a change and watches it to its end. Reading comes first and last: a request whose answer was lost may have
/// been taken, and one that was answered may have been forgotten.
fn bring(provider: &dyn Provider, change: &ResourceChange, context: &StepContext<'_>) -> Result<(), Trouble> {
    for _ in 0..TRIES {
        if provider.read(&change.resource, &change.field)? == change.to {
            return Ok(());
        }
        if let Err(fault) = provider.change(change)
            && !matches!(fault.cause, Cause::TimedOut | Cause::Silent | Cause::Slow | Cause::Reset | Cause::Closed)
        {
            return Err(fault.into());
        }
        let end = context.poll(LIMIT, BETWEEN_LOOKS, || match provider.progress(change) {
            Ok(Progress::Running(said)) => {
                context.progress.tell(&said, None);
                Ok(None)
            }
            Ok(Progress::Done) => Ok(Some(())),
            Ok(Progress::Failed(why)) => Err(Trouble::failed(Diagnostic::error(
                "provider-failed",
                format!("{} could not change `{}` of `{}`: {why}", provider.name(), change.field, change.resource),
            ))),
            Err(fault) => Err(fault.into()),
        })?;
        if end.is_none() {
            let missing = format!("`{}` of `{}` is {}", change.field, change.resource, shown(&change.to));
            return Err(Trouble::Waiting { missing: vec![missing], seen: Vec::new() });
        }
    }
    if provider.read(&change.resource, &change.field)? == change.to {
        return Ok(());
    }
    Err(Trouble::failed(
        Diagnostic::error(
            "provider-forgot",
            format!(
                "{} says that `{}` of `{}` was changed, and it is not",
                provider.name(),
                change.field,
                change.resource
            ),
        )
        .help("look at the provider's own page; try again later"),
    ))
}

fn shown(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}
