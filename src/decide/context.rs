use super::current::{Current, CurrentDatabase, CurrentRedis, CurrentService, application_of};
use super::{Inputs, Usage};
use crate::capacity::{InstanceMemory, Load};
use crate::catalog::{Component, Offer, Provider, next_valid_postgres_disk};
use crate::decide::target::Pool;
use crate::policy::RoleName;
use crate::project::{Application, DatabaseUse, Framework};
use crate::units::Bytes;

/// A Celery worker at rest sends this many commands a minute (measured on celery 5.7.0: 95, of which 59 are BRPOP).
const CELERY_IDLE_PER_MINUTE: f64 = 95.0;

/// Requests that one asynchronous worker works on at the same time before its event loop, not a count, is the limit.
const ASYNC_CONCURRENCY: u32 = 100;

/// What the constraints look at: the inputs, today's state, and the figures at the load that is asked about.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The inputs.
    pub inputs: Inputs<'a>,
    /// The figures at the load that is asked about.
    pub usage: Usage,
    /// The figures as they were measured, for calibration.
    pub measured: Usage,
    /// The web service of today.
    pub current_web: Option<CurrentService>,
    /// Its offer.
    pub current_web_offer: Option<&'a Offer>,
    /// The offer on which the web service was measured.
    pub measured_web_offer: Option<&'a Offer>,
    /// The database of today.
    pub current_database: Option<CurrentDatabase>,
    /// Its offer.
    pub current_database_offer: Option<&'a Offer>,
    /// The offer on which the database was measured.
    pub measured_database_offer: Option<&'a Offer>,
    /// The Redis instance of today.
    pub current_redis: Option<CurrentRedis>,
    /// Its offer.
    pub current_redis_offer: Option<&'a Offer>,
    /// The offer on which Redis was measured.
    pub measured_redis_offer: Option<&'a Offer>,
    /// The application that the web service runs.
    pub application: Option<&'a Application>,
    /// Whether it is asynchronous.
    pub asgi: bool,
    /// Whether a database is used at all.
    pub has_database: bool,
    /// What Redis is used for; empty when it is not.
    pub redis_roles: Vec<RoleName>,
    /// Workers of a polling queue library.
    pub polling_workers: u32,
    /// Memory of an instance by its workers.
    pub memory: Option<InstanceMemory>,
    /// Mean time of a request when nothing waits, in seconds.
    pub mean_response: Option<f64>,
    /// Workers that ran while it was measured.
    pub workers_today: Option<u32>,
    /// Threads of a worker while it was measured.
    pub threads_today: Option<u32>,
    /// The size of the web service's disk.
    pub web_disk_gb: Option<u32>,
    /// The connection pool of a worker process, and where its size comes from.
    pub pool: Pool,
    /// Where the pool's size comes from.
    pub pool_evidence: String,
    /// Connections of other services on the same database.
    pub other_connections: u32,
}

impl<'a> Context<'a> {
    /// The context for a decision: `usage` as it was measured, `at` as it is asked about (later, or at another load).
    #[must_use]
    pub fn new(inputs: Inputs<'a>, current: &Current, usage: &Usage, at: Usage) -> Self {
        let web = current.web(&inputs).cloned();
        let database = current.database(&inputs).cloned();
        let redis = current.redis.first().cloned();
        let application = match &web {
            Some(service) => application_of(&inputs, &service.name),
            None => inputs.project.applications.first(),
        };
        let find =
            |component, id: Option<&String>| id.and_then(|id| inputs.catalog.find(Provider::Render, component, id));
        let on = &inputs.metrics.measured_on;
        let current_redis_offer = redis.as_ref().and_then(|redis| {
            redis.offer.as_ref().and_then(|id| inputs.catalog.find(redis.provider, Component::Redis, id))
        });
        let current_web_offer = find(Component::Compute, web.as_ref().and_then(|web| web.offer.as_ref()));
        let current_database_offer = find(Component::Postgres, database.as_ref().and_then(|one| one.offer.as_ref()));
        let redis_provider = redis.as_ref().map_or(Provider::Render, |redis| redis.provider);
        let measured_redis =
            on.redis_plan.as_ref().and_then(|id| inputs.catalog.find(redis_provider, Component::Redis, id));
        let (pool, pool_evidence) = pool(&inputs, application, web.as_ref().and_then(|web| web.threads));
        let workers_today = on
            .workers
            .or_else(|| web.as_ref().and_then(|web| web.workers))
            .or_else(|| application.and_then(|application| application.workers.as_ref()).map(|found| found.value));
        let mut context = Self {
            inputs,
            usage: at,
            measured: usage.clone(),
            measured_web_offer: find(Component::Compute, on.web_plan.as_ref()).or(current_web_offer),
            measured_database_offer: find(Component::Postgres, on.database_plan.as_ref()).or(current_database_offer),
            measured_redis_offer: measured_redis.or(current_redis_offer),
            current_web_offer,
            current_database_offer,
            current_redis_offer,
            asgi: is_asgi(application),
            has_database: database.is_some() || wants_database(&inputs, application, usage),
            redis_roles: redis_roles(&inputs, redis.is_some()),
            polling_workers: polling_workers(&inputs),
            memory: None,
            mean_response: None,
            workers_today,
            threads_today: on.threads.or_else(|| web.as_ref().and_then(|web| web.threads)),
            web_disk_gb: web.as_ref().and_then(|web| web.disk_gb),
            pool,
            pool_evidence,
            other_connections: other_connections(&inputs, current, web.as_ref(), database.as_ref()),
            application,
            current_web: web,
            current_database: database,
            current_redis: redis,
        };
        context.mean_response = context.response_without_waiting();
        context.memory = context.memory_of_an_instance();
        context
    }

    /// Memory by workers. A kernel that killed the service for want of memory says more than any peak, which it cut
    /// short: what ran then needed at least all that it had.
    fn memory_of_an_instance(&self) -> Option<InstanceMemory> {
        let measured = memory(&self.measured)?;
        let killed = self.measured.out_of_memory_kills.as_ref().is_some_and(|kills| kills.value > 0);
        let had = self.measured_web_offer.and_then(|offer| offer.memory).filter(|_| killed);
        let workers = u64::from(self.workers_today.unwrap_or(1).max(1));
        Some(had.map_or(measured, |had| InstanceMemory {
            per_worker: measured.per_worker.max(Bytes(had.0.saturating_sub(measured.base.0) / workers)),
            ..measured
        }))
    }

    /// Instances that ran while it was measured.
    #[must_use]
    pub fn instances_today(&self) -> u32 {
        let measured = self.inputs.metrics.measured_on.instances;
        measured.or_else(|| self.current_web.as_ref().map(|web| web.instances)).unwrap_or(1)
    }

    /// Whether the application keeps one connection for each thread instead of a pool, as Django does.
    #[must_use]
    pub fn keeps_connection_per_thread(&self) -> bool {
        one_connection_per_thread(self.application).is_some() && self.inputs.policy.database.pool_size.is_none()
    }

    /// Whether an offer is the one that the database has today.
    #[must_use]
    pub fn is_current_database(&self, offer: &Offer) -> bool {
        self.current_database_offer.is_some_and(|current| current.id == offer.id)
    }

    /// The smallest storage that an offer may have and that lasts over the horizon; never below today's, because
    /// storage only grows.
    #[must_use]
    pub fn wanted_disk_gb(&self, offer: &Offer) -> u32 {
        if let Some(included) = offer.included_storage {
            #[allow(clippy::cast_possible_truncation)]
            return (included.0 / 1_000_000_000).max(1) as u32;
        }
        let today = match (self.current_database_offer, &self.current_database) {
            // A legacy or free database has its storage included; the file's size does not count there.
            (Some(current), Some(database)) if current.included_storage.is_none() => database.disk_gb.unwrap_or(1),
            _ => 1,
        };
        let share = self.inputs.policy.headroom.storage.value();
        let needed = self.stored_at_horizon().map_or(1.0, |bytes| bytes / share / 1e9);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let needed = needed.ceil().clamp(1.0, 16_000.0) as u32;
        next_valid_postgres_disk(needed.max(today))
    }

    /// Bytes stored at the end of the horizon.
    #[must_use]
    pub fn stored_at_horizon(&self) -> Option<f64> {
        let size = self.usage.database_size.as_ref()?.value.as_f64();
        let growth = self.usage.database_growth.as_ref().map_or(0.0, |growth| growth.value.max(0.0));
        Some(size + growth * self.inputs.policy.growth.horizon.as_days())
    }

    /// Redis commands a month: measured, else the idle polling of the queue's workers; `None` when neither is known.
    #[must_use]
    pub fn redis_commands(&self) -> Option<f64> {
        let idle =
            f64::from(self.polling_workers) * CELERY_IDLE_PER_MINUTE * 60.0 * 24.0 * super::usage::DAYS_PER_MONTH;
        match &self.usage.redis_commands {
            Some(measured) => Some(measured.value),
            None if self.polling_workers > 0 => Some(idle),
            None => None,
        }
    }

    /// What the web service carried while it was measured; `None` when the CPU time of a request is unknown.
    ///
    /// A quota below one core lets short requests run at full speed and stalls them later. Where the measured response
    /// is shorter than the share alone would allow, requests did run in such bursts, and their speed is taken from it.
    #[must_use]
    pub fn load_today(&self, cores: f64, response: f64) -> Option<Load> {
        let demand = self.measured.demand.as_ref()?.value;
        let speed = cores.min(1.0).max((demand / response.max(f64::EPSILON)).min(1.0));
        Some(Load {
            arrivals: self.measured.arrivals_mean.as_ref()?.value,
            demand,
            elsewhere: (response - demand / speed).max(0.0),
            instances: self.instances_today(),
            cores,
            speed,
            concurrency: self.concurrency(self.workers_today.unwrap_or(1), self.threads_today.unwrap_or(1)),
        })
    }

    /// CPU time of one request at the peak: what was measured there, which differs from the mean's where requests differ.
    fn demand_at_peak(&self) -> Option<f64> {
        let (cpu, arrivals) = (self.usage.cpu_peak.as_ref()?.value, self.usage.arrivals_peak.as_ref()?.value);
        (arrivals > 0.0).then_some(cpu / arrivals)
    }

    /// The same application on other hardware, at another rate.
    #[must_use]
    pub fn load_on(&self, today: Load, cores: f64, instances: u32, workers: u32, threads: u32, arrivals: f64) -> Load {
        // One Python process keeps one core busy at most.
        let cores = cores.min(f64::from(workers.max(1)));
        Load {
            arrivals,
            demand: self.demand_at_peak().unwrap_or(today.demand),
            instances,
            cores,
            // Bursts that a smaller share allowed are not taken away by a larger one.
            speed: cores.min(1.0).max(if cores >= today.cores { today.speed } else { 0.0 }),
            concurrency: self.concurrency(workers, threads),
            ..today
        }
    }

    const fn concurrency(&self, workers: u32, threads: u32) -> u32 {
        if self.asgi { workers.saturating_mul(ASYNC_CONCURRENCY) } else { workers.saturating_mul(threads) }
    }

    /// The mean response time when nothing waits: the measured median of an exponential tail (mean = median / ln 2).
    fn response_without_waiting(&self) -> Option<f64> {
        let p50 = self.measured.p50.as_ref().map(|p50| p50.value / std::f64::consts::LN_2);
        // The 95th percentile of an exponential is 3 times its mean.
        p50.or_else(|| self.measured.p95.as_ref().map(|p95| p95.value / 3.0))
    }
}

fn is_asgi(application: Option<&Application>) -> bool {
    let Some(application) = application else { return false };
    application.asgi.unwrap_or_else(|| {
        let framework = application.framework.as_ref().map(|found| found.value);
        matches!(framework, Some(Framework::FastApi | Framework::Starlette))
    })
}

/// Whether a project without a database in its blueprint needs one. One that is measured and that the blueprint does
/// not hold runs elsewhere; without a blueprint everything is new, unless the code says that it is no Postgres.
fn wants_database(inputs: &Inputs<'_>, application: Option<&Application>, usage: &Usage) -> bool {
    if inputs.project.blueprint.is_some() {
        return false;
    }
    let known = application.and_then(|application| application.database.as_ref());
    uses_postgres(application) || known.is_none() && usage.database_size.is_some()
}

fn uses_postgres(application: Option<&Application>) -> bool {
    application
        .and_then(|application| application.database.as_ref())
        .is_some_and(|database| database.value == DatabaseUse::Postgres)
}

fn memory(usage: &Usage) -> Option<InstanceMemory> {
    let per_worker = usage.memory_per_worker.as_ref()?.value;
    Some(InstanceMemory::measured(per_worker, usage.instance_memory.as_ref().map(|instance| instance.value)))
}

/// Libraries that keep a pool of their own.
const POOLS: [&str; 9] = [
    "sqlalchemy",
    "sqlmodel",
    "flask-sqlalchemy",
    "asyncpg",
    "tortoise-orm",
    "psycopg-pool",
    "peewee",
    "pony",
    "databases",
];

/// Why an application has one connection for each thread, when it has: Django by itself, and whoever uses a driver of
/// Postgres in synchronous code with nothing that pools.
fn one_connection_per_thread(application: Option<&Application>) -> Option<&'static str> {
    let application = application?;
    if application.framework.as_ref().is_some_and(|found| found.value == Framework::Django) {
        return Some("Django keeps one connection for each thread");
    }
    let driver = ["psycopg", "psycopg2", "psycopg2-binary"].iter().any(|name| application.depends_on(name));
    let pooled = POOLS.iter().any(|name| application.depends_on(name));
    (driver && !pooled && !is_asgi(Some(application)))
        .then_some("taken as one for each thread: nothing among the dependencies pools connections")
}

/// The pool of one worker process: the policy's, else what the application's library does by itself.
fn pool(inputs: &Inputs<'_>, application: Option<&Application>, threads: Option<u32>) -> (Pool, String) {
    let policy = &inputs.policy.database;
    let uses = |package: &str| application.is_some_and(|application| application.depends_on(package));
    let (size, overflow, why) = if let Some(why) = one_connection_per_thread(application) {
        (threads.unwrap_or(1), 0, why)
    } else if uses("sqlalchemy") || uses("sqlmodel") || uses("flask-sqlalchemy") {
        (5, 10, "SQLAlchemy's default pool: 5 and 10 more")
    } else if uses("asyncpg") || uses("tortoise-orm") {
        (10, 0, "asyncpg's default pool: 10")
    } else {
        (5, 10, "not known; taken as SQLAlchemy's default: 5 and 10 more")
    };
    let pool = Pool { size: policy.pool_size.unwrap_or(size), overflow: policy.max_overflow.unwrap_or(overflow) };
    let evidence = match (policy.pool_size, policy.max_overflow) {
        (None, None) => why.to_owned(),
        (Some(_), None) => format!("database.pool_size (palier.toml); overflow: {why}"),
        (None, Some(_)) => format!("database.max_overflow (palier.toml); size: {why}"),
        (Some(_), Some(_)) => "database.pool_size and max_overflow (palier.toml)".to_owned(),
    };
    (pool, evidence)
}

pub(super) fn redis_roles(inputs: &Inputs<'_>, exists: bool) -> Vec<RoleName> {
    let mut roles: Vec<RoleName> = inputs.policy.redis.role.iter().map(|role| role.name).collect();
    if roles.is_empty() {
        let detected = inputs.project.applications.iter().flat_map(|application| &application.redis);
        roles = detected.map(|redis| role_of(&redis.role)).collect();
        if roles.is_empty() && exists {
            roles.push(RoleName::Cache);
        }
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn role_of(name: &str) -> RoleName {
    match name {
        "session" => RoleName::Session,
        "queue" => RoleName::Queue,
        "rate_limit" => RoleName::RateLimit,
        "channels" | "pubsub" => RoleName::Pubsub,
        "lock" => RoleName::Lock,
        _ => RoleName::Cache,
    }
}

fn polling_workers(inputs: &Inputs<'_>) -> u32 {
    let queues = inputs.policy.redis.role.iter().filter(|role| role.name == RoleName::Queue);
    let stated: u32 = queues.map(|role| role.workers.unwrap_or(1)).sum();
    if stated > 0 {
        return stated;
    }
    let celery = |application: &&Application| application.redis.iter().any(|redis| redis.library == "celery");
    u32::from(inputs.project.applications.iter().any(|application| celery(&application)))
}

/// Connections that other services on the same database may open: their processes, one connection each, where the
/// repository shows no pool.
fn other_connections(
    inputs: &Inputs<'_>,
    current: &Current,
    web: Option<&CurrentService>,
    database: Option<&CurrentDatabase>,
) -> u32 {
    let (Some(blueprint), Some(database)) = (&inputs.project.blueprint, database) else { return 0 };
    let uses = |name: &str| {
        blueprint.services.iter().filter(|service| service.name == name).flat_map(|service| &service.env).any(
            |variable| matches!(&variable.source, crate::project::EnvSource::Database { name, .. } if *name == database.name),
        )
    };
    current
        .services
        .iter()
        .filter(|service| Some(&service.name) != web.map(|web| &web.name) && uses(&service.name))
        .map(|service| service.instances * service.workers.unwrap_or(1) * service.threads.unwrap_or(1))
        .sum()
}
