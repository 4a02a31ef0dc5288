//! `[redis]`: what Redis is used for, and whose it should be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose Redis it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedisProviderChoice {
    /// The cheapest that does what is needed.
    #[default]
    Auto,
    /// Upstash.
    Upstash,
    /// AWS `ElastiCache`.
    Elasticache,
    /// Render Key Value.
    Render,
}

/// Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedisPolicy {
    /// Whose it should be.
    pub provider: RedisProviderChoice,
    /// The network that the application and an `ElastiCache` share.
    pub vpc: Option<String>,
    /// The host of an instance that is already paid for.
    pub existing: Option<String>,
    /// What it is used for.
    pub role: Vec<RedisRole>,
}

/// What Redis can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Values that can be computed again.
    Cache,
    /// Logins.
    Session,
    /// Rate limits.
    RateLimit,
    /// Locks.
    Lock,
    /// Counters.
    Counter,
    /// Jobs.
    Queue,
    /// Answers that must be given only once.
    Idempotency,
    /// Messages to whoever listens.
    Pubsub,
    /// Events to count later.
    Analytics,
}

impl RoleName {
    /// The name as the policy writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Session => "session",
            Self::RateLimit => "rate_limit",
            Self::Lock => "lock",
            Self::Counter => "counter",
            Self::Queue => "queue",
            Self::Idempotency => "idempotency",
            Self::Pubsub => "pubsub",
            Self::Analytics => "analytics",
        }
    }

    /// Whether the data may be thrown away when memory is full.
    #[must_use]
    pub const fn may_be_evicted(self) -> bool {
        matches!(self, Self::Cache | Self::Analytics)
    }
}

/// One thing that Redis is used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisRole {
    /// What for.
    pub name: RoleName,
    /// Through which library (`celery`, `django-redis`, `rq`...).
    #[serde(default)]
    pub library: Option<String>,
    /// How many worker processes poll it, for a queue.
    #[serde(default)]
    pub workers: Option<u32>,
}
