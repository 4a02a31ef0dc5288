use super::candidate::{DatabaseCandidate, RedisCandidate, WebCandidate};
use super::current::{Current, CurrentRedis, CurrentService};
use super::search::Selection;
use super::settings::{ServerSettings, server_settings};
use super::target::{DatabaseTarget, Pool, RedisTarget, ServiceTarget, Target, Transport};
use super::{Context, Inputs};
use crate::catalog::{Component, Provider};
use crate::policy::RoleName;

/// The whole target: what was chosen, and everything else as it is; with the reasons for the settings.
#[must_use]
pub(super) fn target_of(
    context: &Context<'_>,
    current: &Current,
    selection: &Selection<'_>,
) -> (Target, Vec<(String, String)>) {
    let mut target = Target::default();
    let mut reasons = Vec::new();
    let main = context.current_web.as_ref().map(|web| web.name.as_str());
    for service in &current.services {
        match &selection.web {
            Some(web) if Some(service.name.as_str()) == main => {
                let settings = server_settings(context, web);
                reasons.extend(settings.reasons.iter().map(|reason| (service.name.clone(), reason.clone())));
                target.services.push(chosen_service(service, web, &settings));
            }
            _ => target.services.push(kept_service(service)),
        }
    }
    if let (Some(web), None) = (&selection.web, main) {
        let settings = server_settings(context, web);
        let name = resource_name(&context.inputs);
        reasons.extend(settings.reasons.iter().map(|reason| (name.clone(), reason.clone())));
        target.services.insert(0, chosen_service(&new_service(name), web, &settings));
    }
    let pool = pool_of(context, selection.web.as_ref());
    databases(context, current, selection.database.as_ref(), pool, &mut target);
    redis(context, current, selection.redis.as_ref(), &mut target);
    if selection.redis.is_some() {
        variables(context, main, &mut target);
    }
    (target, reasons)
}

/// Today's state in the form of a target.
#[must_use]
pub fn state_of(context: &Context<'_>, current: &Current) -> Target {
    let mut state = target_of(context, current, &Selection::default()).0;
    let main = context.current_web.as_ref().map(|web| web.name.as_str());
    // Where the command does not say how many workers run, the measurements do.
    if let Some(service) = state.services.iter_mut().find(|one| Some(one.name.as_str()) == main) {
        service.workers = service.workers.or(context.workers_today);
    }
    state
}

/// The target when nothing fits: what runs today stays.
#[must_use]
pub(super) fn kept_target(context: &Context<'_>, current: &Current, wanted: &Target) -> Target {
    let nothing = Selection::default();
    let (mut target, _) = target_of(context, current, &nothing);
    if current.services.is_empty() {
        target.services.clone_from(&wanted.services);
    }
    target
}

/// The project's name: the policy's, else the folder's.
#[must_use]
pub fn project_name(inputs: &Inputs<'_>) -> String {
    let folder = || inputs.project.root.file_name().map(|name| name.to_string_lossy().into_owned());
    inputs.policy.project.name.clone().or_else(folder).unwrap_or_else(|| "web".to_owned())
}

/// The project's name as the beginning of a new resource's: lower case, digits and single dashes.
fn resource_name(inputs: &Inputs<'_>) -> String {
    let mut name = String::new();
    for c in project_name(inputs).chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "web".to_owned() } else { name.to_owned() }
}

fn new_service(name: String) -> CurrentService {
    CurrentService {
        name,
        kind: "web".to_owned(),
        provider: Provider::Render,
        plan: None,
        offer: None,
        instances: 1,
        workers: None,
        threads: None,
        worker_class: None,
        start_command: None,
        disk_gb: None,
        runtime: None,
        scaling: None,
        path: Vec::new(),
    }
}

fn chosen_service(service: &CurrentService, web: &WebCandidate<'_>, settings: &ServerSettings) -> ServiceTarget {
    ServiceTarget {
        name: service.name.clone(),
        kind: service.kind.clone(),
        provider: web.offer.provider,
        offer: Some(web.offer.id.clone()),
        instances: web.instances,
        server: settings.server.clone(),
        workers: settings.configures.then_some(settings.workers).or(service.workers),
        threads: settings.configures.then_some(settings.threads).or(service.threads),
        worker_class: settings.worker_class.clone(),
        start_command: service.start_command.clone(),
        timeout: settings.timeout,
        max_requests: settings.max_requests,
        max_requests_jitter: settings.max_requests_jitter,
        preload: settings.preload,
        variables: Vec::new(),
    }
}

fn kept_service(service: &CurrentService) -> ServiceTarget {
    ServiceTarget {
        name: service.name.clone(),
        kind: service.kind.clone(),
        provider: service.provider,
        offer: service.offer.clone(),
        instances: service.instances,
        server: None,
        workers: service.workers,
        threads: service.threads,
        worker_class: service.worker_class.clone(),
        start_command: service.start_command.clone(),
        timeout: None,
        max_requests: None,
        max_requests_jitter: None,
        preload: None,
        variables: Vec::new(),
    }
}

/// The pool of a worker process; Django has no pool and keeps a connection for each thread.
fn pool_of(context: &Context<'_>, web: Option<&WebCandidate<'_>>) -> Pool {
    let per_thread = context.keeps_connection_per_thread();
    web.filter(|_| per_thread).map_or(context.pool, |web| Pool { size: web.choice.threads, ..context.pool })
}

fn databases(
    context: &Context<'_>,
    current: &Current,
    chosen: Option<&DatabaseCandidate<'_>>,
    pool: Pool,
    target: &mut Target,
) {
    let main = context.current_database.as_ref().map(|database| database.name.as_str());
    let of = |name: &str, database: &DatabaseCandidate<'_>| DatabaseTarget {
        name: name.to_owned(),
        provider: database.offer.provider,
        offer: Some(database.offer.id.clone()),
        disk_gb: Some(database.disk_gb),
        max_connections: database.offer.max_connections,
        pool,
    };
    for database in &current.databases {
        match chosen {
            Some(chosen) if Some(database.name.as_str()) == main => target.databases.push(of(&database.name, chosen)),
            _ => target.databases.push(DatabaseTarget {
                name: database.name.clone(),
                provider: database.provider,
                offer: database.offer.clone(),
                disk_gb: database.disk_gb,
                max_connections: database.offer.as_ref().and_then(|id| {
                    context.inputs.catalog.find(database.provider, Component::Postgres, id)?.max_connections
                }),
                pool,
            }),
        }
    }
    if let (Some(chosen), None) = (chosen, main) {
        target.databases.push(of(&format!("{}-db", resource_name(&context.inputs)), chosen));
    }
}

fn redis(context: &Context<'_>, current: &Current, chosen: Option<&RedisCandidate<'_>>, target: &mut Target) {
    let roles: Vec<String> = context.redis_roles.iter().map(|role| role.name().to_owned()).collect();
    let of = |name: String, redis: &RedisCandidate<'_>, today: Option<&CurrentRedis>| RedisTarget {
        name,
        provider: redis.offer.provider,
        offer: Some(redis.offer.id.clone()),
        roles: roles.clone(),
        transport: if context.inputs.policy.platform.app.can_hold_tcp() { Transport::Tcp } else { Transport::Rest },
        eviction: eviction(context, redis.offer.provider, today),
    };
    for (index, instance) in current.redis.iter().enumerate() {
        let replaced = index == 0 && chosen.is_some_and(|chosen| chosen.offer.provider == instance.provider);
        match chosen {
            Some(chosen) if replaced => target.redis.push(of(instance.name.clone(), chosen, Some(instance))),
            // Another provider's instance is made beside it; this one stays until a person removes it.
            _ => target.redis.push(kept_redis(instance, &roles)),
        }
    }
    if let Some(chosen) = chosen
        && current.redis.first().is_none_or(|today| today.provider != chosen.offer.provider)
    {
        let name = redis_name(&context.inputs, &context.redis_roles);
        let taken = current.redis.iter().any(|today| today.name == name);
        let name = if taken { format!("{name}-{}", chosen.offer.provider.name()) } else { name };
        target.redis.push(of(name, chosen, None));
    }
}

/// What an instance of the project is called: after what it is used for first.
pub(super) fn redis_name(inputs: &Inputs<'_>, roles: &[RoleName]) -> String {
    let suffix = roles.first().map_or("redis", |role| role.name()).replace('_', "-");
    format!("{}-{suffix}", resource_name(inputs))
}

fn kept_redis(instance: &CurrentRedis, roles: &[String]) -> RedisTarget {
    RedisTarget {
        name: instance.name.clone(),
        provider: instance.provider,
        offer: instance.offer.clone(),
        roles: roles.to_vec(),
        transport: Transport::Tcp,
        eviction: instance.eviction.clone(),
    }
}

/// The variable that holds the address of Redis, where the web service has none yet.
fn variables(context: &Context<'_>, main: Option<&str>, target: &mut Target) {
    let blueprint = context.inputs.project.blueprint.as_ref();
    let today = main.and_then(|name| blueprint?.services.iter().find(|service| service.name == name));
    let has_one = today.is_some_and(|service| {
        service.env.iter().any(|variable| variable.key.contains("REDIS") || variable.key.starts_with("KV_"))
    });
    let has_group = today.is_some_and(|service| {
        service.env.iter().any(|variable| matches!(variable.source, crate::project::EnvSource::Group(_)))
    });
    if has_one || has_group || target.redis.is_empty() {
        return;
    }
    let names: &[&str] = match target.redis[0].transport {
        Transport::Tcp => &["REDIS_URL"],
        Transport::Rest => &["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
    };
    if let Some(service) = target.services.iter_mut().find(|one| main.is_none_or(|main| main == one.name)) {
        service.variables = names.iter().map(|name| (*name).to_owned()).collect();
    }
}

/// A cache evicts; as soon as something shares it that must not be lost, nothing is evicted. Upstash has one policy of
/// its own, switched on or off.
fn eviction(context: &Context<'_>, provider: Provider, today: Option<&CurrentRedis>) -> Option<String> {
    if provider != Provider::Render {
        return None;
    }
    let keeps = context.redis_roles.iter().any(|role| !RoleName::may_be_evicted(*role));
    let wanted = if keeps { "noeviction" } else { "allkeys-lru" };
    let fine = today.and_then(|today| today.eviction.clone()).filter(|known| !keeps || known == "noeviction");
    Some(fine.unwrap_or_else(|| wanted.to_owned()))
}
