//! What the template of a new blueprint places: values only, with everything left out that Render forbids.

use serde::Serialize;

use super::environment::{WantedEnv, WantedSource};
use super::new::{AllowedAddress, NewBlueprint, NewDatabase, NewDisk, NewKeyValue, NewKind, NewService, Previews};

/// Plans below one CPU, which have no standby (Render's CLI lists the same ones, August 2026).
const WITHOUT_STANDBY: &[&str] = &["free", "0.1c-256mb", "0.5c-1g", "basic-256mb", "basic-1gb"];

const FREE: &str = "free";

#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    previews: &'static str,
    has_services: bool,
    services: Vec<ServiceView<'a>>,
    key_values: Vec<KeyValueView<'a>>,
    databases: Vec<DatabaseView<'a>>,
}

#[derive(Debug, Serialize)]
struct ServiceView<'a> {
    kind: &'static str,
    name: &'a str,
    runtime: &'a str,
    region: &'a str,
    plan: &'a str,
    branch: Option<&'a str>,
    root_dir: Option<&'a str>,
    instances: Option<u32>,
    schedule: Option<&'a str>,
    build_command: Option<&'a str>,
    pre_deploy_command: Option<&'a str>,
    start_command: Option<&'a str>,
    health_check_path: Option<&'a str>,
    shutdown: Option<u32>,
    auto_deploy_trigger: &'a str,
    disk: Option<DiskView<'a>>,
    env: Vec<EnvView<'a>>,
}

#[derive(Debug, Serialize)]
struct DiskView<'a> {
    name: &'a str,
    mount_path: &'a str,
    size_gb: u32,
}

#[derive(Debug, Default, Serialize)]
struct EnvView<'a> {
    key: Option<&'a str>,
    group: Option<&'a str>,
    value: Option<&'a str>,
    has_value: bool,
    generated: bool,
    prompted: bool,
    database: Option<ReferenceView<'a>>,
    service: Option<ReferenceView<'a>>,
}

#[derive(Debug, Default, Serialize)]
struct ReferenceView<'a> {
    kind: &'a str,
    name: &'a str,
    property: Option<&'a str>,
    variable: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct KeyValueView<'a> {
    name: &'a str,
    region: &'a str,
    plan: &'a str,
    max_memory_policy: &'a str,
    persistence_mode: Option<&'a str>,
    ip_allow_list: &'a [AllowedAddress],
}

#[derive(Debug, Serialize)]
struct DatabaseView<'a> {
    name: &'a str,
    database_name: Option<&'a str>,
    user: Option<&'a str>,
    region: &'a str,
    plan: &'a str,
    /// Storage can be chosen.
    paid: bool,
    disk_gb: u32,
    storage_autoscaling: bool,
    connection_pool: Option<&'static str>,
    version: &'a str,
    can_have_standby: bool,
    high_availability: bool,
    ip_allow_list: &'a [AllowedAddress],
}

impl<'a> View<'a> {
    pub(super) fn of(blueprint: &'a NewBlueprint) -> Self {
        let with_previews = blueprint.previews != Previews::Off;
        Self {
            previews: match blueprint.previews {
                Previews::Off => "off",
                Previews::Manual => "manual",
                Previews::Automatic => "automatic",
            },
            has_services: !blueprint.services.is_empty() || !blueprint.key_values.is_empty(),
            services: blueprint.services.iter().map(|service| ServiceView::of(service, with_previews)).collect(),
            key_values: blueprint.key_values.iter().map(KeyValueView::of).collect(),
            databases: blueprint.databases.iter().map(DatabaseView::of).collect(),
        }
    }
}

impl<'a> ServiceView<'a> {
    fn of(service: &'a NewService, with_previews: bool) -> Self {
        let paid = service.plan != FREE;
        let is_job = service.kind == NewKind::Cron;
        let disk = service.disk.as_ref().filter(|_| paid && !is_job);
        let instances = if paid && disk.is_none() { service.instances.max(1) } else { 1 };
        Self {
            kind: match service.kind {
                NewKind::Web => "web",
                NewKind::Private => "pserv",
                NewKind::Worker => "worker",
                NewKind::Cron => "cron",
            },
            name: &service.name,
            runtime: &service.runtime,
            region: &service.region,
            plan: &service.plan,
            // A preview of a service with a branch deploys that branch, not the pull request's.
            branch: service.branch.as_deref().filter(|_| !with_previews),
            root_dir: service.root_dir.as_deref(),
            instances: (!is_job).then_some(instances),
            schedule: service.schedule.as_deref().filter(|_| is_job),
            build_command: service.build_command.as_deref(),
            pre_deploy_command: service.pre_deploy_command.as_deref().filter(|_| paid),
            start_command: service.start_command.as_deref(),
            health_check_path: service.health_check_path.as_deref().filter(|_| service.kind == NewKind::Web),
            shutdown: (!is_job).then_some(service.max_shutdown_delay_seconds.clamp(1, 300)),
            auto_deploy_trigger: &service.auto_deploy_trigger,
            disk: disk.map(DiskView::of),
            env: service.env.iter().map(EnvView::of).collect(),
        }
    }
}

impl<'a> DiskView<'a> {
    fn of(disk: &'a NewDisk) -> Self {
        Self { name: &disk.name, mount_path: &disk.mount_path, size_gb: disk.size_gb }
    }
}

impl<'a> EnvView<'a> {
    fn of(variable: &'a WantedEnv) -> Self {
        let own = Self { key: Some(&variable.key), ..Self::default() };
        match &variable.source {
            WantedSource::Database { name, property } => {
                let reference = ReferenceView { name, property: Some(property), ..ReferenceView::default() };
                Self { database: Some(reference), ..own }
            }
            WantedSource::Service { name, kind, property } => {
                let reference = ReferenceView { kind, name, property: Some(property), variable: None };
                Self { service: Some(reference), ..own }
            }
            WantedSource::ServiceVariable { name, kind, variable } => {
                let reference = ReferenceView { kind, name, property: None, variable: Some(variable) };
                Self { service: Some(reference), ..own }
            }
            WantedSource::Prompted => Self { prompted: true, ..own },
            WantedSource::Generated => Self { generated: true, ..own },
            WantedSource::Value(value) => Self { value: Some(value), has_value: true, ..own },
            WantedSource::Group => Self { group: Some(&variable.key), ..Self::default() },
        }
    }
}

impl<'a> KeyValueView<'a> {
    fn of(store: &'a NewKeyValue) -> Self {
        Self {
            name: &store.name,
            region: &store.region,
            plan: &store.plan,
            max_memory_policy: &store.max_memory_policy,
            persistence_mode: Some(store.persistence_mode.as_str()).filter(|_| store.plan != FREE),
            ip_allow_list: &store.ip_allow_list,
        }
    }
}

impl<'a> DatabaseView<'a> {
    fn of(database: &'a NewDatabase) -> Self {
        let paid = database.plan != FREE;
        Self {
            name: &database.name,
            database_name: database.database_name.as_deref(),
            user: database.user.as_deref(),
            region: &database.region,
            plan: &database.plan,
            paid,
            disk_gb: database.disk_gb,
            storage_autoscaling: database.storage_autoscaling,
            connection_pool: (paid && database.connection_pool).then_some("pgbouncer"),
            version: &database.version,
            can_have_standby: !WITHOUT_STANDBY.contains(&database.plan.as_str()),
            high_availability: database.high_availability,
            ip_allow_list: &database.ip_allow_list,
        }
    }
}
