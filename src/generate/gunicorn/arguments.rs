//! A server's arguments, in all the spellings that argparse (gunicorn) and click (uvicorn) accept.

use std::ops::Range;

use super::words::Word;
use crate::project::Server;

/// One argument: a flag with its value, a flag alone, or a word by itself.
#[derive(Debug, Clone)]
pub(super) struct Argument {
    /// The flag's long name; empty for a word by itself.
    pub(super) flag: String,
    /// The bytes of the flag's name as written, without its value.
    pub(super) name: Range<usize>,
    /// The value's bytes, with quotes, and what the program gets.
    pub(super) value: Option<(Range<usize>, String)>,
    /// All its bytes.
    pub(super) span: Range<usize>,
}

/// gunicorn's flags that have a short form and take a value. (`gunicorn --help`, 27.0)
const GUNICORN_SHORT: &[(&str, &str)] = &[
    ("-w", "--workers"),
    ("-k", "--worker-class"),
    ("-t", "--timeout"),
    ("-b", "--bind"),
    ("-c", "--config"),
    ("-e", "--env"),
    ("-p", "--pid"),
    ("-u", "--user"),
    ("-g", "--group"),
    ("-m", "--umask"),
    ("-n", "--name"),
];

/// gunicorn's flags that take no value. (`gunicorn --help`, 27.0)
const GUNICORN_SWITCHES: &[&str] = &[
    "--reload",
    "--spew",
    "--check-config",
    "--print-config",
    "--preload",
    "--no-sendfile",
    "--reuse-port",
    "--daemon",
    "--initgroups",
    "--capture-output",
    "--disable-redirect-access-to-syslog",
    "--log-syslog",
    "--enable-stdio-inheritance",
    "--enable-backlog-metric",
    "--proxy-protocol",
    "--suppress-ragged-eofs",
    "--do-handshake-on-connect",
    "--permit-obsolete-folding",
    "--strip-header-spaces",
    "--permit-unconventional-http-method",
    "--permit-unconventional-http-version",
    "--casefold-http-method",
    "--no-control-socket",
    "--help",
    "--version",
];

/// uvicorn's flags that take no value. (`uvicorn --help`, 0.54)
const UVICORN_SWITCHES: &[&str] = &[
    "--reload",
    "--http2",
    "--access-log",
    "--no-access-log",
    "--use-colors",
    "--no-use-colors",
    "--proxy-headers",
    "--no-proxy-headers",
    "--server-header",
    "--no-server-header",
    "--date-header",
    "--no-date-header",
    "--reset-contextvars",
    "--factory",
    "--help",
    "--version",
];

/// Cuts the words behind a server's name into arguments.
pub(super) fn arguments(command: &str, server: Server, words: &[Word]) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut index = 0;
    while let Some(word) = words.get(index) {
        index += 1;
        let raw = &command[word.span.clone()];
        let argument = if word.text.starts_with("--") {
            long(server, word, raw, words.get(index))
        } else if word.text.starts_with('-') && word.text.len() > 1 && server == Server::Gunicorn {
            short(word, raw, words.get(index))
        } else {
            alone(word)
        };
        if argument.span.end > word.span.end {
            index += 1;
        }
        arguments.push(argument);
    }
    arguments
}

fn alone(word: &Word) -> Argument {
    let name = word.span.start..word.span.start;
    Argument { flag: String::new(), name, value: Some(whole(word)), span: word.span.clone() }
}

fn whole(word: &Word) -> (Range<usize>, String) {
    (word.span.clone(), word.text.clone())
}

fn long(server: Server, word: &Word, raw: &str, next: Option<&Word>) -> Argument {
    if let Some((flag, text)) = word.text.split_once('=') {
        return joined(word, raw, flag, flag, 1, text).unwrap_or_else(|| alone(word));
    }
    let switches = if server == Server::Gunicorn { GUNICORN_SWITCHES } else { UVICORN_SWITCHES };
    with_next(&word.text, word, next.filter(|_| !switches.contains(&word.text.as_str())))
}

fn short(word: &Word, raw: &str, next: Option<&Word>) -> Argument {
    let known = GUNICORN_SHORT.iter().find(|(short, _)| word.text.starts_with(short));
    let Some((short, flag)) = known else { return with_next(&word.text, word, None) };
    let text = &word.text[short.len()..];
    if text.is_empty() {
        return with_next(flag, word, next);
    }
    // argparse reads `-w4` and `-w=4` alike.
    let separator = usize::from(text.starts_with('='));
    joined(word, raw, short, flag, separator, &text[separator..]).unwrap_or_else(|| alone(word))
}

fn with_next(flag: &str, word: &Word, next: Option<&Word>) -> Argument {
    Argument {
        flag: flag.to_owned(),
        name: word.span.clone(),
        value: next.map(whole),
        span: word.span.start..next.map_or(word.span.end, |next| next.span.end),
    }
}

/// A flag and its value in one word. Quotes may stand around the value (`--workers="2"`), which are then part of it,
/// or around the whole (`"--workers=2"`), which then are not; anything stranger is `None`.
fn joined(word: &Word, raw: &str, written: &str, flag: &str, separator: usize, text: &str) -> Option<Argument> {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let body = match quote {
        Some(quote) => raw[1..].strip_suffix(quote).filter(|body| !body.contains(['"', '\'', '\\']))?,
        None => raw,
    };
    body.strip_prefix(written)?;
    let start = word.span.start + usize::from(quote.is_some());
    let value = start + written.len() + separator..start + body.len();
    Some(Argument {
        flag: flag.to_owned(),
        name: start..start + written.len(),
        value: Some((value, text.to_owned())),
        span: word.span.clone(),
    })
}
