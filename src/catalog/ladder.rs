use serde::Deserialize;

use crate::units::{Duration, Money};

/// A table of stages: which offers to take from which number of users on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The name under which the policy chooses it.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// The number of active users at which its last stage ends.
    pub until_users: Option<u64>,
    /// The stages, from the smallest.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// One rung of a ladder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The number of active users from which it is due.
    pub from_users: u64,
    /// The number of concurrent users from which it is due.
    pub from_concurrent: Option<u64>,
    /// The p95 of the slowest endpoint from which it is due.
    pub from_p95: Option<Duration>,
    /// The offer of the web service.
    pub web: String,
    /// Processes of the web service.
    pub workers: u32,
    /// The server: `uvicorn` or `gunicorn`.
    pub server: String,
    /// gunicorn's worker timeout.
    pub timeout: Option<Duration>,
    /// Requests after which a worker is replaced.
    pub max_requests: Option<u32>,
    /// Random spread of that number.
    pub max_requests_jitter: Option<u32>,
    /// The offer of the database.
    pub database: String,
    /// The database's storage, in GB.
    pub database_disk_gb: u32,
    /// The Redis offer as `provider/id`; absent when the stage has none.
    pub redis: Option<String>,
    /// What the guide asks a person to do at this stage.
    #[serde(default)]
    pub checklist: Vec<String>,
    /// What the guide says a month costs.
    pub claimed_monthly: Option<Money>,
    /// The guide's claims about this stage that do not hold.
    #[serde(default, rename = "claim")]
    pub claims: Vec<Claim>,
}

/// Something that a guide says and that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The guide's words, translated where needed.
    pub claim: String,
    /// How it fails.
    pub verdict: ClaimVerdict,
    /// What is true today, or why nobody can know.
    pub today: String,
    /// Where that comes from.
    pub source: String,
}

/// How a guide's claim fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimVerdict {
    /// It is not true today.
    False,
    /// It rests on no measurement.
    Unmeasured,
}
