use crate::document::Document;

/// What a service of a blueprint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceKind {
    /// `type: web` that runs code.
    Web,
    /// `type: web` with `runtime: static`, or the old `type: static`.
    Static,
    /// `type: pserv`.
    Private,
    /// `type: worker`.
    Worker,
    /// `type: cron`.
    Cron,
    /// `type: keyvalue`, or the old `type: redis`.
    KeyValue,
    /// Anything else (`workflow`, or a type that does not exist).
    Other,
}

impl ServiceKind {
    /// The name as the JSON contract writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Static => "static",
            Self::Private => "pserv",
            Self::Worker => "worker",
            Self::Cron => "cron",
            Self::KeyValue => "keyvalue",
            Self::Other => "other",
        }
    }
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvSource {
    /// A value in the file. The value itself is kept out unless it is a plain setting that palier needs
    /// (`WEB_CONCURRENCY`, `GUNICORN_CMD_ARGS`, `PYTHON_VERSION`, `DJANGO_SETTINGS_MODULE`, `PORT`).
    Value(Option<String>),
    /// `fromDatabase: {name, property}`.
    Database {
        /// The database's name.
        name: String,
        /// The property.
        property: String,
    },
    /// `fromService: {name, type, property | envVarKey}`.
    Service {
        /// The service's name.
        name: String,
        /// The property or the other service's variable.
        property: String,
    },
    /// `fromGroup`.
    Group(String),
    /// `generateValue: true`.
    Generated,
    /// `sync: false`.
    Prompted,
}

/// A variable of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// The name; the group's name for `fromGroup`.
    pub key: String,
    /// Where its value comes from.
    pub source: EnvSource,
    /// The line, counted from 1.
    pub line: usize,
}

/// A service of a blueprint, a Key Value instance included.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ServiceKind,
    /// Where it stands in the document: `["services", "0"]` or `["projects", "0", "environments", "1", "services", "2"]`.
    pub path: Vec<String>,
    /// The line of its first key, counted from 1.
    pub line: usize,
    /// `runtime`, or the old `env`.
    pub runtime: Option<String>,
    /// `plan`, as written.
    pub plan: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// `numInstances`.
    pub instances: Option<u32>,
    /// `scaling.minInstances` and `scaling.maxInstances`.
    pub scaling: Option<(u32, u32)>,
    /// `buildCommand`.
    pub build_command: Option<String>,
    /// `startCommand`.
    pub start_command: Option<String>,
    /// `dockerCommand`.
    pub docker_command: Option<String>,
    /// `dockerfilePath`.
    pub dockerfile_path: Option<String>,
    /// `preDeployCommand`.
    pub pre_deploy_command: Option<String>,
    /// `rootDir`.
    pub root_dir: Option<String>,
    /// `healthCheckPath`.
    pub health_check_path: Option<String>,
    /// `disk.sizeGB` (10 when a disk names no size); `None` without a disk.
    pub disk_gb: Option<u32>,
    /// `schedule` of a cron job.
    pub schedule: Option<String>,
    /// `maxmemoryPolicy` of a Key Value instance.
    pub max_memory_policy: Option<String>,
    /// Whether `ipAllowList` is written.
    pub has_ip_allow_list: bool,
    /// `autoDeployTrigger`, or `autoDeploy` as `commit` and `off`.
    pub auto_deploy: Option<String>,
    /// Variables, groups included.
    pub env: Vec<EnvVar>,
}

/// A database of a blueprint.
#[derive(Debug, Clone, PartialEq)]
pub struct BlueprintDatabase {
    /// Its name.
    pub name: String,
    /// Where it stands in the document.
    pub path: Vec<String>,
    /// The line of its first key, counted from 1.
    pub line: usize,
    /// `plan`, as written.
    pub plan: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// `diskSizeGB`.
    pub disk_gb: Option<u32>,
    /// `postgresMajorVersion`.
    pub version: Option<String>,
    /// `highAvailability.enabled`.
    pub high_availability: bool,
    /// `storageAutoscalingEnabled`.
    pub storage_autoscaling: Option<bool>,
    /// `connectionPool`.
    pub connection_pool: Option<String>,
    /// How many read replicas.
    pub read_replicas: usize,
    /// Whether `ipAllowList` is written.
    pub has_ip_allow_list: bool,
}

/// A `render.yaml` that was read.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// The document, with places.
    pub document: Document,
    /// Services and Key Value instances, at the top and inside projects, in the order of the file.
    pub services: Vec<Service>,
    /// Databases, likewise.
    pub databases: Vec<BlueprintDatabase>,
    /// Names of `envVarGroups` with the names of their variables.
    pub groups: Vec<(String, Vec<String>)>,
}
