use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::catalog::{Component, Offer, Provider};
use crate::project::{Application, BlueprintDatabase, EnvSource, Service, ServiceKind};

/// What runs today, as far as the repository shows. The JSON contract's `current`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Current {
    /// Services.
    pub services: Vec<CurrentService>,
    /// Databases.
    pub databases: Vec<CurrentDatabase>,
    /// Redis instances.
    pub redis: Vec<CurrentRedis>,
}

/// A service that runs today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentService {
    /// Its name.
    pub name: String,
    /// `web`, `pserv`, `worker`, `cron`, `static` or `other`.
    pub kind: String,
    /// Who runs it.
    pub provider: Provider,
    /// The plan as the file writes it.
    pub plan: Option<String>,
    /// The offer that this means today; null when the catalog knows none of that name.
    pub offer: Option<String>,
    /// Instances.
    pub instances: u32,
    /// Worker processes in each.
    pub workers: Option<u32>,
    /// Threads in each.
    pub threads: Option<u32>,
    /// gunicorn's worker class.
    pub worker_class: Option<String>,
    /// The start command.
    pub start_command: Option<String>,
    /// The size of its disk, in GB.
    pub disk_gb: Option<u32>,
    /// `runtime`; null when the file does not say.
    pub runtime: Option<String>,
    /// The fewest and the most instances, when the service scales itself.
    pub scaling: Option<(u32, u32)>,
    /// Where it stands in the blueprint.
    #[serde(skip)]
    #[schemars(skip)]
    pub path: Vec<String>,
}

/// A database that runs today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentDatabase {
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub provider: Provider,
    /// The plan as the file writes it.
    pub plan: Option<String>,
    /// The offer that this means today.
    pub offer: Option<String>,
    /// Its storage, in GB.
    pub disk_gb: Option<u32>,
    /// Whether it has a standby.
    pub high_availability: bool,
    /// How many read replicas it has.
    pub read_replicas: u32,
    /// Where it stands in the blueprint.
    #[serde(skip)]
    #[schemars(skip)]
    pub path: Vec<String>,
}

/// A Redis instance that runs today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentRedis {
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub provider: Provider,
    /// The plan as the file writes it.
    pub plan: Option<String>,
    /// The offer that this means today.
    pub offer: Option<String>,
    /// Its eviction policy.
    pub eviction: Option<String>,
    /// Where it stands in the blueprint.
    #[serde(skip)]
    #[schemars(skip)]
    pub path: Vec<String>,
}

impl Current {
    /// What the repository shows.
    #[must_use]
    pub fn of(inputs: &Inputs<'_>) -> Self {
        let Some(blueprint) = &inputs.project.blueprint else { return Self::without_blueprint(inputs) };
        let mut current = Self::default();
        for service in &blueprint.services {
            if service.kind == ServiceKind::KeyValue {
                current.redis.push(key_value(inputs, service));
            } else {
                current.services.push(code_service(inputs, service));
            }
        }
        current.databases = blueprint.databases.iter().map(|database| database_today(inputs, database)).collect();
        if let Some(host) = &inputs.policy.redis.existing {
            current.redis.insert(0, existing(host));
            return current;
        }
        let detected = inputs.project.applications.iter().flat_map(|application| &application.redis);
        let upstash = detected.filter_map(|redis| redis.provider.as_deref()).any(|provider| provider == "upstash");
        if (upstash || wants_upstash(inputs) && has_address_elsewhere(inputs))
            && current.redis.iter().all(|redis| redis.provider != Provider::Upstash)
        {
            let roles = super::context::redis_roles(inputs, true);
            current.redis.push(CurrentRedis {
                name: super::assemble::redis_name(inputs, &roles),
                provider: Provider::Upstash,
                plan: None,
                offer: None,
                eviction: None,
                path: Vec::new(),
            });
        }
        current
    }

    /// Nothing is known to run; the measurements still say how many instances and workers there are.
    const fn without_blueprint(_: &Inputs<'_>) -> Self {
        Self { services: Vec::new(), databases: Vec::new(), redis: Vec::new() }
    }

    /// The web service that the plan is about: the policy's, else the only one, else the first that runs Python.
    #[must_use]
    pub fn web(&self, inputs: &Inputs<'_>) -> Option<&CurrentService> {
        let webs = || self.services.iter().filter(|service| service.kind == "web");
        if let Some(name) = &inputs.policy.project.web {
            return self.services.iter().find(|service| &service.name == name);
        }
        let known = |service: &&CurrentService| {
            application_of(inputs, &service.name).is_some_and(|application| application.framework.is_some())
        };
        let python = |service: &&CurrentService| service.runtime.as_deref() == Some("python");
        webs().find(known).or_else(|| webs().find(python)).or_else(|| webs().next())
    }

    /// The database that the plan is about: the policy's, else the one that the web service names, else the first.
    #[must_use]
    pub fn database(&self, inputs: &Inputs<'_>) -> Option<&CurrentDatabase> {
        if let Some(name) = &inputs.policy.project.database {
            return self.databases.iter().find(|database| &database.name == name);
        }
        let web = self.web(inputs).map(|web| web.name.as_str());
        let service = inputs
            .project
            .blueprint
            .as_ref()
            .and_then(|blueprint| blueprint.services.iter().find(|service| Some(service.name.as_str()) == web));
        let named = service.and_then(|service| {
            service.env.iter().find_map(|variable| match &variable.source {
                EnvSource::Database { name, .. } => Some(name.as_str()),
                _ => None,
            })
        });
        named
            .and_then(|name| self.databases.iter().find(|database| database.name == name))
            .or_else(|| self.databases.first())
    }
}

/// The instance that the policy says is paid for already; what it is shows in its host's name alone.
fn existing(host: &str) -> CurrentRedis {
    let provider = if host.contains("upstash.io") {
        Provider::Upstash
    } else if host.contains("render.com") || host.starts_with("red-") {
        Provider::Render
    } else {
        Provider::Elasticache
    };
    CurrentRedis {
        name: host.split('.').next().unwrap_or(host).to_owned(),
        provider,
        plan: None,
        offer: None,
        eviction: None,
        path: Vec::new(),
    }
}

fn wants_upstash(inputs: &Inputs<'_>) -> bool {
    inputs.policy.redis.provider == crate::policy::RedisProviderChoice::Upstash
}

/// Whether a service is given the address of a Redis that the blueprint does not hold.
fn has_address_elsewhere(inputs: &Inputs<'_>) -> bool {
    let services = inputs.project.blueprint.iter().flat_map(|blueprint| &blueprint.services);
    services.flat_map(|service| &service.env).any(|variable| {
        variable.key.contains("REDIS") && matches!(variable.source, EnvSource::Prompted | EnvSource::Value(_))
    })
}

/// The application that a service runs.
#[must_use]
pub fn application_of<'a>(inputs: &Inputs<'a>, service: &str) -> Option<&'a Application> {
    let applications = &inputs.project.applications;
    applications
        .iter()
        .find(|application| application.service.as_deref() == Some(service))
        .or_else(|| applications.iter().find(|application| application.service.is_none()))
}

/// The offer that a plan's name means; a file that names none means Render's default.
fn offer<'a>(inputs: &Inputs<'a>, component: Component, plan: Option<&str>, default: &str) -> Option<&'a Offer> {
    inputs.catalog.find(Provider::Render, component, plan.unwrap_or(default))
}

fn code_service(inputs: &Inputs<'_>, service: &Service) -> CurrentService {
    let application = application_of(inputs, &service.name).filter(|found| found.service.is_some());
    let component = if service.kind == ServiceKind::Cron { Component::Cron } else { Component::Compute };
    let found = match service.kind {
        ServiceKind::Static | ServiceKind::Other => None,
        // A new service that names no plan gets `starter` (Render's blueprint specification).
        _ => offer(inputs, component, service.plan.as_deref(), "0.5c-512mb"),
    };
    let instances = service.scaling.map(|(least, _)| least).or(service.instances).unwrap_or(1).max(1);
    CurrentService {
        name: service.name.clone(),
        kind: service.kind.name().to_owned(),
        provider: Provider::Render,
        plan: service.plan.clone(),
        offer: found.map(|offer| offer.id.clone()),
        instances,
        workers: application.and_then(|found| found.workers.as_ref()).map(|found| found.value),
        threads: application.and_then(|found| found.threads.as_ref()).map(|found| found.value),
        worker_class: application.and_then(|found| found.worker_class.as_ref()).map(|found| found.value.clone()),
        // A container runs its own command; `startCommand` means nothing there.
        start_command: if is_image(service.runtime.as_deref()) {
            service.docker_command.clone()
        } else {
            service.start_command.clone()
        },
        disk_gb: service.disk_gb,
        runtime: service.runtime.clone(),
        scaling: service.scaling,
        path: service.path.clone(),
    }
}

/// Whether a runtime starts a container image.
fn is_image(runtime: Option<&str>) -> bool {
    matches!(runtime, Some("docker" | "image"))
}

impl CurrentService {
    /// Whether it starts a container image, whose command palier has not seen.
    #[must_use]
    pub fn is_image(&self) -> bool {
        is_image(self.runtime.as_deref())
    }
}

fn database_today(inputs: &Inputs<'_>, database: &BlueprintDatabase) -> CurrentDatabase {
    let found = offer(inputs, Component::Postgres, database.plan.as_deref(), "0.1c-256mb");
    CurrentDatabase {
        name: database.name.clone(),
        provider: Provider::Render,
        plan: database.plan.clone(),
        offer: found.map(|offer| offer.id.clone()),
        disk_gb: database.disk_gb.or_else(|| found.and_then(|offer| offer.default_storage_gb)),
        high_availability: database.high_availability,
        read_replicas: u32::try_from(database.read_replicas).unwrap_or(u32::MAX),
        path: database.path.clone(),
    }
}

fn key_value(inputs: &Inputs<'_>, service: &Service) -> CurrentRedis {
    let found = offer(inputs, Component::Redis, service.plan.as_deref(), "256mb");
    CurrentRedis {
        name: service.name.clone(),
        provider: Provider::Render,
        plan: service.plan.clone(),
        offer: found.map(|offer| offer.id.clone()),
        eviction: service.max_memory_policy.clone(),
        path: service.path.clone(),
    }
}
