use super::Context;
use super::candidate::WebCandidate;
use crate::project::{Application, Server};
use crate::units::Bytes;

/// The worker class of the package `uvicorn-worker`; uvicorn's own `uvicorn.workers.UvicornWorker` is deprecated
/// (uvicorn's documentation, "Deployment").
pub const UVICORN_WORKER: &str = "uvicorn_worker.UvicornWorker";

/// gunicorn's own timeout, in seconds.
const DEFAULT_TIMEOUT: u32 = 30;

/// How the web server is set up, with the reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServerSettings {
    /// `gunicorn`, `uvicorn`, or what runs today.
    pub server: Option<String>,
    /// Whether palier can set the workers of this server at all.
    pub configures: bool,
    /// Worker processes.
    pub workers: u32,
    /// Threads in each.
    pub threads: u32,
    /// gunicorn's worker class.
    pub worker_class: Option<String>,
    /// gunicorn's `--timeout`.
    pub timeout: Option<u32>,
    /// gunicorn's `--max-requests`.
    pub max_requests: Option<u32>,
    /// Its random spread.
    pub max_requests_jitter: Option<u32>,
    /// Whether the application is loaded before the fork.
    pub preload: Option<bool>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

/// The settings that follow from the candidate and the application.
#[must_use]
pub(super) fn server_settings(context: &Context<'_>, web: &WebCandidate<'_>) -> ServerSettings {
    let mut settings = ServerSettings {
        workers: web.choice.workers,
        threads: web.choice.threads,
        configures: true,
        ..ServerSettings::default()
    };
    settings.reasons.push(format!("workers: {}", web.choice.reason));
    let application = context.application;
    let server = application.and_then(|found| found.server.as_ref()).map(|found| found.value);
    let has_gunicorn =
        server == Some(Server::Gunicorn) || application.is_some_and(|found| found.depends_on("gunicorn"));
    match server {
        Some(Server::Gunicorn) => gunicorn(context, application, &mut settings),
        None if application.is_none_or(|found| found.framework.is_none()) => {
            settings.configures = context.current_web.is_none();
            settings.server = None;
        }
        None => gunicorn(context, application, &mut settings),
        Some(Server::Uvicorn) if settings.workers > 1 && has_gunicorn && can_require(application, "uvicorn-worker") => {
            settings.reasons.push("gunicorn, which is among the dependencies, replaces a worker that dies".to_owned());
            gunicorn(context, application, &mut settings);
        }
        Some(Server::Uvicorn) => {
            settings.server = Some("uvicorn".to_owned());
            settings.reasons.push("uvicorn runs its own workers; no further requirement is needed".to_owned());
        }
        Some(Server::Development) => {
            settings.reasons.push("a development server does not take more than one request safely".to_owned());
            gunicorn(context, application, &mut settings);
        }
        Some(other) => {
            settings.configures = false;
            settings.server = Some(other.name().to_owned());
            settings.reasons.push(format!("{} is left as it is", other.name()));
        }
    }
    settings
}

fn gunicorn(context: &Context<'_>, application: Option<&Application>, settings: &mut ServerSettings) {
    settings.server = Some("gunicorn".to_owned());
    let declared = application.and_then(|found| found.declared_worker_class.as_ref()).map(|found| found.value.clone());
    let addable = can_require(application, "uvicorn-worker");
    settings.worker_class = worker_class(context.asgi, declared, addable, settings);
    timeout(context, application, settings);
    max_requests(context, application, settings);
    if context.asgi {
        settings.preload = None;
        settings.reasons.push(
            "preload: as it is; Render's native Python runtime presets `--preload`, so pools and clients of an \
             asynchronous application must be opened after the fork"
                .to_owned(),
        );
    } else if settings.workers > 1 {
        settings.preload = Some(true);
        settings
            .reasons
            .push("preload: the workers share the memory of the code that is loaded before they fork".to_owned());
    }
}

/// Whether a package is required already, or can be: a line in a plain requirements file can be added, a lock file is
/// written by its own tool.
fn can_require(application: Option<&Application>, package: &str) -> bool {
    application.is_none_or(|found| {
        found.dependencies.is_empty() || found.depends_on(package) || found.editable_requirements().is_some()
    })
}

fn worker_class(asgi: bool, declared: Option<String>, addable: bool, settings: &mut ServerSettings) -> Option<String> {
    if asgi && !addable {
        if declared.as_deref().is_some_and(|class| class.starts_with("uvicorn.workers.")) {
            settings.reasons.push(
                "worker class: as it is, though uvicorn.workers is deprecated: the package `uvicorn-worker` must be \
                 added to the lock file first"
                    .to_owned(),
            );
        }
        return declared.or_else(|| Some("uvicorn.workers.UvicornWorker".to_owned()));
    }
    if asgi {
        if declared.as_deref().is_some_and(|class| class.starts_with("uvicorn.workers.")) {
            settings.reasons.push(format!("worker class: {UVICORN_WORKER}, because uvicorn.workers is deprecated"));
            return Some(UVICORN_WORKER.to_owned());
        }
        return Some(declared.unwrap_or_else(|| UVICORN_WORKER.to_owned()));
    }
    match declared {
        Some(class) if class != "sync" && class != "gthread" => Some(class),
        _ if settings.threads > 1 => Some("gthread".to_owned()),
        Some(class) => Some(class),
        None => Some("sync".to_owned()),
    }
}

/// A worker that is busy for longer is killed: the limit stays well above the slowest endpoint.
fn timeout(context: &Context<'_>, application: Option<&Application>, settings: &mut ServerSettings) {
    // What the user chose stays; what gunicorn does by itself is nobody's choice.
    let chosen = |known: &u32| *known > 0 && *known != DEFAULT_TIMEOUT;
    if let Some(known) = application.and_then(|found| found.timeout).filter(chosen) {
        settings.timeout = Some(known);
        return;
    }
    let Some(slowest) = &context.measured.slowest_p95 else { return };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wanted = ((slowest.value * 4.0 / 10.0).ceil() * 10.0).clamp(0.0, 3_600.0) as u32;
    if wanted > DEFAULT_TIMEOUT {
        settings.timeout = Some(wanted);
        settings.reasons.push(format!("timeout: {wanted} s, four times the slowest p95 ({})", slowest.evidence));
    }
}

/// Workers that grow are replaced now and then, not all at once.
fn max_requests(context: &Context<'_>, application: Option<&Application>, settings: &mut ServerSettings) {
    // The user's own number stays, and its spread with it.
    if let Some(known) = application.and_then(|found| found.max_requests).filter(|known| *known > 0) {
        // The user's own number, with the spread that goes with it, is left alone.
        settings.max_requests = Some(known);
        settings.max_requests_jitter =
            application.and_then(|found| found.max_requests_jitter).filter(|jitter| *jitter > 0);
        return;
    }
    let memory = &context.inputs.metrics.snapshot.web.memory_per_worker;
    let (Some(start), Some(peak)) = (memory.start, memory.peak) else { return };
    if settings.workers > 1 && peak > start.scaled(1.2) {
        settings.max_requests = Some(1000);
        settings.max_requests_jitter = Some(100);
        let growth = Bytes(peak.0 - start.0);
        settings.reasons.push(format!(
            "max-requests: 1000 with a jitter of 100, because a worker grows by {growth} after its start ({})",
            context.inputs.metrics.evidence("web.memory_per_worker.peak")
        ));
    }
}
