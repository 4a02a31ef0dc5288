use crate::apply::steps::Trouble;
use crate::client::postgres::SqlError;
use crate::client::{Cause, Fault};
use crate::diagnostic::Diagnostic;

/// Why a piece of work on the database came to no end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Trying again would not help.
    Trouble(Trouble),
    /// It passes by itself: the connection broke, or two sessions waited for each other.
    Passing(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        if passes(&error) { Self::Passing(error.to_string()) } else { Self::Trouble(refused(&error)) }
    }
}

impl Stop {
    /// As the trouble that it is when nothing is tried again.
    pub(super) fn into_trouble(self) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            Self::Passing(message) => Fault::new(Cause::Closed, message).remedy("try again").into(),
        }
    }
}

/// Whether the same statement may succeed a moment later: the connection was lost, a deadlock (40P01) chose this
/// session as its victim, a lock was not there in time (55P03), or no connection was left (53300).
pub(super) fn passes(error: &SqlError) -> bool {
    error.is_lost() || matches!(error.code.as_str(), "40P01" | "40001" | "55P03" | "53300")
}

/// What Postgres refused, for good.
pub(super) fn refused(error: &SqlError) -> Trouble {
    let help = match error.code.as_str() {
        "42501" => "use the role that owns the table, or grant this one what it needs".to_owned(),
        "53100" => "free storage or raise it: an index needs about as much again while it is built".to_owned(),
        _ => error.hint.clone(),
    };
    Trouble::failed(Diagnostic::error("database-refuses", format!("the database refuses: {error}")).help(help))
}
