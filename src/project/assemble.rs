//! From what services start to what is known of each application.

use std::sync::Arc;

use super::application::{Application, Detected, Framework};
use super::blueprint::{Blueprint, ServiceKind};
use super::comments::Comments;
use super::dependencies::Dependencies;
use super::environment::{Environment, Setting};
use super::follow::Started;
use super::imports::{all_below, reachable};
use super::program::Program;
use super::python_script::Names;
use super::redis_scan::imports_module;
use super::seed::Seed;
use super::server::Running;
use super::tree::{Tree, join, normalise, parent};
use super::{database, django_settings, entry_point, framework, python_server, redis_use, server};
use crate::diagnostic::{SourceFile, mask};

/// The Python applications of a project.
pub(super) fn applications(tree: &mut Tree, blueprint: Option<&Blueprint>) -> Vec<Application> {
    let seeds: Vec<Seed<'_>> = match blueprint {
        Some(blueprint) => {
            blueprint.services.iter().filter_map(|service| Seed::of_service(tree, blueprint, service)).collect()
        }
        None => Seed::of_project(tree).into_iter().collect(),
    };
    let comments = blueprint.map(|blueprint| Comments::of(&blueprint.document.file));
    let celery = seeds.iter().find_map(|seed| {
        let started = seed.started.iter().find(|started| started.program == Program::Celery);
        started.map(|started| started.place.clone()).or_else(|| seed.celery.clone())
    });
    let around = Around { blueprint, comments: comments.as_ref(), celery: celery.as_deref() };
    seeds.iter().map(|seed| application(tree, seed, &around)).collect()
}

/// What is around an application.
struct Around<'a> {
    blueprint: Option<&'a Blueprint>,
    comments: Option<&'a Comments>,
    /// Where the project starts a Celery worker.
    celery: Option<&'a str>,
}

fn application(tree: &mut Tree, seed: &Seed<'_>, around: &Around<'_>) -> Application {
    let dependencies = Dependencies::read(tree, &seed.base, &seed.requirements);
    let chosen = choose(seed);
    let running = merged(tree, seed, &chosen);
    let roots = roots(tree, seed, &chosen, &running);
    let found = framework::detect(tree, &roots, running.entry_point.as_deref(), running.asgi, &dependencies);
    let is_background =
        matches!(seed.service.map(|service| service.kind), Some(ServiceKind::Worker | ServiceKind::Cron));
    let framework = match found.framework {
        Some(found) if is_background && found.value != Framework::Django => None,
        found => found,
    };
    let framework = framework.or_else(|| background(is_background, &dependencies));
    // What a command says is never changed; where none names a server, the repository may hold one application only.
    let no_command = running.entry_point.is_none() && chosen.is_empty() && !is_background && seed.folder == seed.base;
    let inferred = if no_command { entry_point::find(tree, &seed.base) } else { None };
    let inferred = inferred.filter(|one| framework.as_ref().is_none_or(|found| found.value == one.framework.value));
    let framework = framework.or_else(|| inferred.as_ref().map(|one| one.framework.clone()));
    let is_django = framework.as_ref().is_some_and(|framework| framework.value == Framework::Django);
    let settings: Option<Names> = if is_django {
        django_settings::read(tree, &roots, found.entry_file.as_deref(), &seed.environment)
    } else {
        None
    };
    let code: Vec<Arc<SourceFile>> = match &found.entry_file {
        Some(file) if !is_django => reachable(tree, &roots, file),
        // Django loads applications by the names in its settings, which no import shows.
        _ => all_below(tree, &seed.base),
    };
    let (database, redis) = stores(tree, seed, around, &dependencies, settings.as_ref(), &code);
    let entry_point = running.entry_point.or_else(|| inferred.as_ref().map(|one| one.name.clone()));
    let entry_file = found.entry_file.as_deref().or_else(|| inferred.as_ref().map(|one| one.file.as_str()));
    let object = entry_point.as_deref().and_then(|entry| entry.split_once(':')).map_or("app", |(_, object)| object);
    let health_path = health_path(seed, around).or_else(|| {
        // A blueprint without a path wants none.
        let file = entry_file.filter(|_| seed.service.is_none())?;
        entry_point::health_route(tree, file, object, is_django)
    });
    let effective = chosen.first().filter(|first| chosen.iter().all(|started| started.command == first.command));
    Application {
        service: seed.service.map(|service| service.name.clone()),
        framework,
        asgi: running.asgi.or(found.asgi).or_else(|| inferred.as_ref().map(|one| one.asgi)),
        server: running.server.map(|server| Detected { value: server, evidence: evidence_of(&chosen) }),
        declared_command: seed
            .declared
            .as_ref()
            .map(|declared| Detected { value: declared.text.clone(), evidence: declared.place.clone() }),
        effective_command: effective
            .map(|started| Detected { value: mask(&started.command), evidence: started.place.clone() }),
        entry_point,
        declared_worker_class: running.declared_class,
        worker_class: running.class,
        workers: running.workers,
        workers_source: running.workers_source,
        threads: running.threads,
        timeout: running.timeout,
        max_requests: running.max_requests,
        max_requests_jitter: running.max_requests_jitter,
        preload: running.preload,
        database,
        redis,
        health_path,
        dependency_files: dependencies.files,
        dependencies: dependencies.packages,
        environment: seed.environment.names().map(str::to_owned).collect(),
    }
}

fn stores(
    tree: &mut Tree,
    seed: &Seed<'_>,
    around: &Around<'_>,
    dependencies: &Dependencies,
    settings: Option<&Names>,
    code: &[Arc<SourceFile>],
) -> (Option<Detected<super::DatabaseUse>>, Vec<super::RedisUse>) {
    let environment = &seed.environment;
    let database = database::detect(&database::Evidence {
        service: seed.service,
        environment,
        dependencies,
        settings,
        comments: around.comments,
        imports_sqlite: tree.complete.then(|| imports_module(code, "sqlite3")),
    });
    let redis = redis_use::detect(
        tree,
        &redis_use::Evidence {
            service: around.blueprint.zip(seed.service),
            environment,
            dependencies,
            settings,
            comments: around.comments,
            code,
            celery_worker: around.celery,
        },
    );
    (database, redis)
}

/// The commands that may be what runs: the first server that certainly runs, and those before it that may.
fn choose(seed: &Seed<'_>) -> Vec<Started> {
    let background_service = matches!(seed.service.map(|service| service.kind), Some(ServiceKind::Worker));
    let is_cron = matches!(seed.service.map(|service| service.kind), Some(ServiceKind::Cron));
    let fits: [fn(&Program) -> bool; 2] =
        if background_service { [Program::works, Program::serves] } else { [Program::serves, Program::works] };
    for fit in fits {
        let mut chosen: Vec<Started> = Vec::new();
        for started in seed.started.iter().filter(|started| fit(&started.program) && !started.background) {
            if !chosen.iter().any(|known| known.command == started.command && known.folder == started.folder) {
                chosen.push(started.clone());
            }
            if !started.conditional {
                break;
            }
        }
        if !chosen.is_empty() && !is_cron {
            return chosen;
        }
    }
    // No server by name: the last script may hold one.
    let script = seed.started.iter().rfind(|started| matches!(started.program, Program::Script(_)));
    script.filter(|started| !started.conditional).cloned().into_iter().collect()
}

/// How it runs: what all of the commands agree on.
fn merged(tree: &mut Tree, seed: &Seed<'_>, chosen: &[Started]) -> Running {
    let mut all = chosen.iter().map(|started| match &started.program {
        Program::Script(script) => python_server::read(tree, started, script, &seed.environment).unwrap_or_default(),
        _ => server::read(tree, started, &seed.environment, seed.image.as_ref()),
    });
    let Some(first) = all.next() else { return Running::default() };
    all.fold(first, agree)
}

fn agree(left: Running, right: Running) -> Running {
    fn same<T: PartialEq>(left: Option<T>, right: Option<T>) -> Option<T> {
        if left == right { left } else { None }
    }
    fn same_value<T: PartialEq>(left: Option<Detected<T>>, right: Option<Detected<T>>) -> Option<Detected<T>> {
        match (left, right) {
            (Some(left), Some(right)) if left.value == right.value => Some(left),
            _ => None,
        }
    }
    Running {
        server: same(left.server, right.server),
        entry_point: same(left.entry_point, right.entry_point),
        app_folder: same(left.app_folder, right.app_folder),
        declared_class: same_value(left.declared_class, right.declared_class),
        class: same_value(left.class, right.class),
        workers: same_value(left.workers, right.workers),
        workers_source: same(left.workers_source, right.workers_source),
        threads: same_value(left.threads, right.threads),
        timeout: same(left.timeout, right.timeout),
        max_requests: same(left.max_requests, right.max_requests),
        max_requests_jitter: same(left.max_requests_jitter, right.max_requests_jitter),
        preload: same(left.preload, right.preload),
        asgi: same(left.asgi, right.asgi),
    }
}

/// The folders that Python looks modules up in, the likeliest first.
fn roots(tree: &Tree, seed: &Seed<'_>, chosen: &[Started], running: &Running) -> Vec<String> {
    let folder = chosen.first().map_or(seed.folder.as_str(), |started| started.folder.as_str());
    let mut roots: Vec<String> = Vec::new();
    if let Some(app) = running.app_folder.as_deref().filter(|path| !path.starts_with('/')) {
        roots.extend(normalise(&join(folder, app)));
    }
    roots.push(folder.to_owned());
    roots.push(seed.base.clone());
    if let Setting::Known(path) = python_path(&seed.environment, chosen) {
        roots.extend(path.split(':').filter_map(|part| normalise(&join(folder, part))));
    }
    roots.push(join(&seed.base, "src"));
    roots.extend(django_settings::manage_folders(tree, &seed.base));
    let mut seen = std::collections::BTreeSet::new();
    roots.retain(|root| tree.has_folder(root) && seen.insert(root.clone()));
    roots
}

fn python_path(environment: &Environment, chosen: &[Started]) -> Setting {
    chosen.first().map_or_else(|| environment.get("PYTHONPATH"), |started| started.setting(environment, "PYTHONPATH"))
}

/// A worker or cron job that loads no web framework.
fn background(is_background: bool, dependencies: &Dependencies) -> Option<Detected<Framework>> {
    (is_background && !dependencies.packages.is_empty() && !dependencies.has("django"))
        .then(|| Detected { value: Framework::None, evidence: "a background service without Django".to_owned() })
}

fn evidence_of(chosen: &[Started]) -> String {
    let places: Vec<&str> = chosen.iter().map(|started| started.place.as_str()).collect();
    places.join(", ")
}

/// The blueprint's path; without a blueprint, the one that the image's own health check asks for.
fn health_path(seed: &Seed<'_>, around: &Around<'_>) -> Option<Detected<String>> {
    if let Some(service) = seed.service {
        let path = service.health_check_path.clone()?;
        let file = around.blueprint.map(|blueprint| blueprint.document.file.path.as_str()).unwrap_or_default();
        return Some(Detected { value: path, evidence: format!("{file}, healthCheckPath of {}", service.name) });
    }
    let image = seed.image.as_ref()?;
    let (command, line) = image.health_check.as_ref()?;
    let (_, rest) = command.split_once("://")?;
    let address = rest.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ')' | '|')).next()?;
    let (_, path) = address.split_once('/')?;
    let value = format!("/{path}");
    Some(Detected { value, evidence: format!("{}:{line}, HEALTHCHECK", image.file) })
        .filter(|_| !parent(&image.file).contains(".."))
}
