//! `[web]` and `[database]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// Where the web server's settings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfigureWeb {
    /// In the start command.
    #[default]
    Command,
    /// In `gunicorn.conf.py`.
    File,
}

/// The web service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebPolicy {
    /// Where the server's settings are written.
    pub configure: ConfigureWeb,
    /// The most instances that palier may plan.
    #[schemars(range(min = 1, max = 100))]
    pub max_instances: u32,
    /// The fewest instances.
    #[schemars(range(min = 1, max = 100))]
    pub min_instances: u32,
    /// Offers that must not be taken.
    pub forbid_offers: Vec<String>,
    /// The application object (`main:app`), when it cannot be read from the start command.
    pub entry_point: Option<String>,
    /// Memory of one worker process, when nothing measures it.
    pub memory_per_worker: Option<Bytes>,
    /// Worker processes, when they should not follow from the measurements.
    #[schemars(range(min = 1, max = 1000))]
    pub workers: Option<u32>,
}

impl Default for WebPolicy {
    fn default() -> Self {
        Self {
            configure: ConfigureWeb::Command,
            max_instances: 4,
            min_instances: 1,
            forbid_offers: Vec::new(),
            entry_point: None,
            memory_per_worker: None,
            workers: None,
        }
    }
}

/// In which form index migrations are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MigrationFormat {
    /// Plain SQL, one file up and one file down.
    #[default]
    Sql,
    /// Alembic revisions.
    Alembic,
    /// Django migrations.
    Django,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatabasePolicy {
    /// Connections that the pool of one worker process keeps (Django: 1 per thread).
    #[schemars(range(min = 1, max = 1000))]
    pub pool_size: Option<u32>,
    /// Connections that the pool may open besides.
    #[schemars(range(max = 1000))]
    pub max_overflow: Option<u32>,
    /// Connections kept free for migrations, a console and the provider's own.
    #[schemars(range(max = 1000))]
    pub reserved_connections: u32,
    /// In which form index migrations are written.
    pub migrations: MigrationFormat,
    /// The Django application whose folder takes the migrations.
    pub django_app: Option<String>,
    /// Whether a standby is wanted.
    pub high_availability: bool,
    /// Whether the data may be lost after 30 days, which a free database does.
    pub may_expire: bool,
    /// Offers that must not be taken.
    pub forbid_offers: Vec<String>,
}

impl Default for DatabasePolicy {
    fn default() -> Self {
        Self {
            pool_size: None,
            max_overflow: None,
            reserved_connections: 5,
            migrations: MigrationFormat::Sql,
            django_app: None,
            high_availability: false,
            may_expire: false,
            forbid_offers: Vec::new(),
        }
    }
}
