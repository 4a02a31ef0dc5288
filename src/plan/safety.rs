use crate::capacity::Choice;
use crate::catalog::{Component, Offer, Provider};
use crate::decide::{
    CONSTRAINTS, Candidate, Context, DatabaseCandidate, RedisCandidate, Target, Verdict, WebCandidate,
};

/// What the hard constraints say of a state: each one's id with how much of its limit is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Strain(Vec<(String, f64)>);

/// Judges a state by the hard constraints: connections, memory, storage.
#[must_use]
pub fn strain(context: &Context<'_>, state: &Target) -> Strain {
    let verdicts = hard_verdicts(context, state);
    let ratio = |verdict: Verdict| (format!("{}/{}", verdict.component, verdict.constraint), verdict.ratio());
    Strain(verdicts.into_iter().map(ratio).collect())
}

/// What the hard constraints say of a state, with the figures.
pub(super) fn hard_verdicts(context: &Context<'_>, state: &Target) -> Vec<Verdict> {
    let web = web_of(context, state);
    let database = database_of(context, state);
    let redis = redis_of(context, state);
    let candidate = Candidate { web: web.as_ref(), database: database.as_ref(), redis: redis.as_ref() };
    let hard = CONSTRAINTS.iter().filter(|constraint| constraint.hard);
    hard.filter_map(|constraint| (constraint.judge)(&candidate, context)).collect()
}

impl Strain {
    /// The constraints that a state breaks and that it strains more than the start does: a plan often begins because
    /// something is already too small.
    #[must_use]
    pub fn worse_than<'s>(&'s self, start: &Self) -> Vec<&'s str> {
        let worse = |(id, ratio): &&(String, f64)| {
            let before = start.0.iter().find(|(other, _)| other == id).map_or(0.0, |(_, before)| *before);
            *ratio > before.max(1.0) + 1e-9
        };
        self.0.iter().filter(worse).map(|(id, _)| id.as_str()).collect()
    }
}

fn find<'a>(context: &Context<'a>, provider: Provider, component: Component, id: Option<&String>) -> Option<&'a Offer> {
    context.inputs.catalog.find(provider, component, id?)
}

fn web_of<'a>(context: &Context<'a>, state: &Target) -> Option<WebCandidate<'a>> {
    let main = context.current_web.as_ref().map(|web| web.name.as_str());
    let service = match main {
        Some(name) => state.services.iter().find(|one| one.name == name)?,
        None => state.services.first()?,
    };
    let offer = find(context, service.provider, Component::Compute, service.offer.as_ref())?;
    let workers = service.workers.or(context.workers_today).unwrap_or(1);
    let choice = Choice { workers, threads: service.threads.unwrap_or(1), reason: String::new() };
    Some(WebCandidate { offer, instances: service.instances, choice, monthly: None })
}

fn database_of<'a>(context: &Context<'a>, state: &Target) -> Option<DatabaseCandidate<'a>> {
    let main = context.current_database.as_ref().map(|database| database.name.as_str());
    let database = match main {
        Some(name) => state.databases.iter().find(|one| one.name == name)?,
        None => state.databases.first()?,
    };
    let offer = find(context, database.provider, Component::Postgres, database.offer.as_ref())?;
    // A free or legacy database has the storage that its price includes, whatever the file says.
    #[allow(clippy::cast_possible_truncation)]
    let included = offer.included_storage.map(|storage| (storage.0 / 1_000_000_000) as u32);
    let disk_gb = included.or(database.disk_gb).or(offer.default_storage_gb)?;
    Some(DatabaseCandidate { offer, disk_gb, monthly: None })
}

fn redis_of<'a>(context: &Context<'a>, state: &Target) -> Option<RedisCandidate<'a>> {
    let redis = state.redis.first()?;
    let offer = find(context, redis.provider, Component::Redis, redis.offer.as_ref())?;
    Some(RedisCandidate { offer, monthly: None })
}
