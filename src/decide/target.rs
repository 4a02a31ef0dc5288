use serde::{Deserialize, Serialize};

use crate::catalog::Provider;

/// What the project should run on: one offer for each component, with its settings. The JSON contract's `target`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Target {
    /// Web services, workers, cron jobs and private services.
    pub services: Vec<ServiceTarget>,
    /// Databases.
    pub databases: Vec<DatabaseTarget>,
    /// Redis instances.
    pub redis: Vec<RedisTarget>,
}

/// What a service should run on. `None` is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ServiceTarget {
    /// The service's name.
    pub name: String,
    /// `web`, `pserv`, `worker`, `cron` or `static`.
    pub kind: String,
    /// Who runs it.
    pub provider: Provider,
    /// The offer's id; `None` when the file names none that is known, or the service needs none (static).
    pub offer: Option<String>,
    /// How many instances.
    pub instances: u32,
    /// `gunicorn`, `uvicorn`, or what runs today.
    pub server: Option<String>,
    /// Worker processes in each.
    pub workers: Option<u32>,
    /// Threads in each worker.
    pub threads: Option<u32>,
    /// gunicorn's worker class.
    pub worker_class: Option<String>,
    /// The command that starts it; `None` when it stays as it is and is not known (Docker).
    pub start_command: Option<String>,
    /// gunicorn's `--timeout`, in seconds.
    pub timeout: Option<u32>,
    /// gunicorn's `--max-requests`.
    pub max_requests: Option<u32>,
    /// gunicorn's `--max-requests-jitter`.
    pub max_requests_jitter: Option<u32>,
    /// Whether the application is loaded before the workers fork.
    pub preload: Option<bool>,
    /// Environment variables that the plan adds, by name.
    pub variables: Vec<String>,
}

/// What a database should run on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseTarget {
    /// The database's name.
    pub name: String,
    /// Who runs it.
    pub provider: Provider,
    /// The offer's id.
    pub offer: Option<String>,
    /// Its storage, in GB.
    pub disk_gb: Option<u32>,
    /// Connections that the offer accepts.
    pub max_connections: Option<u32>,
    /// The connection pool of each worker process.
    pub pool: Pool,
}

/// A connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pool {
    /// Connections that it keeps.
    pub size: u32,
    /// Connections that it may open besides.
    pub overflow: u32,
}

/// How the application talks to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// The Redis protocol over TCP, with or without TLS.
    Tcp,
    /// Upstash's HTTP interface.
    Rest,
}

/// What a Redis instance should run on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RedisTarget {
    /// The instance's name.
    pub name: String,
    /// Who runs it.
    pub provider: Provider,
    /// The offer's id.
    pub offer: Option<String>,
    /// What it is used for.
    pub roles: Vec<String>,
    /// How the application talks to it.
    pub transport: Transport,
    /// Its eviction policy, in Render's spelling (`noeviction`, `allkeys-lru`); `None` where the provider has no choice.
    pub eviction: Option<String>,
}
