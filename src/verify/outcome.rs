use serde::{Deserialize, Serialize};

use crate::client::Fault;

/// Whether what a probe looks for holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// It cannot be seen from here.
    Unknown,
}

impl Status {
    /// The name as JSON writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// A figure that was measured on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what: `ms`, `bytes`, `connections`, `days`...
    pub unit: String,
}

impl Figure {
    /// A figure.
    #[must_use]
    pub fn new(name: &str, value: f64, unit: &str) -> Self {
        Self { name: name.to_owned(), value, unit: unit.to_owned() }
    }
}

/// What a probe has seen when nothing went wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// In one sentence.
    pub note: String,
    /// With these figures.
    pub figures: Vec<Figure>,
    /// Why nothing can be said, when so.
    pub unknown: Option<String>,
}

impl Seen {
    /// It holds.
    #[must_use]
    pub fn holds(note: impl Into<String>) -> Self {
        Self { note: note.into(), ..Self::default() }
    }

    /// It cannot be seen from here, and why.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..Self::default() }
    }

    /// Adds a figure.
    #[must_use]
    pub fn figure(mut self, name: &str, value: f64, unit: &str) -> Self {
        self.figures.push(Figure::new(name, value, unit));
        self
    }
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which probe.
    pub probe: String,
    /// What it looked at.
    pub of: String,
    /// What must hold.
    pub expect: String,
    /// Whether it does.
    pub status: Status,
    /// What was seen, or why nothing was, in one sentence.
    pub note: String,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What went wrong; null when nothing did.
    pub fault: Option<Fault>,
    /// How long it took.
    pub milliseconds: u64,
}
