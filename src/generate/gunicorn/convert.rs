//! uvicorn's command line as gunicorn's with uvicorn's worker, for the flags that mean the same there.
//!
//! What the worker does by itself (uvicorn-worker 0.4): it trusts proxy headers of `--forwarded-allow-ips`, takes
//! uvloop and httptools when they are installed, and logs requests where gunicorn's access log goes.

use std::ops::Range;

use super::adjust::Edits;
use super::arguments::{Argument, arguments};
use super::call::Call;
use super::read::{entry_point, last};
use super::words::unreadable;
use super::{Reason, ServerSettings, UVICORN_WORKER, shell_word};
use crate::project::Server;

/// Flags of the same meaning under another name in gunicorn, or under the same.
const RENAMED: &[(&str, &str)] = &[
    ("--workers", "--workers"),
    ("--reload", "--reload"),
    ("--backlog", "--backlog"),
    ("--forwarded-allow-ips", "--forwarded-allow-ips"),
    ("--limit-max-requests", "--max-requests"),
    ("--limit-max-requests-jitter", "--max-requests-jitter"),
    ("--timeout-keep-alive", "--keep-alive"),
    ("--timeout-graceful-shutdown", "--graceful-timeout"),
    ("--app-dir", "--pythonpath"),
    ("--ssl-keyfile", "--keyfile"),
    ("--ssl-certfile", "--certfile"),
    ("--ssl-ca-certs", "--ca-certs"),
];

/// Flags that say what the worker does anyway, or that mean nothing without uvicorn's own processes.
const IMPLIED: &[&str] = &[
    "--proxy-headers",
    "--server-header",
    "--date-header",
    "--use-colors",
    "--no-use-colors",
    "--factory",
    "--timeout-worker-healthcheck",
];

/// Flags that may be left out when they have one of these values.
const IMPLIED_VALUES: &[(&str, &[&str])] = &[
    ("--loop", &["auto", "uvloop"]),
    ("--http", &["auto", "httptools"]),
    ("--ws", &["auto"]),
    ("--lifespan", &["auto"]),
    ("--interface", &["auto", "asgi3"]),
];

/// The same command with gunicorn; the settings' values are set afterwards.
pub(super) fn gunicorn_from_uvicorn(existing: &str, call: &Call, settings: &ServerSettings) -> Result<String, Reason> {
    let arguments = arguments(existing, Server::Uvicorn, &call.arguments);
    let mut edits = Edits::new(call.end);
    edits.replace(call.name.clone(), "gunicorn");
    for argument in arguments.iter().filter(|argument| !argument.flag.is_empty()) {
        convert(existing, argument, &mut edits)?;
    }
    bind(existing, &arguments, &mut edits)?;
    if last(&arguments, "--factory").is_some() {
        let (range, text) = entry_point(&arguments).ok_or_else(|| unreadable("`--factory` has no application"))?;
        edits.replace(range, shell_word(&format!("{text}()")));
    }
    let class = settings.worker_class.as_deref().unwrap_or(UVICORN_WORKER);
    edits.add(&format!("--worker-class {}", shell_word(class)));
    // uvicorn logs requests unless told otherwise and gunicorn does not; Render's preset turns it on for both.
    let silent = last(&arguments, "--no-access-log").is_some();
    edits.add(if silent { "--access-logfile /dev/null" } else { "--access-logfile -" });
    Ok(edits.apply(existing))
}

fn convert(existing: &str, argument: &Argument, edits: &mut Edits) -> Result<(), Reason> {
    let flag = argument.flag.as_str();
    let text = argument.value.as_ref().map(|(_, text)| text.as_str());
    if let Some((_, renamed)) = RENAMED.iter().find(|(name, _)| *name == flag) {
        edits.replace(argument.name.clone(), *renamed);
        return Ok(());
    }
    match flag {
        "--host" | "--port" | "--uds" | "--fd" => return Ok(()),
        // gunicorn has no level below debug.
        "--log-level" if text == Some("trace") => {
            let (range, _) = argument.value.clone().unwrap_or_default();
            edits.replace(range, "debug");
            return Ok(());
        }
        "--log-level" => return Ok(()),
        _ => {}
    }
    let implied = IMPLIED.contains(&flag)
        || matches!(flag, "--access-log" | "--no-access-log")
        || IMPLIED_VALUES.iter().any(|(name, values)| *name == flag && text.is_some_and(|text| values.contains(&text)));
    if implied {
        edits.remove(existing, &argument.span);
        return Ok(());
    }
    Err(Reason::NoEquivalent { flag: flag.to_owned(), why: "its effect would be lost" })
}

/// `--host` and `--port`, a socket or a descriptor as `--bind`, in the place of the first of them. What is not said is
/// what Render needs: every address, and the port of `PORT`.
fn bind(existing: &str, arguments: &[Argument], edits: &mut Edits) -> Result<(), Reason> {
    let value = |flag| -> Option<(&str, &str)> {
        let (range, text) = last(arguments, flag)?.value.as_ref()?;
        Some((&existing[range.clone()], text.as_str()))
    };
    let address = match (value("--uds"), value("--fd")) {
        (Some((raw, _)), _) => format!("unix:{raw}"),
        (None, Some((raw, _))) => format!("fd://{raw}"),
        (None, None) => {
            let host = value("--host").map_or("0.0.0.0".to_owned(), |(raw, text)| host(raw, text));
            let port = value("--port").map_or("$PORT", |(raw, _)| raw);
            format!("{host}:{port}")
        }
    };
    let is_address = |argument: &&Argument| matches!(argument.flag.as_str(), "--host" | "--port" | "--uds" | "--fd");
    let spans: Vec<Range<usize>> = arguments.iter().filter(is_address).map(|argument| argument.span.clone()).collect();
    if arguments.iter().filter(is_address).any(|argument| argument.value.is_none()) {
        return Err(unreadable("its address has no value"));
    }
    match spans.split_first() {
        None => edits.add(&format!("--bind {address}")),
        Some((first, others)) => {
            edits.replace(first.clone(), format!("--bind {address}"));
            others.iter().for_each(|span| edits.remove(existing, span));
        }
    }
    Ok(())
}

/// A host as gunicorn wants it before the port: an IPv6 address in brackets, which a shell must not take for a pattern.
fn host(raw: &str, text: &str) -> String {
    if text.contains(':') { format!("'[{text}]'") } else { raw.to_owned() }
}
