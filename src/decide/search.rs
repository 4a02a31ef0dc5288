use std::cmp::Ordering;

use super::Context;
use super::candidate::{
    Candidate, DatabaseCandidate, RedisCandidate, WebCandidate, database_candidates, redis_candidates, web_candidates,
    with_fewer_workers,
};
use super::constraint::{fits, worst_failure};
use super::verdict::{Rejected, Verdict};
use crate::units::Money;

/// The cheapest components that meet every constraint; `None` where the project has no such component, or none fits.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection<'a> {
    /// The web service.
    pub web: Option<WebCandidate<'a>>,
    /// The database.
    pub database: Option<DatabaseCandidate<'a>>,
    /// The Redis instance.
    pub redis: Option<RedisCandidate<'a>>,
    /// Components for which nothing fits, with what rejects the best try.
    pub impossible: Vec<Rejected>,
}

/// What can be chosen from.
#[derive(Debug, Clone, Default)]
pub(super) struct Market<'a> {
    /// Ways to run the web service, the cheapest first.
    pub web: Vec<WebCandidate<'a>>,
    /// Ways to run the database, the cheapest first.
    pub database: Vec<DatabaseCandidate<'a>>,
    /// Ways to run Redis, the cheapest first.
    pub redis: Vec<RedisCandidate<'a>>,
}

impl<'a> Market<'a> {
    /// Every candidate for the components that the project has.
    #[must_use]
    pub(super) fn of(context: &Context<'a>) -> Self {
        let mut market = Self { web: web_candidates(context), ..Self::default() };
        if context.has_database {
            market.database = database_candidates(context);
        }
        // What is paid for already is kept: nothing is bought beside it.
        if !context.redis_roles.is_empty() && context.inputs.policy.redis.existing.is_none() {
            market.redis = redis_candidates(context);
        }
        let today =
            |id: &str, current: Option<&crate::catalog::Offer>| u8::from(current.is_none_or(|offer| offer.id != id));
        market.web.sort_by(|a, b| {
            by_price(a.monthly, b.monthly)
                .then_with(|| {
                    today(&a.offer.id, context.current_web_offer).cmp(&today(&b.offer.id, context.current_web_offer))
                })
                .then_with(|| a.instances.cmp(&b.instances))
                .then_with(|| a.offer.id.cmp(&b.offer.id))
        });
        market.database.sort_by(|a, b| {
            let current = context.current_database_offer;
            by_price(a.monthly, b.monthly)
                .then_with(|| today(&a.offer.id, current).cmp(&today(&b.offer.id, current)))
                .then_with(|| a.offer.id.cmp(&b.offer.id))
        });
        let provider_today = |candidate: &RedisCandidate<'_>| {
            u8::from(context.current_redis.as_ref().is_none_or(|current| current.provider != candidate.offer.provider))
        };
        market.redis.sort_by(|a, b| {
            by_price(a.monthly, b.monthly)
                .then_with(|| provider_today(a).cmp(&provider_today(b)))
                .then_with(|| a.offer.provider.cmp(&b.offer.provider))
                .then_with(|| a.offer.id.cmp(&b.offer.id))
        });
        market
    }
}

/// Unknown prices come last: they never win.
fn by_price(a: Option<Money>, b: Option<Money>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Chooses the cheapest combination.
#[must_use]
pub(super) fn select<'a>(context: &Context<'a>, market: &Market<'a>) -> Selection<'a> {
    let mut selection = Selection::default();
    let mut webs = Fitting::new(&market.web, |web| fits(&of_web(web), context));
    let mut databases = Fitting::new(&market.database, |database| fits(&of_database(database), context));
    if webs.is_empty() {
        selection.impossible.extend(closest(market.web.iter().map(|web| reject_web(web, None, context))));
    }
    if databases.is_empty() && !market.database.is_empty() {
        selection
            .impossible
            .extend(closest(market.database.iter().map(|database| reject_database(database, None, context))));
    }
    match cheapest_pair(&mut webs, &mut databases, context) {
        Some((web, database)) => {
            selection.web = Some(web);
            selection.database = Some(database.clone());
        }
        None if !webs.is_empty() && !databases.is_empty() => {
            let (webs, databases) = (webs.all(), databases.all());
            let tries =
                webs.iter().flat_map(|web| databases.iter().map(|database| reject_web(web, Some(database), context)));
            selection.impossible.extend(closest(tries));
        }
        None => {
            selection.web = webs.get(0).cloned();
            selection.database = databases.get(0).cloned();
        }
    }
    selection.redis = market.redis.iter().find(|redis| fits(&of_redis(redis), context)).cloned();
    if selection.redis.is_none() && !market.redis.is_empty() {
        selection.impossible.extend(closest(market.redis.iter().map(|redis| reject_redis(redis, context))));
    }
    selection
}

/// The candidates of a component that fit by themselves, the cheapest first. A candidate is judged when somebody asks
/// for it, because hardly anybody asks for the expensive ones.
struct Fitting<'c, T, F> {
    rest: std::slice::Iter<'c, T>,
    fits: F,
    found: Vec<&'c T>,
}

impl<'c, T, F: Fn(&T) -> bool> Fitting<'c, T, F> {
    fn new(candidates: &'c [T], fits: F) -> Self {
        Self { rest: candidates.iter(), fits, found: Vec::new() }
    }

    fn get(&mut self, index: usize) -> Option<&'c T> {
        while self.found.len() <= index {
            let next = self.rest.find(|candidate| (self.fits)(candidate))?;
            self.found.push(next);
        }
        Some(self.found[index])
    }

    fn is_empty(&mut self) -> bool {
        self.get(0).is_none()
    }

    fn all(mut self) -> Vec<&'c T> {
        self.found.extend(self.rest.filter(|candidate| (self.fits)(candidate)));
        self.found
    }
}

/// The cheapest web service and database that also fit together, with fewer workers where that is what it takes.
fn cheapest_pair<'c, 'a>(
    webs: &mut Fitting<'c, WebCandidate<'a>, impl Fn(&WebCandidate<'a>) -> bool>,
    databases: &mut Fitting<'c, DatabaseCandidate<'a>, impl Fn(&DatabaseCandidate<'a>) -> bool>,
    context: &Context<'a>,
) -> Option<(WebCandidate<'a>, &'c DatabaseCandidate<'a>)> {
    let cheapest_database = databases.get(0)?.monthly.unwrap_or(Money::ZERO);
    let mut best: Option<(Money, WebCandidate<'a>, &DatabaseCandidate<'a>)> = None;
    // Both lists are sorted: nothing behind one that is too dear is cheaper.
    let too_dear =
        |best: &Option<(Money, _, _)>, price: Money| best.as_ref().is_some_and(|(known, _, _)| price >= *known);
    for web in (0..).map_while(|index| webs.get(index)) {
        let web_price = web.monthly.unwrap_or(Money::ZERO);
        if too_dear(&best, web_price + cheapest_database) {
            break;
        }
        for database in (0..).map_while(|index| databases.get(index)) {
            let price = web_price + database.monthly.unwrap_or(Money::ZERO);
            if too_dear(&best, price) {
                break;
            }
            if let Some(web) = fitting_together(context, web, database) {
                best = Some((price, web, database));
                break;
            }
        }
    }
    best.map(|(_, web, database)| (web, database))
}

/// The web service as it fits beside a database: as it is, or with the most workers that do.
fn fitting_together<'a>(
    context: &Context<'a>,
    web: &WebCandidate<'a>,
    database: &DatabaseCandidate<'a>,
) -> Option<WebCandidate<'a>> {
    let together =
        |web: &WebCandidate<'a>| fits(&Candidate { web: Some(web), database: Some(database), redis: None }, context);
    if together(web) {
        return Some(web.clone());
    }
    with_fewer_workers(context, web).find(|fewer| together(fewer))
}

/// A candidate of the web service alone.
#[must_use]
pub(super) const fn of_web<'c, 'a>(web: &'c WebCandidate<'a>) -> Candidate<'c, 'a> {
    Candidate { web: Some(web), database: None, redis: None }
}

/// A candidate of the database alone.
#[must_use]
pub(super) const fn of_database<'c, 'a>(database: &'c DatabaseCandidate<'a>) -> Candidate<'c, 'a> {
    Candidate { web: None, database: Some(database), redis: None }
}

/// A candidate of the Redis instance alone.
#[must_use]
pub(super) const fn of_redis<'c, 'a>(redis: &'c RedisCandidate<'a>) -> Candidate<'c, 'a> {
    Candidate { web: None, database: None, redis: Some(redis) }
}

/// Of several rejections, the one that fails by the least.
fn closest(rejections: impl Iterator<Item = Option<Rejected>>) -> Option<Rejected> {
    let excess = |rejected: &Rejected| match (rejected.used, rejected.limit) {
        (Some(used), Some(limit)) if limit > 0.0 => used / limit,
        _ => f64::INFINITY,
    };
    rejections.flatten().min_by(|a, b| excess(a).total_cmp(&excess(b)))
}

pub(super) fn reject_web<'a>(
    web: &WebCandidate<'a>,
    database: Option<&DatabaseCandidate<'a>>,
    context: &Context<'a>,
) -> Option<Rejected> {
    let together =
        |web: &WebCandidate<'a>| worst_failure(&Candidate { web: Some(web), database, redis: None }, context);
    let verdict = match worst_failure(&of_web(web), context) {
        Some(verdict) => verdict,
        // It fits by itself: what is wrong beside the database is told of the number of workers that comes nearest.
        None => {
            let first = together(web)?;
            let fewer: Option<Vec<Verdict>> = with_fewer_workers(context, web).map(|fewer| together(&fewer)).collect();
            fewer?.into_iter().fold(first, |best, next| if next.ratio() < best.ratio() { next } else { best })
        }
    };
    Some(rejected("web", web.label(), web.offer.provider.name(), web.monthly, verdict))
}

pub(super) fn reject_database<'a>(
    database: &DatabaseCandidate<'a>,
    web: Option<&WebCandidate<'a>>,
    context: &Context<'a>,
) -> Option<Rejected> {
    let verdict = worst_failure(&of_database(database), context)
        .or_else(|| worst_failure(&Candidate { web, database: Some(database), redis: None }, context))?;
    let label = format!("{} + {} GB", database.offer.id, database.disk_gb);
    Some(rejected("database", label, database.offer.provider.name(), database.monthly, verdict))
}

pub(super) fn reject_redis(redis: &RedisCandidate<'_>, context: &Context<'_>) -> Option<Rejected> {
    let verdict = worst_failure(&of_redis(redis), context)?;
    Some(rejected("redis", redis.offer.id.clone(), redis.offer.provider.name(), redis.monthly, verdict))
}

fn rejected(component: &str, offer: String, provider: &str, monthly: Option<Money>, verdict: Verdict) -> Rejected {
    Rejected {
        component: component.to_owned(),
        offer,
        provider: provider.to_owned(),
        monthly,
        constraint: verdict.constraint.into_owned(),
        used: verdict.used,
        limit: verdict.limit,
        unit: verdict.unit.into_owned(),
        evidence: verdict.evidence,
    }
}
