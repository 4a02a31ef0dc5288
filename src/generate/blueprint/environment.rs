use serde_json::{Value as Json, json};

/// An environment variable that a service must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedEnv {
    /// Its name; the group's name for [`WantedSource::Group`].
    pub key: String,
    /// Where its value comes from.
    pub source: WantedSource,
}

/// Where a wanted variable's value comes from. Render puts values together nowhere: a variable is one whole value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedSource {
    /// A database of the same blueprint.
    Database {
        /// The database's name.
        name: String,
        /// `connectionString`, `connectionPoolString`, `host`, `port`, `user`, `password` or `database`.
        property: String,
    },
    /// A service or a Key Value instance.
    Service {
        /// The service's name.
        name: String,
        /// Its type as the file writes it: `web`, `pserv`, `keyvalue`...
        kind: String,
        /// `host`, `port`, `hostport` or `connectionString`.
        property: String,
    },
    /// A variable of another service.
    ServiceVariable {
        /// The service's name.
        name: String,
        /// Its type.
        kind: String,
        /// The other service's variable.
        variable: String,
    },
    /// Render asks for it when the service is created (`sync: false`); later syncs leave it alone.
    Prompted,
    /// Render makes up a random value (`generateValue: true`).
    Generated,
    /// A value that stands in the file: no secret.
    Value(String),
    /// All variables of a group.
    Group,
}

impl WantedEnv {
    /// The variable as an item of `envVars`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let key = self.key.as_str();
        match &self.source {
            WantedSource::Database { name, property } => {
                json!({"key": key, "fromDatabase": {"name": name, "property": property}})
            }
            WantedSource::Service { name, kind, property } => {
                json!({"key": key, "fromService": {"type": kind, "name": name, "property": property}})
            }
            WantedSource::ServiceVariable { name, kind, variable } => {
                json!({"key": key, "fromService": {"type": kind, "name": name, "envVarKey": variable}})
            }
            WantedSource::Prompted => json!({"key": key, "sync": false}),
            WantedSource::Generated => json!({"key": key, "generateValue": true}),
            WantedSource::Value(value) => json!({"key": key, "value": value}),
            WantedSource::Group => json!({"fromGroup": key}),
        }
    }
}
