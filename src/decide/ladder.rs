use super::assemble::target_of;
use super::candidate::{
    Candidate, DatabaseCandidate, RedisCandidate, WebCandidate, database_candidate, redis_price, web_candidate,
};
use super::constraint::ALL as CONSTRAINTS;
use super::cost::cost;
use super::current::Current;
use super::decision::{Decision, Stage as StageOfDecision, Unknown};
use super::findings::findings;
use super::forecast::Forecast;
use super::measured::{horizon_factor, verdicts};
use super::rejected::rejections_by_stage;
use super::search::{Market, Selection};
use super::{Context, Inputs, Usage, budget};
use crate::capacity::Choice;
use crate::catalog::{Catalog, ClaimVerdict, Component, Ladder, Offer, OneWay, Provider, Stage};
use crate::diagnostic::Diagnostic;
use crate::policy::{Decide, RoleName};
use crate::units::Money;

/// Decides by a table of stages.
///
/// # Errors
/// The policy names a ladder that does not exist, or nothing says how many users there are.
pub(super) fn decide_ladder(inputs: &Inputs<'_>) -> Result<Decision, Vec<Diagnostic>> {
    let ladder = find(inputs)?;
    let usage = Usage::of(inputs);
    let (index, because) = stage_of(ladder, &usage).ok_or_else(|| vec![nothing_known(inputs)])?;
    let stage = &ladder.stages[index];
    let current = Current::of(inputs);
    let mut context = Context::new(*inputs, &current, &usage, usage.grown(horizon_factor(inputs, &usage)));
    if stage.redis.is_some() && context.redis_roles.is_empty() {
        context.redis_roles.push(RoleName::Cache);
    }
    let mut selection = selection(&context, stage);
    let mut lowered = fit_workers(&context, stage, &mut selection);
    lowered.extend(keep_what_runs(&context, &mut selection));
    let (mut target, mut reasons) = target_of(&context, &current, &selection);
    let main = context
        .current_web
        .as_ref()
        .map_or_else(|| super::assemble::project_name(&context.inputs), |web| web.name.clone());
    if let Some(service) = target.services.iter_mut().find(|service| service.name == main) {
        follow_stage(service, stage, context.asgi);
        if let Some(web) = &selection.web {
            service.workers = Some(web.choice.workers);
            service.threads = Some(web.choice.threads);
        }
        reasons.retain(|(component, _)| component != &main);
        reasons.push((
            main,
            format!("workers and settings as the stage `{}` of the ladder `{}` has them", stage.name, ladder.name),
        ));
    }
    let cost = cost(&context, &current, &target);
    let mut verdicts = verdicts(&context, &selection);
    verdicts.extend(budget::judge(inputs, &cost));
    let mut all = findings(&context, &current, &target);
    all.extend(claims(ladder, stage));
    all.extend(unmet(&verdicts, stage));
    all.extend(lowered);
    if inputs.policy.mode.decide.is_none() {
        all.push(for_want_of_figures(inputs, ladder));
    }
    Ok(Decision {
        mode: Decide::Ladder,
        stage: Some(StageOfDecision {
            ladder: ladder.name.clone(),
            name: stage.name.clone(),
            because,
            checklist: stage.checklist.clone(),
            next: ladder.stages.get(index + 1).map(|next| (next.name.clone(), due(next))),
            claimed_monthly: stage.claimed_monthly,
        }),
        blocked: budget::blocked(inputs, &cost),
        forecast: next(inputs.catalog, ladder, index, &usage),
        unknown: context
            .usage
            .missing(context.has_database, !context.redis_roles.is_empty())
            .into_iter()
            .map(|(name, _)| Unknown {
                name: name.to_owned(),
                weakens: "nothing: the ladder does not look at it; `decide = \"measured\"` would".to_owned(),
            })
            .collect(),
        rejected: rejections_by_stage(&context, &Market::of(&context), &selection, &stage.name),
        findings: all,
        target,
        verdicts,
        cost,
        reasons,
        current,
    })
}

fn find<'a>(inputs: &Inputs<'a>) -> Result<&'a Ladder, Vec<Diagnostic>> {
    let name = &inputs.policy.mode.ladder;
    inputs.catalog.ladder(name).filter(|ladder| !ladder.stages.is_empty()).ok_or_else(|| {
        let known: Vec<&str> = inputs.catalog.ladders.iter().map(|ladder| ladder.name.as_str()).collect();
        let help = crate::diagnostic::did_you_mean(name, known.iter().copied())
            .map_or_else(|| format!("known are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        vec![Diagnostic::error("unknown-ladder", format!("there is no ladder `{name}`")).help(help)]
    })
}

fn nothing_known(inputs: &Inputs<'_>) -> Diagnostic {
    Diagnostic::error("no-usage", "a ladder counts users, and nothing says how many there are")
        .help(format!("write for example `users: {{active: 812}}` into {}", inputs.policy.files.metrics))
}

/// The highest stage that one of the guide's three signs asks for: active users, concurrent users, the p95 of the
/// slowest endpoint. `None` when none of the three is known.
#[must_use]
pub(super) fn stage_of(ladder: &Ladder, usage: &Usage) -> Option<(usize, String)> {
    let (users, concurrent, slowest) = (&usage.active_users, &usage.concurrent_users, &usage.slowest_p95);
    if users.is_none() && concurrent.is_none() && slowest.is_none() {
        return None;
    }
    #[allow(clippy::cast_precision_loss)]
    let float = |value: u64| value as f64;
    let mut chosen = (
        0,
        users.as_ref().map_or_else(
            || "no sign asks for more".to_owned(),
            |found| format!("{} active users: {}", found.value, found.evidence),
        ),
    );
    for (index, stage) in ladder.stages.iter().enumerate() {
        let by_users = users.as_ref().filter(|found| found.value >= float(stage.from_users).max(1.0));
        let by_concurrent =
            concurrent.as_ref().zip(stage.from_concurrent).filter(|(found, from)| found.value >= float(*from));
        let by_latency = slowest.as_ref().zip(stage.from_p95).filter(|(found, from)| found.value >= from.as_seconds());
        if let Some(found) = by_users {
            chosen = (index, format!("{} active users, from {} on: {}", found.value, stage.from_users, found.evidence));
        } else if let Some((found, from)) = by_concurrent {
            chosen = (index, format!("{} concurrent users, from {from} on: {}", found.value, found.evidence));
        } else if let Some((found, from)) = by_latency {
            chosen = (index, format!("a p95 of {:.1} s, from {from} on: {}", found.value, found.evidence));
        }
    }
    Some(chosen)
}

/// Nobody asked for the ladder: it decides because nothing was measured.
fn for_want_of_figures(inputs: &Inputs<'_>, ladder: &Ladder) -> Diagnostic {
    let message = format!("nothing but users is known, so the ladder `{}` decides, which counts them", ladder.name);
    Diagnostic::note("ladder-for-want-of-figures", message).help(format!(
        "measure requests, CPU and memory into {} for a decision by measurements, or say `decide = \"ladder\"` in [mode]",
        inputs.policy.files.metrics
    ))
}

/// Lowers the stage's workers until the database takes their connections and memory holds them.
fn fit_workers<'a>(context: &Context<'a>, stage: &Stage, selection: &mut Selection<'a>) -> Vec<Diagnostic> {
    let Some(web) = selection.web.clone() else { return Vec::new() };
    if let Some(pinned) = context.inputs.pinned {
        if let Some(web) = &mut selection.web {
            web.choice.workers = pinned.workers;
            web.choice.threads = pinned.threads;
        }
        return Vec::new();
    }
    let holds = |workers: u32| {
        let fewer = WebCandidate { choice: Choice { workers, ..web.choice.clone() }, ..web.clone() };
        let pair = Candidate { web: Some(&fewer), database: selection.database.as_ref(), redis: None };
        let hard = CONSTRAINTS.iter().filter(|constraint| constraint.hard && constraint.id != "storage");
        hard.filter_map(|constraint| (constraint.judge)(&pair, context)).all(|verdict| verdict.fits)
    };
    let Some(workers) = (1..=web.choice.workers).rev().find(|workers| holds(*workers)) else { return Vec::new() };
    if workers == web.choice.workers {
        return Vec::new();
    }
    if let Some(web) = &mut selection.web {
        web.choice.workers = workers;
    }
    let message =
        format!("the stage `{}` has {} workers; memory and connections hold {workers}", stage.name, stage.workers);
    vec![
        Diagnostic::warning("stage-workers-lowered", message)
            .why(format!(
                "each worker may open {} database connections, twice during a deploy",
                context.pool.size + context.pool.overflow
            ))
            .help("lower `pool_size` and `max_overflow` in [database], here and in the application, to run more"),
    ]
}

/// A ladder that nobody chose raises what is too small and lowers nothing: a number of users is no measurement.
fn keep_what_runs<'a>(context: &Context<'a>, selection: &mut Selection<'a>) -> Option<Diagnostic> {
    if context.inputs.policy.mode.decide.is_some() {
        return None;
    }
    let mut kept = Vec::new();
    if let (Some(web), Some(today)) = (&selection.web, context.current_web_offer)
        && today.memory > web.offer.memory
    {
        kept.push(format!("`{}` instead of `{}`", today.id, web.offer.id));
        let instances = context.current_web.as_ref().map_or(1, |web| web.instances);
        let workers = context.workers_today.unwrap_or(web.choice.workers).max(web.choice.workers);
        let mut candidate = web_candidate(context, today, instances, Some(workers));
        candidate.choice.threads = context.threads_today.unwrap_or(1);
        selection.web = Some(candidate);
    }
    if let (Some(database), Some(today)) = (&selection.database, context.current_database_offer)
        && today.memory > database.offer.memory
    {
        kept.push(format!("`{}` instead of `{}`", today.id, database.offer.id));
        selection.database = Some(database_candidate(context, today, context.wanted_disk_gb(today)));
    }
    (!kept.is_empty()).then(|| {
        Diagnostic::note("kept-larger", format!("what runs is larger than the stage and stays: {}", kept.join(", ")))
            .why("a number of users does not say that less would do")
            .help("measure requests, CPU and memory, or say `decide = \"ladder\"` in [mode] to follow the stage down")
    })
}

/// When a stage is due, in words.
fn due(stage: &Stage) -> String {
    let mut signs = vec![format!("{} active users", stage.from_users)];
    signs.extend(stage.from_concurrent.map(|count| format!("{count} concurrent users")));
    signs.extend(stage.from_p95.map(|p95| format!("a p95 of {p95}")));
    signs.join(" or ")
}

fn selection<'a>(context: &Context<'a>, stage: &Stage) -> Selection<'a> {
    let catalog = context.inputs.catalog;
    let web = catalog.find(Provider::Render, Component::Compute, &stage.web).map(|offer| WebCandidate {
        offer,
        instances: context.inputs.policy.web.min_instances,
        choice: Choice { workers: stage.workers, threads: 1, reason: format!("{} as the stage has it", stage.workers) },
        monthly: offer.monthly.map(|price| price * u64::from(context.inputs.policy.web.min_instances)),
    });
    let database = context.has_database.then(|| database(context, stage)).flatten();
    let redis = redis_offer(catalog, stage)
        .or_else(|| keep_redis(context))
        .map(|offer| RedisCandidate { monthly: redis_price(context, offer), offer });
    Selection { web, database, redis, impossible: Vec::new() }
}

/// The stage's database; today's, when the stage's cannot be reached from it (no way back to free, storage only grows).
fn database<'a>(context: &Context<'a>, stage: &Stage) -> Option<DatabaseCandidate<'a>> {
    let offer = context.inputs.catalog.find(Provider::Render, Component::Postgres, &stage.database)?;
    let today = context.current_database_offer;
    let offer = match today {
        Some(today) if today.id != offer.id && offer.one_way.contains(&OneWay::NoReturn) => today,
        _ => offer,
    };
    let disk = context.wanted_disk_gb(offer);
    let disk = if offer.included_storage.is_some() { disk } else { disk.max(stage.database_disk_gb) };
    Some(database_candidate(context, offer, disk))
}

fn redis_offer<'a>(catalog: &'a Catalog, stage: &Stage) -> Option<&'a Offer> {
    let (provider, id) = stage.redis.as_deref()?.split_once('/')?;
    catalog.of(Component::Redis).find(|offer| offer.provider.name() == provider && offer.is_named(id))
}

/// A stage without Redis does not take away the one that runs.
const fn keep_redis<'a>(context: &Context<'a>) -> Option<&'a Offer> {
    context.current_redis_offer
}

fn follow_stage(service: &mut super::target::ServiceTarget, stage: &Stage, asgi: bool) {
    service.server = Some(stage.server.clone());
    service.workers = Some(stage.workers);
    service.threads = Some(1);
    let gunicorn = stage.server == "gunicorn";
    service.worker_class =
        gunicorn.then(|| if asgi { super::settings::UVICORN_WORKER.to_owned() } else { "sync".to_owned() });
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = |timeout: crate::units::Duration| timeout.as_seconds() as u32;
    service.timeout = stage.timeout.map(seconds);
    service.max_requests = stage.max_requests;
    service.max_requests_jitter = stage.max_requests_jitter;
    service.preload = None;
    if !asgi && !gunicorn {
        // A WSGI application cannot run under uvicorn; gunicorn with the same number of workers is what the stage means.
        service.server = Some("gunicorn".to_owned());
        service.worker_class = Some("sync".to_owned());
    }
}

/// The guide's claims about this stage that do not hold, each with what is true today.
fn claims(ladder: &Ladder, stage: &Stage) -> Vec<Diagnostic> {
    stage
        .claims
        .iter()
        .map(|claim| match claim.verdict {
            ClaimVerdict::False => {
                Diagnostic::warning("claim-false", format!("the guide says: {}; today: {}", claim.claim, claim.today))
                    .help(format!("the stage `{}` is priced by what it promised, not by the name", stage.name))
                    .source(claim.source.clone())
            }
            ClaimVerdict::Unmeasured => {
                Diagnostic::note("claim-unmeasured", format!("the guide says: {}; {}", claim.claim, claim.today))
                    .help(format!("measure it yourself; ladder `{}` does not rest on it", ladder.name))
                    .source(claim.source.clone())
            }
        })
        .collect()
}

/// Constraints that the stage's target breaks: the ladder does not look at them, the reader must.
fn unmet(verdicts: &[super::verdict::Verdict], stage: &Stage) -> Vec<Diagnostic> {
    verdicts
        .iter()
        .filter(|verdict| !verdict.fits && verdict.constraint != "budget")
        .map(|verdict| {
            let message = format!(
                "the stage `{}` does not meet the constraint {} of the {}",
                stage.name, verdict.constraint, verdict.component
            );
            Diagnostic::warning("stage-too-small", message)
                .why(verdict.evidence.join("; "))
                .help("`decide = \"measured\"` in [mode] finds the cheapest target that does")
        })
        .collect()
}

/// The next stage, and the users at which it comes.
fn next(catalog: &Catalog, ladder: &Ladder, index: usize, usage: &Usage) -> Forecast {
    let Some(stage) = ladder.stages.get(index + 1) else { return Forecast::default() };
    let find = |component, name: &str| catalog.find(Provider::Render, component, name);
    let web = find(Component::Compute, &stage.web).and_then(|offer| offer.monthly);
    let storage = catalog.rates.postgres_storage_per_gb_month * u64::from(stage.database_disk_gb);
    let database = find(Component::Postgres, &stage.database).and_then(|offer| {
        offer.monthly.map(|price| if offer.included_storage.is_some() { price } else { price + storage })
    });
    let redis = redis_offer(catalog, stage).map_or(Some(Money::ZERO), |offer| offer.monthly);
    #[allow(clippy::cast_precision_loss)]
    let at_load = usage
        .active_users
        .as_ref()
        .filter(|users| users.value > 0.0)
        .map(|users| (stage.from_users as f64 / users.value * 1_000.0).round() / 1_000.0);
    Forecast {
        constraint: Some("users".to_owned()),
        next_offer: Some(format!(
            "{}, {}{}",
            stage.web,
            stage.database,
            stage.redis.as_ref().map_or_else(String::new, |redis| format!(", {redis}"))
        )),
        next_monthly: web.zip(database).zip(redis).map(|((web, database), redis)| web + database + redis),
        at_users: Some(stage.from_users),
        at_load,
        ..Forecast::default()
    }
}
