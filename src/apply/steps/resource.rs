//! A field of a resource, changed through its provider's interface. What the interface says is not believed: the field
//! is read again.

use std::time::Duration;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::client::{Cause, Fault};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Step};
use crate::provider::{Progress, Provider, ResourceChange};
use crate::verify::{Outcome, Status};

const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// A plan change of a database takes minutes, a deploy up to the two hours of a build (Render's documentation).
const LIMIT: Duration = Duration::from_secs(2 * 3600);

/// How long it may take until a change that is done is seen.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// How long a question is repeated whose answer is lost.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// How often a change that was said to be done and is not there is asked for again.
const TRIES: u32 = 3;

/// The code of steps that change a resource.
#[derive(Debug)]
pub(super) struct Resource;

impl StepCode for Resource {
    fn locks(&self, step: &Step) -> String {
        match &step.run {
            Action::ChangeResource { resource, .. } => format!("`{resource}` at its provider, while it changes"),
            _ => "nothing".to_owned(),
        }
    }

    fn time_limit(&self, _: &Step, _: &StepContext<'_>) -> Option<Duration> {
        Some(LIMIT)
    }

    fn check(&self, step: &Step, context: &StepContext<'_>) -> Result<Readiness, Trouble> {
        let (provider, change) = of(step, context)?;
        let now = read(provider, &change, context)?;
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
        let now = read(provider, &change, context)?;
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
        // What is still on its way would arrive after its undo.
        match settles(provider, &change, context) {
            Ok(_) | Err(Trouble::Failed(_)) => bring(provider, &change.inverse(), context),
            Err(trouble) => Err(trouble),
        }
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
        let now = read(provider, change, context)?;
        if now == change.to {
            return Ok(());
        }
        if now != change.from {
            return Err(changed_later(change, &now));
        }
        if let Err(fault) = provider.change(change)
            && !is_lost(&fault)
        {
            return Err(fault.into());
        }
        if !settles(provider, change, context)? {
            let missing = format!("`{}` of `{}` is {}", change.field, change.resource, shown(&change.to));
            return Err(Trouble::Waiting { missing: vec![missing], seen: Vec::new() });
        }
        // What is done may be seen a little later. Asked too early, it would be asked for twice.
        let is_there = || Ok((read(provider, change, context)? == change.to).then_some(()));
        if context.poll(SEEN_WITHIN, BETWEEN_LOOKS, is_there)?.is_some() {
            return Ok(());
        }
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
        .why(format!("it was asked for {TRIES} times"))
        .help("look at the provider's own page; try again later"),
    ))
}

/// Watches a change until it goes on no longer; false when its time is over.
fn settles(provider: &dyn Provider, change: &ResourceChange, context: &StepContext<'_>) -> Result<bool, Trouble> {
    let end = context.poll(LIMIT, BETWEEN_LOOKS, || match provider.progress(change) {
        Ok(Progress::Running(said)) => {
            context.progress.tell(&said, None);
            Ok(None)
        }
        Ok(Progress::Done) => Ok(Some(())),
        Ok(Progress::Failed(why)) => Err(Trouble::failed(
            Diagnostic::error(
                "provider-failed",
                format!("{} could not change `{}` of `{}`: {why}", provider.name(), change.field, change.resource),
            )
            .help("look at the provider's own page for what stands in the way"),
        )),
        // One question that is lost among those of two hours says nothing about the change.
        Err(fault) if is_lost(&fault) => {
            context.progress.tell(&fault.message, None);
            Ok(None)
        }
        Err(fault) => Err(fault.into()),
    });
    end.map(|end| end.is_some()).map_err(|trouble| match trouble {
        // The provider goes on with it.
        Trouble::Interrupted { .. } => Trouble::Interrupted { clean: false },
        other => other,
    })
}

/// The field's value; a question that is lost is asked again.
fn read(
    provider: &dyn Provider,
    change: &ResourceChange,
    context: &StepContext<'_>,
) -> Result<Option<String>, Trouble> {
    let mut lost = None;
    let found =
        context.poll(ANSWERS_WITHIN, BETWEEN_LOOKS, || match provider.read(&change.resource, &change.field) {
            Ok(value) => Ok(Some(value)),
            Err(fault) if is_lost(&fault) => {
                lost = Some(fault);
                Ok(None)
            }
            Err(fault) => Err(fault.into()),
        })?;
    found.ok_or_else(|| lost.unwrap_or_else(|| Fault::new(Cause::TimedOut, "the provider does not answer")).into())
}

/// Whether a fault says nothing about what became of the request.
const fn is_lost(fault: &Fault) -> bool {
    matches!(fault.cause, Cause::TimedOut | Cause::Silent | Cause::Slow | Cause::Reset | Cause::Closed)
}

/// Neither what it was before nor what it should become.
fn changed_later(change: &ResourceChange, now: &Option<String>) -> Trouble {
    let ResourceChange { resource, field, from, to } = change;
    Trouble::failed(
        Diagnostic::error(
            "resource-changed-later",
            format!(
                "`{field}` of `{resource}` is {}: neither {} nor {}, between which palier changes it",
                shown(now),
                shown(from),
                shown(to)
            ),
        )
        .why("somebody else has changed it meanwhile, and palier would throw that away")
        .help(format!("set `{field}` of `{resource}` to {} by hand, if that is what is meant", shown(to))),
    )
}

fn shown(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}
