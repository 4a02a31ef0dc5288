//! What the owner declares one by one: indexes, rate limits, quotas, waivers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Duration;

/// An index that the application needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexPolicy {
    /// The table, with its schema when it is not `public`.
    #[schemars(length(min = 1))]
    pub table: String,
    /// The columns, in order; `created_at desc` and expressions in parentheses are allowed.
    pub columns: Vec<String>,
    /// The index's name; made from table and columns when left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether values must be unique.
    #[serde(default)]
    pub unique: bool,
    /// The access method.
    #[serde(default)]
    pub method: Option<String>,
    /// The condition of a partial index.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// Columns that the index carries besides.
    #[serde(default)]
    pub include: Vec<String>,
}

/// A rate limit that the application promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Its name.
    pub name: String,
    /// How many requests.
    #[schemars(range(min = 1))]
    pub limit: u64,
    /// Within which time.
    pub window: Duration,
    /// A path that counts against it, for `palier verify` to try.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The method of that request.
    #[serde(default)]
    pub method: Option<String>,
}

/// The time after which a quota starts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QuotaPeriod {
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each month.
    Month,
}

/// A quota that the application promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// When it starts anew.
    pub per: QuotaPeriod,
    /// How much each of the application's own plans may use.
    pub limits: BTreeMap<String, u64>,
}

/// A finding that somebody accepted, until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverPolicy {
    /// The finding's id.
    #[schemars(length(min = 1))]
    pub rule: String,
    /// Why it is accepted.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Who accepted it.
    #[schemars(length(min = 1))]
    pub owner: String,
    /// The last day on which it is accepted.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: jiff::civil::Date,
    /// Where it stands in the policy.
    #[serde(skip)]
    pub place: Option<crate::diagnostic::Place>,
}
