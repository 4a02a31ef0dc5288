//! What Redis is used for, and whose it is.

use std::sync::Arc;

use super::application::RedisUse;
use super::blueprint::{Blueprint, EnvSource, EnvVar, Service, ServiceKind};
use super::comments::Comments;
use super::dependencies::Dependencies;
use super::environment::{Environment, Setting};
use super::python_script::{Assigned, Names};
use super::redis_scan::{Seen, imports_module, scan};
use super::tree::Tree;
use crate::diagnostic::SourceFile;

/// What there is to judge by.
pub(super) struct Evidence<'a> {
    /// The blueprint and the service of it.
    pub(super) service: Option<(&'a Blueprint, &'a Service)>,
    /// Its variables.
    pub(super) environment: &'a Environment,
    /// The packages.
    pub(super) dependencies: &'a Dependencies,
    /// Django's settings.
    pub(super) settings: Option<&'a Names>,
    /// Comments of the blueprint.
    pub(super) comments: Option<&'a Comments>,
    /// The files that the application loads.
    pub(super) code: &'a [Arc<SourceFile>],
    /// Where a Celery worker of the project is started.
    pub(super) celery_worker: Option<&'a str>,
}

/// Finds the uses.
pub(super) fn detect(tree: &mut Tree, evidence: &Evidence<'_>) -> Vec<RedisUse> {
    let mut seen: Vec<(String, String, String)> = Vec::new();
    let mut add = |role: &str, library: &str, place: &str| {
        if !seen.iter().any(|(known, ..)| known == role) {
            seen.push((role.to_owned(), library.to_owned(), place.to_owned()));
        }
    };
    let in_code = scan(tree, evidence.code);
    if let Some(place) = celery(evidence, &in_code) {
        add("queue", "celery", &place);
    }
    if let Some(settings) = evidence.settings {
        for (role, library, place) in from_settings(settings, evidence) {
            add(role, library, &place);
        }
    }
    for use_of in in_code.iter().filter(|seen| seen.library != "celery" && seen.role != "client") {
        add(use_of.role, use_of.library, &use_of.place);
    }
    if seen.is_empty() {
        seen.extend(client_alone(evidence, &in_code));
    }
    let provider = provider(evidence, &in_code);
    seen.into_iter()
        .map(|(role, library, place)| {
            let (provider, why) = provider.clone().map_or((None, String::new()), |(name, why)| (Some(name), why));
            let evidence = if why.is_empty() { place } else { format!("{place}; {why}") };
            RedisUse { role, library, provider, evidence }
        })
        .collect()
}

/// Celery counts when a worker runs, or when the service is given a broker; an unused import is no use.
fn celery(evidence: &Evidence<'_>, in_code: &[Seen]) -> Option<String> {
    let brokers = broker_variables(evidence);
    let other_broker = brokers.iter().any(|name| match evidence.environment.get(name) {
        Setting::Known(address) => address.starts_with("amqp") || address.starts_with("sqs"),
        _ => false,
    });
    if other_broker || !evidence.dependencies.has("celery") {
        return None;
    }
    let code = in_code.iter().find(|seen| seen.library == "celery");
    let setting = evidence.settings.and_then(|settings| settings.of("CELERY_BROKER_URL").last());
    let place = code.map(|seen| seen.place.clone()).or_else(|| setting.map(|assigned| assigned.place.clone()));
    let amqp = setting.is_some_and(|assigned| assigned.strings.iter().any(|text| text.starts_with("amqp")));
    if amqp {
        return None;
    }
    let wired = brokers.iter().find(|name| evidence.environment.has(name));
    match (evidence.celery_worker, wired, place) {
        (Some(worker), _, _) => Some(format!("{worker} starts a Celery worker")),
        (None, Some(name), Some(place)) => Some(format!("{place}, with {name}")),
        _ => None,
    }
}

/// The variables that Celery's broker is read from.
fn broker_variables(evidence: &Evidence<'_>) -> Vec<String> {
    let mut names: Vec<String> = ["CELERY_BROKER_URL", "CELERY_BROKER", "BROKER_URL"].map(str::to_owned).to_vec();
    let settings = evidence.settings.into_iter().flat_map(|settings| settings.of("CELERY_BROKER_URL"));
    names.extend(settings.flat_map(|assigned| assigned.variables.iter().cloned()));
    names
}

/// `CACHES`, `SESSION_ENGINE`, `CHANNEL_LAYERS`.
fn from_settings(settings: &Names, evidence: &Evidence<'_>) -> Vec<(&'static str, &'static str, String)> {
    let mut found = Vec::new();
    let redis = |name: &str| {
        let mut all = settings.of(name);
        all.find(|assigned| is_redis(assigned))
            .map(|assigned| (library(assigned), format!("{}, {name}", assigned.place)))
    };
    if let Some((library, place)) = redis("CACHES") {
        found.push(("cache", library, place.clone()));
        let sessions =
            settings.of("SESSION_ENGINE").find(|assigned| assigned.strings.iter().any(|s| s.contains("cache")));
        if let Some(assigned) = sessions {
            found.push(("session", library, format!("{}, SESSION_ENGINE", assigned.place)));
        }
        if evidence.dependencies.has("django-ratelimit") && imports_module(evidence.code, "django_ratelimit") {
            found.push(("rate_limit", "django-ratelimit", place));
        }
    }
    if let Some((_, place)) = redis("CHANNEL_LAYERS") {
        found.push(("channels", "channels-redis", place));
    }
    if let Some((library, place)) = redis("SESSION_ENGINE") {
        found.push(("session", library, place));
    }
    if let Some((_, place)) = redis("RQ_QUEUES").or_else(|| redis("Q_CLUSTER")).or_else(|| redis("HUEY")) {
        let library = evidence.dependencies.first_of(&["django-rq", "django-q2", "django-q", "huey"]);
        found.push(("queue", library.unwrap_or("redis"), place));
    }
    found
}

fn is_redis(assigned: &Assigned) -> bool {
    let backend = assigned.strings.iter().any(|text| text.to_lowercase().contains("redis"));
    let address = assigned.calls.iter().any(|call| call == "env.cache" || call == "env.cache_url");
    backend || (address && assigned.variables.iter().any(|name| name.to_uppercase().contains("REDIS")))
}

fn library(assigned: &Assigned) -> &'static str {
    if assigned.strings.iter().any(|text| text.starts_with("django_redis")) { "django-redis" } else { "redis" }
}

/// A client, and a Redis that the service is given: used, nobody knows for what.
fn client_alone(evidence: &Evidence<'_>, in_code: &[Seen]) -> Option<(String, String, String)> {
    let library = evidence.dependencies.first_of(&["redis", "upstash-redis", "aioredis", "valkey", "django-redis"])?;
    if let Some(seen) = in_code.iter().find(|seen| seen.role == "client") {
        return Some(("client".to_owned(), seen.library.to_owned(), seen.place.clone()));
    }
    let variable = redis_variables(evidence).into_iter().next()?;
    let place = format!("{}:{}, {}", evidence.environment.file, variable.line, variable.key);
    Some(("client".to_owned(), library.to_owned(), place))
}

/// The service's variables that name a Redis.
fn redis_variables<'a>(evidence: &Evidence<'a>) -> Vec<&'a EnvVar> {
    let parts = ["REDIS", "VALKEY", "CELERY_BROKER", "BROKER_URL", "KV_URL"];
    let variables = evidence.service.map(|(_, service)| service.env.as_slice()).unwrap_or_default();
    variables
        .iter()
        .filter(|variable| !matches!(variable.source, EnvSource::Group(_)))
        .filter(|variable| parts.iter().any(|part| variable.key.to_uppercase().contains(part)))
        .collect()
}

/// Whose Redis it is, with the reason.
fn provider(evidence: &Evidence<'_>, in_code: &[Seen]) -> Option<(String, String)> {
    let variables = redis_variables(evidence);
    let told = |name: &str, why: String| Some((name.to_owned(), why));
    let file = &evidence.environment.file;
    let at = |variable: &EnvVar| format!("{file}:{}, {}", variable.line, variable.key);
    for variable in &variables {
        if let (EnvSource::Service { name, .. }, Some((blueprint, _))) = (&variable.source, evidence.service) {
            let other = blueprint.services.iter().find(|service| service.name == *name);
            if other.is_some_and(|service| is_redis_service(blueprint, service)) {
                return told("render", format!("{} comes from {name}", at(variable)));
            }
        }
    }
    for variable in &variables {
        if let Setting::Known(address) = evidence.environment.get(&variable.key)
            && let Some(name) = host_provider(&address)
        {
            return told(name, format!("{}, its host", at(variable)));
        }
    }
    if let Some(variable) = variables.iter().find(|variable| variable.key.to_uppercase().contains("UPSTASH")) {
        return told("upstash", at(variable));
    }
    if let Some(comments) = evidence.comments {
        for variable in &variables {
            let words = comments.beside(variable.line);
            let named: Vec<&str> = ["upstash", "elasticache"].into_iter().filter(|name| words.contains(name)).collect();
            if let [name] = named.as_slice() {
                return told(name, format!("the comment beside {}", at(variable)));
            }
        }
    }
    if let Some(seen) = in_code.iter().find(|seen| seen.library == "upstash-redis") {
        return told("upstash", format!("{}, upstash-redis", seen.place));
    }
    let (blueprint, _) = evidence.service?;
    let own = blueprint.services.iter().find(|service| is_redis_service(blueprint, service))?;
    // A variable that the dashboard sets may name any Redis, whatever else the blueprint holds.
    let elsewhere = variables.iter().any(|variable| variable.source == EnvSource::Prompted);
    (!elsewhere).then(|| ("render".to_owned(), format!("{file}:{}, {}", own.line, own.name)))
}

/// A Key Value instance, or a private service that runs Redis.
fn is_redis_service(blueprint: &Blueprint, service: &Service) -> bool {
    let names_redis = |text: &str| text.contains("redis") || text.contains("valkey");
    let image = || {
        let node = blueprint.node(&service.path)?.get("image")?;
        node.get("url").and_then(crate::document::Node::scalar_text).or_else(|| node.scalar_text())
    };
    match service.kind {
        ServiceKind::KeyValue => true,
        ServiceKind::Private => {
            service.runtime.as_deref().is_some_and(names_redis) || image().is_some_and(|image| names_redis(&image))
        }
        _ => false,
    }
}

fn host_provider(address: &str) -> Option<&'static str> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    if host.ends_with(".upstash.io") {
        Some("upstash")
    } else if host.ends_with(".amazonaws.com") {
        Some("elasticache")
    } else if matches!(host, "localhost" | "127.0.0.1") {
        Some("local")
    } else if matches!(host, "redis" | "valkey") {
        Some("docker")
    } else {
        None
    }
}
