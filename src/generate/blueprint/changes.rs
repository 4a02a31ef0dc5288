//! Which edits a blueprint needs to hold the wanted settings. It only compares; nothing is read or written.

use super::change::{Change, ScalarValue, Wanted};
use super::environment::{WantedEnv, WantedSource};
use crate::project::{Blueprint, BlueprintDatabase, EnvSource, Service};

/// What the services and databases of a blueprint should say. `None` leaves a setting as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WantedBlueprint {
    /// Services and Key Value instances.
    pub services: Vec<WantedService>,
    /// Databases.
    pub databases: Vec<WantedDatabase>,
}

/// What a service or a Key Value instance should say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WantedService {
    /// Where it stands in the document, as [`Service::path`] has it.
    pub path: Vec<String>,
    /// `plan`. A caller that knows the name in the file as an alias of the wanted one leaves this out.
    pub plan: Option<String>,
    /// `numInstances`. A service that scales itself keeps its own count: `scaling` wins over this field.
    pub instances: Option<u32>,
    /// `startCommand`, or `dockerCommand` where a container runs.
    pub start_command: Option<String>,
    /// `preDeployCommand`.
    pub pre_deploy_command: Option<String>,
    /// `healthCheckPath`.
    pub health_check_path: Option<String>,
    /// `maxmemoryPolicy` of a Key Value instance.
    pub max_memory_policy: Option<String>,
    /// Variables that must be there. One that is there already is never touched, whatever its value.
    pub env: Vec<WantedEnv>,
}

/// What a database should say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WantedDatabase {
    /// Where it stands in the document.
    pub path: Vec<String>,
    /// `plan`.
    pub plan: Option<String>,
    /// `diskSizeGB`, where that is more than the file says: Render never shrinks a disk.
    pub disk_gb: Option<u32>,
    /// `storageAutoscalingEnabled`.
    pub storage_autoscaling: Option<bool>,
    /// `highAvailability.enabled`.
    pub high_availability: Option<bool>,
    /// `connectionPool`.
    pub connection_pool: Option<String>,
}

/// The changes that a blueprint needs, in the order of the wanted settings.
#[must_use]
pub fn changes(current: &Blueprint, wanted: &WantedBlueprint) -> Vec<Change> {
    let mut changes = Vec::new();
    for service in &wanted.services {
        let known = current.services.iter().find(|known| known.path == service.path);
        Component { path: &service.path, changes: &mut changes }.service(current, known, service);
    }
    for database in &wanted.databases {
        let known = current.databases.iter().find(|known| known.path == database.path);
        Component { path: &database.path, changes: &mut changes }.database(known, database);
    }
    changes
}

struct Component<'a> {
    path: &'a [String],
    changes: &'a mut Vec<Change>,
}

impl Component<'_> {
    fn set(&mut self, field: &str, value: ScalarValue) {
        let path = self.path.iter().cloned().chain(field.split('.').map(str::to_owned)).collect();
        self.changes.push(Change { path, wanted: Wanted::Scalar(value) });
    }

    fn text(&mut self, field: &str, current: Option<&String>, wanted: Option<&String>) {
        if let Some(value) = wanted.filter(|wanted| current != Some(wanted)) {
            self.set(field, ScalarValue::Text(value.clone()));
        }
    }

    fn service(&mut self, blueprint: &Blueprint, known: Option<&Service>, wanted: &WantedService) {
        self.text("plan", known.and_then(|known| known.plan.as_ref()), wanted.plan.as_ref());
        // Without the field a service has one instance.
        let instances = known.map_or(1, |known| known.instances.unwrap_or(1));
        let scales_itself = known.is_some_and(|known| known.scaling.is_some());
        if let Some(count) = wanted.instances.filter(|count| *count != instances && !scales_itself) {
            self.set("numInstances", ScalarValue::Integer(count.into()));
        }
        let runtime = known.and_then(|known| known.runtime.as_deref());
        if matches!(runtime, Some("docker" | "image")) {
            let command = known.and_then(|known| known.docker_command.as_ref());
            self.text("dockerCommand", command, wanted.start_command.as_ref());
        } else {
            let command = known.and_then(|known| known.start_command.as_ref());
            self.text("startCommand", command, wanted.start_command.as_ref());
        }
        let command = known.and_then(|known| known.pre_deploy_command.as_ref());
        self.text("preDeployCommand", command, wanted.pre_deploy_command.as_ref());
        let check = known.and_then(|known| known.health_check_path.as_ref());
        self.text("healthCheckPath", check, wanted.health_check_path.as_ref());
        let policy = known.and_then(|known| known.max_memory_policy.as_ref());
        self.text("maxmemoryPolicy", policy, wanted.max_memory_policy.as_ref());
        self.environment(blueprint, known, &wanted.env);
    }

    fn environment(&mut self, blueprint: &Blueprint, known: Option<&Service>, wanted: &[WantedEnv]) {
        let mut seen: Vec<&WantedEnv> = Vec::new();
        for variable in wanted {
            let is_there = known.is_some_and(|known| has(blueprint, known, variable));
            let is_twice = seen.iter().any(|other| other.key == variable.key && is_group(other) == is_group(variable));
            if !is_there && !is_twice {
                let path = self.path.iter().cloned().chain(["envVars".to_owned()]).collect();
                self.changes.push(Change::append(path, variable.to_json()));
                seen.push(variable);
            }
        }
    }

    fn database(&mut self, known: Option<&BlueprintDatabase>, wanted: &WantedDatabase) {
        self.text("plan", known.and_then(|known| known.plan.as_ref()), wanted.plan.as_ref());
        let size = known.and_then(|known| known.disk_gb);
        if let Some(wanted) = wanted.disk_gb.filter(|wanted| size.is_none_or(|size| size < *wanted)) {
            self.set("diskSizeGB", ScalarValue::Integer(wanted.into()));
        }
        let scaling = known.and_then(|known| known.storage_autoscaling);
        if let Some(wanted) = wanted.storage_autoscaling.filter(|wanted| scaling != Some(*wanted)) {
            self.set("storageAutoscalingEnabled", ScalarValue::Bool(wanted));
        }
        let is_doubled = known.is_some_and(|known| known.high_availability);
        if let Some(wanted) = wanted.high_availability.filter(|wanted| is_doubled != *wanted) {
            self.set("highAvailability.enabled", ScalarValue::Bool(wanted));
        }
        let pool = known.and_then(|known| known.connection_pool.as_ref());
        self.text("connectionPool", pool, wanted.connection_pool.as_ref());
    }
}

fn is_group(variable: &WantedEnv) -> bool {
    variable.source == WantedSource::Group
}

/// Whether a service has a variable, of its own or through one of its groups.
fn has(blueprint: &Blueprint, service: &Service, wanted: &WantedEnv) -> bool {
    service.env.iter().any(|there| match &there.source {
        EnvSource::Group(group) if is_group(wanted) => *group == wanted.key,
        EnvSource::Group(group) => {
            let mut groups = blueprint.groups.iter();
            groups.any(|(name, variables)| name == group && variables.contains(&wanted.key))
        }
        _ => !is_group(wanted) && there.key == wanted.key,
    })
}
