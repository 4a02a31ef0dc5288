//! The start command of a web service.

use super::gunicorn::{ServerSettings, adjust_command, read_command, start_command as new_command};
use crate::decide::ServiceTarget;
use crate::policy::{ConfigureWeb, WebPolicy};
use crate::project::{Application, Server};

/// The server's settings that a target asks for, with the application object that the policy states, else the one that
/// was found; `None` when palier does not configure its server.
#[must_use]
pub fn settings_of(
    application: Option<&Application>,
    stated: Option<&str>,
    target: &ServiceTarget,
) -> Option<ServerSettings> {
    let server = match target.server.as_deref()? {
        "gunicorn" => Server::Gunicorn,
        "uvicorn" => Server::Uvicorn,
        _ => return None,
    };
    let found = || application.and_then(|found| found.entry_point.clone());
    let entry_point = stated.map(str::to_owned).or_else(found).unwrap_or_default();
    Some(ServerSettings::of(target, server, &entry_point))
}

/// The start command that a service gets: the user's own with the settings of the target worked in, or a new one where
/// there is none. Where a file holds the settings, the command gets no flags; those that it has already win over the
/// file, so they follow the target.
///
/// # Errors
/// Why the user's command cannot be changed; it is then left as it is.
pub fn start_command(
    application: Option<&Application>,
    current: Option<&str>,
    target: &ServiceTarget,
    policy: &WebPolicy,
) -> Result<Option<String>, String> {
    let Some(settings) = settings_of(application, policy.entry_point.as_deref(), target) else {
        return Ok(current.map(str::to_owned));
    };
    let in_file = policy.configure == ConfigureWeb::File && settings.server == Server::Gunicorn;
    let adjust = |command: &str, settings: &ServerSettings| {
        let kept = if in_file { flags_of(command, settings) } else { settings.clone() };
        adjust_command(command, &kept).map_err(|reason| reason.to_string())
    };
    match current {
        Some(command) => {
            // A number of workers that runs already need not be said when nothing else changes.
            let as_today = application
                .and_then(|found| found.workers.as_ref())
                .is_some_and(|workers| Some(workers.value) == settings.workers);
            let silent = ServerSettings { workers: settings.workers.filter(|_| !as_today), ..settings.clone() };
            match adjust(command, &silent) {
                Ok(same) if same == command => Ok(Some(same)),
                _ => adjust(command, &settings).map(Some),
            }
        }
        None => {
            if let Some(declared) = application.and_then(|found| found.declared_command.as_ref()) {
                // An image's command belongs to its Dockerfile; a Procfile's is what the blueprint will say itself.
                if declared.evidence.contains("Dockerfile") {
                    return Err(format!("it comes from {}, which palier does not edit", declared.evidence));
                }
                return adjust(&declared.value, &settings).map(Some);
            }
            let bare = if in_file { without_flags(&settings) } else { settings.clone() };
            Ok((!settings.entry_point.is_empty()).then(|| new_command(&bare)))
        }
    }
}

/// The settings that a command says by flags of its own.
fn flags_of(command: &str, settings: &ServerSettings) -> ServerSettings {
    let Ok(said) = read_command(command) else { return without_flags(settings) };
    if said.server != settings.server {
        return without_flags(settings);
    }
    ServerSettings {
        workers: settings.workers.filter(|_| said.workers.is_some()),
        threads: settings.threads.filter(|_| said.threads.is_some()),
        worker_class: settings.worker_class.clone().filter(|_| said.worker_class.is_some()),
        timeout: settings.timeout.filter(|_| said.timeout.is_some()),
        max_requests: settings.max_requests.filter(|_| said.max_requests.is_some()),
        max_requests_jitter: settings.max_requests_jitter.filter(|_| said.max_requests_jitter.is_some()),
        preload: settings.preload.filter(|_| said.preload),
        ..settings.clone()
    }
}

fn without_flags(settings: &ServerSettings) -> ServerSettings {
    ServerSettings {
        server: settings.server,
        entry_point: settings.entry_point.clone(),
        workers: None,
        threads: None,
        worker_class: None,
        timeout: None,
        max_requests: None,
        max_requests_jitter: None,
        preload: None,
    }
}
