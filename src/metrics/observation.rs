use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::document::Document;

/// What ran while the usage was measured. `None` is what the repository names today.
///
/// A repository changes the moment its files are written, and the figures do not: taken for measurements of the new
/// plans, old figures would ask for one more upgrade after each one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredOn {
    /// The web service's plan.
    pub web_plan: Option<String>,
    /// Its instances.
    pub instances: Option<u32>,
    /// Its worker processes.
    pub workers: Option<u32>,
    /// Their threads.
    pub threads: Option<u32>,
    /// The database's plan.
    pub database_plan: Option<String>,
    /// The plan of Redis.
    pub redis_plan: Option<String>,
}

impl MeasuredOn {
    /// What the snapshot itself says.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            web_plan: snapshot.web.plan.clone(),
            instances: snapshot.web.instances,
            workers: snapshot.web.workers,
            threads: snapshot.web.threads,
            database_plan: snapshot.database.plan.clone(),
            redis_plan: snapshot.redis.plan.clone(),
        }
    }

    /// The same, with what is missing taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            web_plan: self.web_plan.or(other.web_plan),
            instances: self.instances.or(other.instances),
            workers: self.workers.or(other.workers),
            threads: self.threads.or(other.threads),
            database_plan: self.database_plan.or(other.database_plan),
            redis_plan: self.redis_plan.or(other.redis_plan),
        }
    }
}

/// The usage that a decision rests on, with the file that it was read from.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// The latest snapshot.
    pub snapshot: Snapshot,
    /// What ran while it was measured.
    pub measured_on: MeasuredOn,
    document: Option<Document>,
}

impl Metrics {
    /// Usage, and the document that it stood in.
    #[must_use]
    pub fn new(snapshot: Snapshot, document: Option<Document>) -> Self {
        Self { measured_on: MeasuredOn::of(&snapshot), snapshot, document }
    }

    /// Where a figure comes from, for a person: `requests.per_second.peak (metrics.yaml:4, 7 days)`.
    #[must_use]
    pub fn evidence(&self, name: &str) -> String {
        let window = self.snapshot.window.map_or_else(String::new, |window| format!(", over {window}"));
        match &self.document {
            Some(document) => format!("{name} ({}{window})", document.place_of(name)),
            None => name.to_owned(),
        }
    }

    /// Whether nothing was measured at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let bare = Snapshot { taken_at: None, window: None, history: Vec::new(), ..self.snapshot.clone() };
        bare == Snapshot::default()
    }
}
