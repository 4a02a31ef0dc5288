use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much can go wrong in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Users notice nothing.
    Low,
    /// Seconds or minutes of interruption, or more load for a while.
    Medium,
    /// Data or money can be lost.
    High,
}

impl Risk {
    /// The name as the JSON contract writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a step does, as data; its code is in `apply`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    Nothing {
        /// Why there is nothing to do.
        why: String,
    },
    /// Change values of an existing file and nothing else in it.
    EditFile {
        /// The file, relative to the root.
        path: String,
        /// The values.
        changes: Vec<FieldChange>,
    },
    /// Write whole files.
    WriteFiles {
        /// The files.
        files: Vec<FileHash>,
    },
    /// Remove files that palier wrote.
    RemoveFiles {
        /// The files, relative to the root.
        paths: Vec<String>,
    },
    /// Build an index without blocking anybody.
    BuildIndex {
        /// The index.
        index: IndexOfStep,
    },
    /// Drop an index without blocking anybody.
    DropIndex {
        /// The index, with what builds it again.
        index: IndexOfStep,
    },
    /// Run a command of the project's own.
    Command {
        /// The command's name in the policy.
        name: String,
        /// What a shell runs; null for a hook.
        run: Option<String>,
        /// The environment variable that holds a deploy hook's address.
        hook: Option<String>,
        /// After how many seconds it is ended.
        time_limit_seconds: u64,
        /// Whether it may run again when nobody knows how an earlier run of it ended.
        repeatable: bool,
    },
    /// Change one field of a resource through its provider's interface.
    ChangeResource {
        /// The provider.
        provider: String,
        /// The resource.
        resource: String,
        /// The field.
        field: String,
        /// Its value of today; null when there is none.
        from: Option<String>,
        /// Its value then.
        to: Option<String>,
    },
    /// Something happens elsewhere; wait until the probes hold.
    Wait {
        /// What a person or the provider does.
        until: String,
        /// After how many minutes the wait is given up.
        deadline_minutes: u32,
    },
    /// A person does something that no interface offers.
    ByHand {
        /// What.
        instruction: String,
    },
}

/// A file with its content's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileHash {
    /// The file, relative to the root.
    pub path: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// An index that a step builds or drops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndexOfStep {
    /// Its name.
    pub name: String,
    /// Its table, as SQL text.
    pub table: String,
    /// The statement that builds it.
    pub create: String,
    /// The migration that holds it, relative to the root.
    pub path: String,
    /// The project's own command that runs the migration (Alembic, Django); null when palier runs the SQL itself.
    pub command: Option<String>,
    /// The project's own command that takes it back.
    pub undo_command: Option<String>,
}

/// A value of a file, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Where: keys and list indices (`services[0].plan`).
    pub at: String,
    /// The value of today; null when there is none.
    pub from: Option<String>,
    /// The value then; null when it goes.
    pub to: Option<String>,
}

/// A check before or after a step, as data; its code is in `verify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// Which probe: `file`, `deploy`, `http`, `postgres`, `redis`, `index`...
    pub probe: String,
    /// What it looks at.
    pub of: String,
    /// What must hold, for a person.
    pub expect: String,
    /// What must hold, for the probe: figures and names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wants: BTreeMap<String, serde_json::Value>,
}

impl Probe {
    /// A probe.
    #[must_use]
    pub fn new(probe: &str, of: impl Into<String>, expect: impl Into<String>) -> Self {
        Self { probe: probe.to_owned(), of: of.into(), expect: expect.into(), wants: BTreeMap::new() }
    }

    /// Adds what the probe must find.
    #[must_use]
    pub fn wants(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.wants.insert(name.to_owned(), value.into());
        self
    }
}

/// One change with its preview, its checks, its inverse, its cost and its risk. The JSON contract's `steps`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// A name that stays the same for the same change.
    pub id: String,
    /// The flight that it goes live with, counted from 1.
    pub flight: u32,
    /// `file`, `sql-index`, `wait` or `command`.
    pub kind: String,
    /// What it does, in one line.
    pub title: String,
    /// Why.
    pub reason: String,
    /// Steps that must be done before.
    pub depends_on: Vec<String>,
    /// Whether it can be undone.
    pub reversible: bool,
    /// Why it cannot, and under which name the policy allows it; null when it can.
    pub one_way: Option<String>,
    /// How much can go wrong.
    pub risk: Risk,
    /// What goes wrong then.
    pub risk_reason: String,
    /// What it adds to the monthly cost; null when unknown.
    pub cost_delta: Option<String>,
    /// What must hold before.
    pub check: Vec<Probe>,
    /// What it does.
    pub run: Action,
    /// What must hold after.
    pub verify: Vec<Probe>,
    /// How it is undone.
    pub undo: Action,
}
