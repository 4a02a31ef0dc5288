use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::CommandPolicy;
use super::declared::{IndexPolicy, Quota, RateLimit, WaiverPolicy};
use super::place::{Delivery, Files, Journal, PlatformPolicy};
use super::redis::RedisPolicy;
use super::service::{DatabasePolicy, WebPolicy};
use super::verify::VerifyPolicy;
use crate::units::{Duration, Money, Ratio};

/// The whole of `palier.toml`. Every table may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How old a fact of the catalog may be before palier warns.
    pub catalog_max_age: Duration,
    /// How old the usage figures may be before a plan warns that it rests on old ones.
    pub metrics_max_age: Duration,
    /// The project.
    pub project: ProjectPolicy,
    /// How palier decides.
    pub mode: Mode,
    /// What the application owes its users.
    pub service_level: ServiceLevel,
    /// The share of each limit that may be used.
    pub headroom: Headroom,
    /// What it may cost.
    pub budget: Budget,
    /// Which steps are allowed.
    pub steps: Steps,
    /// How far ahead to look.
    pub growth: Growth,
    /// The web service.
    pub web: WebPolicy,
    /// The database.
    pub database: DatabasePolicy,
    /// Redis.
    pub redis: RedisPolicy,
    /// Indexes that the application needs.
    pub index: Vec<IndexPolicy>,
    /// Rate limits that the application promises.
    pub rate_limit: Vec<RateLimit>,
    /// Quotas that the application promises.
    pub quota: Vec<Quota>,
    /// The project's own commands.
    pub command: Vec<CommandPolicy>,
    /// Findings that somebody accepted, until a day.
    pub waiver: Vec<WaiverPolicy>,
    /// Where files are.
    pub files: Files,
    /// Where the application runs.
    pub platform: PlatformPolicy,
    /// How a change goes live.
    pub delivery: Delivery,
    /// What the running parts are asked.
    pub verify: VerifyPolicy,
    /// Where the journal is.
    pub journal: Journal,
    /// Tables that one environment has otherwise, key by key.
    pub environment: BTreeMap<String, Policy>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            catalog_max_age: Duration::days(180.0),
            metrics_max_age: Duration::days(30.0),
            project: ProjectPolicy::default(),
            mode: Mode::default(),
            service_level: ServiceLevel::default(),
            headroom: Headroom::default(),
            budget: Budget::default(),
            steps: Steps::default(),
            growth: Growth::default(),
            web: WebPolicy::default(),
            database: DatabasePolicy::default(),
            redis: RedisPolicy::default(),
            index: Vec::new(),
            rate_limit: Vec::new(),
            quota: Vec::new(),
            command: Vec::new(),
            waiver: Vec::new(),
            files: Files::default(),
            platform: PlatformPolicy::default(),
            delivery: Delivery::default(),
            verify: VerifyPolicy::default(),
            journal: Journal::default(),
            environment: BTreeMap::new(),
        }
    }
}

/// The project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectPolicy {
    /// Its name; the folder's name when left out.
    pub name: Option<String>,
    /// The region that everything should be in.
    pub region: Option<String>,
    /// Which service of the blueprint is the web application, when there are several.
    pub web: Option<String>,
    /// Which database of the blueprint is the application's, when there are several.
    pub database: Option<String>,
}

/// How palier decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mode {
    /// `measured` tries every offer against every constraint; `ladder` follows a table of stages. Left out, it is
    /// `measured` when the usage holds requests or memory, else `ladder`.
    pub decide: Option<Decide>,
    /// The ladder.
    pub ladder: String,
}

impl Default for Mode {
    fn default() -> Self {
        Self { decide: None, ladder: "growth".to_owned() }
    }
}

/// The two ways to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decide {
    /// Every offer against every constraint.
    Measured,
    /// A table of stages.
    Ladder,
}

impl Decide {
    /// The name as the policy writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Ladder => "ladder",
        }
    }
}

/// What the application owes its users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceLevel {
    /// 95 of 100 requests are answered within this time.
    pub p95: Option<Duration>,
    /// The share of requests that may fail.
    pub error_rate: Option<Ratio>,
    /// Whether the first request after a quiet time may wait for a sleeping service (about a minute on Render's free
    /// plan). Left out, it may.
    pub may_sleep: Option<bool>,
}

/// The share of each limit that may be used; the rest is headroom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headroom {
    /// Of memory.
    pub memory: Ratio,
    /// Of CPU, at the peak.
    pub cpu: Ratio,
    /// Of database connections.
    pub connections: Ratio,
    /// Of storage, at the end of the horizon.
    pub storage: Ratio,
}

impl Default for Headroom {
    fn default() -> Self {
        Self {
            memory: Ratio::clamped(0.80),
            cpu: Ratio::clamped(0.70),
            connections: Ratio::clamped(0.80),
            storage: Ratio::clamped(0.75),
        }
    }
}

/// What it may cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The most that a month may cost.
    pub monthly: Option<Money>,
    /// The most that one plan may add to a month.
    pub largest_increase: Option<Money>,
}

/// Which steps are allowed, and how they are carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steps {
    /// Steps that cannot be undone and that are allowed all the same.
    pub allow_one_way: Vec<OneWayStep>,
    /// What is undone when a step fails.
    pub rollback_scope: RollbackScope,
    /// How old another transaction may be before an index build waits for its end instead of starting.
    pub oldest_transaction: Duration,
    /// How long a step waits for other people's work (old transactions, builds, locks) before it gives up.
    pub patience: Duration,
    /// How long building one index may take.
    pub index_time_limit: Duration,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            allow_one_way: Vec::new(),
            rollback_scope: RollbackScope::Flight,
            oldest_transaction: Duration::seconds(60.0),
            patience: Duration::seconds(600.0),
            index_time_limit: Duration::seconds(7_200.0),
        }
    }
}

/// What is undone when a step fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RollbackScope {
    /// The step alone.
    Step,
    /// Every step of its flight.
    #[default]
    Flight,
    /// Every step of the plan.
    Plan,
}

/// A step that cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OneWayStep {
    /// Storage that only grows.
    DiskGrow,
    /// Leaving a free offer that cannot be taken again.
    LeaveFree,
    /// Leaving a legacy offer that is no longer sold.
    LeaveLegacy,
    /// A Key Value plan, which can never be lowered.
    KeyValueGrow,
    /// A command of the project's own that nothing undoes.
    Command,
}

impl OneWayStep {
    /// The name as the policy writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiskGrow => "disk-grow",
            Self::LeaveFree => "leave-free",
            Self::LeaveLegacy => "leave-legacy",
            Self::KeyValueGrow => "key-value-grow",
            Self::Command => "command",
        }
    }
}

/// How far ahead to look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Growth {
    /// The time that the target must last.
    pub horizon: Duration,
    /// How much the usage grows in 30 days, where no history shows it (0.1 is ten percent).
    pub monthly: Option<f64>,
}

impl Default for Growth {
    fn default() -> Self {
        Self { horizon: Duration::days(30.0), monthly: None }
    }
}
