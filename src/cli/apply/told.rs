use crate::cli::output;
use crate::cli::progress::Bar;
use palier::apply::steps::Trouble;
use palier::apply::{Ending, Listener};
use palier::diagnostic::Diagnostic;
use palier::plan::Step;
use palier::verify::Status;

/// Tells on stderr how a run goes on.
pub(crate) struct Told<'a> {
    bar: &'a Bar,
    quiet: bool,
}

impl<'a> Told<'a> {
    pub(crate) const fn new(bar: &'a Bar, quiet: bool) -> Self {
        Self { bar, quiet }
    }

    fn say(&self, text: &str) {
        self.bar.clear();
        if !self.quiet {
            output::talk(text);
        }
    }

    /// What is wrong, with its remedy; nothing for what is only waited for or was asked for.
    pub(crate) fn diagnostic(trouble: &Trouble) -> Option<Diagnostic> {
        match trouble {
            Trouble::Failed(problem) | Trouble::Stale(problem) => Some((**problem).clone()),
            Trouble::Waiting { .. } | Trouble::Interrupted { .. } => None,
        }
    }
}

impl Listener for Told<'_> {
    fn begins(&self, number: usize, of: usize, step: &Step) {
        self.say(&format!("[{number}/{of}] {}", step.title));
    }

    fn ended(&self, step: &Step, how: &Ending<'_>) {
        let line = match how {
            Ending::Done { already, verified } => {
                let holding = verified.iter().filter(|one| one.status == Status::Holds).count();
                let unknown = verified.iter().filter(|one| one.status == Status::Unknown).count();
                let done = if *already { "was done already" } else { "done" };
                let checks = match (holding, unknown) {
                    (0, 0) => String::new(),
                    (holding, 0) => format!(", verified by {holding}"),
                    (holding, unknown) => format!(", verified by {holding}, {unknown} cannot be seen from here"),
                };
                format!("      {done}{checks}")
            }
            Ending::Stopped(Trouble::Waiting { .. }) => "      it has not happened yet".to_owned(),
            Ending::Stopped(trouble) => format!("      stopped: {}", trouble.message()),
            Ending::Undone => format!("      undone: {}", step.title),
            Ending::NotUndone(trouble) => format!("      NOT undone: {}: {}", step.title, trouble.message()),
            Ending::Stands(why) => format!("      stands, cannot be undone: {} ({why})", step.title),
        };
        self.say(&line);
    }
}
