//! `[verify]`: what the running parts are asked, and how long they may take to answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Duration;

/// What the running parts are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyPolicy {
    /// How long one probe may take.
    pub timeout: Duration,
    /// The path that says that the application is well; the blueprint's `healthCheckPath`, else `/`, when left out.
    pub health_path: Option<String>,
    /// How the new version is told from the old one.
    pub release: Option<ReleaseMarker>,
    /// How many days a certificate must still be valid.
    pub certificate_days: u32,
    /// How often each part is asked for its latency.
    #[schemars(range(min = 1, max = 1000))]
    pub latency_tries: u32,
    /// How the workers that answer are counted.
    pub workers: WorkerCount,
    /// The Celery application (`shop.celery`), when a worker must answer a ping.
    pub celery_app: Option<String>,
    /// Whether Django's own cache settings are tried, through `manage.py shell`.
    pub django_cache: bool,
    /// The Python that runs the project's own commands.
    pub python: String,
}

impl Default for VerifyPolicy {
    fn default() -> Self {
        Self {
            timeout: Duration::seconds(10.0),
            health_path: None,
            release: None,
            certificate_days: 14,
            latency_tries: 10,
            workers: WorkerCount::default(),
            celery_app: None,
            django_cache: false,
            python: "python".to_owned(),
        }
    }
}

/// A page or a header that names the version that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseMarker {
    /// The path.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The answer's header that holds the marker; the body when left out.
    #[serde(default)]
    pub header: Option<String>,
    /// What must be in it; `{commit}` stands for the commit that is deployed.
    #[serde(default = "commit")]
    pub expect: String,
}

fn commit() -> String {
    "{commit}".to_owned()
}

/// How the workers that answer are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerCount {
    /// gunicorn's pid file, where the application runs on this machine.
    pub pid_file: Option<String>,
    /// The answer's header in which each worker names itself, where it runs elsewhere.
    pub header: Option<String>,
}
