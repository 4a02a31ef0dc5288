use super::current::Current;
use super::target::Target;
use super::verdict::Verdict;
use super::{Context, Inputs};
use crate::catalog::{Component, Offer, Provider};
use crate::diagnostic::{Diagnostic, Place};

/// What is wrong or worth knowing about the decision's inputs and its result.
#[must_use]
pub(super) fn findings(context: &Context<'_>, current: &Current, target: &Target) -> Vec<Diagnostic> {
    let inputs = &context.inputs;
    let mut list = unknown_plans(inputs, current);
    list.extend(regions(inputs));
    list.extend(old_figures(inputs));
    list.extend(old_offers(inputs, target));
    list.extend(slow_without_cause(context));
    list.extend(free_database(inputs, current));
    list.extend(no_usage(inputs));
    list.extend(no_application(context, current));
    list.extend(unreachable_redis(inputs, current));
    list.extend(failing_requests(inputs));
    list.extend(left_behind(current, target));
    list.extend(free_where_none_is(inputs));
    list.extend(same_names(inputs));
    list.extend(chosen_web(context, current));
    list.extend(database_elsewhere(context, current));
    list
}

/// The place of a key of a service or database in the blueprint.
fn place(inputs: &Inputs<'_>, path: &[String], key: &str) -> Option<Place> {
    let document = &inputs.project.blueprint.as_ref()?.document;
    let mut steps: Vec<&str> = path.iter().map(String::as_str).collect();
    steps.push(key);
    let node = document.node(&steps).or_else(|| document.node(&steps[..steps.len() - 1]))?;
    Some(document.place(node))
}

fn at(diagnostic: Diagnostic, place: Option<Place>) -> Diagnostic {
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}

/// A plan that the catalog does not know: a typing error, or an offer that is newer than the catalog.
fn unknown_plans(inputs: &Inputs<'_>, current: &Current) -> Vec<Diagnostic> {
    let services =
        current.services.iter().filter(|one| one.offer.is_none() && !matches!(one.kind.as_str(), "static" | "other"));
    let databases = current.databases.iter().filter(|one| one.offer.is_none());
    let redis = current.redis.iter().filter(|one| one.offer.is_none());
    let rows = services
        .map(|one| {
            (&one.name, &one.plan, &one.path, if one.kind == "cron" { Component::Cron } else { Component::Compute })
        })
        .chain(databases.map(|one| (&one.name, &one.plan, &one.path, Component::Postgres)))
        .chain(redis.map(|one| (&one.name, &one.plan, &one.path, Component::Redis)));
    rows.filter_map(|(name, plan, path, component)| {
        let plan = plan.as_ref()?;
        let known: Vec<&str> = inputs
            .catalog
            .of(component)
            .filter(|offer| offer.provider == Provider::Render)
            .flat_map(|offer| std::iter::once(&offer.id).chain(&offer.aliases))
            .map(String::as_str)
            .collect();
        let help = crate::diagnostic::did_you_mean(plan, known.iter().copied()).map_or_else(
            || "see `palier catalog` for the plans that exist".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let finding =
            Diagnostic::error("unknown-plan", format!("`{name}` names the plan `{plan}`, which Render does not sell"))
                .why("a sync creates every other resource and leaves this one out, or prices it otherwise than planned")
                .help(help);
        Some(at(finding, place(inputs, path, "plan")))
    })
    .collect()
}

/// Services and databases outside of the policy's region: a region can never be changed, and every query then crosses
/// the public network.
fn regions(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    let Some(blueprint) = &inputs.project.blueprint else { return Vec::new() };
    let rows = || {
        let services = blueprint.services.iter().map(|one| (&one.name, one.region.as_deref(), &one.path));
        services.chain(blueprint.databases.iter().map(|one| (&one.name, one.region.as_deref(), &one.path)))
    };
    // Render's default region is oregon.
    let wanted = inputs.policy.project.region.as_deref();
    let Some(wanted) = wanted.or_else(|| rows().find_map(|(_, region, _)| region)) else { return Vec::new() };
    rows()
        .filter(|(_, region, _)| region.unwrap_or("oregon") != wanted)
        .filter(|(name, region, _)| region.is_some() || !is_static(inputs, name))
        .map(|(name, region, path)| {
            let region = region.map_or_else(|| "oregon (Render's default)".to_owned(), str::to_owned);
            let finding = Diagnostic::warning("region-mismatch", format!("`{name}` is in {region}, not in {wanted}"))
                .why("private addresses work inside one region only, and traffic between regions is slow and billed")
                .help("a region cannot be changed: make a new one in the right region and move the data")
                .source("render.com/docs/blueprint-spec");
            at(finding, place(inputs, path, "region"))
        })
        .collect()
}

/// The region as a constraint on the whole project; a region is never changed, so that no target mends it.
pub(super) fn region_verdict(inputs: &Inputs<'_>) -> Option<Verdict> {
    inputs.project.blueprint.as_ref()?;
    let elsewhere = regions(inputs);
    let evidence = match elsewhere.first() {
        None => vec!["every service and database is in one region".to_owned()],
        Some(_) => elsewhere.into_iter().map(|finding| finding.message).collect(),
    };
    Some(Verdict {
        constraint: "region".into(),
        component: "project".into(),
        fits: evidence.len() == 1 && evidence[0].starts_with("every"),
        used: None,
        limit: None,
        unit: "".into(),
        assumed: false,
        evidence,
    })
}

fn is_static(inputs: &Inputs<'_>, name: &str) -> bool {
    inputs.project.blueprint.as_ref().is_some_and(|blueprint| {
        blueprint.services.iter().any(|one| one.name == name && one.kind == crate::project::ServiceKind::Static)
    })
}

/// Figures older than the policy allows.
fn old_figures(inputs: &Inputs<'_>) -> Option<Diagnostic> {
    let taken = inputs.metrics.snapshot.taken_at?;
    #[allow(clippy::cast_precision_loss)]
    let days = (inputs.now.as_second() - taken.as_second()) as f64 / 86_400.0;
    let most = inputs.policy.metrics_max_age;
    if days < -1.0 {
        let message = format!("the usage was taken on {}, which is in the future", taken.strftime("%Y-%m-%d"));
        return Some(Diagnostic::warning("usage-from-the-future", message).help("check the clock, or `taken_at`"));
    }
    (days > most.as_days()).then(|| {
        let message = format!("the usage is {days:.0} days old, more than {most}");
        Diagnostic::warning("old-usage", message).help("measure again, or raise `metrics_max_age` in palier.toml")
    })
}

/// Offers of the target whose facts are older than the policy allows.
fn old_offers(inputs: &Inputs<'_>, target: &Target) -> Vec<Diagnostic> {
    let catalog = inputs.catalog;
    let services = target.services.iter().map(|one| {
        let component = if one.kind == "cron" { Component::Cron } else { Component::Compute };
        (one.provider, component, one.offer.as_ref())
    });
    let databases = target.databases.iter().map(|one| (one.provider, Component::Postgres, one.offer.as_ref()));
    let redis = target.redis.iter().map(|one| (one.provider, Component::Redis, one.offer.as_ref()));
    let mut offers: Vec<&Offer> = services
        .chain(databases)
        .chain(redis)
        .filter_map(|(provider, component, id)| catalog.find(provider, component, id?))
        .filter(|offer| f64::from(offer.age_days(inputs.today())) > inputs.policy.catalog_max_age.as_days())
        .collect();
    offers.sort_by(|a, b| (a.component, &a.id).cmp(&(b.component, &b.id)));
    offers.dedup_by(|a, b| a.component == b.component && a.id == b.id && a.provider == b.provider);
    offers
        .into_iter()
        .map(|offer| {
            let age = offer.age_days(inputs.today());
            let message = format!("what palier knows of {} `{}` is {age} days old", offer.component.name(), offer.id);
            Diagnostic::warning("old-offer", message)
                .help("compare it with the provider's page, or raise `catalog_max_age` in palier.toml")
                .source(offer.source.clone())
        })
        .collect()
}

/// The service level is missed, and no figure says whether a larger plan would help.
fn slow_without_cause(context: &Context<'_>) -> Option<Diagnostic> {
    let target = context.inputs.policy.service_level.p95?;
    let p95 = context.measured.p95.as_ref()?;
    if p95.value <= target.as_seconds() || context.measured.demand.is_some() {
        return None;
    }
    let message = format!("the p95 is {:.0} ms, above {target}, and nothing says where the time goes", p95.value * 1e3);
    Some(
        Diagnostic::warning("slow-without-cause", message)
            .why("a larger plan would cost money and might change nothing: the time may be spent in the database")
            .help("measure web.cpu.mean and requests.per_second.mean over the same window"),
    )
}

/// A free database that runs today ends by itself.
fn free_database(inputs: &Inputs<'_>, current: &Current) -> Vec<Diagnostic> {
    let free = current.databases.iter().filter_map(|database| {
        let offer = inputs.catalog.find(database.provider, Component::Postgres, database.offer.as_ref()?)?;
        Some((database, offer.expires_after?, offer))
    });
    free.filter(|_| !inputs.policy.database.may_expire)
        .map(|(database, expires, offer)| {
            let message =
                format!("`{}` is a free database, which is deleted {expires} after it was made", database.name);
            let finding = Diagnostic::warning("free-database-expires", message)
                .why("after 14 more days of grace its data are gone, and there is no backup")
                .help("take a paid plan before that day, or accept it in a `[[waiver]]` until a date")
                .source(offer.source.clone());
            at(finding, place(inputs, &database.path, "plan"))
        })
        .collect()
}

/// Nothing in the repository says what runs, or could.
fn no_application(context: &Context<'_>, current: &Current) -> Option<Diagnostic> {
    let unknown = context.application.is_none_or(|found| found.framework.is_none());
    (current.services.is_empty() && unknown).then(|| {
        let blueprint = &context.inputs.policy.files.blueprint;
        let message = format!("there is no `{blueprint}` here and no Python application that palier recognises");
        Diagnostic::warning("no-application", message)
            .why("the plan then rests on the usage alone, and no file can be written for it")
            .help("give the project's folder with --root, or the blueprint's path as `files.blueprint` in palier.toml")
    })
}

/// A Redis that another provider's replaces still runs, and costs, until a person removes it.
fn left_behind(current: &Current, target: &Target) -> Vec<Diagnostic> {
    let old = current.redis.iter().filter(|old| {
        target
            .redis
            .iter()
            .any(|new| current.redis.iter().all(|today| today.name != new.name) && new.provider != old.provider)
    });
    old.map(|old| {
        Diagnostic::warning(
            "redis-left-behind",
            format!("`{}` stays beside the new one, and costs as before", old.name),
        )
        .why("its data and the services that read it are not moved by palier")
        .help("point every service to the new address, let it run for a while, then delete the old one by hand")
    })
    .collect()
}

/// A free plan on a service of a kind that has none: Render sells it for web services alone.
fn free_where_none_is(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    use crate::project::ServiceKind::{Cron, Private, Worker};
    let services = inputs.project.blueprint.iter().flat_map(|blueprint| &blueprint.services);
    services
        .filter(|service| matches!(service.kind, Worker | Private | Cron) && service.plan.as_deref() == Some("free"))
        .map(|service| {
            let message = format!(
                "`{}` is a {} on the plan `free`, which only web services can have",
                service.name,
                service.kind.name()
            );
            let finding = Diagnostic::error("no-free-plan", message)
                .why("Render refuses the file, or leaves the service out")
                .help("take `0.5c-512mb`, the smallest plan of its kind")
                .source("render.com/docs/free");
            at(finding, place(inputs, &service.path, "plan"))
        })
        .collect()
}

/// Two resources of one name: Render knows each by its name alone.
fn same_names(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    let Some(blueprint) = &inputs.project.blueprint else { return Vec::new() };
    let services = &blueprint.services;
    let again = services
        .iter()
        .enumerate()
        .filter(|(index, one)| services[..*index].iter().any(|other| other.name == one.name));
    again
        .map(|(_, service)| {
            let finding = Diagnostic::error("same-name", format!("two services are called `{}`", service.name))
                .why("Render knows a resource by its name; a plan for one would change the other")
                .help("give one of them another name");
            at(finding, place(inputs, &service.path, "name"))
        })
        .collect()
}

/// Which of several web services the plan is about.
fn chosen_web(context: &Context<'_>, current: &Current) -> Option<Diagnostic> {
    let chosen = context.current_web.as_ref()?;
    let webs: Vec<&str> =
        current.services.iter().filter(|one| one.kind == "web").map(|one| one.name.as_str()).collect();
    (webs.len() > 1 && context.inputs.policy.project.web.is_none()).then(|| {
        Diagnostic::note(
            "one-of-several",
            format!("of {} the plan is about `{}`; the others stay as they are", webs.join(", "), chosen.name),
        )
        .help("`web = \"NAME\"` in [project] of palier.toml chooses another")
    })
}

/// A database is measured that the blueprint does not hold.
fn database_elsewhere(context: &Context<'_>, current: &Current) -> Option<Diagnostic> {
    let measured = context.measured.database_size.is_some() || context.measured.connections_peak.is_some();
    (measured && !context.has_database && current.databases.is_empty()).then(|| {
        Diagnostic::note(
            "database-elsewhere",
            "a database was measured that the repository does not hold; it is not part of the plan",
        )
        .help("its plan is decided where it is bought; add it to the blueprint's `databases` to plan it here")
    })
}

/// An `ElastiCache` that is paid for and that the application cannot reach.
fn unreachable_redis(inputs: &Inputs<'_>, current: &Current) -> Option<Diagnostic> {
    let redis = &inputs.policy.redis;
    let existing = redis.existing.as_ref()?;
    let app = inputs.policy.platform.app;
    let is_elasticache = current.redis.first().is_some_and(|one| one.provider == Provider::Elasticache);
    let reached = app.can_join_vpc() && redis.vpc.is_some();
    (is_elasticache && !reached).then(|| {
        let message = format!("`{existing}` is reached only from inside its VPC, and `{}` runs outside of it", app.name());
        Diagnostic::error("redis-unreachable", message)
            .why("an ElastiCache has no public address")
            .help("run the application in that VPC and name it as `redis.vpc`, or leave `redis.existing` out: another Redis is then chosen")
            .source("AWS's ElastiCache connection guide (github.com/aws/agent-toolkit-for-aws, 2026-08-20)")
    })
}

/// More requests fail than the policy allows, which no larger plan is known to mend.
fn failing_requests(inputs: &Inputs<'_>) -> Option<Diagnostic> {
    let (limit, rate) = (inputs.policy.service_level.error_rate?, inputs.metrics.snapshot.requests.error_rate?);
    (rate > limit).then(|| {
        Diagnostic::warning("errors-above-target", format!("{rate} of the requests fail, more than {limit}"))
            .why("an error is rarely a lack of capacity, so no plan is changed for it")
            .help("look at what fails first; latency and CPU are judged without these requests only when they are left out of the figures")
    })
}

fn no_usage(inputs: &Inputs<'_>) -> Option<Diagnostic> {
    inputs.metrics.is_empty().then(|| {
        Diagnostic::warning("no-usage", "nothing about usage is known, so that nothing can be decided by it").help(
            format!(
                "write what you know into {}: `users: {{active: 812}}` alone is a valid file",
                inputs.policy.files.metrics
            ),
        )
    })
}
