//! The variables that the services need: as entries of the blueprint and as `.env.example`. Names only.

use super::blueprint::{Change, WantedEnv, changes::WantedBlueprint, changes::WantedService, changes::changes};
use super::env::{EnvEntry, env_example as render_example};
use super::files::{FileKind, Generated, in_root};
use super::folder::Folder;
use super::template::TemplateError;
use super::wanted::redis_variable;
use crate::decide::{Context, Current, Target};
use crate::diagnostic::Diagnostic;
use crate::project::{Blueprint, EnvSource, EnvVar};

/// The entries that the state adds to services of the blueprint.
pub(super) fn blueprint_variables(
    _: &Context<'_>,
    blueprint: &Blueprint,
    current: &Current,
    state: &Target,
) -> Vec<Change> {
    let mut wanted = WantedBlueprint::default();
    for today in &current.services {
        let Some(then) = state.services.iter().find(|one| one.name == today.name) else { continue };
        let env: Vec<WantedEnv> =
            then.variables.iter().filter_map(|name| Some(redis_variable(state.redis.first()?, name))).collect();
        if !env.is_empty() {
            wanted.services.push(WantedService { path: today.path.clone(), env, ..WantedService::default() });
        }
    }
    changes(blueprint, &wanted)
}

/// `.env.example`: a new one whole; to an existing one only the names that it lacks are appended, and the user's lines
/// stay byte for byte.
pub(super) fn env_example(
    context: &Context<'_>,
    state: &Target,
    folder: &dyn Folder,
    generated: &mut Generated,
) -> Result<(), TemplateError> {
    let path = in_root(context, ".env.example");
    let before = folder.read(&path);
    let known: Vec<&str> = context
        .inputs
        .project
        .env_names
        .iter()
        .filter(|name| name.path == path)
        .map(|name| name.name.as_str())
        .collect();
    let missing: Vec<EnvEntry> =
        entries(context, state).into_iter().filter(|entry| !known.contains(&entry.name.as_str())).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = match render_example(&missing) {
        Ok(text) => text,
        Err(super::env::EnvError::Template(error)) => return Err(error),
        Err(error) => {
            let help = "rename the variable in the blueprint";
            generated.refused.push(Diagnostic::warning("env-example", error.to_string()).help(help));
            return Ok(());
        }
    };
    let after = match &before {
        None => text.into_bytes(),
        Some(bytes) => appended(bytes, &text),
    };
    generated.put(&path, FileKind::Env, before, after);
    Ok(())
}

/// The user's bytes, then the new lines with the user's line ends.
fn appended(bytes: &[u8], text: &str) -> Vec<u8> {
    let crlf = bytes.windows(2).any(|pair| pair == b"\r\n");
    // The first lines of a new file say what it is; the user's file has its own.
    let text = text.split_once("\n\n").map_or(text, |(_, rest)| rest);
    let mut after = bytes.to_vec();
    if !after.is_empty() && !after.ends_with(b"\n") {
        after.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
    }
    let text = if crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
    after.extend_from_slice(text.as_bytes());
    after
}

/// Every variable of the web service, in the order of the blueprint, then what the target adds.
fn entries(context: &Context<'_>, state: &Target) -> Vec<EnvEntry> {
    let service = context.current_web.as_ref().and_then(|web| {
        context.inputs.project.blueprint.as_ref()?.services.iter().find(|service| service.path == web.path)
    });
    let mut entries: Vec<EnvEntry> = service
        .into_iter()
        .flat_map(|service| &service.env)
        .filter(|variable| !matches!(variable.source, EnvSource::Group(_)) && is_name(&variable.key))
        .map(entry)
        .collect();
    let mut add = |name: &str, source: &str| {
        if entries.iter().all(|entry| entry.name != name) {
            entries.push(EnvEntry {
                name: name.to_owned(),
                purpose: purpose(name),
                source: source.to_owned(),
                example: None,
            });
        }
    };
    if context.has_database && service.is_none() {
        add("DATABASE_URL", "the database of the blueprint; locally, a Postgres of your own");
    }
    for service in &state.services {
        for name in &service.variables {
            add(name, "the Redis instance of the plan; locally, a redis-server of your own");
        }
    }
    entries
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

fn entry(variable: &EnvVar) -> EnvEntry {
    let source = match &variable.source {
        EnvSource::Value(_) => "a value in the blueprint".to_owned(),
        EnvSource::Database { name, property } => format!("{property} of the database `{name}`"),
        EnvSource::Service { name, property } => format!("{property} of the service `{name}`"),
        EnvSource::Generated => "a random value that Render makes up; locally, any random text".to_owned(),
        EnvSource::Prompted => "Render asks for it when the service is made; locally, your own".to_owned(),
        EnvSource::Group(name) => format!("the group `{name}`"),
    };
    // A setting that stands in the blueprint is an example; a value that may be a secret is not.
    let example = match &variable.source {
        EnvSource::Value(Some(value)) if !crate::diagnostic::names_a_secret(&variable.key) => Some(value.clone()),
        _ => None,
    };
    EnvEntry { name: variable.key.clone(), purpose: purpose(&variable.key), source, example }
}

/// What a variable of this name is for, where the name tells.
fn purpose(name: &str) -> String {
    let known = [
        ("DATABASE_URL", "Address of the Postgres database"),
        ("DIRECT_DATABASE_URL", "Address of the database without a pooler, for migrations"),
        ("REDIS_URL", "Address of Redis"),
        ("REDIS_CACHE_URL", "Address of the Redis for the cache"),
        ("REDIS_SESSION_URL", "Address of the Redis for sessions"),
        ("UPSTASH_REDIS_REST_URL", "Address of Upstash Redis over HTTP"),
        ("UPSTASH_REDIS_REST_TOKEN", "Token of Upstash Redis over HTTP"),
        ("WEB_CONCURRENCY", "Worker processes, where the start command names none"),
        ("GUNICORN_CMD_ARGS", "gunicorn's settings besides the command"),
        ("PYTHON_VERSION", "Version of Python that Render installs"),
        ("PORT", "Port that the server listens on"),
        ("DJANGO_SETTINGS_MODULE", "Django's settings"),
    ];
    if let Some((_, text)) = known.iter().find(|(known, _)| *known == name) {
        return (*text).to_owned();
    }
    if crate::diagnostic::names_a_secret(name) {
        return "A secret; its value never goes into a file that is committed".to_owned();
    }
    "A setting of the application".to_owned()
}
