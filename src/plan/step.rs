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
    /// Run the project's own migration command.
    Migrate {
        /// The migration, relative to the root.
        path: String,
        /// The command.
        command: String,
    },
    /// Run the statements of a file, each alone, on one connection, in autocommit.
    RunSql {
        /// The file, relative to the root.
        path: String,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// Which probe: `file`, `deploy`, `http`, `postgres`, `redis`, `index`.
    pub probe: String,
    /// What it looks at.
    pub of: String,
    /// What must hold.
    pub expect: String,
}

impl Probe {
    /// A probe.
    #[must_use]
    pub fn new(probe: &str, of: impl Into<String>, expect: impl Into<String>) -> Self {
        Self { probe: probe.to_owned(), of: of.into(), expect: expect.into() }
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
