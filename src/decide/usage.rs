use super::Inputs;
use crate::capacity::{Trend, trend};
use crate::metrics::{Metrics, Snapshot};
use crate::units::{Bytes, Duration, Rate};

/// Days of a month, as bills count them.
pub(super) const DAYS_PER_MONTH: f64 = 30.4;

/// A figure with the place where it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<T> {
    /// The figure.
    pub value: T,
    /// Where it comes from, for a person.
    pub evidence: String,
}

/// The figures that a decision rests on. `None` is unknown, never zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Active users.
    pub active_users: Option<Observed<f64>>,
    /// Concurrent users at the peak.
    pub concurrent_users: Option<Observed<f64>>,
    /// The p95 of the slowest endpoint, in seconds.
    pub slowest_p95: Option<Observed<f64>>,
    /// Requests a second, mean.
    pub arrivals_mean: Option<Observed<f64>>,
    /// Requests a second at the peak.
    pub arrivals_peak: Option<Observed<f64>>,
    /// Median response time, in seconds.
    pub p50: Option<Observed<f64>>,
    /// p95 response time, in seconds.
    pub p95: Option<Observed<f64>>,
    /// CPU at the peak, all instances, in cores.
    pub cpu_peak: Option<Observed<f64>>,
    /// CPU time of one request on one whole core, in seconds.
    pub demand: Option<Observed<f64>>,
    /// The highest memory of one worker, in bytes.
    pub memory_per_worker: Option<Observed<Bytes>>,
    /// The peak memory of one instance, in bytes, and the workers that ran in it.
    pub instance_memory: Option<Observed<(Bytes, u32)>>,
    /// How often the kernel killed the web service for want of memory.
    pub out_of_memory_kills: Option<Observed<u64>>,
    /// Stored data.
    pub database_size: Option<Observed<Bytes>>,
    /// Growth of the stored data, in bytes a day.
    pub database_growth: Option<Observed<f64>>,
    /// Database connections at the peak.
    pub connections_peak: Option<Observed<f64>>,
    /// The share of reads that the database's memory answered.
    pub cache_hit_ratio: Option<Observed<f64>>,
    /// CPU of the database at the peak, in cores.
    pub database_cpu: Option<Observed<f64>>,
    /// Data in Redis.
    pub redis_memory: Option<Observed<Bytes>>,
    /// Redis commands a month.
    pub redis_commands: Option<Observed<f64>>,
    /// Redis connections at the peak.
    pub redis_connections: Option<Observed<f64>>,
    /// Growth of load in a day, as a share of today's.
    pub growth: Option<Observed<Trend>>,
}

impl Usage {
    /// The figures of the latest snapshot.
    #[must_use]
    pub fn of(inputs: &Inputs<'_>) -> Self {
        let metrics = inputs.metrics;
        let snapshot = &metrics.snapshot;
        let (requests, web) = (&snapshot.requests, &snapshot.web);
        let mean = observed(metrics, "requests.per_second.mean", requests.per_second.mean.map(Rate::value));
        let peak =
            observed(metrics, "requests.per_second.peak", requests.per_second.peak.map(Rate::value)).or_else(|| {
                mean.clone().map(|mean| Observed { evidence: format!("{}, for want of a peak", mean.evidence), ..mean })
            });
        let demand = demand(metrics, snapshot);
        let cpu_peak = observed(metrics, "web.cpu.peak", web.cpu.peak).or_else(|| {
            let (demand, peak) = (demand.as_ref()?, peak.as_ref()?);
            let evidence = format!("{} x {}", demand.evidence, peak.evidence);
            Some(Observed { value: demand.value * peak.value, evidence })
        });
        let seconds = |name, value: Option<Duration>| observed(metrics, name, value.map(Duration::as_seconds));
        Self {
            active_users: observed(metrics, "users.active", snapshot.users.active.map(float)),
            concurrent_users: observed(metrics, "users.concurrent_peak", snapshot.users.concurrent_peak.map(float)),
            slowest_p95: slowest(metrics, snapshot),
            arrivals_mean: mean,
            arrivals_peak: peak,
            p50: seconds("requests.latency.p50", requests.latency.p50),
            p95: seconds("requests.latency.p95", requests.latency.p95),
            cpu_peak,
            demand,
            memory_per_worker: memory_per_worker(inputs),
            instance_memory: observed(
                metrics,
                "web.memory",
                web.memory.map(|memory| (memory, metrics.measured_on.workers.unwrap_or(1))),
            ),
            out_of_memory_kills: observed(metrics, "web.out_of_memory_kills", web.out_of_memory_kills),
            database_size: observed(metrics, "database.size", snapshot.database.size),
            database_growth: database_growth(metrics, snapshot),
            connections_peak: observed(
                metrics,
                "database.connections_peak",
                snapshot.database.connections_peak.map(f64::from),
            ),
            cache_hit_ratio: observed(
                metrics,
                "database.cache_hit_ratio",
                snapshot.database.cache_hit_ratio.map(|ratio| ratio.value()),
            ),
            database_cpu: observed(metrics, "database.cpu.peak", snapshot.database.cpu.peak),
            redis_memory: observed(metrics, "redis.memory", snapshot.redis.memory),
            redis_commands: observed(
                metrics,
                "redis.commands_per_day",
                snapshot.redis.commands_per_day.map(|commands| float(commands) * DAYS_PER_MONTH),
            ),
            redis_connections: observed(
                metrics,
                "redis.connections_peak",
                snapshot.redis.connections_peak.map(f64::from),
            ),
            growth: growth(inputs),
        }
    }

    /// The figures at a multiple of today's load. Memory of a worker and time of a request stay; what users cause
    /// grows with them.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        self.scaled_by(factor, true)
    }

    /// The same without the evidence: for a search that tries many loads and shows none of them.
    #[must_use]
    pub fn scaled_silently(&self, factor: f64) -> Self {
        self.scaled_by(factor, false)
    }

    fn scaled_by(&self, factor: f64, told: bool) -> Self {
        let float = |figure: &Option<Observed<f64>>| scale(figure.as_ref(), factor, told, |value| value * factor);
        let bytes =
            |figure: &Option<Observed<Bytes>>| scale(figure.as_ref(), factor, told, |value| value.scaled(factor));
        Self {
            active_users: float(&self.active_users),
            concurrent_users: float(&self.concurrent_users),
            slowest_p95: kept(&self.slowest_p95, told),
            arrivals_mean: kept(&self.arrivals_mean, told),
            arrivals_peak: float(&self.arrivals_peak),
            p50: kept(&self.p50, told),
            p95: kept(&self.p95, told),
            cpu_peak: float(&self.cpu_peak),
            demand: kept(&self.demand, told),
            memory_per_worker: kept(&self.memory_per_worker, told),
            instance_memory: kept(&self.instance_memory, told),
            out_of_memory_kills: kept(&self.out_of_memory_kills, told),
            database_size: bytes(&self.database_size),
            database_growth: float(&self.database_growth),
            connections_peak: float(&self.connections_peak),
            cache_hit_ratio: kept(&self.cache_hit_ratio, told),
            database_cpu: float(&self.database_cpu),
            redis_memory: bytes(&self.redis_memory),
            redis_commands: float(&self.redis_commands),
            redis_connections: float(&self.redis_connections),
            growth: kept(&self.growth, told),
        }
    }

    /// The figures after a time of growth: load grows by the factor; stored data grow by their own measured rate and
    /// are left to it.
    #[must_use]
    pub fn grown(&self, factor: f64) -> Self {
        Self {
            database_size: self.database_size.clone(),
            database_growth: self.database_growth.clone(),
            redis_memory: self.redis_memory.clone(),
            ..self.scaled(factor)
        }
    }

    /// Whether there is enough for the measured mode: how many requests, or how much memory.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.arrivals_peak.is_some() || self.memory_per_worker.is_some() || self.cpu_peak.is_some()
    }

    /// The names of figures that are missing, in the metrics file's words, with the decision that each weakens.
    #[must_use]
    pub fn missing(&self, has_database: bool, has_redis: bool) -> Vec<(&'static str, &'static str)> {
        let mut missing = Vec::new();
        let mut note = |absent: bool, name, weakens| {
            if absent {
                missing.push((name, weakens));
            }
        };
        note(self.arrivals_peak.is_none(), "requests.per_second.peak", "CPU, latency and threads");
        note(self.p95.is_none(), "requests.latency.p95", "latency");
        note(self.cpu_peak.is_none(), "web.cpu.peak", "the web service's CPU and latency");
        note(
            self.memory_per_worker.is_none(),
            "web.memory_per_worker.peak",
            "the number of workers and the web service's memory",
        );
        note(has_database && self.database_size.is_none(), "database.size", "the database's storage");
        note(has_database && self.database_growth.is_none(), "database.growth_per_day", "how long the storage lasts");
        note(has_database && self.cache_hit_ratio.is_none(), "database.cache_hit_ratio", "the database's memory");
        note(has_redis && self.redis_memory.is_none(), "redis.memory", "the Redis plan");
        note(has_redis && self.redis_commands.is_none(), "redis.commands_per_day", "the price of Redis by use");
        missing
    }
}

#[allow(clippy::cast_precision_loss)]
const fn float(value: u64) -> f64 {
    value as f64
}

fn observed<T>(metrics: &Metrics, name: &str, value: Option<T>) -> Option<Observed<T>> {
    value.map(|value| Observed { value, evidence: metrics.evidence(name) })
}

fn scale<T>(figure: Option<&Observed<T>>, factor: f64, told: bool, by: impl Fn(&T) -> T) -> Option<Observed<T>> {
    let figure = figure?;
    let evidence = match (told, (factor - 1.0).abs() < 1e-9) {
        (false, _) => String::new(),
        (true, true) => figure.evidence.clone(),
        (true, false) => format!("{} x {:.2}", figure.evidence, factor),
    };
    Some(Observed { value: by(&figure.value), evidence })
}

/// A figure that load does not change.
fn kept<T: Clone>(figure: &Option<Observed<T>>, told: bool) -> Option<Observed<T>> {
    let figure = figure.as_ref()?;
    let evidence = if told { figure.evidence.clone() } else { String::new() };
    Some(Observed { value: figure.value.clone(), evidence })
}

/// CPU time of one request: the utilisation law, demand = CPU busy / throughput.
fn demand(metrics: &Metrics, snapshot: &Snapshot) -> Option<Observed<f64>> {
    let cpu = snapshot.web.cpu.mean?;
    let rate = snapshot.requests.per_second.mean?.value();
    (rate > 0.0).then(|| Observed {
        value: cpu / rate,
        evidence: format!("{} / {}", metrics.evidence("web.cpu.mean"), metrics.evidence("requests.per_second.mean")),
    })
}

fn memory_per_worker(inputs: &Inputs<'_>) -> Option<Observed<Bytes>> {
    let web = &inputs.metrics.snapshot.web;
    let measured = web.memory_per_worker.peak.max(web.memory_per_worker.start);
    let from_instance = || {
        let (memory, workers) = (web.memory?, web.workers?);
        let evidence =
            format!("{} / {}", inputs.metrics.evidence("web.memory"), inputs.metrics.evidence("web.workers"));
        Some(Observed { value: Bytes(memory.0 / u64::from(workers.max(1))), evidence })
    };
    let from_policy = || {
        let value = inputs.policy.web.memory_per_worker?;
        Some(Observed { value, evidence: "web.memory_per_worker (palier.toml)".to_owned() })
    };
    observed(inputs.metrics, "web.memory_per_worker.peak", measured).or_else(from_instance).or_else(from_policy)
}

fn slowest(metrics: &Metrics, snapshot: &Snapshot) -> Option<Observed<f64>> {
    let endpoint = snapshot
        .requests
        .endpoints
        .iter()
        .filter_map(|endpoint| Some((endpoint.p95?, endpoint)))
        .max_by(|a, b| a.0.as_seconds().total_cmp(&b.0.as_seconds()));
    match endpoint {
        Some((p95, endpoint)) => {
            let evidence = format!("{} of {}", metrics.evidence("requests.endpoints"), endpoint.path);
            Some(Observed { value: p95.as_seconds(), evidence })
        }
        None => observed(metrics, "requests.latency.p95", snapshot.requests.latency.p95.map(Duration::as_seconds)),
    }
}

fn database_growth(metrics: &Metrics, snapshot: &Snapshot) -> Option<Observed<f64>> {
    observed(metrics, "database.growth_per_day", snapshot.database.growth_per_day.map(Bytes::as_f64)).or_else(|| {
        let trend = history(snapshot, |one| one.database.size.map(Bytes::as_f64))?;
        Some(Observed { value: trend.slope.max(0.0), evidence: format!("database.size in {} snapshots", trend.points) })
    })
}

/// Growth of load: what the policy states, else the trend of requests, else of active users.
fn growth(inputs: &Inputs<'_>) -> Option<Observed<Trend>> {
    if let Some(monthly) = inputs.policy.growth.monthly {
        let daily = (1.0 + monthly).powf(1.0 / 30.0) - 1.0;
        return Some(Observed { value: Trend::stated(daily), evidence: "growth.monthly (palier.toml)".to_owned() });
    }
    let snapshot = &inputs.metrics.snapshot;
    let of = |name: &str, figure: fn(&Snapshot) -> Option<f64>| {
        let now = figure(snapshot).filter(|now| *now > 0.0)?;
        let trend = history(snapshot, figure)?;
        let relative =
            Trend { slope: trend.slope / now, slow: trend.slow / now, fast: trend.fast / now, points: trend.points };
        Some(Observed { value: relative, evidence: format!("{name} in {} snapshots", trend.points) })
    };
    of("requests.per_second.peak", |one| one.requests.per_second.peak.map(Rate::value))
        .or_else(|| of("users.active", |one| one.users.active.map(float)))
}

/// The trend of a figure over the snapshots of the file, by days.
fn history(snapshot: &Snapshot, figure: impl Fn(&Snapshot) -> Option<f64>) -> Option<Trend> {
    if snapshot.history.is_empty() {
        return None;
    }
    let series: Vec<(f64, f64)> = snapshot
        .history
        .iter()
        .chain(std::iter::once(snapshot))
        .filter_map(|one| {
            #[allow(clippy::cast_precision_loss)]
            let day = one.taken_at?.as_second() as f64 / 86_400.0;
            Some((day, figure(one)?))
        })
        .collect();
    trend(&series)
}
