//! What a server's command line and configuration say about how it runs.

use super::application::{Detected, Server};
use super::dockerfile::Image;
use super::environment::{Environment, Setting};
use super::flags::{self, Flags};
use super::follow::Started;
use super::gunicorn;
use super::program::Program;
use super::python_value::Value;
use super::tree::Tree;

/// How a server runs; `None` means unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Running {
    /// The server.
    pub(super) server: Option<Server>,
    /// The application object.
    pub(super) entry_point: Option<String>,
    /// The folder that modules are looked up in, when the command names one (`--chdir`, `--app-dir`).
    pub(super) app_folder: Option<String>,
    /// The worker class as written.
    pub(super) declared_class: Option<Detected<String>>,
    /// The worker class that results.
    pub(super) class: Option<Detected<String>>,
    /// Worker processes.
    pub(super) workers: Option<Detected<u32>>,
    /// Where that number comes from.
    pub(super) workers_source: Option<String>,
    /// Threads per worker.
    pub(super) threads: Option<Detected<u32>>,
    /// Seconds until a silent worker is killed.
    pub(super) timeout: Option<u32>,
    /// Requests after which a worker is replaced.
    pub(super) max_requests: Option<u32>,
    pub(super) max_requests_jitter: Option<u32>,
    /// Whether the application is loaded before the fork.
    pub(super) preload: Option<bool>,
    /// Whether it speaks ASGI, when the server alone says so.
    pub(super) asgi: Option<bool>,
}

/// Reads how a started server runs.
pub(super) fn read(tree: &mut Tree, started: &Started, environment: &Environment, image: Option<&Image>) -> Running {
    let arguments = &started.arguments;
    match &started.program {
        Program::Gunicorn => gunicorn::read(tree, started, environment, image),
        Program::Uvicorn | Program::FastApiRun => {
            uvicorn(&Flags::read(&flags::UVICORN, arguments), started, environment)
        }
        Program::Hypercorn => hypercorn(&Flags::read(&flags::HYPERCORN, arguments), started),
        Program::Daphne => single(Server::Daphne, Some(true), &flags::DAPHNE, started, "daphne is one process"),
        Program::Waitress => waitress(started),
        Program::Celery => celery(started),
        Program::Development(name) => Running {
            server: Some(Server::Development),
            workers: Some(detected(1, format!("`{name}` is one process"))),
            workers_source: Some("default".to_owned()),
            ..Running::default()
        },
        Program::OtherServer(_) | Program::Worker(_) | Program::Script(_) | Program::Installer => {
            Running { server: Some(Server::Other), ..Running::default() }
        }
    }
}

pub(super) const fn detected<T>(value: T, evidence: String) -> Detected<T> {
    Detected { value, evidence }
}

/// A count given as an option: `Ok(None)` when it is not given, an error when it is given and unknown.
pub(super) fn count(flags: &Flags, name: &str, place: &str) -> Result<Option<Detected<u32>>, ()> {
    match flags.get(name) {
        None if flags.unsure => Err(()),
        None => Ok(None),
        Some(value) => {
            let number = value.and_then(|value| value.trim().parse().ok()).ok_or(())?;
            Ok(Some(detected(number, format!("{place}, --{name} {number}"))))
        }
    }
}

/// What a server without a count of workers runs: `WEB_CONCURRENCY`, else one.
pub(super) fn default_workers(
    started: &Started,
    environment: &Environment,
    server: &str,
) -> Option<(Detected<u32>, String)> {
    let variable = "WEB_CONCURRENCY";
    let setting = match started.variables.get(variable) {
        Some(Some(value)) => Setting::Known(value.clone()),
        Some(None) => Setting::Unknown,
        None => environment.web_concurrency(),
    };
    match setting {
        Setting::Known(value) => {
            let number: u32 = value.trim().parse().ok()?;
            let file = if started.variables.contains_key(variable) { &started.place } else { &environment.file };
            Some((detected(number, format!("{file}, {variable} is {number}")), variable.to_owned()))
        }
        Setting::Unset => {
            let note = if environment.is_open() { ", unless a variable set elsewhere says otherwise" } else { "" };
            Some((detected(1, format!("{server}'s default without {variable}{note}")), "default".to_owned()))
        }
        Setting::Unknown => None,
    }
}

/// The application among the arguments: the first, when all of them are known.
pub(super) fn entry_point(flags: &Flags) -> Option<String> {
    if flags.unsure { None } else { flags.positional.first().cloned() }
}

fn uvicorn(flags: &Flags, started: &Started, environment: &Environment) -> Running {
    let (workers, workers_source) = match count(flags, "workers", &started.place) {
        Ok(Some(number)) => (Some(number), Some("flag".to_owned())),
        Ok(None) => default_workers(started, environment, "uvicorn").unzip(),
        Err(()) => (None, None),
    };
    let fastapi = started.program == Program::FastApiRun;
    Running {
        server: Some(Server::Uvicorn),
        // `fastapi run` takes a file, not an object.
        entry_point: entry_point(flags).filter(|_| !fastapi),
        app_folder: flags.known("app-dir").map(str::to_owned),
        workers,
        workers_source,
        // uvicorn.dev, settings: `--interface auto|asgi3|asgi2|wsgi`.
        asgi: match flags.get("interface") {
            None => Some(true),
            Some(Some(interface)) => (interface != "auto").then_some(interface != "wsgi").or(Some(true)),
            Some(None) => None,
        },
        ..Running::default()
    }
}

fn hypercorn(flags: &Flags, started: &Started) -> Running {
    let configured = flags.get("config").is_some();
    let (workers, workers_source) = match count(flags, "workers", &started.place) {
        Ok(Some(number)) => (Some(number), Some("flag".to_owned())),
        Ok(None) if !configured => (Some(detected(1, "hypercorn's default".to_owned())), Some("default".to_owned())),
        Ok(None) | Err(()) => (None, None),
    };
    let declared_class = flags
        .known("worker-class")
        .map(|class| detected(class.to_owned(), format!("{}, --worker-class", started.place)));
    Running {
        server: Some(Server::Hypercorn),
        entry_point: entry_point(flags),
        declared_class,
        workers,
        workers_source,
        ..Running::default()
    }
}

fn single(server: Server, asgi: Option<bool>, grammar: &flags::Grammar, started: &Started, why: &str) -> Running {
    let flags = Flags::read(grammar, &started.arguments);
    Running {
        server: Some(server),
        entry_point: entry_point(&flags),
        workers: Some(detected(1, why.to_owned())),
        workers_source: Some("default".to_owned()),
        asgi,
        ..Running::default()
    }
}

fn waitress(started: &Started) -> Running {
    let mut running = single(Server::Waitress, Some(false), &flags::WAITRESS, started, "waitress is one process");
    let flags = Flags::read(&flags::WAITRESS, &started.arguments);
    running.threads = match count(&flags, "threads", &started.place) {
        Ok(Some(number)) => Some(number),
        // docs.pylonsproject.org, waitress, arguments: threads, default 4.
        Ok(None) => Some(detected(4, "waitress's default".to_owned())),
        Err(()) => None,
    };
    running
}

fn celery(started: &Started) -> Running {
    let flags = Flags::read(&flags::CELERY, &started.arguments);
    let beat_alone = flags.positional.iter().any(|word| word == "beat");
    let workers = match count(&flags, "concurrency", &started.place) {
        Ok(Some(number)) => Some(number),
        Ok(None) if beat_alone => Some(detected(1, "celery beat is one process".to_owned())),
        // Without it Celery takes the number of CPUs, which the host decides.
        Ok(None) | Err(()) => None,
    };
    Running {
        server: Some(Server::Celery),
        entry_point: flags.known("app").map(str::to_owned),
        workers_source: workers.as_ref().map(|_| if beat_alone { "default" } else { "flag" }.to_owned()),
        declared_class: flags.known("pool").map(|pool| detected(pool.to_owned(), format!("{}, --pool", started.place))),
        workers,
        ..Running::default()
    }
}

/// A small whole number out of a Python value.
pub(super) fn small(value: &Value) -> Option<u32> {
    value.integer().and_then(|number| u32::try_from(number).ok())
}
