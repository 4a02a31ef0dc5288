use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::apply::Patch;
use crate::decide::Target;
use crate::metrics::MeasuredOn;
use crate::plan::Plan;
use crate::verify::Outcome;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, counted from 1 without gaps.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The lease that it was written under: the number of the entry that took it. A writer whose lease is no longer the
    /// newest has lost the right to write.
    pub lease: u64,
    /// What happened. A field of its own, because a flattened one is read a third as quickly.
    pub event: Event,
}

/// Who holds, or held, the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine, under a name that no other has. Containers that count their processes apart are machines of their
    /// own: a process that cannot be seen from another one is not dead.
    pub host: String,
    /// The process.
    pub process: u32,
    /// When the process started, in clock ticks since the machine did (Linux), so that a reused number is told apart.
    pub process_started: Option<u64>,
    /// What tells the machine, and the space that its process numbers are of, from others of its name: two containers
    /// may share a name, and a process of one is none of the other.
    #[serde(default)]
    pub machine: Option<String>,
    /// The user, or the CI job.
    pub user: String,
    /// A name that no other run has.
    pub run: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Every step of the flight is done and verified.
    Applied,
    /// Something that happens elsewhere has not happened yet.
    Waiting,
    /// A step failed; its scope was undone and verified.
    RolledBack,
    /// An undo failed: a person must look.
    Stuck,
    /// A step failed before it changed anything, and nothing had to be undone.
    Failed,
    /// Somebody asked for an end.
    Interrupted,
    /// The steps that were asked for are done, and others are left.
    Partial,
    /// A person gave it up as it stands.
    Abandoned,
}

impl RunOutcome {
    /// The name as JSON writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Waiting => "waiting",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Partial => "partial",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether nothing of the run is left to be resumed or taken back before another one may begin.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Applied | Self::RolledBack | Self::Failed | Self::Abandoned)
    }
}

/// What a run is about to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// A name for this plan: the first twelve digits of its SHA-256.
    pub plan_id: String,
    /// The plan.
    pub plan: Box<Plan>,
    /// The flight that is applied.
    pub flight: u32,
    /// How each file is changed by the step of this id; empty where files are only compared.
    pub patches: Vec<(String, Vec<Patch>)>,
    /// The state after the flight.
    pub after: Box<Target>,
    /// The commit of the checkout, when it is known.
    pub commit: Option<String>,
    /// The SHA-256 of the usage file; empty when there is none.
    #[serde(default)]
    pub metrics: String,
    /// What ran while the usage was measured.
    #[serde(default)]
    pub measured_on: MeasuredOn,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A run took the lock.
    LeaseTaken {
        /// Who.
        holder: Holder,
        /// Until when, unless the holder writes before. `None` on a disk, where the operating system frees the lock of a
        /// process that ends.
        until: Option<Timestamp>,
        /// Whose lock it was before, when that was neither released nor still alive.
        took_over: Option<Holder>,
    },
    /// The holder still works (in a bucket alone, and only when it has nothing else to write).
    LeaseRenewed {
        /// Until when.
        until: Timestamp,
    },
    /// The holder gave the lock back.
    LeaseReleased,
    /// A run begins, with all that it is going to do.
    Decided(Box<Decided>),
    /// A step begins: from here on it may have happened.
    StepBegun {
        /// The step's id.
        step: String,
    },
    /// A step is done and verified.
    StepDone {
        /// The step's id.
        step: String,
        /// Whether it was found done already.
        already: bool,
        /// What was verified.
        verified: Vec<Outcome>,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// A step failed.
    StepFailed {
        /// The step's id.
        step: String,
        /// Why, in one sentence.
        message: String,
        /// What was seen.
        verified: Vec<Outcome>,
    },
    /// A step waits for something that happens elsewhere.
    StepWaits {
        /// The step's id.
        step: String,
        /// What is still missing.
        missing: Vec<String>,
    },
    /// A step's probes were seen failing while it waited: when they hold later, something has changed.
    StepSeenFailing {
        /// The step's id.
        step: String,
    },
    /// A person said that a step that nobody can see is done.
    StepConfirmed {
        /// The step's id.
        step: String,
        /// Who.
        by: String,
    },
    /// Somebody takes the run back: everything, or all that came after a step.
    RollbackAsked {
        /// The last step that is kept.
        to: Option<String>,
    },
    /// An undo begins: from here on it may have happened.
    UndoBegun {
        /// The step's id.
        step: String,
    },
    /// A step is undone, and that is verified.
    UndoDone {
        /// The step's id.
        step: String,
        /// What was verified.
        verified: Vec<Outcome>,
    },
    /// An undo failed.
    UndoFailed {
        /// The step's id.
        step: String,
        /// Why.
        message: String,
        /// What a person must do, in order.
        to_do: Vec<String>,
    },
    /// A run ended.
    RunEnded {
        /// How.
        outcome: RunOutcome,
    },
}
