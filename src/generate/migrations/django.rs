use serde::Serialize;

use super::existing::{Known, file_name, marker};
use super::statements::Statement;
use super::{Index, MigrationError, MigrationFile, MigrationOptions, in_folder, python, revisions, slug};
use crate::generate::template::{Escape, Template, python_string};

static MIGRATION: Template = Template::new(
    "migrations/django.py.hbs",
    include_str!("../../../templates/migrations/django.py.hbs"),
    Escape::Whole,
);

/// What the template places: whole lines and whole Python literals.
#[derive(Serialize)]
struct Page {
    title: String,
    origin: String,
    marker: String,
    dependencies: String,
    forwards: Vec<Block>,
    backwards: Vec<Block>,
}

#[derive(Serialize)]
struct Block {
    comment: Vec<String>,
    sql: String,
}

/// Django migrations, each depending on the one before.
pub(super) fn render(indexes: &[Index], options: &MigrationOptions) -> Result<Vec<MigrationFile>, MigrationError> {
    let missing = Known::read(&options.existing).missing(indexes)?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let app = options.django_app.as_deref().filter(|app| !app.is_empty()).ok_or(MigrationError::NoApplication)?;
    let mut leaf = revisions::django_leaf(app, &options.folder, &options.existing)?;
    let mut number = options.existing.iter().filter_map(|file| number(file_name(&file.path))).max().unwrap_or(0);
    let mut files = Vec::new();
    for index in missing {
        number += 1;
        let name = format!("{number:04}_{}", slug(&index.name, 60));
        let content = MIGRATION.render(&page(&index, app, leaf.as_deref()))?;
        files.push(MigrationFile { path: in_folder(&options.folder, &format!("{name}.py")), content });
        leaf = Some(name);
    }
    Ok(files)
}

/// The number that a migration's name begins with.
fn number(name: &str) -> Option<u64> {
    let digits = &name[..name.find(|c: char| !c.is_ascii_digit())?];
    digits.parse().ok().filter(|_| name.ends_with(".py") && digits.len() <= 16)
}

fn page(index: &Index, app: &str, leaf: Option<&str>) -> Page {
    let verb = if index.unique { "Builds the unique index" } else { "Builds the index" };
    Page {
        title: python::prose(&format!("{verb} {} on {}.", index.qualified_name(), index.table())),
        origin: python::prose(&format!("Declared in {}.", index.origin)),
        marker: marker(index),
        dependencies: leaf
            .map_or_else(|| "[]".to_owned(), |leaf| format!("[({}, {})]", python_string(app), python_string(leaf))),
        forwards: blocks(index.up()),
        backwards: blocks(index.down()),
    }
}

fn blocks(statements: Vec<Statement>) -> Vec<Block> {
    statements
        .into_iter()
        .map(|statement| Block {
            comment: statement.comment.iter().map(|line| format!("# {line}")).collect(),
            sql: python::text(&statement.sql),
        })
        .collect()
}
