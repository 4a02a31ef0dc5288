use super::Reason;
use super::arguments::{Argument, arguments};
use super::call::{Found, find};
use crate::project::Server;

/// What a command says about its server. `None` is what it does not say, or says by an expansion (`$WEB_CONCURRENCY`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReading {
    /// The server.
    pub server: Server,
    /// The application object.
    pub entry_point: Option<String>,
    /// Worker processes.
    pub workers: Option<u32>,
    /// Threads in each.
    pub threads: Option<u32>,
    /// gunicorn's worker class.
    pub worker_class: Option<String>,
    /// gunicorn's `--timeout`, in seconds.
    pub timeout: Option<u32>,
    /// gunicorn's `--max-requests`.
    pub max_requests: Option<u32>,
    /// gunicorn's `--max-requests-jitter`.
    pub max_requests_jitter: Option<u32>,
    /// Whether `--preload` is there.
    pub preload: bool,
}

/// Reads the settings that a start command holds.
///
/// # Errors
/// The command starts no server, another one, several, or is written in a way that palier does not follow.
pub fn read_command(command: &str) -> Result<ServerReading, Reason> {
    let call = match find(command)? {
        Found::Call(call) => call,
        Found::Nested(inner, _) => return read_command(&command[inner]),
    };
    let arguments = arguments(command, call.server, &call.arguments);
    let number = |flag| text_of(&arguments, flag).and_then(|text| text.parse().ok());
    Ok(ServerReading {
        server: call.server,
        entry_point: entry_point(&arguments).map(|(_, text)| text),
        workers: number("--workers"),
        threads: number("--threads"),
        worker_class: text_of(&arguments, "--worker-class").map(str::to_owned),
        timeout: number("--timeout"),
        max_requests: number("--max-requests"),
        max_requests_jitter: number("--max-requests-jitter"),
        preload: arguments.iter().any(|argument| argument.flag == "--preload"),
    })
}

/// The value of a flag; the last one wins where a flag stands twice, as argparse and click have it.
pub(super) fn last<'a>(arguments: &'a [Argument], flag: &str) -> Option<&'a Argument> {
    arguments.iter().rfind(|argument| argument.flag == flag)
}

fn text_of<'a>(arguments: &'a [Argument], flag: &str) -> Option<&'a str> {
    last(arguments, flag)?.value.as_ref().map(|(_, text)| text.as_str())
}

/// The application object among the words without a flag: the one with a colon (`main:app`), else the last.
pub(super) fn entry_point(arguments: &[Argument]) -> Option<(std::ops::Range<usize>, String)> {
    let words = || arguments.iter().filter(|argument| argument.flag.is_empty());
    let with_colon = words().find(|argument| argument.value.as_ref().is_some_and(|(_, text)| text.contains(':')));
    with_colon.or_else(|| words().next_back()).and_then(|argument| argument.value.clone())
}
