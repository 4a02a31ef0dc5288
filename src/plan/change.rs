use crate::catalog::Provider;
use crate::decide::{RedisTarget, ServiceTarget, Target};

/// One difference between what runs and the target: what one step brings about.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Another offer for a database.
    DatabaseOffer {
        /// The database.
        name: String,
        /// The offer of today.
        from: Option<String>,
        /// The offer of the target.
        to: Option<String>,
        /// GB that come with it, where today's offer has its storage included.
        disk_gb: Option<u32>,
    },
    /// More storage for a database.
    DatabaseDisk {
        /// The database.
        name: String,
        /// GB today.
        from: Option<u32>,
        /// GB then.
        to: u32,
    },
    /// A database that does not exist yet.
    DatabaseCreate {
        /// The database.
        name: String,
    },
    /// Another offer for a service.
    ServiceOffer {
        /// The service.
        name: String,
        /// The offer of today.
        from: Option<String>,
        /// The offer of the target.
        to: Option<String>,
    },
    /// Another number of instances.
    ServiceInstances {
        /// The service.
        name: String,
        /// Instances today.
        from: u32,
        /// Instances then.
        to: u32,
    },
    /// Other workers, threads or server settings.
    ServiceSettings {
        /// The service.
        name: String,
        /// The service today.
        from: Box<ServiceTarget>,
        /// The service then.
        to: Box<ServiceTarget>,
    },
    /// Variables that a service needs.
    ServiceVariables {
        /// The service.
        name: String,
        /// The variables' names.
        variables: Vec<String>,
    },
    /// A service that does not exist yet.
    ServiceCreate {
        /// The service.
        name: String,
    },
    /// Another offer or policy for a Redis instance.
    RedisOffer {
        /// The instance.
        name: String,
        /// The instance today.
        from: Box<RedisTarget>,
        /// The instance then.
        to: Box<RedisTarget>,
    },
    /// Variables that hold the address of a Redis and must hold another one's.
    RedisSwitch {
        /// The new instance.
        name: String,
        /// Service and variable.
        variables: Vec<(String, String)>,
    },
    /// A Redis instance that does not exist yet.
    RedisCreate {
        /// The instance.
        name: String,
        /// Who runs it.
        provider: Provider,
    },
}

/// Every difference between two states, in a fixed order. `included` says whether the storage of an offer is part of
/// it: leaving such an offer, the storage comes with the new one.
#[must_use]
pub fn differences(start: &Target, end: &Target, included: impl Fn(&str) -> bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for database in &end.databases {
        let name = database.name.clone();
        let Some(today) = start.databases.iter().find(|one| one.name == name) else {
            changes.push(Change::DatabaseCreate { name });
            continue;
        };
        let together = today.offer != database.offer && today.offer.as_deref().is_some_and(&included);
        if today.offer != database.offer {
            changes.push(Change::DatabaseOffer {
                name: name.clone(),
                from: today.offer.clone(),
                to: database.offer.clone(),
                disk_gb: database.disk_gb.filter(|_| together),
            });
        }
        if together {
            continue;
        }
        if let Some(to) = database.disk_gb.filter(|_| today.disk_gb != database.disk_gb) {
            changes.push(Change::DatabaseDisk { name, from: today.disk_gb, to });
        }
    }
    changes.extend(redis_differences(start, end));
    for service in &end.services {
        let name = service.name.clone();
        match start.services.iter().find(|one| one.name == name) {
            Some(today) => changes.extend(service_differences(today, service)),
            None => changes.push(Change::ServiceCreate { name }),
        }
    }
    changes
}

fn service_differences(today: &ServiceTarget, then: &ServiceTarget) -> Vec<Change> {
    let mut changes = Vec::new();
    let name = then.name.clone();
    if today.offer != then.offer {
        changes.push(Change::ServiceOffer { name: name.clone(), from: today.offer.clone(), to: then.offer.clone() });
    }
    if today.instances != then.instances {
        changes.push(Change::ServiceInstances { name: name.clone(), from: today.instances, to: then.instances });
    }
    if today.start_command != then.start_command || today.workers != then.workers || today.threads != then.threads {
        let (from, to) = (Box::new(today.clone()), Box::new(then.clone()));
        changes.push(Change::ServiceSettings { name: name.clone(), from, to });
    }
    if today.variables != then.variables {
        changes.push(Change::ServiceVariables { name, variables: then.variables.clone() });
    }
    changes
}

fn redis_differences(start: &Target, end: &Target) -> Vec<Change> {
    let mut changes = Vec::new();
    for redis in &end.redis {
        let name = redis.name.clone();
        match start.redis.iter().find(|one| one.name == name) {
            None => changes.push(Change::RedisCreate { name, provider: redis.provider }),
            // The plan of an instance elsewhere does not show in the repository: what is unknown is no difference.
            Some(today) if today.offer.is_none() => {}
            Some(today) if today.offer != redis.offer || today.eviction != redis.eviction => {
                changes.push(Change::RedisOffer { name, from: Box::new(today.clone()), to: Box::new(redis.clone()) });
            }
            Some(_) => {}
        }
    }
    changes
}

impl Change {
    /// Brings the change about in a state; `end` is the target that the change belongs to.
    pub fn apply(&self, state: &mut Target, end: &Target) {
        match self {
            Self::DatabaseOffer { name, disk_gb, .. } => {
                let then = end.databases.iter().find(|one| &one.name == name);
                if let (Some(database), Some(then)) = (state.databases.iter_mut().find(|one| &one.name == name), then) {
                    database.offer.clone_from(&then.offer);
                    database.max_connections = then.max_connections;
                    database.disk_gb = disk_gb.or(database.disk_gb);
                }
            }
            Self::DatabaseDisk { name, to, .. } => {
                if let Some(database) = state.databases.iter_mut().find(|one| &one.name == name) {
                    database.disk_gb = Some(*to);
                }
            }
            Self::DatabaseCreate { name } => {
                state.databases.extend(end.databases.iter().filter(|one| &one.name == name).cloned());
            }
            Self::ServiceOffer { name, to, .. } => {
                if let Some(service) = state.services.iter_mut().find(|one| &one.name == name) {
                    service.offer.clone_from(to);
                }
            }
            Self::ServiceInstances { name, to, .. } => {
                if let Some(service) = state.services.iter_mut().find(|one| &one.name == name) {
                    service.instances = *to;
                }
            }
            Self::ServiceSettings { name, to, .. } => {
                if let Some(service) = state.services.iter_mut().find(|one| &one.name == name) {
                    let (offer, instances) = (service.offer.take(), service.instances);
                    let variables = std::mem::take(&mut service.variables);
                    *service = ServiceTarget { offer, instances, variables, ..(**to).clone() };
                }
            }
            Self::ServiceVariables { name, variables } => {
                if let Some(service) = state.services.iter_mut().find(|one| &one.name == name) {
                    service.variables.clone_from(variables);
                }
            }
            Self::ServiceCreate { name } => {
                state.services.extend(end.services.iter().filter(|one| &one.name == name).cloned());
            }
            Self::RedisOffer { name, to, .. } => {
                if let Some(redis) = state.redis.iter_mut().find(|one| &one.name == name) {
                    *redis = (**to).clone();
                }
            }
            // The addresses are secrets or belong to the user's own lines: a person changes them.
            Self::RedisSwitch { .. } => {}
            Self::RedisCreate { name, .. } => {
                state.redis.extend(end.redis.iter().filter(|one| &one.name == name).cloned());
            }
        }
    }

    /// The component that it is about.
    #[must_use]
    pub fn component(&self) -> &str {
        match self {
            Self::DatabaseOffer { name, .. }
            | Self::DatabaseDisk { name, .. }
            | Self::DatabaseCreate { name }
            | Self::ServiceOffer { name, .. }
            | Self::ServiceInstances { name, .. }
            | Self::ServiceSettings { name, .. }
            | Self::ServiceVariables { name, .. }
            | Self::ServiceCreate { name }
            | Self::RedisOffer { name, .. }
            | Self::RedisSwitch { name, .. }
            | Self::RedisCreate { name, .. } => name,
        }
    }
}
