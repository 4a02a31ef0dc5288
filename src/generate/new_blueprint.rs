//! A blueprint for a project that has none.

use super::blueprint::{
    NewBlueprint, NewDatabase, NewKeyValue, NewKind, NewService, Previews, WantedEnv, WantedSource, render_new,
};
use super::template::TemplateError;
use super::wanted::redis_variable;
use crate::catalog::Provider;
use crate::decide::{Context, ServiceTarget, Target};
use crate::project::{Application, Framework};

/// The Postgres version that Render gives a new database by default.
const POSTGRES_VERSION: &str = "18";

/// Render's default region.
const DEFAULT_REGION: &str = "oregon";

/// The text of a new blueprint; `None` when no application was recognised that it could run; what is missing for one
/// that would run, when something is.
pub(super) fn render(context: &Context<'_>, state: &Target) -> Result<Result<Option<String>, String>, TemplateError> {
    let Some(application) = context.application.filter(|found| found.framework.is_some()) else { return Ok(Ok(None)) };
    if let Some(missing) = missing(application, state) {
        return Ok(Err(missing));
    }
    let region = context.inputs.policy.project.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let services: Vec<NewService> = state
        .services
        .iter()
        .filter(|service| service.provider == Provider::Render)
        .filter_map(|service| new_service(context, state, application, service, &region))
        .collect();
    if services.is_empty() {
        return Ok(Ok(None));
    }
    let databases = state.databases.iter().filter_map(|database| {
        Some(NewDatabase {
            name: database.name.clone(),
            plan: database.offer.clone()?,
            region: region.clone(),
            database_name: None,
            user: None,
            disk_gb: database.disk_gb.unwrap_or(1),
            storage_autoscaling: false,
            version: POSTGRES_VERSION.to_owned(),
            high_availability: context.inputs.policy.database.high_availability,
            connection_pool: false,
            ip_allow_list: Vec::new(),
        })
    });
    let key_values = state.redis.iter().filter(|redis| redis.provider == Provider::Render).filter_map(|redis| {
        Some(NewKeyValue {
            name: redis.name.clone(),
            plan: redis.offer.clone()?,
            region: region.clone(),
            max_memory_policy: redis.eviction.clone().unwrap_or_else(|| "noeviction".to_owned()),
            persistence_mode: "journal-snapshot".to_owned(),
            ip_allow_list: Vec::new(),
        })
    });
    let blueprint = NewBlueprint {
        services,
        databases: databases.collect(),
        key_values: key_values.collect(),
        previews: Previews::Off,
    };
    render_new(&blueprint).map(Some).map(Ok)
}

/// Why a blueprint would not run: a file that is incomplete would fail at the first deploy.
fn missing(application: &Application, state: &Target) -> Option<String> {
    if let Some(declared) = application.declared_command.as_ref().filter(|found| found.evidence.contains("Dockerfile"))
    {
        return Some(format!("a container image runs the application ({})", declared.evidence));
    }
    let starts = state.services.iter().filter(|one| one.kind == "web").all(|one| one.start_command.is_some());
    if !starts {
        return Some("nothing says how the application starts".to_owned());
    }
    build_command(application, false).is_none().then(|| "no file lists the application's dependencies".to_owned())
}

fn new_service(
    context: &Context<'_>,
    state: &Target,
    application: &Application,
    service: &ServiceTarget,
    region: &str,
) -> Option<NewService> {
    let django = application.framework.as_ref().is_some_and(|found| found.value == Framework::Django);
    Some(NewService {
        name: service.name.clone(),
        kind: NewKind::Web,
        runtime: "python".to_owned(),
        plan: service.offer.clone()?,
        region: region.to_owned(),
        branch: None,
        root_dir: None,
        build_command: build_command(application, django),
        start_command: service.start_command.clone(),
        pre_deploy_command: django.then(|| "python manage.py migrate".to_owned()),
        health_check_path: application.health_path.as_ref().map(|found| found.value.clone()),
        instances: service.instances,
        auto_deploy_trigger: "commit".to_owned(),
        max_shutdown_delay_seconds: 30,
        schedule: None,
        disk: None,
        env: environment(context, state, service, django),
    })
}

/// What installs the dependencies, by the file that lists them.
fn build_command(application: &Application, django: bool) -> Option<String> {
    let has = |name: &str| application.dependency_files.iter().any(|path| path.rsplit('/').next() == Some(name));
    let install = if has("uv.lock") {
        "uv sync --frozen".to_owned()
    } else if has("poetry.lock") {
        "poetry install --only main".to_owned()
    } else if has("Pipfile.lock") {
        "pipenv install --deploy".to_owned()
    } else {
        let file = application.dependency_files.iter().find(|path| path.ends_with(".txt"))?;
        format!("pip install -r {file}")
    };
    Some(if django { format!("{install} && python manage.py collectstatic --noinput") } else { install })
}

fn environment(context: &Context<'_>, state: &Target, service: &ServiceTarget, django: bool) -> Vec<WantedEnv> {
    let mut list = Vec::new();
    if let Some(database) = state.databases.first() {
        list.push(WantedEnv {
            key: "DATABASE_URL".to_owned(),
            source: WantedSource::Database { name: database.name.clone(), property: "connectionString".to_owned() },
        });
    }
    for name in &service.variables {
        list.extend(state.redis.first().map(|redis| redis_variable(redis, name)));
    }
    if django {
        list.push(WantedEnv { key: "SECRET_KEY".to_owned(), source: WantedSource::Generated });
    }
    // Names that the project's own env files show are asked for, never guessed.
    for known in &context.inputs.project.env_names {
        if list.iter().all(|entry| entry.key != known.name)
            && known.path.ends_with(".env.example")
            && known.name != "PORT"
        {
            list.push(WantedEnv { key: known.name.clone(), source: WantedSource::Prompted });
        }
    }
    list
}
