//! The web server's settings: as a start command, as an edit of the user's own command, and as `gunicorn.conf.py`.
//!
//! What wins, measured on gunicorn 27.0 (tests/gunicorn_runs.rs): a flag of the command over `GUNICORN_CMD_ARGS`, that
//! over the configuration file, that over `WEB_CONCURRENCY`. Render presets `GUNICORN_CMD_ARGS` for native Python
//! services, so whatever must hold is said in the command.

mod adjust;
mod arguments;
mod call;
mod config_file;
mod convert;
mod read;
mod words;

pub use adjust::adjust_command;
pub use config_file::config_file;
pub use read::{ServerReading, read_command};

pub use crate::decide::UVICORN_WORKER;

use crate::decide::ServiceTarget;
use crate::project::Server;

/// The package on PyPI that holds [`UVICORN_WORKER`].
pub const UVICORN_WORKER_PACKAGE: &str = "uvicorn-worker";

/// What Render sets `GUNICORN_CMD_ARGS` to for native Python services. (render.com/docs/environment-variables)
pub const RENDER_CMD_ARGS: &str = "--preload --access-logfile - --bind=0.0.0.0:10000";

/// What a web server should run with. `None` leaves a setting as it is, or at the server's own default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// The server: gunicorn or uvicorn.
    pub server: Server,
    /// The application object: `main:app`.
    pub entry_point: String,
    /// Worker processes.
    pub workers: Option<u32>,
    /// Threads in each; gunicorn and WSGI only.
    pub threads: Option<u32>,
    /// gunicorn's worker class; `None` and `sync` are its default.
    pub worker_class: Option<String>,
    /// gunicorn's `--timeout`, in seconds.
    pub timeout: Option<u32>,
    /// gunicorn's `--max-requests`.
    pub max_requests: Option<u32>,
    /// gunicorn's `--max-requests-jitter`.
    pub max_requests_jitter: Option<u32>,
    /// Whether gunicorn loads the application before it forks.
    pub preload: Option<bool>,
}

impl ServerSettings {
    /// The settings that a target asks for.
    #[must_use]
    pub fn of(target: &ServiceTarget, server: Server, entry_point: &str) -> Self {
        Self {
            server,
            entry_point: entry_point.to_owned(),
            workers: target.workers,
            threads: target.threads,
            worker_class: target.worker_class.clone(),
            timeout: target.timeout,
            max_requests: target.max_requests,
            max_requests_jitter: target.max_requests_jitter,
            preload: target.preload,
        }
    }

    /// Whether the worker class serves ASGI applications, in which threads mean nothing.
    #[must_use]
    pub fn is_asgi(&self) -> bool {
        self.server == Server::Uvicorn || self.worker_class.as_deref().is_some_and(serves_asgi)
    }

    /// The value that `GUNICORN_CMD_ARGS` must have on Render, when it may not stay as Render presets it: gunicorn has
    /// no `--no-preload`, so the preset's `--preload` goes away only with the preset.
    #[must_use]
    pub fn render_cmd_args(&self) -> Option<String> {
        let off = self.server == Server::Gunicorn && self.preload == Some(false);
        off.then(|| RENDER_CMD_ARGS.replace("--preload ", ""))
    }

    /// gunicorn's flags for these settings, in the order in which they are written; only those that differ from what
    /// gunicorn does by itself, except for the workers, whose default `WEB_CONCURRENCY` changes.
    fn gunicorn_flags(&self) -> Vec<(&'static str, String)> {
        let mut flags = Vec::new();
        let class = self.worker_class.as_deref().filter(|class| !self.is_default_class(class));
        flags.extend(class.map(|class| ("--worker-class", shell_word(class))));
        flags.extend(self.workers.map(|workers| ("--workers", workers.to_string())));
        let numbers = [
            ("--threads", self.threads.filter(|threads| *threads > 1 && !self.is_asgi())),
            ("--timeout", self.timeout.filter(|timeout| *timeout != 30)),
            ("--max-requests", self.max_requests.filter(|requests| *requests > 0)),
            ("--max-requests-jitter", self.max_requests_jitter.filter(|jitter| *jitter > 0)),
        ];
        flags.extend(numbers.into_iter().filter_map(|(flag, value)| Some((flag, value?.to_string()))));
        flags
    }

    /// Whether gunicorn takes this class without being told: `sync`, and `gthread` as soon as there are threads.
    fn is_default_class(&self, class: &str) -> bool {
        class == "sync" || (class == "gthread" && self.threads.is_some_and(|threads| threads > 1))
    }
}

/// Whether a gunicorn worker class serves ASGI applications: uvicorn's, hypercorn's, and gunicorn's own `asgi`.
fn serves_asgi(class: &str) -> bool {
    class.contains("uvicorn") || class.contains("hypercorn") || class == "asgi"
}

/// The command that starts a service from nothing: the file has none yet, or the user wants palier's.
#[must_use]
pub fn start_command(settings: &ServerSettings) -> String {
    let entry = shell_word(&settings.entry_point);
    if settings.server == Server::Uvicorn {
        let workers = settings.workers.map(|workers| format!(" --workers {workers}")).unwrap_or_default();
        return format!("uvicorn {entry} --host 0.0.0.0 --port $PORT{workers}");
    }
    let mut command = format!("gunicorn {entry} --bind 0.0.0.0:$PORT");
    for (flag, value) in settings.gunicorn_flags() {
        command.push_str(&format!(" {flag} {value}"));
    }
    if settings.preload == Some(true) {
        command.push_str(" --preload");
    }
    command.push_str(" --access-logfile -");
    command
}

/// A word that a shell reads back as exactly this text.
fn shell_word(text: &str) -> String {
    // Quoting fails on a zero byte alone, which no argument can hold.
    let text = text.replace('\0', "");
    shlex::try_quote(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned)
}

/// Why a command cannot be edited. `Display` is the second half of "the start command was left as it is: ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No part of it starts a server that palier knows.
    #[error("it starts neither gunicorn nor uvicorn")]
    NoServer,
    /// It starts another server, or the server in a way that takes no such settings.
    #[error("it starts {0}, which palier does not configure")]
    OtherServer(String),
    /// It starts more than one.
    #[error("it starts several servers")]
    SeveralServers,
    /// A shell would read it in a way that palier does not follow.
    #[error("{0}")]
    Unreadable(String),
    /// A uvicorn flag means something that gunicorn with uvicorn's worker cannot do.
    #[error("uvicorn's `{flag}` has no equivalent in gunicorn: {why}")]
    NoEquivalent {
        /// The flag.
        flag: String,
        /// What would be lost.
        why: &'static str,
    },
    /// The settings are for uvicorn and the command starts gunicorn.
    #[error("it starts gunicorn, and the settings are for uvicorn")]
    ServerChange,
}

#[cfg(test)]
mod tests {
    use super::{ServerSettings, UVICORN_WORKER, start_command};
    use crate::project::Server;

    fn settings() -> ServerSettings {
        ServerSettings {
            server: Server::Gunicorn,
            entry_point: "main:app".to_owned(),
            workers: Some(2),
            threads: None,
            worker_class: None,
            timeout: None,
            max_requests: None,
            max_requests_jitter: None,
            preload: None,
        }
    }

    #[test]
    fn a_wsgi_command_names_its_threads_and_the_address() {
        let settings = ServerSettings { threads: Some(4), worker_class: Some("gthread".to_owned()), ..settings() };
        let expected = "gunicorn main:app --bind 0.0.0.0:$PORT --workers 2 --threads 4 --access-logfile -";
        assert_eq!(start_command(&settings), expected);
    }

    #[test]
    fn an_asgi_command_has_the_maintained_worker_class_and_no_threads() {
        let settings = ServerSettings {
            worker_class: Some(UVICORN_WORKER.to_owned()),
            threads: Some(4),
            timeout: Some(120),
            max_requests: Some(1000),
            max_requests_jitter: Some(50),
            preload: Some(true),
            ..settings()
        };
        let expected = "gunicorn main:app --bind 0.0.0.0:$PORT --worker-class uvicorn_worker.UvicornWorker --workers 2 \
                        --timeout 120 --max-requests 1000 --max-requests-jitter 50 --preload --access-logfile -";
        assert_eq!(start_command(&settings), expected);
    }

    #[test]
    fn a_factory_is_quoted_for_the_shell() {
        let settings = ServerSettings { entry_point: "main:create_app()".to_owned(), ..settings() };
        assert!(start_command(&settings).starts_with("gunicorn 'main:create_app()' "));
    }

    #[test]
    fn uvicorn_by_itself_takes_the_workers_only() {
        let settings = ServerSettings { server: Server::Uvicorn, timeout: Some(120), ..settings() };
        assert_eq!(start_command(&settings), "uvicorn main:app --host 0.0.0.0 --port $PORT --workers 2");
    }

    #[test]
    fn preload_goes_away_on_render_only_with_the_preset() {
        assert_eq!(settings().render_cmd_args(), None);
        let off = ServerSettings { preload: Some(false), ..settings() };
        assert_eq!(off.render_cmd_args().as_deref(), Some("--access-logfile - --bind=0.0.0.0:10000"));
    }
}
