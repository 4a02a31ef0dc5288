//! Which program a command's words start, once the wrappers around it are taken off.

use std::collections::BTreeMap;

use super::shell_words::is_name;
use super::tree::file_name;

/// A program that palier knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// gunicorn.
    Gunicorn,
    /// uvicorn.
    Uvicorn,
    /// hypercorn.
    Hypercorn,
    /// daphne.
    Daphne,
    /// waitress.
    Waitress,
    /// `fastapi run`: uvicorn behind `FastAPI`'s own command line.
    FastApiRun,
    /// A server that palier plans nothing for (granian, uWSGI, streamlit...).
    OtherServer(String),
    /// A development server: `runserver`, `flask run`, `fastapi dev`.
    Development(String),
    /// A Celery worker or beat.
    Celery,
    /// Another worker (arq, rq, dramatiq...).
    Worker(String),
    /// A Python script or module, which may hold a server.
    Script(String),
    /// `pip install`, with its arguments.
    Installer,
}

impl Program {
    /// Whether it keeps running and answers requests.
    pub(super) const fn serves(&self) -> bool {
        !matches!(self, Self::Celery | Self::Worker(_) | Self::Script(_) | Self::Installer)
    }

    /// Whether it keeps running and works on a queue.
    pub(super) const fn works(&self) -> bool {
        matches!(self, Self::Celery | Self::Worker(_))
    }
}

/// Programs that run another one, with their options that take a value.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("exec", &["-a"]),
    ("nohup", &[]),
    ("time", &[]),
    ("command", &[]),
    ("sudo", &["-u", "-g"]),
    ("nice", &["-n"]),
    ("stdbuf", &["-o", "-e", "-i"]),
    ("dumb-init", &[]),
    ("tini", &["-p", "-e"]),
    ("catatonit", &[]),
    ("ddtrace-run", &[]),
    ("opentelemetry-instrument", &["--service_name", "--traces_exporter", "--metrics_exporter"]),
    ("scout-apm-run", &[]),
];

/// Programs whose sub-command runs another one, with the options of that sub-command that take a value.
const RUNNERS: &[(&str, &str, &[&str])] = &[
    (
        "uv",
        "run",
        &[
            "--with",
            "--with-editable",
            "--with-requirements",
            "--package",
            "-p",
            "--python",
            "--project",
            "--directory",
            "--env-file",
            "--group",
            "--extra",
            "--only-group",
            "--no-group",
            "--index",
            "--default-index",
            "--config-file",
            "--cache-dir",
            "-w",
        ],
    ),
    ("poetry", "run", &["-C", "--directory", "-P", "--project"]),
    ("pipenv", "run", &[]),
    ("pdm", "run", &["-p", "--project"]),
    ("rye", "run", &[]),
    ("hatch", "run", &[]),
    ("pixi", "run", &["-e", "--environment"]),
    ("newrelic-admin", "run-program", &[]),
    ("doppler", "run", &["-p", "--project", "-c", "--config", "-t", "--token"]),
    ("infisical", "run", &["--env", "--path", "--projectId"]),
];

/// The index of the program itself, and the variables that were set in front of it.
pub(super) fn unwrap(words: &[Option<String>]) -> (usize, BTreeMap<String, Option<String>>) {
    let mut variables = BTreeMap::new();
    let mut index = 0;
    // Every round passes at least one word.
    while let Some(next) = one_layer(words, index, &mut variables) {
        index = next;
    }
    (index, variables)
}

fn one_layer(
    words: &[Option<String>],
    index: usize,
    variables: &mut BTreeMap<String, Option<String>>,
) -> Option<usize> {
    let word = words.get(index)?.as_deref()?;
    if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_name(name)) {
        variables.insert(name.to_owned(), Some(value.to_owned()));
        return Some(index + 1);
    }
    let name = file_name(word);
    if name == "env" {
        return Some(skip_options(words, index + 1, &["-u", "-C", "--chdir", "--unset"]));
    }
    if name == "timeout" {
        return Some(skip_options(words, index + 1, &["-k", "-s", "--signal", "--kill-after"]) + 1);
    }
    if name == "gosu" || name == "su-exec" {
        return Some(index + 2);
    }
    if let Some((_, options)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) {
        return Some(skip_options(words, index + 1, options));
    }
    if let Some((_, run, options)) = RUNNERS.iter().find(|(runner, ..)| *runner == name) {
        let at = skip_options(words, index + 1, options);
        return (words.get(at)?.as_deref() == Some(run)).then(|| skip_options(words, at + 1, options));
    }
    if is_python(name) {
        let at = skip_python_options(words, index + 1);
        return (words.get(at)?.as_deref() == Some("-m")).then_some(at + 1);
    }
    None
}

/// The first word that is no option; `--` ends them.
fn skip_options(words: &[Option<String>], mut index: usize, with_value: &[&str]) -> usize {
    while let Some(Some(word)) = words.get(index) {
        if word == "--" {
            return index + 1;
        }
        // `uv run -m module` runs a module as Python does.
        if word == "-m" || word == "--module" {
            return index + 1;
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        index += if with_value.contains(&word.as_str()) { 2 } else { 1 };
    }
    index
}

fn skip_python_options(words: &[Option<String>], mut index: usize) -> usize {
    while let Some(Some(word)) = words.get(index) {
        if word == "-m" || word == "-c" || !word.starts_with('-') || word == "-" {
            break;
        }
        index += if word == "-W" || word == "-X" { 2 } else { 1 };
    }
    index
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn is_shell(name: &str) -> bool {
    matches!(file_name(name), "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh")
}

/// Where the text of `sh -c TEXT` stands among the arguments.
pub(super) fn inline_shell(name: &str, rest: &[Option<String>]) -> Option<usize> {
    if !is_shell(name) {
        return None;
    }
    let at = shell_options(rest);
    let mut flags = rest.get(..at)?.iter().flatten().filter(|flag| !flag.starts_with("--"));
    (flags.any(|flag| flag.starts_with('-') && flag.contains('c')) && at < rest.len()).then_some(at)
}

/// How many words stand before the script that a shell is given.
pub(super) fn shell_script(name: &str, rest: &[Option<String>]) -> Option<usize> {
    is_shell(name).then(|| shell_options(rest))
}

fn shell_options(rest: &[Option<String>]) -> usize {
    let mut index = 0;
    while let Some(Some(word)) = rest.get(index) {
        if !(word.starts_with('-') || word.starts_with('+')) || word.len() < 2 {
            break;
        }
        // `-o pipefail`, `-euo pipefail`
        index += if word.ends_with('o') && !word.starts_with("--") { 2 } else { 1 };
    }
    index
}

/// The program behind a name, and how many of its arguments belong to the choice (`celery`'s come after none).
pub(super) fn of(name: &str, rest: &[Option<String>]) -> Option<(Program, usize)> {
    let first = rest.first().and_then(|word| word.as_deref()).unwrap_or_default();
    let program = match file_name(name) {
        "gunicorn" | "gunicorn.app.wsgiapp" => Program::Gunicorn,
        "uvicorn" => Program::Uvicorn,
        "hypercorn" => Program::Hypercorn,
        "daphne" => Program::Daphne,
        "waitress-serve" | "waitress" => Program::Waitress,
        "celery" => celery(rest),
        "fastapi" if first == "run" => return Some((Program::FastApiRun, 1)),
        "fastapi" if first == "dev" => return Some((Program::Development("fastapi dev".to_owned()), 1)),
        "flask" => flask(rest)?,
        "quart" if words(rest).any(|word| word == "run") => Program::Development("quart run".to_owned()),
        server @ ("granian" | "uwsgi" | "streamlit" | "chainlit" | "supervisord" | "robyn" | "sanic" | "gradio"
        | "mod_wsgi-express" | "nginx" | "caddy" | "jupyter" | "panel" | "mcp" | "chalice"
        | "aws-lambda-rie" | "litestar" | "bjoern") => Program::OtherServer(server.to_owned()),
        worker @ ("arq" | "rq" | "rqworker" | "dramatiq" | "huey_consumer" | "huey_consumer.py" | "taskiq" | "saq"
        | "faust" | "procrastinate" | "prefect" | "rqscheduler" | "flower") => Program::Worker(worker.to_owned()),
        "pip" | "pip3" if first == "install" => return Some((Program::Installer, 1)),
        "uv" if first == "pip" => return Some((Program::Installer, 2)),
        "django-admin" => django(rest)?,
        python if is_python(python) => {
            let at = skip_python_options(rest, 0);
            let script = rest.get(at)?.as_deref().filter(|script| script.ends_with(".py"))?;
            return match file_name(script) {
                "manage.py" => Some((django(rest.get(at + 1..)?)?, at + 1)),
                _ => Some((Program::Script(script.to_owned()), at + 1)),
            };
        }
        "manage.py" => django(rest)?,
        script if script.ends_with(".py") => Program::Script(name.to_owned()),
        module if is_module(module) && module.contains('.') => Program::Script(module.to_owned()),
        _ => return None,
    };
    Some((program, 0))
}

fn words(rest: &[Option<String>]) -> impl Iterator<Item = &str> {
    rest.iter().flatten().map(String::as_str)
}

/// `celery ... worker`, `beat`, `flower`; a sub-command that nobody knows may be any of them.
fn celery(rest: &[Option<String>]) -> Program {
    if words(rest).any(|word| word == "flower") { Program::Worker("flower".to_owned()) } else { Program::Celery }
}

/// `flask run`, or a command that the project adds, of which a name with "celery" in it starts a worker.
fn flask(rest: &[Option<String>]) -> Option<Program> {
    if words(rest).any(|word| word == "run") {
        return Some(Program::Development("flask run".to_owned()));
    }
    let own = words(rest).find(|word| word.contains("worker") || word.contains("celery"))?;
    Some(if own.contains("celery") { Program::Celery } else { Program::Worker(format!("flask {own}")) })
}

/// The commands of `manage.py` that keep running.
fn django(rest: &[Option<String>]) -> Option<Program> {
    match words(rest).next()? {
        "runserver" | "runserver_plus" | "testserver" => Some(Program::Development("runserver".to_owned())),
        name @ ("rqworker" | "qcluster" | "db_worker" | "rundramatiq" | "run_huey" | "procrastinate"
        | "process_tasks" | "rqscheduler" | "runworker" | "rqworker-pool" | "qmonitor") => {
            Some(Program::Worker(name.to_owned()))
        }
        "celery" => Some(Program::Celery),
        _ => None,
    }
}

fn is_module(name: &str) -> bool {
    name.split('.').all(is_name)
}
