use crate::client::Fault;
use crate::diagnostic::Diagnostic;
use crate::verify::Outcome;

/// Why a step did not come to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// It failed.
    Failed(Box<Diagnostic>),
    /// Something that happens elsewhere has not happened within its time: what is still missing, and what was seen.
    Waiting {
        /// What is still missing, for a person.
        missing: Vec<String>,
        /// What was seen.
        seen: Vec<Outcome>,
    },
    /// The world is not as the plan assumed.
    Stale(Box<Diagnostic>),
    /// Somebody asked for an end. Whether the step was brought to a clean state before.
    Interrupted {
        /// Nothing of it is left half done.
        clean: bool,
    },
}

impl Trouble {
    /// A failure.
    #[must_use]
    pub fn failed(diagnostic: Diagnostic) -> Self {
        Self::Failed(Box::new(diagnostic))
    }

    /// A difference from what the plan assumed.
    #[must_use]
    pub fn stale(diagnostic: Diagnostic) -> Self {
        Self::Stale(Box::new(diagnostic))
    }

    /// The sentence for the journal.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Failed(diagnostic) | Self::Stale(diagnostic) => diagnostic.message.clone(),
            Self::Waiting { missing, .. } => format!("still waiting for: {}", missing.join("; ")),
            Self::Interrupted { clean: true } => "interrupted, and left clean".to_owned(),
            Self::Interrupted { clean: false } => "interrupted in the middle".to_owned(),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::failed(Diagnostic::error("cannot-reach", fault.message).help(fault.remedy))
    }
}
