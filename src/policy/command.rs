//! `[[command]]`: what the project itself runs between the steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Duration;

/// When a command runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CommandMoment {
    /// After the files are written and before anything is waited for: what brings the flight live.
    #[default]
    BeforeLive,
    /// After the flight is live and verified.
    AfterLive,
}

/// A command of the project's own: a release script, a deploy hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandPolicy {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What a shell runs, in the project's root.
    #[serde(default)]
    pub run: Option<String>,
    /// The environment variable that holds the address of a deploy hook, instead of `run`.
    #[serde(default)]
    pub hook: Option<String>,
    /// When it runs.
    #[serde(default)]
    pub when: CommandMoment,
    /// What must succeed before it runs.
    #[serde(default)]
    pub check: Option<String>,
    /// What must succeed after it.
    #[serde(default)]
    pub verify: Option<String>,
    /// What undoes it. Without this the step is one-way.
    #[serde(default)]
    pub undo: Option<String>,
    /// Whether it may run again when nobody knows how an earlier run of it ended. A deploy hook may.
    #[serde(default)]
    pub repeatable: bool,
    /// How long it may take.
    #[serde(default = "ten_minutes")]
    pub time_limit: Duration,
}

const fn ten_minutes() -> Duration {
    Duration::seconds(600.0)
}
