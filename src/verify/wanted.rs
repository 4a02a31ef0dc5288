//! Which probes a project calls for: from its policy, its repository, and which variables are set.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Secret;
use crate::plan::Probe;
use crate::policy::Policy;
use crate::project::{Application, Framework, Project, Service};

/// The variables that are looked at, in the order in which they are told.
pub const VARIABLES: &[&str] = &[
    "PALIER_WEB_URL",
    "DATABASE_URL",
    "DIRECT_DATABASE_URL",
    "REDIS_URL",
    "REDIS_CACHE_URL",
    "REDIS_SESSION_URL",
    "REDIS_QUEUE_URL",
    "REDIS_RATE_LIMIT_URL",
    "CELERY_BROKER_URL",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "UPSTASH_REDIS_REST_READONLY_TOKEN",
    "KV_REST_API_URL",
    "KV_REST_API_TOKEN",
    "KV_REST_API_READ_ONLY_TOKEN",
    "ELASTICACHE_REDIS_HOST",
    "ELASTICACHE_REDIS_PORT",
];

/// What is known of a variable: whether it is set, and how its value begins. No more of it is needed, so that no
/// secret gets in here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What stands before `://`; empty when nothing does.
    pub scheme: String,
}

impl Variable {
    /// The variables among some addresses.
    #[must_use]
    pub fn of(addresses: &BTreeMap<String, Secret>) -> BTreeSet<Self> {
        let scheme = |value: &Secret| {
            let (scheme, _) = value.expose().split_once("://")?;
            let is_one = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
            is_one.then(|| scheme.to_ascii_lowercase())
        };
        let variable =
            |(name, value): (&String, &Secret)| Self { name: name.clone(), scheme: scheme(value).unwrap_or_default() };
        addresses.iter().map(variable).collect()
    }
}

/// The probes that a project calls for.
#[must_use]
pub fn wanted(policy: &Policy, project: &Project, variables: &BTreeSet<Variable>) -> Vec<Probe> {
    let given = Given { policy, project, variables };
    let mut probes = given.web();
    probes.extend(given.database());
    probes.extend(given.redis());
    probes.extend(given.programs());
    probes
}

struct Given<'a> {
    policy: &'a Policy,
    project: &'a Project,
    variables: &'a BTreeSet<Variable>,
}

impl Given<'_> {
    fn scheme(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|variable| variable.name == name).map(|variable| variable.scheme.as_str())
    }

    fn application(&self) -> Option<&Application> {
        let web = self.policy.project.web.as_deref();
        let named = self.project.applications.iter().find(|one| web.is_some() && one.service.as_deref() == web);
        named.or_else(|| self.project.applications.first())
    }

    /// The application's service in the blueprint.
    fn service(&self) -> Option<&Service> {
        let name = self.application()?.service.as_deref()?;
        self.project.blueprint.as_ref()?.services.iter().find(|one| one.name == name)
    }

    /// A probe that runs a command of the project's, in the folder of the application.
    fn in_folder(&self, probe: Probe) -> Probe {
        match self.service().and_then(|service| service.root_dir.as_deref()) {
            Some(folder) => probe.wants("folder", folder),
            None => probe,
        }
    }

    /// The path that answers health checks: the policy's, the blueprint's, the code's.
    fn health_path(&self) -> Option<String> {
        let of_blueprint = || self.service()?.health_check_path.clone();
        let of_code = || self.application()?.health_path.as_ref().map(|found| found.value.clone());
        self.policy.verify.health_path.clone().or_else(of_blueprint).or_else(of_code)
    }

    fn web(&self) -> Vec<Probe> {
        const VARIABLE: &str = "PALIER_WEB_URL";
        let mut probes = Vec::new();
        let Some(scheme) = self.scheme(VARIABLE) else { return probes };
        let probe = |name: &str, of: &str, expect: String| {
            self.of_page(Probe::new(name, of, expect).wants("url_variable", VARIABLE))
        };
        if scheme == "https" {
            let tls = Probe::new("tls", VARIABLE, "its certificate is good");
            probes.push(tls.wants("url_variable", VARIABLE));
        }
        probes.push(probe("http", VARIABLE, "the health check answers".to_owned()));
        if self.policy.verify.release.is_some() {
            probes.push(probe("release", VARIABLE, "the new version answers".to_owned()));
        }
        probes.push(probe("latency", VARIABLE, "how long it takes from here".to_owned()));
        let limits = self.policy.rate_limit.iter().filter(|limit| limit.endpoint.is_some());
        probes.extend(limits.map(|limit| {
            let expect = format!("request {} within {} is refused", limit.limit + 1, limit.window);
            probe("rate-limit", &limit.name, expect)
        }));
        probes
    }

    /// A probe that asks the web application: by its health check, with patience where it may sleep.
    fn of_page(&self, mut probe: Probe) -> Probe {
        if let Some(path) = self.health_path() {
            probe = probe.wants("path", path);
        }
        if self.service().and_then(|service| service.plan.as_deref()) == Some("free") {
            probe = probe.wants("may_sleep", true);
        }
        probe
    }

    fn database(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for variable in ["DATABASE_URL", "DIRECT_DATABASE_URL"] {
            // A SQLite or MySQL address is none of Postgres; one without a scheme is told by the probe.
            if !self.scheme(variable).is_some_and(|scheme| scheme.starts_with("postgres") || scheme.is_empty()) {
                continue;
            }
            let mut probe =
                Probe::new("postgres", variable, "it answers and takes writes").wants("url_variable", variable);
            if variable == "DIRECT_DATABASE_URL" {
                probe = probe.wants("direct", true);
            } else if let Some(used) = self.used_connections() {
                probe = probe.wants("used_connections", used);
            }
            probes.push(probe);
            let latency = Probe::new("latency", variable, "how long it takes from here");
            probes.push(latency.wants("url_variable", variable));
        }
        probes
    }

    /// The connections that the application may open, where the policy says how large a pool is.
    fn used_connections(&self) -> Option<u32> {
        let pool = self.policy.database.pool_size?.saturating_add(self.policy.database.max_overflow.unwrap_or(0));
        let workers = self.application()?.workers.as_ref()?.value;
        Some(workers.saturating_mul(pool))
    }

    fn redis(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for variable in VARIABLES.iter().copied().filter(|name| name.ends_with("_URL")) {
            let scheme = self.scheme(variable).unwrap_or_default();
            match scheme {
                "redis" | "rediss" | "valkey" | "valkeys" => probes.extend(over_tcp(variable, scheme)),
                "https" | "http" if is_redis(variable) => probes.extend(self.over_http(variable)),
                _ => {}
            }
        }
        if self.scheme("ELASTICACHE_REDIS_HOST").is_some() {
            let probe = |name: &str, expect: &str| {
                let probe = Probe::new(name, "ELASTICACHE_REDIS_HOST", expect);
                let probe = probe.wants("host_variable", "ELASTICACHE_REDIS_HOST");
                let probe = probe.wants("port_variable", "ELASTICACHE_REDIS_PORT");
                probe.wants("password_variable", "ELASTICACHE_REDIS_AUTH_TOKEN").wants("tls", true)
            };
            probes.push(probe("redis", "it writes, reads and lets expire"));
            probes.push(probe("latency", "how long it takes from here"));
        }
        probes
    }

    /// An address over HTTP is of use with the token beside it alone.
    fn over_http(&self, variable: &str) -> Vec<Probe> {
        let stem = variable.trim_end_matches("_URL");
        let token = format!("{stem}_TOKEN");
        if self.scheme(&token).is_none() {
            return Vec::new();
        }
        let latency = Probe::new("latency", variable, "how long it takes from here")
            .wants("url_variable", variable)
            .wants("token_variable", token.as_str());
        let mut probe = Probe::new("upstash-rest", variable, "it writes, reads and lets expire over HTTP")
            .wants("url_variable", variable)
            .wants("token_variable", token);
        let read_only = [format!("{stem}_READONLY_TOKEN"), format!("{stem}_READ_ONLY_TOKEN")];
        if let Some(name) = read_only.iter().find(|name| self.scheme(name).is_some()) {
            probe = probe.wants("read_only_token_variable", name.as_str());
        }
        vec![probe, latency]
    }

    fn programs(&self) -> Vec<Probe> {
        let verify = &self.policy.verify;
        let mut probes = Vec::new();
        let is_counted = verify.workers.pid_file.is_some()
            || (verify.workers.header.is_some() && self.scheme("PALIER_WEB_URL").is_some());
        if is_counted {
            let mut probe = self.of_page(Probe::new("gunicorn", "web", "as many workers answer as are planned"));
            let planned = self.policy.web.workers;
            let workers = planned.or_else(|| self.application()?.workers.as_ref().map(|found| found.value));
            if let Some(workers) = workers {
                probe = probe.wants("workers", workers);
            }
            if let Some(memory) = self.policy.web.memory_per_worker {
                probe = probe.wants("memory_per_worker", memory.0);
            }
            probes.push(probe);
        }
        if let Some(app) = &verify.celery_app {
            probes.push(self.in_folder(Probe::new("celery", app, "a worker answers a ping")));
        }
        let is_django = self.application().and_then(|application| application.framework.as_ref());
        if verify.django_cache && is_django.is_none_or(|found| found.value == Framework::Django) {
            probes.push(self.in_folder(Probe::new("django-cache", "CACHES", "every cache keeps what is written")));
        }
        probes
    }
}

/// Whether a variable holds a Redis and not the web application.
fn is_redis(variable: &str) -> bool {
    variable.contains("REDIS") || variable.starts_with("KV_")
}

fn over_tcp(variable: &str, scheme: &str) -> Vec<Probe> {
    let probe = |name: &str, expect: &str| Probe::new(name, variable, expect).wants("url_variable", variable);
    let mut probes = Vec::new();
    if scheme.ends_with("ss") || scheme.ends_with("ys") {
        probes.push(probe("tls", "its certificate is good"));
    }
    probes.push(probe("redis", "it writes, reads and lets expire"));
    probes.push(probe("latency", "how long it takes from here"));
    probes
}
