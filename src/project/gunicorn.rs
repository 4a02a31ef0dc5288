//! How gunicorn runs: its configuration file, then `GUNICORN_CMD_ARGS`, then the command line, the last one winning
//! (docs.gunicorn.org, configure).

use super::application::{Detected, Server};
use super::dockerfile::Image;
use super::environment::{Environment, PRESET_NAME, Setting};
use super::flags::{self, Flags};
use super::follow::Started;
use super::gunicorn_conf::{self, Configuration};
use super::python_value::Value;
use super::server::{Running, default_workers, detected, entry_point, small};
use super::tree::{Tree, join, normalise};

/// Settings with a number, as the command line and as the file name them.
const WORKERS: Name = Name { flag: "workers", file: "workers" };
const THREADS: Name = Name { flag: "threads", file: "threads" };
const TIMEOUT: Name = Name { flag: "timeout", file: "timeout" };
const MAX_REQUESTS: Name = Name { flag: "max-requests", file: "max_requests" };
const MAX_REQUESTS_JITTER: Name = Name { flag: "max-requests-jitter", file: "max_requests_jitter" };
const CLASS: Name = Name { flag: "worker-class", file: "worker_class" };
const PRELOAD: Name = Name { flag: "preload", file: "preload_app" };

struct Name {
    flag: &'static str,
    file: &'static str,
}

/// The three places that gunicorn is configured in.
struct Layers {
    line: Flags,
    line_place: String,
    /// `None` when the variable's value is unknown.
    variable: Option<Flags>,
    variable_name: &'static str,
    file: Configuration,
}

/// A setting as one of the layers gives it.
enum Given {
    /// This value, from this layer, with evidence.
    Here(Value, String, String),
    /// Nowhere.
    Nowhere,
    /// A layer may give it, or gives something unknown.
    Unknown,
}

impl Layers {
    fn get(&self, name: &Name) -> Given {
        if let Some(value) = self.line.get(name.flag) {
            return given(value, "flag", &self.line_place, name.flag);
        }
        if self.line.unsure {
            return Given::Unknown;
        }
        let Some(variable) = &self.variable else { return Given::Unknown };
        if let Some(value) = variable.get(name.flag) {
            return given(value, "GUNICORN_CMD_ARGS", self.variable_name, name.flag);
        }
        if variable.unsure {
            return Given::Unknown;
        }
        match self.file.get(name.file) {
            Some((Value::Unknown, _)) => Given::Unknown,
            Some((value, place)) => Given::Here(value, self.file.name.clone(), format!("{place}, {}", name.file)),
            None if self.file.opaque => Given::Unknown,
            None => Given::Nowhere,
        }
    }

    fn number(&self, name: &Name, default: u32) -> Option<Detected<u32>> {
        match self.get(name) {
            Given::Here(value, _, evidence) => Some(detected(small(&value)?, evidence)),
            Given::Nowhere => Some(detected(default, "gunicorn's default".to_owned())),
            Given::Unknown => None,
        }
    }
}

fn given(value: Option<&str>, layer: &str, place: &str, flag: &str) -> Given {
    let Some(value) = value else { return Given::Unknown };
    let shown = if value.is_empty() { String::new() } else { format!(" {value}") };
    let number = value.trim().parse::<i64>().map(|number| Value::Integer(number, Some(number)));
    let value = number.unwrap_or_else(|_| Value::Text(value.to_owned()));
    Given::Here(value, layer.to_owned(), format!("{place}, --{flag}{shown}"))
}

/// Reads how gunicorn runs.
pub(super) fn read(tree: &mut Tree, started: &Started, environment: &Environment, image: Option<&Image>) -> Running {
    let line = Flags::read(&flags::GUNICORN, &started.arguments);
    let variable = match started.setting(environment, "GUNICORN_CMD_ARGS") {
        Setting::Known(text) => shlex::split(&text)
            .map(|words| Flags::read(&flags::GUNICORN, &words.into_iter().map(Some).collect::<Vec<_>>())),
        Setting::Unset => Some(Flags::default()),
        Setting::Unknown if environment.has("GUNICORN_CMD_ARGS") => None,
        // Without a blueprint nobody says that it is set.
        Setting::Unknown => Some(Flags::default()),
    };
    let file = configuration(tree, &line, variable.as_ref(), started, environment, image);
    let entry = entry_point(&line).or_else(|| match file.get("wsgi_app") {
        Some((Value::Text(text), _)) if line.positional.is_empty() => Some(text),
        _ => None,
    });
    let variable_name = if environment.has_preset() { PRESET_NAME } else { "GUNICORN_CMD_ARGS" };
    let app_folder = line.known("chdir").map(str::to_owned).or_else(|| match file.get("chdir") {
        Some((Value::Text(text), _)) => Some(text),
        _ => None,
    });
    let layers = Layers { line, line_place: started.place.clone(), variable, variable_name, file };
    let (workers, workers_source) = workers(&layers, started, environment).unzip();
    let threads = layers.number(&THREADS, 1);
    let (declared_class, class) = classes(&layers, threads.as_ref());
    Running {
        server: Some(Server::Gunicorn),
        entry_point: entry,
        app_folder,
        workers,
        workers_source,
        timeout: layers.number(&TIMEOUT, 30).map(|number| number.value),
        max_requests: layers.number(&MAX_REQUESTS, 0).map(|number| number.value),
        max_requests_jitter: layers.number(&MAX_REQUESTS_JITTER, 0).map(|number| number.value),
        preload: match layers.get(&PRELOAD) {
            Given::Here(Value::Text(text), ..) => Some(text.is_empty()),
            Given::Here(value, ..) => value.truth(),
            Given::Nowhere => Some(false),
            Given::Unknown => None,
        },
        asgi: class.as_ref().and_then(|class| speaks_asgi(&class.value)),
        declared_class,
        class,
        threads,
    }
}

/// `-c FILE`, else `./gunicorn.conf.py` in the working directory.
fn configuration(
    tree: &mut Tree,
    line: &Flags,
    variable: Option<&Flags>,
    started: &Started,
    environment: &Environment,
    image: Option<&Image>,
) -> Configuration {
    let named = line.get("config").or_else(|| variable.and_then(|flags| flags.get("config")));
    let (name, is_default) = match named {
        None if line.unsure => return Configuration::unknown("gunicorn.conf.py"),
        None => ("gunicorn.conf.py", true),
        Some(Some(name)) => (name.strip_prefix("file:").unwrap_or(name), false),
        Some(None) => return Configuration::unknown("the configuration file"),
    };
    let path = if let Some(module) = name.strip_prefix("python:") {
        normalise(&join(&started.folder, &format!("{}.py", module.replace('.', "/"))))
    } else if name.starts_with('/') {
        image.and_then(|image| image.copied(name, tree))
    } else {
        normalise(&join(&started.folder, name))
    };
    match path {
        Some(path) if tree.has(&path) && (!is_default || image.is_none_or(|image| holds(image, &path, tree))) => {
            gunicorn_conf::read(tree, &path, environment)
        }
        _ if is_default => Configuration::default(),
        _ => Configuration::unknown(name),
    }
}

/// Whether a file of the project stands in the image's working directory; what is not copied is not loaded.
fn holds(image: &Image, path: &str, tree: &Tree) -> bool {
    image.copied(&format!("{}/gunicorn.conf.py", image.workdir), tree).as_deref() == Some(path)
}

fn workers(layers: &Layers, started: &Started, environment: &Environment) -> Option<(Detected<u32>, String)> {
    match layers.get(&WORKERS) {
        Given::Here(value, layer, evidence) => Some((detected(small(&value)?, evidence), layer)),
        Given::Nowhere => default_workers(started, environment, "gunicorn"),
        Given::Unknown => None,
    }
}

/// The worker class as written, and the one that runs.
fn classes(layers: &Layers, threads: Option<&Detected<u32>>) -> (Option<Detected<String>>, Option<Detected<String>>) {
    let declared = match layers.get(&CLASS) {
        Given::Here(Value::Text(class), _, evidence) => Some(detected(class, evidence)),
        Given::Nowhere => None,
        Given::Here(..) | Given::Unknown => return (None, None),
    };
    let written = declared.as_ref().map_or("sync", |class| class.value.as_str());
    // gunicorn's Config.worker_class: sync with more than one thread is gthread.
    let is_sync = written == "sync" || written.ends_with("SyncWorker");
    let class = match (is_sync, threads.map(|threads| threads.value)) {
        (true, None) => None,
        (true, Some(threads)) if threads > 1 => {
            Some(detected("gthread".to_owned(), format!("{threads} threads turn sync into gthread")))
        }
        (true, Some(_)) if declared.is_none() => Some(detected("sync".to_owned(), "gunicorn's default".to_owned())),
        _ => declared.clone(),
    };
    (declared, class)
}

/// Whether a worker class runs ASGI applications; unknown for classes of other projects.
fn speaks_asgi(class: &str) -> Option<bool> {
    let lower = class.to_lowercase();
    if lower.contains("uvicorn") || lower.contains("asgi") {
        return Some(true);
    }
    matches!(lower.as_str(), "sync" | "gthread" | "gevent" | "eventlet" | "tornado" | "gaiohttp").then_some(false)
}
