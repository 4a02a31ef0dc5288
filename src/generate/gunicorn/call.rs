//! Where in a command line the server is called: behind which wrappers, in which of the chained commands.

use std::ops::Range;

use super::Reason;
use super::words::{Segment, Word, segments, unreadable};
use crate::project::Server;

/// A call of gunicorn or uvicorn.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Which of the two.
    pub(super) server: Server,
    /// The bytes of its name: `gunicorn` in `/venv/bin/gunicorn`.
    pub(super) name: Range<usize>,
    /// The words behind the name, up to `--`.
    pub(super) arguments: Vec<Word>,
    /// Where further flags go: behind the last argument, before a redirection.
    pub(super) end: usize,
}

/// What a command line runs.
#[derive(Debug)]
pub(super) enum Found {
    /// The server itself.
    Call(Call),
    /// A shell that is given a command line: the bytes of that line inside its quotes, and the quote.
    Nested(Range<usize>, char),
}

/// Programs that run the program behind them: their name, and the word that must follow.
const WRAPPERS: &[(&str, Option<&str>)] = &[
    ("env", None),
    ("poetry", Some("run")),
    ("uv", Some("run")),
    ("uvx", None),
    ("pipenv", Some("run")),
    ("pdm", Some("run")),
    ("rye", Some("run")),
    ("hatch", Some("run")),
    ("conda", Some("run")),
    ("micromamba", Some("run")),
    ("ddtrace-run", None),
    ("newrelic-admin", Some("run-program")),
    ("opentelemetry-instrument", None),
    ("doppler", Some("run")),
    ("infisical", Some("run")),
    ("dotenv", Some("run")),
    ("dumb-init", None),
    ("tini", None),
    ("nice", None),
    ("ionice", None),
    ("stdbuf", None),
    ("timeout", None),
    ("gosu", None),
    ("su-exec", None),
    ("sudo", None),
];

/// Words of the shell itself that a command may stand behind.
const KEYWORDS: &[&str] = &["exec", "nohup", "time", "command", "then", "else", "do", "{", "!"];

/// Servers that palier recognises and does not configure.
const OTHER_SERVERS: &[&str] =
    &["daphne", "hypercorn", "waitress-serve", "granian", "fastapi", "flask", "uwsgi", "celery", "runserver"];

/// Finds the one call of a server in a command line.
pub(super) fn find(command: &str) -> Result<Found, Reason> {
    let mut found = Vec::new();
    let mut other = None;
    for segment in segments(command)? {
        match in_segment(command, &segment)? {
            Some(call) => found.push(call),
            None => other = other.or_else(|| other_server(&segment)),
        }
    }
    match found.len() {
        0 => Err(other.map_or(Reason::NoServer, Reason::OtherServer)),
        1 => found.pop().ok_or(Reason::NoServer),
        _ => Err(Reason::SeveralServers),
    }
}

fn other_server(segment: &Segment) -> Option<String> {
    let known = |word: &Word| OTHER_SERVERS.contains(&basename(&word.text));
    segment.words.iter().find(|word| known(word)).map(|word| basename(&word.text).to_owned())
}

fn in_segment(command: &str, segment: &Segment) -> Result<Option<Found>, Reason> {
    let words = &segment.words;
    let first = words.iter().position(|word| !is_assignment(word) && !KEYWORDS.contains(&word.text.as_str()));
    let Some(first) = first else { return Ok(None) };
    let program = basename(&words[first].text);
    let wrapper = WRAPPERS.iter().find(|(name, _)| *name == program);
    let follows = |word: &str| words.get(first + 1).is_some_and(|next| next.text == word);
    let separator = words.iter().position(|word| word.text == "--");
    // Behind a wrapper the program may be any word: the wrapper's own flags may take values. Behind an unknown program
    // it is the one after `--` (`wait-for-it.sh db:5432 -- gunicorn ...`).
    let candidates = match wrapper {
        Some((_, subcommand)) if subcommand.is_none_or(follows) => first + 1..words.len(),
        Some(_) => 0..0,
        None => separator.filter(|_| starts(words, first).is_none()).map_or(first..first + 1, |at| at + 1..at + 2),
    };
    let mut starts = candidates.filter_map(|index| starts(words, index));
    let Some(start) = starts.next() else { return Ok(None) };
    match start {
        Start::Shell(index) => nested(command, &words[index]).map(Some),
        Start::Server(server, index) => Ok(Some(Found::Call(call(command, segment, server, index)?))),
    }
}

/// What begins at a word: the server (with the index of the word that names it), or a shell (of its command line).
enum Start {
    Server(Server, usize),
    Shell(usize),
}

fn starts(words: &[Word], index: usize) -> Option<Start> {
    let program = basename(&words.get(index)?.text);
    if let Some(server) = server_named(program) {
        return Some(Start::Server(server, index));
    }
    let flags = words[index + 1..].iter().take_while(|word| word.text.starts_with('-')).count();
    let behind = index + 1 + flags;
    let last_flag = &words.get(behind - 1)?.text;
    if program.starts_with("python") && last_flag == "-m" {
        return words.get(behind).and_then(|word| server_named(&word.text)).map(|server| Start::Server(server, behind));
    }
    let is_shell = matches!(program, "sh" | "bash" | "dash" | "ash" | "zsh");
    let takes_line = flags > 0 && !last_flag.starts_with("--") && last_flag.ends_with('c');
    (is_shell && takes_line && behind < words.len()).then_some(Start::Shell(behind))
}

fn server_named(name: &str) -> Option<Server> {
    match name {
        "gunicorn" => Some(Server::Gunicorn),
        "uvicorn" => Some(Server::Uvicorn),
        _ => None,
    }
}

fn call(command: &str, segment: &Segment, server: Server, index: usize) -> Result<Call, Reason> {
    let word = &segment.words[index];
    let name_start = command[word.span.clone()].rfind(server.name());
    let name_start = word.span.start + name_start.ok_or_else(|| unreadable("the server's name is written in parts"))?;
    let behind = &segment.words[index + 1..];
    let arguments: Vec<Word> = behind.iter().take_while(|word| word.text != "--").cloned().collect();
    let before_redirection = |word: &&Word| segment.redirection.is_none_or(|start| word.span.end <= start);
    let last = arguments.iter().rfind(before_redirection).unwrap_or(word);
    let end = last.span.end;
    Ok(Call { server, name: name_start..name_start + server.name().len(), arguments, end })
}

/// The line that a shell is given, when it stands whole between two quotes and nothing in it is escaped.
fn nested(command: &str, word: &Word) -> Result<Found, Reason> {
    let raw = &command[word.span.clone()];
    let quote = raw.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    let quote = quote.ok_or_else(|| unreadable("a shell in it is given a line without quotes"))?;
    let inner = raw[1..].strip_suffix(quote).unwrap_or_default();
    if inner.is_empty() || inner.contains(quote) || (quote == '"' && inner.contains('\\')) {
        return Err(unreadable("a shell in it is given a line with quotes inside quotes"));
    }
    Ok(Found::Nested(word.span.start + 1..word.span.end - 1, quote))
}

fn basename(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a word is `NAME=value`.
fn is_assignment(word: &Word) -> bool {
    word.text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
