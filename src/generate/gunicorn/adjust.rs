use std::ops::Range;

use super::arguments::{Argument, arguments};
use super::call::{Call, Found, find};
use super::convert::gunicorn_from_uvicorn;
use super::read::last;
use super::words::unreadable;
use super::{Reason, ServerSettings};
use crate::project::Server;

/// Changes a start command so that the server runs with the settings, and leaves every other byte as it is: the other
/// commands of the line, wrappers, quotes, the address, unknown flags, and their order. A setting that is `None` is
/// not touched. uvicorn becomes gunicorn when the settings are for gunicorn.
///
/// # Errors
/// Why the command cannot be edited; it is then best shown to a person beside [`start_command`](super::start_command).
pub fn adjust_command(existing: &str, settings: &ServerSettings) -> Result<String, Reason> {
    let call = match find(existing)? {
        Found::Call(call) => call,
        Found::Nested(inner, quote) => return adjust_nested(existing, inner, quote, settings),
    };
    match (call.server, settings.server) {
        (Server::Uvicorn, Server::Uvicorn) => adjust_uvicorn(existing, &call, settings),
        (Server::Uvicorn, _) => adjust_command(&gunicorn_from_uvicorn(existing, &call, settings)?, settings),
        (_, Server::Uvicorn) => Err(Reason::ServerChange),
        _ => adjust_gunicorn(existing, &call, settings),
    }
}

/// A line inside the quotes of `sh -c '...'`.
fn adjust_nested(
    existing: &str,
    inner: Range<usize>,
    quote: char,
    settings: &ServerSettings,
) -> Result<String, Reason> {
    let adjusted = adjust_command(&existing[inner.clone()], settings)?;
    if adjusted.contains(quote) || (quote == '"' && adjusted.contains('\\')) {
        return Err(unreadable("the settings need quotes inside the quotes of a shell's line"));
    }
    Ok(format!("{}{adjusted}{}", &existing[..inner.start], &existing[inner.end..]))
}

fn adjust_uvicorn(existing: &str, call: &Call, settings: &ServerSettings) -> Result<String, Reason> {
    let arguments = arguments(existing, Server::Uvicorn, &call.arguments);
    let several = settings.workers.is_some_and(|workers| workers > 1);
    if several && last(&arguments, "--reload").is_some() {
        return Err(Reason::NoEquivalent { flag: "--reload".to_owned(), why: "it allows one process only" });
    }
    let mut edits = Edits::new(call.end);
    if let Some(workers) = settings.workers {
        edits.set(&arguments, "--workers", &workers.to_string())?;
    }
    Ok(edits.apply(existing))
}

fn adjust_gunicorn(existing: &str, call: &Call, settings: &ServerSettings) -> Result<String, Reason> {
    let arguments = arguments(existing, Server::Gunicorn, &call.arguments);
    let wanted = settings.gunicorn_flags();
    let mut edits = Edits::new(call.end);
    for (flag, value) in &wanted {
        edits.set(&arguments, flag, value)?;
    }
    for (flag, value) in at_default(settings) {
        // What gunicorn does by itself need not be said, but a flag that says otherwise must be changed.
        let left_out = wanted.iter().all(|(name, _)| *name != flag);
        if left_out && last(&arguments, flag).is_some() {
            edits.set(&arguments, flag, &value)?;
        }
    }
    let preload: Vec<&Argument> = arguments.iter().filter(|argument| argument.flag == "--preload").collect();
    match settings.preload {
        Some(true) if preload.is_empty() => edits.add("--preload"),
        Some(false) => preload.iter().for_each(|argument| edits.remove(existing, &argument.span)),
        _ => {}
    }
    Ok(edits.apply(existing))
}

/// Every setting that is known, with its value: where the command has the flag, it must say this.
fn at_default(settings: &ServerSettings) -> Vec<(&'static str, String)> {
    let numbers = [
        ("--threads", settings.threads),
        ("--timeout", settings.timeout),
        ("--max-requests", settings.max_requests),
        ("--max-requests-jitter", settings.max_requests_jitter),
    ];
    let class = settings.worker_class.as_ref().map(|class| ("--worker-class", super::shell_word(class)));
    let numbers = numbers.into_iter().filter_map(|(flag, value)| Some((flag, value?.to_string())));
    numbers.chain(class).collect()
}

/// Changes of a text, gathered before any is made so that places stay right.
pub(super) struct Edits {
    end: usize,
    added: String,
    replaced: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// No changes yet; additions will go to `end`.
    pub(super) const fn new(end: usize) -> Self {
        Self { end, added: String::new(), replaced: Vec::new() }
    }

    pub(super) fn add(&mut self, words: &str) {
        self.added.push(' ');
        self.added.push_str(words);
    }

    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.replaced.push((range, text.into()));
    }

    /// Removes an argument with the blanks before it.
    pub(super) fn remove(&mut self, existing: &str, span: &Range<usize>) {
        let before = existing[..span.start].trim_end_matches([' ', '\t']);
        self.replaced.push((before.len()..span.end, String::new()));
    }

    /// Gives a flag a value: in its place when it is there, else at the end.
    fn set(&mut self, arguments: &[Argument], flag: &str, value: &str) -> Result<(), Reason> {
        let Some(argument) = last(arguments, flag) else {
            self.add(&format!("{flag} {value}"));
            return Ok(());
        };
        let Some((range, text)) = &argument.value else {
            return Err(Reason::Unreadable(format!("`{flag}` in it has no value")));
        };
        if text != value {
            self.replace(range.clone(), value);
        }
        Ok(())
    }

    /// Makes the changes, from the last to the first.
    pub(super) fn apply(mut self, existing: &str) -> String {
        let mut text = existing.to_owned();
        self.replaced.push((self.end..self.end, self.added));
        // At the same place the addition is made last, behind what was replaced there.
        self.replaced.sort_by_key(|(range, _)| (range.start, range.end));
        for (range, replacement) in self.replaced.into_iter().rev() {
            text.replace_range(range, &replacement);
        }
        text
    }
}
