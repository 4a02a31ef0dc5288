use std::fmt;

use serde_json::Value as Json;

use crate::diagnostic::Place;

/// One change that a blueprint must get.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Keys and list indices in the document: `["services", "0", "plan"]`. Changes are made in their order, so an
    /// index counts the items that are there when its turn comes.
    pub path: Vec<String>,
    /// What must be there.
    pub wanted: Wanted,
}

/// What a change wants at its path.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// This scalar: an existing one is replaced, an absent one is inserted, with the tables above it when they are
    /// absent too.
    Scalar(ScalarValue),
    /// One more item in the list at the path, which is created when it is absent. An item that is in the list already
    /// is not added again.
    Append(Json),
    /// Nothing at the path.
    Remove,
}

/// A value on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalarValue {
    /// A string, quoted where the file's reader would take it for something else.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Bool(bool),
}

impl ScalarValue {
    /// The same value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Bool(value) => (*value).into(),
        }
    }
}

impl Change {
    /// A change that sets a string.
    #[must_use]
    pub fn text(path: Vec<String>, value: impl Into<String>) -> Self {
        Self { path, wanted: Wanted::Scalar(ScalarValue::Text(value.into())) }
    }

    /// A change that sets a whole number.
    #[must_use]
    pub fn integer(path: Vec<String>, value: i64) -> Self {
        Self { path, wanted: Wanted::Scalar(ScalarValue::Integer(value)) }
    }

    /// A change that adds an item to a list.
    #[must_use]
    pub fn append(path: Vec<String>, item: Json) -> Self {
        Self { path, wanted: Wanted::Append(item) }
    }

    /// A change that removes what is at a path.
    #[must_use]
    pub fn remove(path: Vec<String>) -> Self {
        Self { path, wanted: Wanted::Remove }
    }
}

/// The file was left alone, because an edit that keeps everything else as it is could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct EditRefused {
    /// Why, as a sentence without a full stop.
    pub reason: String,
    /// Where the obstacle is.
    pub place: Option<Place>,
    /// Every change that is still wanted, as YAML to paste by hand.
    pub snippet: String,
}

/// A path as a user reads it: `services[0].plan`.
pub(super) struct Shown<'a>(pub(super) &'a [String]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("the top of the file");
        }
        for (position, step) in self.0.iter().enumerate() {
            if step.bytes().all(|byte| byte.is_ascii_digit()) && position > 0 {
                write!(formatter, "[{step}]")?;
            } else if position > 0 {
                write!(formatter, ".{step}")?;
            } else {
                formatter.write_str(step)?;
            }
        }
        Ok(())
    }
}
