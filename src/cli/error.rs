use std::fmt;

use super::exit::Exit;
use palier::diagnostic::Diagnostic;
use palier::report;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// The problems, in the order of the files.
    pub(crate) problems: Vec<Diagnostic>,
    /// How the process ends.
    pub(crate) exit: Exit,
}

impl CommandError {
    /// Bad input.
    pub(crate) const fn input(problems: Vec<Diagnostic>) -> Self {
        Self { problems, exit: Exit::Error }
    }

    /// One problem that concerns no place in a file.
    pub(crate) fn one(diagnostic: Diagnostic) -> Self {
        Self::input(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for CommandError {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self::input(problems)
    }
}

impl From<palier::generate::template::TemplateError> for CommandError {
    fn from(error: palier::generate::template::TemplateError) -> Self {
        let problem = Diagnostic::error("defect", error.to_string());
        Self::one(problem.help("this is a defect of palier, please report it with the files that it read"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.problems.clone();
        problems.dedup();
        writeln!(formatter, "{}", report::diagnostics(&problems))?;
        let summary = report::summary(&problems);
        if summary.is_empty() { Ok(()) } else { write!(formatter, "{summary}") }
    }
}
