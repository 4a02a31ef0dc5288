//! The arguments of a server's command line.

use std::collections::BTreeMap;

/// How a program's arguments are written.
pub(super) struct Grammar {
    /// Options without a value.
    pub(super) switches: &'static [&'static str],
    /// Short options and the long ones that they stand for.
    pub(super) short: &'static [(char, &'static str)],
}

/// gunicorn's (docs.gunicorn.org, settings).
pub(super) const GUNICORN: Grammar = Grammar {
    switches: &[
        "preload",
        "reload",
        "spew",
        "check-config",
        "print-config",
        "daemon",
        "no-sendfile",
        "reuse-port",
        "initgroups",
        "capture-output",
        "disable-redirect-access-to-syslog",
        "log-syslog",
        "enable-stdio-inheritance",
        "proxy-protocol",
        "suppress-ragged-eofs",
        "do-handshake-on-connect",
        "strip-header-spaces",
        "permit-unconventional-http-method",
        "permit-unconventional-http-version",
        "permit-obsolete-folding",
        "casefold-http-method",
        "no-control-socket",
        "help",
        "version",
    ],
    short: &[
        ('w', "workers"),
        ('k', "worker-class"),
        ('t', "timeout"),
        ('c', "config"),
        ('b', "bind"),
        ('e', "env"),
        ('p', "pid"),
        ('u', "user"),
        ('g', "group"),
        ('m', "umask"),
        ('n', "name"),
        ('D', "daemon"),
        ('R', "enable-stdio-inheritance"),
        ('h', "help"),
        ('v', "version"),
    ],
};

/// uvicorn's (uvicorn.dev, settings), and `fastapi run`'s, which are a part of them.
pub(super) const UVICORN: Grammar = Grammar {
    switches: &[
        "reload",
        "factory",
        "access-log",
        "no-access-log",
        "use-colors",
        "no-use-colors",
        "proxy-headers",
        "no-proxy-headers",
        "server-header",
        "no-server-header",
        "date-header",
        "no-date-header",
        "reset-contextvars",
        "no-reload",
        "help",
        "version",
    ],
    short: &[('e', "entrypoint")],
};

/// hypercorn's.
pub(super) const HYPERCORN: Grammar = Grammar {
    switches: &["reload", "debug", "daemon", "help", "version"],
    short: &[
        ('w', "workers"),
        ('k', "worker-class"),
        ('b', "bind"),
        ('c', "config"),
        ('g', "group"),
        ('u', "user"),
        ('m', "umask"),
        ('p', "pid"),
    ],
};

/// daphne's.
pub(super) const DAPHNE: Grammar = Grammar {
    switches: &["proxy-headers", "no-server-name", "help"],
    short: &[
        ('b', "bind"),
        ('p', "port"),
        ('e', "endpoint"),
        ('u', "unix-socket"),
        ('v', "verbosity"),
        ('t', "http-timeout"),
    ],
};

/// waitress-serve's.
pub(super) const WAITRESS: Grammar = Grammar {
    switches: &[
        "call",
        "help",
        "ipv4",
        "no-ipv4",
        "ipv6",
        "no-ipv6",
        "expose-tracebacks",
        "no-expose-tracebacks",
        "log-socket-errors",
        "no-log-socket-errors",
        "asyncore-use-poll",
        "no-asyncore-use-poll",
        "clear-untrusted-proxy-headers",
        "no-clear-untrusted-proxy-headers",
    ],
    short: &[],
};

/// `celery worker`'s.
pub(super) const CELERY: Grammar = Grammar {
    switches: &["beat", "events", "purge", "without-gossip", "without-mingle", "without-heartbeat", "help"],
    short: &[
        ('c', "concurrency"),
        ('P', "pool"),
        ('A', "app"),
        ('l', "loglevel"),
        ('Q', "queues"),
        ('n', "hostname"),
        ('B', "beat"),
        ('E', "events"),
        ('O', "optimization"),
        ('s', "schedule"),
        ('b', "broker"),
    ],
};

/// Arguments that were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Flags {
    values: BTreeMap<String, Option<String>>,
    /// Arguments that belong to no option.
    pub(super) positional: Vec<String>,
    /// Whether there may be options that nobody knows: a word of unknown value that belongs to no option.
    pub(super) unsure: bool,
}

impl Flags {
    /// Reads arguments.
    pub(super) fn read(grammar: &Grammar, arguments: &[Option<String>]) -> Self {
        let mut flags = Self::default();
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let Some(text) = word else {
                flags.unsure = true;
                continue;
            };
            if let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) {
                if let Some((name, value)) = long.split_once('=') {
                    flags.values.insert(name.to_owned(), Some(value.to_owned()));
                } else if grammar.switches.contains(&long) {
                    flags.values.insert(long.to_owned(), Some(String::new()));
                } else {
                    flags.values.insert(long.to_owned(), rest.next().cloned().flatten());
                }
            } else if let Some((letter, attached)) = short(text) {
                let name = grammar.short.iter().find(|(short, _)| *short == letter).map(|(_, long)| *long);
                let name = name.map_or_else(|| letter.to_string(), str::to_owned);
                let value = if grammar.switches.contains(&name.as_str()) {
                    Some(String::new())
                } else if attached.is_empty() {
                    rest.next().cloned().flatten()
                } else {
                    Some(attached.strip_prefix('=').unwrap_or(attached).to_owned())
                };
                flags.values.insert(name, value);
            } else if text != "--" {
                flags.positional.push(text.clone());
            }
        }
        flags
    }

    /// The value of an option: `None` when it is not given, `Some(None)` when its value is unknown.
    pub(super) fn get(&self, name: &str) -> Option<Option<&str>> {
        self.values.get(name).map(Option::as_deref)
    }

    /// The value of an option, when it is given and known.
    pub(super) fn known(&self, name: &str) -> Option<&str> {
        self.get(name).flatten()
    }
}

fn short(text: &str) -> Option<(char, &str)> {
    let rest = text.strip_prefix('-')?;
    let letter = rest.chars().next().filter(|c| c.is_ascii_alphabetic())?;
    Some((letter, rest.get(letter.len_utf8()..)?))
}
