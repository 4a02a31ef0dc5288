//! Every file of a state, from what is there.

use super::blueprint::{EditRefused, edit_bytes};
use super::folder::Folder;
use super::gunicorn::{UVICORN_WORKER_PACKAGE, config_file};
use super::migrations::{Held, Index, MigrationFile, MigrationOptions, held, render};
use super::requirements::{requirements_file, with_packages};
use super::template::TemplateError;
use super::web::settings_of;
use super::{new_blueprint, wanted};
use crate::decide::{Context, Current, ServiceTarget, Target};
use crate::diagnostic::Diagnostic;
use crate::policy::{ConfigureWeb, MigrationFormat, PlatformName};
use crate::project::Application;

/// What a generated file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `render.yaml`.
    Blueprint,
    /// `gunicorn.conf.py`.
    Gunicorn,
    /// A requirements file.
    Requirements,
    /// An index migration.
    Migration,
    /// `.env.example`.
    Env,
    /// The cache settings of a Django application.
    DjangoCache,
}

/// A file that must change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path, relative to the root.
    pub path: String,
    /// What it is for.
    pub kind: FileKind,
    /// Its bytes of today; `None` when there is none.
    pub before: Option<Vec<u8>>,
    /// Its bytes then.
    pub after: Vec<u8>,
}

/// What a generator may do beyond palier's own files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Add the import of the cache settings to the user's own settings.
    pub edit_settings: bool,
}

/// What a state needs of the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generated {
    /// Files that must change, in a fixed order.
    pub changes: Vec<FileChange>,
    /// What could not be written safely, with the wanted change to paste by hand.
    pub refused: Vec<Diagnostic>,
    /// The indexes whose migrations are among the changes.
    pub indexes: Vec<NewIndex>,
    /// Every declared index that a migration builds, new or old: a live database may lack any of them.
    pub declared: Vec<NewIndex>,
}

/// An index with its migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    /// Its name.
    pub name: String,
    /// Its table.
    pub table: String,
    /// Where it was asked for.
    pub origin: String,
    /// The file that builds it.
    pub up: String,
    /// The file that drops it, where that is another one.
    pub down: Option<String>,
    /// The statement that builds it.
    pub create: String,
    /// What the framework's own command takes to go back to before it; `None` in plain SQL, and where it does not show.
    pub back_to: Option<String>,
}

/// The files of a state on the way to `end`. What only names things (env files, settings) is written for the end at
/// once, so that each flight leaves it alone. Pure: `folder` answers what is there.
///
/// # Errors
/// A template is broken: a defect of palier.
pub fn files(
    context: &Context<'_>,
    current: &Current,
    state: &Target,
    end: &Target,
    folder: &dyn Folder,
    options: Options,
) -> Result<Generated, TemplateError> {
    let mut generated = Generated::default();
    blueprint(context, current, state, folder, &mut generated)?;
    if let Some((service, application)) = web(context, state) {
        gunicorn(context, service, application, folder, &mut generated)?;
        requirements(context, service, application, folder, &mut generated);
    }
    super::env_files::env_example(context, end, folder, &mut generated)?;
    super::django::cache_module(context, end, folder, options, &mut generated)?;
    migrations(context, folder, &mut generated);
    Ok(generated)
}

impl Generated {
    /// Notes a file when its bytes differ from what is there.
    pub(super) fn put(&mut self, path: &str, kind: FileKind, before: Option<Vec<u8>>, after: Vec<u8>) {
        if before.as_deref() != Some(after.as_slice()) {
            self.changes.push(FileChange { path: path.to_owned(), kind, before, after });
        }
    }
}

fn web<'s, 'a>(context: &Context<'a>, state: &'s Target) -> Option<(&'s ServiceTarget, &'a Application)> {
    let main = context.current_web.as_ref().map(|web| web.name.as_str());
    let service = state.services.iter().find(|one| main.is_none_or(|main| main == one.name) && one.kind == "web")?;
    Some((service, context.application?))
}

fn blueprint(
    context: &Context<'_>,
    current: &Current,
    state: &Target,
    folder: &dyn Folder,
    generated: &mut Generated,
) -> Result<(), TemplateError> {
    let inputs = &context.inputs;
    let path = inputs.policy.files.blueprint.as_str();
    if inputs.policy.platform.app != PlatformName::Render {
        return Ok(());
    }
    let before = folder.read(path);
    let (Some(blueprint), Some(bytes)) = (&inputs.project.blueprint, &before) else {
        if before.is_none() {
            match new_blueprint::render(context, state)? {
                Ok(Some(text)) => generated.put(path, FileKind::Blueprint, None, text.into_bytes()),
                Ok(None) => {}
                Err(missing) => generated.refused.push(
                    Diagnostic::warning("no-new-blueprint", format!("no `{path}` is written: {missing}"))
                        .help("write one by hand with the offers of the plan, then run palier again"),
                ),
            }
        }
        return Ok(());
    };
    let region = inputs.policy.project.region.as_deref();
    let mut edits = wanted::edits(blueprint, inputs.catalog, current, state, region);
    edits.extend(super::env_files::blueprint_variables(context, blueprint, current, state));
    if edits.is_empty() {
        return Ok(());
    }
    match edit_bytes(path, bytes, &edits) {
        Ok(after) => generated.put(path, FileKind::Blueprint, before.clone(), after),
        Err(refused) => generated.refused.push(refusal(path, &refused)),
    }
    Ok(())
}

fn refusal(path: &str, refused: &EditRefused) -> Diagnostic {
    let message = format!("`{path}` is left alone: {}", refused.reason);
    let diagnostic = Diagnostic::warning("edit-refused", message)
        .help(format!("make this change by hand:\n{}", refused.snippet.trim_end()));
    match &refused.place {
        Some(place) => diagnostic.at(place.clone()),
        None => diagnostic,
    }
}

/// The first line of every whole file that palier writes: what tells its own files from the user's.
const MARK: &str = "palier";

/// Whether a file is palier's own: its first line says so.
pub(super) fn is_ours(text: &str) -> bool {
    text.lines().take(3).any(|line| line.to_lowercase().contains(MARK))
}

fn gunicorn(
    context: &Context<'_>,
    service: &ServiceTarget,
    application: &Application,
    folder: &dyn Folder,
    generated: &mut Generated,
) -> Result<(), TemplateError> {
    if context.inputs.policy.web.configure != ConfigureWeb::File || service.server.as_deref() != Some("gunicorn") {
        return Ok(());
    }
    let Some(settings) = settings_of(Some(application), context.inputs.policy.web.entry_point.as_deref(), service)
    else {
        return Ok(());
    };
    let path = in_root(context, "gunicorn.conf.py");
    let before = folder.read(&path);
    let text = config_file(&settings)?;
    if before.as_ref().is_some_and(|bytes| !is_ours(&String::from_utf8_lossy(bytes))) {
        generated.refused.push(
            Diagnostic::warning("file-not-ours", format!("`{path}` is left alone: palier did not write it")).help(
                format!("move it away and run `palier generate` again, or take over by hand:\n{}", text.trim_end()),
            ),
        );
        return Ok(());
    }
    generated.put(&path, FileKind::Gunicorn, before, text.into_bytes());
    Ok(())
}

/// A path below the service's `rootDir`.
pub(super) fn in_root(context: &Context<'_>, name: &str) -> String {
    let service = context.current_web.as_ref().and_then(|web| {
        context.inputs.project.blueprint.as_ref()?.services.iter().find(|service| service.path == web.path)
    });
    match service.and_then(|service| service.root_dir.as_deref()).map(|folder| folder.trim_matches(['/', '.'])) {
        Some(folder) if !folder.is_empty() => format!("{folder}/{name}"),
        _ => name.to_owned(),
    }
}

/// The packages that the start command of the target needs and that nothing requires yet.
fn requirements(
    context: &Context<'_>,
    service: &ServiceTarget,
    application: &Application,
    folder: &dyn Folder,
    generated: &mut Generated,
) {
    let mut missing = Vec::new();
    let has_redis = ["redis", "django-redis", "hiredis"].iter().any(|package| application.depends_on(package));
    if super::django::wants_cache(context, application) && !has_redis {
        missing.push("redis");
    }
    if service.server.as_deref() == Some("gunicorn") && !application.depends_on("gunicorn") {
        missing.push("gunicorn");
    }
    let needs_worker = service.worker_class.as_deref().is_some_and(|class| class.starts_with("uvicorn_worker."));
    if needs_worker && !application.depends_on(UVICORN_WORKER_PACKAGE) {
        missing.push(UVICORN_WORKER_PACKAGE);
    }
    if missing.is_empty() || service.start_command.is_none() {
        return;
    }
    let path = requirements_file(application);
    match path.and_then(|path| Some((path, folder.text(path)?, folder.read(path)?))) {
        Some((path, text, before)) if text.as_bytes() == before => {
            let after = with_packages(&text, &missing);
            generated.put(path, FileKind::Requirements, Some(before), after.into_bytes());
        }
        _ => generated.refused.push(
            Diagnostic::warning(
                "requirement-missing",
                format!("the target needs {}, which nothing requires", missing.join(" and ")),
            )
            .why("the next deploy fails without it")
            .help(format!(
                "add {} with the tool that writes your lock file, before the start command changes",
                missing.join(" and ")
            )),
        ),
    }
}

fn migrations(context: &Context<'_>, folder: &dyn Folder, generated: &mut Generated) {
    let policy = context.inputs.policy;
    let mut indexes = Vec::new();
    for (number, declared) in policy.index.iter().enumerate() {
        match Index::from_policy(declared, &format!("[[index]] {} (palier.toml)", number + 1)) {
            Ok(index) => indexes.push(index),
            Err(error) => generated.refused.push(error.diagnostic()),
        }
    }
    for script in &context.inputs.project.index_scripts {
        for index in &script.indexes {
            match Index::from_script(index, &script.path) {
                Ok(index) if indexes.iter().all(|known| known.fingerprint() != index.fingerprint()) => {
                    indexes.push(index)
                }
                Ok(_) => {}
                Err(error) => generated.refused.push(error.diagnostic()),
            }
        }
    }
    if indexes.is_empty() {
        return;
    }
    let options = match migration_options(context, folder) {
        Ok(options) => options,
        Err(problem) => return generated.refused.push(problem),
    };
    let mut all = options.existing.clone();
    match render(&indexes, &options) {
        Ok(files) => {
            all.extend(files.iter().cloned());
            generated.declared = declared(&indexes, &all, &options);
            let is_new = |index: &&NewIndex| files.iter().any(|file| file.path == index.up);
            generated.indexes = generated.declared.iter().filter(is_new).cloned().collect();
            for file in files {
                let before = folder.read(&file.path);
                generated.put(&file.path, FileKind::Migration, before, file.content.into_bytes());
            }
        }
        Err(error) => {
            generated.declared = declared(&indexes, &all, &options);
            generated.refused.push(error.diagnostic());
        }
    }
}

/// The indexes with the migrations that build them.
fn declared(indexes: &[Index], files: &[MigrationFile], options: &MigrationOptions) -> Vec<NewIndex> {
    let with_files = |Held { index, path, back_to }: Held| {
        let down = path.strip_suffix(".up.sql").map(|stem| format!("{stem}.down.sql"));
        NewIndex {
            name: index.name().to_owned(),
            table: index.table(),
            origin: index.origin().to_owned(),
            down: down.filter(|down| files.iter().any(|file| file.path == *down)),
            create: index.create_new(),
            up: path,
            back_to,
        }
    };
    held(indexes, files, options).into_iter().map(with_files).collect()
}

fn migration_options(context: &Context<'_>, folder: &dyn Folder) -> Result<MigrationOptions, Diagnostic> {
    let policy = context.inputs.policy;
    let format = policy.database.migrations;
    let path = match format {
        MigrationFormat::Sql => policy.files.migrations.clone(),
        MigrationFormat::Django => {
            let app = policy.database.django_app.clone().ok_or_else(|| {
                Diagnostic::error("no-django-app", "Django migrations need the application whose folder takes them")
                    .help("add `django_app = \"NAME\"` to [database] in palier.toml")
            })?;
            in_root(context, &format!("{app}/migrations"))
        }
        MigrationFormat::Alembic => alembic_folder(context, folder).ok_or_else(|| {
            Diagnostic::error("no-alembic-folder", "no Alembic `versions` folder was found")
                .help("run `alembic init` first, or set `migrations = \"sql\"` in [database]")
        })?,
    };
    let existing = folder
        .list(&path)
        .into_iter()
        .filter_map(|name| {
            let path = format!("{path}/{name}");
            folder.text(&path).map(|content| MigrationFile { path, content })
        })
        .collect();
    Ok(MigrationOptions { format, folder: path, django_app: policy.database.django_app.clone(), existing })
}

/// Where Alembic keeps its revisions: what `alembic.ini` says, else the usual names.
fn alembic_folder(context: &Context<'_>, folder: &dyn Folder) -> Option<String> {
    let stated = folder.text(&in_root(context, "alembic.ini")).and_then(|text| {
        let line = text.lines().find(|line| line.trim_start().starts_with("script_location"))?.to_owned();
        let value = line.split_once('=')?.1.trim().replace("%(here)s/", "").replace("%(here)s", ".");
        Some(value.trim_start_matches("./").trim_end_matches('/').to_owned())
    });
    stated
        .into_iter()
        .chain(["alembic".to_owned(), "migrations".to_owned()])
        .map(|location| in_root(context, &format!("{location}/versions")))
        .find(|path| !folder.list(path).is_empty())
}
