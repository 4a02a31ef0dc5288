use super::Context;
use crate::capacity::{Choice, MOST_THREADS, Needs, choose, processing};
use crate::catalog::{Component, Offer};
use crate::units::{Bytes, Money};

/// A web service on an offer.
#[derive(Debug, Clone)]
pub struct WebCandidate<'a> {
    /// The offer.
    pub offer: &'a Offer,
    /// Instances.
    pub instances: u32,
    /// Workers and threads, with their reason.
    pub choice: Choice,
    /// What it costs a month; `None` when the price is unknown.
    pub monthly: Option<Money>,
}

/// A database on an offer.
#[derive(Debug, Clone)]
pub struct DatabaseCandidate<'a> {
    /// The offer.
    pub offer: &'a Offer,
    /// Storage, in GB.
    pub disk_gb: u32,
    /// What it costs a month, storage, standby and replicas included.
    pub monthly: Option<Money>,
}

/// A Redis instance on an offer.
#[derive(Debug, Clone)]
pub struct RedisCandidate<'a> {
    /// The offer.
    pub offer: &'a Offer,
    /// What it costs a month at the measured use.
    pub monthly: Option<Money>,
}

/// One or more components that are tried together; `None` components are left out of the question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidate<'c, 'a> {
    /// The web service.
    pub web: Option<&'c WebCandidate<'a>>,
    /// The database.
    pub database: Option<&'c DatabaseCandidate<'a>>,
    /// The Redis instance.
    pub redis: Option<&'c RedisCandidate<'a>>,
}

/// Every way in which the web service could run: each offer, with each number of instances.
#[must_use]
pub(super) fn web_candidates<'a>(context: &Context<'a>) -> Vec<WebCandidate<'a>> {
    let policy = &context.inputs.policy.web;
    let mut candidates = Vec::new();
    for offer in
        context.inputs.catalog.of(Component::Compute).filter(|offer| offer.kinds.iter().any(|kind| kind == "web"))
    {
        // A free service and one with a disk have a single instance (Render: "Free", "Persistent disks").
        let single = offer.monthly.is_some_and(|price| price == Money::ZERO) || context.web_disk_gb.is_some();
        let most = if single { policy.min_instances } else { policy.max_instances };
        // A service that scales itself keeps its own bounds.
        let scaling = context.current_web.as_ref().and_then(|web| web.scaling);
        let (least, most) =
            scaling.map_or((policy.min_instances, most.max(policy.min_instances)), |(least, _)| (least, least));
        for instances in least..=most {
            candidates.extend(with_more_threads(context, web_candidate(context, offer, instances, None)));
        }
    }
    candidates
}

/// The candidate, then the same with more threads: where requests wait for a free one, another thread costs less than
/// another plan. Candidates of one price are tried in this order.
fn with_more_threads<'a>(context: &Context<'a>, first: WebCandidate<'a>) -> Vec<WebCandidate<'a>> {
    let threads = first.choice.threads;
    let fixed = context.asgi || context.inputs.pinned.is_some() || context.inputs.policy.service_level.p95.is_none();
    let more = if fixed { 0 } else { MOST_THREADS };
    let wider = (threads + 1..=more).map(|count| {
        let choice = Choice {
            threads: count,
            reason: format!("{}; {count} threads each, so that fewer requests wait", first.choice.reason),
            ..first.choice.clone()
        };
        WebCandidate { choice, ..first.clone() }
    });
    let wider: Vec<WebCandidate<'a>> = wider.collect();
    std::iter::once(first).chain(wider).collect()
}

/// The web service on one offer, with as many workers as it carries, or with a given number.
#[must_use]
pub(super) fn web_candidate<'a>(
    context: &Context<'a>,
    offer: &'a Offer,
    instances: u32,
    workers: Option<u32>,
) -> WebCandidate<'a> {
    let pinned = context.inputs.pinned;
    let concurrent = concurrent(context, offer, instances);
    let choice = choose(Needs {
        asgi: context.asgi,
        cores: offer.cpu,
        memory_limit: offer.memory.map(|memory| memory.scaled(context.inputs.policy.headroom.memory.value())),
        memory: context.memory,
        concurrent,
        fixed: pinned.map(|pinned| pinned.workers).or(workers).or(context.inputs.policy.web.workers),
        fixed_threads: pinned.map(|pinned| pinned.threads),
        today: context.workers_today,
        threads_today: context.threads_today,
    });
    let disk =
        context.web_disk_gb.map_or(Money::ZERO, |gb| context.inputs.catalog.rates.disk_per_gb_month * u64::from(gb));
    let monthly = offer.monthly.map(|price| price * u64::from(instances) + disk);
    WebCandidate { offer, instances, choice, monthly }
}

/// The same web service with fewer workers, the most first: fewer open fewer connections to the database.
pub(super) fn with_fewer_workers<'a>(
    context: &Context<'a>,
    web: &WebCandidate<'a>,
) -> impl Iterator<Item = WebCandidate<'a>> {
    let free = context.inputs.pinned.is_none() && context.inputs.policy.web.workers.is_none();
    let most = if free { web.choice.workers } else { 1 };
    let (offer, instances) = (web.offer, web.instances);
    (1..most).rev().map(move |workers| {
        let mut fewer = web_candidate(context, offer, instances, Some(workers));
        let threads = fewer.choice.threads;
        let each = if threads > 1 { format!(", {threads} threads each") } else { String::new() };
        fewer.choice.reason = format!("{workers}{each}: more would open more connections than the database takes");
        fewer
    })
}

/// Requests at the same time in one instance at the peak (Little's law), the wait for its CPU included.
fn concurrent(context: &Context<'_>, offer: &Offer, instances: u32) -> Option<f64> {
    let arrivals = context.usage.arrivals_peak.as_ref()?.value;
    let response = context.mean_response?;
    let modelled = context.measured_web_offer.and_then(|today| today.cpu).zip(offer.cpu).and_then(|(today, cores)| {
        let today = context.load_today(today, response)?;
        // How many workers there will be is what this figure is for: here they leave no core idle.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let enough = cores.ceil() as u32;
        let then = context.load_on(today, cores, instances, enough, 1, arrivals);
        processing(then).1.map(|time| time + then.elsewhere)
    });
    Some(arrivals / f64::from(instances.max(1)) * modelled.unwrap_or(response))
}

/// Every offer for the database, with the smallest storage that lasts over the horizon and is not below today's.
#[must_use]
pub(super) fn database_candidates<'a>(context: &Context<'a>) -> Vec<DatabaseCandidate<'a>> {
    let offers = context
        .inputs
        .catalog
        .of(Component::Postgres)
        .filter(|offer| offer.creatable || context.is_current_database(offer));
    offers.map(|offer| database_candidate(context, offer, context.wanted_disk_gb(offer))).collect()
}

/// The database on one offer.
#[must_use]
pub(super) fn database_candidate<'a>(context: &Context<'a>, offer: &'a Offer, disk_gb: u32) -> DatabaseCandidate<'a> {
    let today = context.current_database.as_ref();
    let standby =
        context.inputs.policy.database.high_availability || today.is_some_and(|database| database.high_availability);
    let replicas = today.map_or(0, |database| database.read_replicas);
    let instances = 1 + u64::from(standby) + u64::from(replicas);
    let storage = match offer.included_storage {
        Some(_) => Money::ZERO,
        None => context.inputs.catalog.rates.postgres_storage_per_gb_month * u64::from(disk_gb) * instances,
    };
    let monthly = offer.monthly.map(|price| price * instances + storage);
    DatabaseCandidate { offer, disk_gb, monthly }
}

/// Every Redis offer.
#[must_use]
pub(super) fn redis_candidates<'a>(context: &Context<'a>) -> Vec<RedisCandidate<'a>> {
    let offers = context.inputs.catalog.of(Component::Redis).filter(|offer| offer.creatable);
    offers.map(|offer| RedisCandidate { offer, monthly: redis_price(context, offer) }).collect()
}

/// What a Redis offer costs a month at the measured use; `None` when the price or the use is unknown.
#[must_use]
pub fn redis_price(context: &Context<'_>, offer: &Offer) -> Option<Money> {
    let Some(metered) = &offer.metered else { return offer.monthly };
    let usage = &context.usage;
    let mut total = offer.monthly.unwrap_or(Money::ZERO);
    let decimal = |value: f64| rust_decimal::Decimal::try_from(value).ok().map(Money::new);
    if let Some(price) = metered.per_100k_commands {
        let commands = context.redis_commands()?;
        total += decimal(price.as_f64() * commands / 100_000.0)?;
    }
    if let Some(price) = metered.storage_per_gb_month {
        let free = metered.storage_free.unwrap_or_default();
        let paid = usage.redis_memory.as_ref().map_or(0.0, |memory| memory.value.as_f64() - free.as_f64()).max(0.0);
        total += decimal(price.as_f64() * paid / 1e9)?;
    }
    if let Some(price) = metered.per_gb_hour {
        let least = metered.minimum_data.unwrap_or_default();
        let data = usage.redis_memory.as_ref().map_or(least, |memory| memory.value).max(least);
        total += decimal(price.as_f64() * data.as_f64() / 1e9 * 730.0)?;
    }
    Some(metered.minimum_monthly.map_or(total, |least| total.max(least)))
}

impl WebCandidate<'_> {
    /// The offer with its number of instances, for a person.
    #[must_use]
    pub fn label(&self) -> String {
        if self.instances == 1 { self.offer.id.clone() } else { format!("{} x {}", self.offer.id, self.instances) }
    }

    /// The memory that all workers of one instance may reach.
    #[must_use]
    pub fn memory(&self, context: &Context<'_>) -> Option<Bytes> {
        context.memory.map(|memory| memory.of(self.choice.workers))
    }
}
