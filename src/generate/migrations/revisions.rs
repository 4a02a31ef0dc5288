//! The order of the migrations that a project has: read from literals, the files are never run.

use std::collections::{BTreeMap, BTreeSet};

use super::existing::file_name;
use super::{MigrationError, MigrationFile};
use crate::project::{PythonModule, PythonValue};

/// Alembic's revisions: every id, and the one that no other continues.
pub(super) struct Revisions {
    pub(super) ids: BTreeSet<String>,
    pub(super) head: Option<String>,
}

/// Reads `revision` and `down_revision` of every file.
pub(super) fn alembic(folder: &str, files: &[MigrationFile]) -> Result<Revisions, MigrationError> {
    let mut ids = BTreeSet::new();
    let mut continued = BTreeSet::new();
    for (file, module) in python_files(files) {
        match module.assigned("revision") {
            None => continue,
            Some(PythonValue::Text(id)) => ids.insert(id),
            Some(_) => return Err(order(file, "has a `revision` that is not a literal")),
        };
        match module.assigned("down_revision") {
            None | Some(PythonValue::None) => {}
            Some(PythonValue::Text(id)) => continued.extend([id]),
            Some(PythonValue::List(items)) if items.iter().all(|item| matches!(item, PythonValue::Text(_))) => {
                continued.extend(items.into_iter().filter_map(text));
            }
            Some(_) => return Err(order(file, "has a `down_revision` that is not a literal")),
        }
    }
    let heads: Vec<String> = ids.difference(&continued).cloned().collect();
    let head = single(folder, heads, !ids.is_empty(), "alembic merge heads")?;
    Ok(Revisions { ids, head })
}

/// The last migration of a Django application's folder.
pub(super) fn django_leaf(app: &str, folder: &str, files: &[MigrationFile]) -> Result<Option<String>, MigrationError> {
    let mut names = BTreeSet::new();
    let mut continued = BTreeSet::new();
    // A squashed migration stands for those that it replaces, as in Django's own loader.
    let mut replaced_by = BTreeMap::new();
    for (file, module) in python_files(files) {
        if !module.has_class("Migration") {
            continue;
        }
        let name = file_name(&file.path).trim_end_matches(".py").to_owned();
        continued.extend(pairs(file, &module, app, "dependencies")?.into_iter().map(|before| (name.clone(), before)));
        for old in pairs(file, &module, app, "replaces")? {
            replaced_by.insert(old, name.clone());
        }
        names.insert(name);
    }
    let now = |name: &str| replaced_by.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let continued: BTreeSet<String> = continued
        .iter()
        .map(|(name, before)| (now(name), now(before)))
        .filter(|(a, b)| a != b)
        .map(|(_, b)| b)
        .collect();
    let leaves =
        names.iter().filter(|name| !replaced_by.contains_key(*name) && !continued.contains(*name)).cloned().collect();
    single(folder, leaves, !names.is_empty(), "python manage.py makemigrations --merge")
}

/// What Alembic goes back to when it takes a revision back: the one before. `None` when it does not show.
pub(super) fn alembic_before(file: &MigrationFile) -> Option<String> {
    match PythonModule::parse(&file.content)?.assigned("down_revision") {
        None | Some(PythonValue::None) => Some("base".to_owned()),
        Some(PythonValue::Text(id)) => Some(id),
        Some(_) => None,
    }
}

/// What Django goes back to when it takes an application's migration back. `None` when it does not show.
pub(super) fn django_before(file: &MigrationFile, app: &str) -> Option<String> {
    let before = pairs(file, &PythonModule::parse(&file.content)?, app, "dependencies").ok()?;
    match before.as_slice() {
        [] => Some("zero".to_owned()),
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn single(
    folder: &str,
    mut heads: Vec<String>,
    any: bool,
    remedy: &'static str,
) -> Result<Option<String>, MigrationError> {
    match (heads.len(), any) {
        (0, true) => {
            Err(MigrationError::Order { path: folder.to_owned(), reason: "has migrations in a circle".to_owned() })
        }
        (0 | 1, _) => Ok(heads.pop()),
        _ => Err(MigrationError::SeveralHeads { folder: folder.to_owned(), heads, remedy }),
    }
}

/// The names in a class attribute's pairs of application and name, those of one application.
fn pairs(
    file: &MigrationFile,
    module: &PythonModule<'_>,
    app: &str,
    attribute: &str,
) -> Result<Vec<String>, MigrationError> {
    let items = match module.assigned_in_class("Migration", attribute) {
        None => return Ok(Vec::new()),
        Some(PythonValue::List(items)) => items,
        Some(_) => return Err(order(file, &format!("has `{attribute}` that are not a literal list"))),
    };
    // What is no pair of literals is `migrations.swappable_dependency(...)`: it leads to another application.
    let names = items.into_iter().filter_map(|item| match item {
        PythonValue::List(pair) => {
            let mut pair = pair.into_iter().filter_map(text);
            (pair.next().as_deref() == Some(app)).then(|| pair.next()).flatten()
        }
        _ => None,
    });
    Ok(names.collect())
}

fn python_files(files: &[MigrationFile]) -> impl Iterator<Item = (&MigrationFile, PythonModule<'_>)> {
    files
        .iter()
        .filter(|file| file.path.ends_with(".py"))
        .filter_map(|file| PythonModule::parse(&file.content).map(|module| (file, module)))
}

fn text(value: PythonValue) -> Option<String> {
    match value {
        PythonValue::Text(text) => Some(text),
        _ => None,
    }
}

fn order(file: &MigrationFile, reason: &str) -> MigrationError {
    MigrationError::Order { path: file.path.clone(), reason: reason.to_owned() }
}
