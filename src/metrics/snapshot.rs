use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Duration, Rate, Ratio};

/// One measurement of usage. Anything may be missing: it is then unknown, never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Snapshot {
    /// When it was taken.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub taken_at: Option<Timestamp>,
    /// The time before that which it covers.
    pub window: Option<Duration>,
    /// Who uses the application.
    pub users: Users,
    /// What they ask of it.
    pub requests: Requests,
    /// The web service.
    pub web: Web,
    /// The database.
    pub database: Database,
    /// Redis.
    pub redis: Redis,
    /// Earlier snapshots of the same form.
    pub history: Vec<Snapshot>,
}

/// Who uses the application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Users {
    /// Accounts.
    #[schemars(range(min = 0, max = 10_000_000_000_i64))]
    pub registered: Option<u64>,
    /// Accounts that were active in the window.
    #[schemars(range(min = 0, max = 10_000_000_000_i64))]
    pub active: Option<u64>,
    /// The most that were there at the same time.
    #[schemars(range(min = 0, max = 10_000_000_000_i64))]
    pub concurrent_peak: Option<u64>,
}

/// A mean and a peak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(bound = "T: JsonSchema + Default + Serialize")]
pub struct MeanPeak<T> {
    /// The mean over the window.
    pub mean: Option<T>,
    /// The highest minute of the window.
    pub peak: Option<T>,
}

/// How long requests take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// Half of the requests are faster.
    pub p50: Option<Duration>,
    /// 95 of 100 are faster.
    pub p95: Option<Duration>,
    /// 99 of 100 are faster.
    pub p99: Option<Duration>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its path.
    pub path: String,
    /// How often it is asked for.
    #[serde(default)]
    pub per_second: Option<Rate>,
    /// 95 of 100 of its requests are faster.
    #[serde(default)]
    pub p95: Option<Duration>,
}

/// What users ask of the application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Requests {
    /// How many a second.
    pub per_second: MeanPeak<Rate>,
    /// How long they take.
    pub latency: Latency,
    /// The share that fails.
    pub error_rate: Option<Ratio>,
    /// The slowest endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// Memory of a worker process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StartPeakBytes {
    /// Right after it started.
    pub start: Option<Bytes>,
    /// At its highest.
    pub peak: Option<Bytes>,
}

/// The web service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Instances that ran.
    #[schemars(range(min = 1, max = 1000))]
    pub instances: Option<u32>,
    /// Worker processes in each.
    #[schemars(range(min = 1, max = 1000))]
    pub workers: Option<u32>,
    /// Threads of each worker process.
    #[schemars(range(min = 1, max = 1000))]
    pub threads: Option<u32>,
    /// The plan on which all this was measured, when it is not the one that the blueprint names today.
    pub plan: Option<String>,
    /// CPU of all instances together, in cores.
    #[schemars(with = "CpuSchema")]
    pub cpu: MeanPeak<f64>,
    /// Memory of one worker process.
    pub memory_per_worker: StartPeakBytes,
    /// Memory of one instance at its peak.
    pub memory: Option<Bytes>,
    /// How often the kernel killed it for want of memory.
    #[schemars(range(min = 0))]
    pub out_of_memory_kills: Option<u64>,
    /// How often it was restarted.
    #[schemars(range(min = 0))]
    pub restarts: Option<u64>,
}

/// CPU in cores: the schema of `web.cpu`.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct CpuSchema {
    /// The mean over the window, in cores.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    mean: Option<f64>,
    /// The highest minute of the window, in cores.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    peak: Option<f64>,
}

/// The database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// The plan on which all this was measured, when it is not the one that the blueprint names today.
    pub plan: Option<String>,
    /// How much it stores.
    pub size: Option<Bytes>,
    /// How much it grows in a day.
    pub growth_per_day: Option<Bytes>,
    /// The most connections at the same time.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub connections_peak: Option<u32>,
    /// The share of reads that memory answered.
    pub cache_hit_ratio: Option<Ratio>,
    /// Statements that took longer than the provider's limit (Render: 2 seconds).
    #[schemars(range(min = 0))]
    pub slow_queries: Option<u64>,
    /// CPU, in cores.
    #[schemars(with = "CpuSchema")]
    pub cpu: MeanPeak<f64>,
}

/// Redis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// The plan on which all this was measured, when it is not the one that the blueprint names today.
    pub plan: Option<String>,
    /// Memory of the data.
    pub memory: Option<Bytes>,
    /// Commands in a day.
    #[schemars(range(min = 0))]
    pub commands_per_day: Option<u64>,
    /// The share of look-ups that found something.
    pub hit_ratio: Option<Ratio>,
    /// The most connections at the same time.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub connections_peak: Option<u32>,
    /// Keys thrown away for want of memory.
    #[schemars(range(min = 0))]
    pub evictions: Option<u64>,
}
