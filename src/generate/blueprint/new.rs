//! A new `render.yaml`. It states every field: what a blueprint leaves out, Render fills with its own default on the
//! first sync, even where the dashboard says something else (seen on `autoDeployTrigger`, August 2026).

use super::environment::WantedEnv;
use super::view::View;
use crate::generate::template::{Escape, Template, TemplateError};

static TEMPLATE: Template =
    Template::new("render/render.yaml.hbs", include_str!("../../../templates/render/render.yaml.hbs"), Escape::Json);

/// What a new blueprint holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewBlueprint {
    /// Web services, private services, workers and cron jobs.
    pub services: Vec<NewService>,
    /// Databases.
    pub databases: Vec<NewDatabase>,
    /// Key Value instances.
    pub key_values: Vec<NewKeyValue>,
    /// Whether pull requests get a copy of everything.
    pub previews: Previews,
}

/// Whether pull requests get a preview environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Previews {
    /// They get none.
    #[default]
    Off,
    /// Those that ask for it.
    Manual,
    /// All of them.
    Automatic,
}

/// A service's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKind {
    /// `web`.
    Web,
    /// `pserv`.
    Private,
    /// `worker`.
    Worker,
    /// `cron`.
    Cron,
}

/// A service of a new blueprint. What its kind or its plan forbids is left out of the file, whatever is said here.
#[derive(Debug, Clone, PartialEq)]
pub struct NewService {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: NewKind,
    /// `runtime`.
    pub runtime: String,
    /// `plan`.
    pub plan: String,
    /// `region`, the same as that of the database: Render changes neither later.
    pub region: String,
    /// `branch`; left out with previews, which have a branch of their own.
    pub branch: Option<String>,
    /// `rootDir`.
    pub root_dir: Option<String>,
    /// `buildCommand`.
    pub build_command: Option<String>,
    /// `startCommand`.
    pub start_command: Option<String>,
    /// `preDeployCommand`: migrations. Not on a free plan.
    pub pre_deploy_command: Option<String>,
    /// `healthCheckPath` of a web service.
    pub health_check_path: Option<String>,
    /// `numInstances`; one on a free plan and with a disk.
    pub instances: u32,
    /// `autoDeployTrigger`: `commit`, `checksPass` or `off`.
    pub auto_deploy_trigger: String,
    /// `maxShutdownDelaySeconds`, 1 to 300.
    pub max_shutdown_delay_seconds: u32,
    /// `schedule` of a cron job.
    pub schedule: Option<String>,
    /// A disk. Not on a free plan.
    pub disk: Option<NewDisk>,
    /// Variables.
    pub env: Vec<WantedEnv>,
}

/// A service's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDisk {
    /// Its name.
    pub name: String,
    /// Where it is mounted.
    pub mount_path: String,
    /// Its size, which only grows.
    pub size_gb: u32,
}

/// A database of a new blueprint.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDatabase {
    /// Its name.
    pub name: String,
    /// `plan`.
    pub plan: String,
    /// `region`.
    pub region: String,
    /// `databaseName`; Render makes one up without it, and never changes it.
    pub database_name: Option<String>,
    /// `user`, likewise.
    pub user: Option<String>,
    /// `diskSizeGB`: 1 or a multiple of 5. Not on a free plan.
    pub disk_gb: u32,
    /// `storageAutoscalingEnabled`. Not on a free plan.
    pub storage_autoscaling: bool,
    /// `postgresMajorVersion`, a string in the file.
    pub version: String,
    /// `highAvailability.enabled`; from one CPU on.
    pub high_availability: bool,
    /// `connectionPool: pgbouncer`. Not on a free plan.
    pub connection_pool: bool,
    /// Addresses that may connect from outside of Render; none leaves the private network alone.
    pub ip_allow_list: Vec<AllowedAddress>,
}

/// A Key Value instance of a new blueprint.
#[derive(Debug, Clone, PartialEq)]
pub struct NewKeyValue {
    /// Its name.
    pub name: String,
    /// `plan`.
    pub plan: String,
    /// `region`.
    pub region: String,
    /// `maxmemoryPolicy`: `allkeys-lru` for a cache, `noeviction` for a queue.
    pub max_memory_policy: String,
    /// `persistenceMode`: `journal-snapshot`, `snapshot` or `off`. Not on a free plan.
    pub persistence_mode: String,
    /// Addresses that may connect from outside of Render; none leaves the private network alone.
    pub ip_allow_list: Vec<AllowedAddress>,
}

/// An address, or a range of them, in `ipAllowList`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AllowedAddress {
    /// `203.0.113.4/30`.
    pub source: String,
    /// Whose it is.
    pub description: String,
}

/// Writes a new blueprint.
///
/// # Errors
/// The template names a value that the data lacks: a defect of palier.
pub fn render_new(blueprint: &NewBlueprint) -> Result<String, TemplateError> {
    TEMPLATE.render(&View::of(blueprint))
}
