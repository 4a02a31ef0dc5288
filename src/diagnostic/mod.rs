//! A finding or an error, with its place in the user's file. Values only: rendering is in `report`.

mod secret;
mod source;

pub use secret::{looks_like_secret, mask, names_a_secret};
pub use source::{Place, SourceFile};

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Note,
    /// Something will surprise somebody.
    Warning,
    /// It must be mended before palier goes on, or before the next deploy.
    Error,
}

/// One finding or error: what is wrong, where, why it matters, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// A stable kebab-case name, for documentation and waivers.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where it is; `None` when it concerns no file.
    pub place: Option<Place>,
    /// What stands beside the caret.
    pub label: String,
    /// Why it matters, when that is not obvious; empty otherwise.
    pub why: String,
    /// What to do about it; empty when there is nothing to do.
    pub help: String,
    /// Where a fact in the message comes from; empty when it comes from the user's own file.
    pub source: String,
}

impl Diagnostic {
    /// A diagnostic with an id and a message; the rest is added by the methods below.
    #[must_use]
    pub fn new(severity: Severity, id: &'static str, message: impl Into<String>) -> Self {
        Self {
            id,
            severity,
            message: message.into(),
            place: None,
            label: String::new(),
            why: String::new(),
            help: String::new(),
            source: String::new(),
        }
    }

    /// An error.
    #[must_use]
    pub fn error(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, id, message)
    }

    /// A warning.
    #[must_use]
    pub fn warning(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, id, message)
    }

    /// A note.
    #[must_use]
    pub fn note(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, id, message)
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says what stands beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says why it matters.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Says where the fact comes from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// The path of the file that it concerns, empty when it concerns none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.place.as_ref().map_or("", |place| place.file.path.as_str())
    }

    /// The line that it concerns, counted from 1; 0 when it concerns no line.
    #[must_use]
    pub fn line(&self) -> usize {
        self.place.as_ref().map_or(0, Place::line)
    }
}

/// The known name nearest to what was written, when it is near enough to be a slip of the keyboard.
#[must_use]
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len().max(lower.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
