//! Index migrations: the `[[index]]` tables of the policy, and what a project's scripts create, as files that build
//! and drop each index without blocking anybody, in plain SQL, for Alembic or for Django.

mod alembic;
mod django;
mod error;
mod existing;
mod fragment;
mod identifier;
mod index;
mod live;
mod python;
mod revisions;
mod sql;
mod statements;

pub use error::MigrationError;
pub use identifier::literal;
pub use index::Index;
pub use statements::{Statement, split_statements};

use crate::policy::MigrationFormat;

/// A migration file, to be written or already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// The path, relative to the project's root.
    pub path: String,
    /// The text.
    pub content: String,
}

/// Where migrations go, and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationOptions {
    /// The form.
    pub format: MigrationFormat,
    /// The folder that takes them: `migrations/palier`, Alembic's `versions`, a Django application's `migrations`.
    pub folder: String,
    /// The Django application's label.
    pub django_app: Option<String>,
    /// Every file of that folder: none of them is changed, and the new ones continue them.
    pub existing: Vec<MigrationFile>,
}

/// Writes the migrations of the indexes that have none yet: one index each, in the order given. Nothing is written
/// for an index that a migration of the folder builds already, so that a second run gives nothing.
///
/// # Errors
/// Two indexes want one name; the folder's migrations have no single last one; Django's application is not named.
pub fn render(indexes: &[Index], options: &MigrationOptions) -> Result<Vec<MigrationFile>, MigrationError> {
    match options.format {
        MigrationFormat::Sql => sql::render(indexes, options),
        MigrationFormat::Alembic => alembic::render(indexes, options),
        MigrationFormat::Django => django::render(indexes, options),
    }
}

/// An index with the migration that builds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The index, under the name that the migration gives it.
    pub index: Index,
    /// The migration's path.
    pub path: String,
    /// What the framework's own command takes to go back to before it: `a1b2c3`, `school 0001_initial`. `None` in plain
    /// SQL, and where it does not show.
    pub back_to: Option<String>,
}

/// The indexes that a migration among these files builds, in the order given.
#[must_use]
pub fn held(indexes: &[Index], files: &[MigrationFile], options: &MigrationOptions) -> Vec<Held> {
    let back_to = |file: &MigrationFile| match (options.format, options.django_app.as_deref()) {
        (MigrationFormat::Sql, _) | (MigrationFormat::Django, None) => None,
        (MigrationFormat::Alembic, _) => revisions::alembic_before(file),
        (MigrationFormat::Django, Some(app)) => {
            revisions::django_before(file, app).map(|before| format!("{app} {before}"))
        }
    };
    let held = indexes.iter().filter_map(|index| existing::holder_of(index, files));
    held.map(|(index, file)| Held { index, path: file.path.clone(), back_to: back_to(file) }).collect()
}

/// A name for a file: lower case, digits and single underscores, of ASCII.
fn slug(name: &str, limit: usize) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(limit);
    let slug = slug.trim_end_matches('_');
    if slug.is_empty() { "index".to_owned() } else { slug.to_owned() }
}

/// A file in a folder.
fn in_folder(folder: &str, name: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
