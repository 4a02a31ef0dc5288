//! The cache settings of a Django application whose settings have none for Redis.

use super::files::{FileKind, Generated, Options};
use super::folder::Folder;
use super::redis::django::{DjangoCache, MODULE, cache_module as render_module, import_diff, settings_with_import};
use super::template::TemplateError;
use crate::decide::{Context, Target};
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::policy::RoleName;
use crate::project::{Application, Framework};

/// Writes `palier_cache.py` beside the settings, and shows (or, when asked to, adds) the one line that takes it in.
pub(super) fn cache_module(
    context: &Context<'_>,
    state: &Target,
    folder: &dyn Folder,
    options: Options,
    generated: &mut Generated,
) -> Result<(), TemplateError> {
    let Some(application) = context.application else { return Ok(()) };
    let configured = application.redis.iter().any(|redis| redis.role == "cache");
    if !is_django(application) || !context.redis_roles.contains(&RoleName::Cache) || state.redis.is_empty() {
        return Ok(());
    }
    let Some(package) = settings_folder(context, folder) else { return Ok(()) };
    let path = format!("{package}{MODULE}");
    let before = folder.read(&path);
    if configured && before.is_none() {
        return Ok(());
    }
    let cache = DjangoCache { key_prefix: crate::decide::project_name(&context.inputs), ..DjangoCache::default() };
    generated.put(&path, FileKind::DjangoCache, before, render_module(&cache)?.into_bytes());
    let settings = format!("{package}settings.py");
    let Some(text) = folder.text(&settings) else { return Ok(()) };
    let Some(changed) = settings_with_import(&text) else { return Ok(()) };
    if options.edit_settings {
        generated.put(&settings, FileKind::DjangoCache, Some(text.into_bytes()), changed.into_bytes());
    } else {
        let file = SourceFile::new(settings.as_str(), text.as_str());
        generated.refused.push(
            Diagnostic::note("settings-import", format!("`{settings}` does not take in `{MODULE}` yet"))
                .at(Place::start_of(&file))
                .help(format!(
                    "add this line, or run `palier generate --edit-settings`:\n{}",
                    import_diff(&settings, &text)
                )),
        );
    }
    Ok(())
}

fn is_django(application: &Application) -> bool {
    application.framework.as_ref().is_some_and(|found| found.value == Framework::Django)
}

/// Whether the application's cache goes to Redis through palier's module.
pub(super) fn wants_cache(context: &Context<'_>, application: &Application) -> bool {
    let configured = application.redis.iter().any(|redis| redis.role == "cache");
    is_django(application) && context.redis_roles.contains(&RoleName::Cache) && !configured
}

/// The folder of the settings module, with a slash behind it: the package of the WSGI or ASGI entry point.
fn settings_folder(context: &Context<'_>, folder: &dyn Folder) -> Option<String> {
    let entry_point = context.application?.entry_point.as_deref()?;
    let module = entry_point.split(':').next()?;
    let package = module.rsplit_once('.').map_or("", |(package, _)| package).replace('.', "/");
    let package = super::files::in_root(context, &package);
    let prefix = if package.is_empty() { String::new() } else { format!("{package}/") };
    folder.read(&format!("{prefix}settings.py")).map(|_| prefix)
}
