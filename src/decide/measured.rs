use super::assemble::{kept_target, target_of};
use super::candidate::Candidate;
use super::constraint::judge_all;
use super::cost::cost;
use super::current::Current;
use super::decision::{Decision, Unknown};
use super::findings::findings;
use super::forecast::forecast;
use super::rejected::rejections;
use super::search::{Market, Selection, select};
use super::verdict::{Rejected, Verdict};
use super::{Context, Inputs, Usage, budget};
use crate::diagnostic::Diagnostic;
use crate::policy::Decide;

/// Decides by trying every offer of every component against every constraint.
#[must_use]
pub(super) fn decide_measured(inputs: &Inputs<'_>) -> Decision {
    let current = Current::of(inputs);
    let usage = Usage::of(inputs);
    let context = Context::new(*inputs, &current, &usage, usage.grown(horizon_factor(inputs, &usage)));
    let market = Market::of(&context);
    let selection = select(&context, &market);
    let (target, reasons) = target_of(&context, &current, &selection);
    let cost = cost(&context, &current, &target);
    let mut verdicts = verdicts(&context, &selection);
    verdicts.extend(budget::judge(inputs, &cost));
    verdicts.extend(super::findings::region_verdict(inputs));
    let mut blocked = impossible(&selection);
    blocked.extend(budget::blocked(inputs, &cost));
    let rejected = rejections(&context, &market, &selection);
    let forecast = forecast(inputs, &usage, &context, &selection, &cost);
    let findings = findings(&context, &current, &target);
    let unknown = context.usage.missing(context.has_database, !context.redis_roles.is_empty());
    let target = if selection.impossible.is_empty() { target } else { kept_target(&context, &current, &target) };
    Decision {
        mode: Decide::Measured,
        stage: None,
        target,
        verdicts,
        rejected,
        cost,
        forecast,
        findings,
        unknown: unknown
            .into_iter()
            .map(|(name, weakens)| Unknown { name: name.to_owned(), weakens: weakens.to_owned() })
            .collect(),
        reasons,
        blocked,
        current,
    }
}

/// How much larger the load is at the end of the horizon than today; 1 when its growth is not known.
#[must_use]
pub(super) fn horizon_factor(inputs: &Inputs<'_>, usage: &Usage) -> f64 {
    let days = inputs.policy.growth.horizon.as_days();
    match &usage.growth {
        // A stated growth is a rate each month and compounds; a measured one is a straight line.
        Some(growth) if growth.value.points == 0 => (1.0 + growth.value.slope).powf(days).max(1.0),
        Some(growth) => growth.value.slope.mul_add(days, 1.0).max(1.0),
        None => 1.0,
    }
}

/// Every constraint on the chosen components, each once.
pub(super) fn verdicts(context: &Context<'_>, selection: &Selection<'_>) -> Vec<Verdict> {
    let alone = [
        Candidate { web: selection.web.as_ref(), ..Candidate::default() },
        Candidate { database: selection.database.as_ref(), ..Candidate::default() },
        Candidate { redis: selection.redis.as_ref(), ..Candidate::default() },
        Candidate { web: selection.web.as_ref(), database: selection.database.as_ref(), redis: None },
    ];
    let mut list: Vec<Verdict> = Vec::new();
    for verdict in alone.iter().flat_map(|candidate| judge_all(candidate, context)) {
        if !list.iter().any(|known| known.constraint == verdict.constraint && known.component == verdict.component) {
            list.push(verdict);
        }
    }
    list
}

fn impossible(selection: &Selection<'_>) -> Vec<Diagnostic> {
    let sentence = |rejected: &Rejected| {
        let figures = match (rejected.used, rejected.limit) {
            (Some(used), Some(limit)) => format!(" ({used:.0} of {limit:.0} {})", rejected.unit),
            _ => String::new(),
        };
        format!(
            "no offer for the {} meets every constraint; the nearest, `{}`, fails on {}{figures}",
            rejected.component, rejected.offer, rejected.constraint
        )
    };
    selection
        .impossible
        .iter()
        .map(|rejected| {
            Diagnostic::error("nothing-fits", sentence(rejected))
                .why(rejected.evidence.join("; "))
                .help("loosen the constraint in palier.toml, or reduce what the application uses")
        })
        .collect()
}
