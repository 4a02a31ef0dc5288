use serde::Serialize;

use super::existing::{Known, marker};
use super::fragment::{Element, Key};
use super::identifier::hash;
use super::{Index, MigrationError, MigrationFile, MigrationOptions, in_folder, python, revisions, slug};
use crate::generate::template::{Escape, Template, python_string};

static REVISION: Template = Template::new(
    "migrations/alembic.py.hbs",
    include_str!("../../../templates/migrations/alembic.py.hbs"),
    Escape::Whole,
);

/// What the template places: whole lines and whole Python literals.
#[derive(Serialize)]
struct Page {
    title: String,
    ids: Vec<String>,
    origin: String,
    marker: String,
    revision: String,
    down_revision: String,
    drop_leftover: String,
    set_aside: String,
    verify: String,
    verify_gone: String,
    name: String,
    table: String,
    schema: String,
    create_options: Vec<String>,
}

/// Alembic revisions, each continuing the one before.
pub(super) fn render(indexes: &[Index], options: &MigrationOptions) -> Result<Vec<MigrationFile>, MigrationError> {
    let missing = Known::read(&options.existing).missing(indexes)?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let revisions::Revisions { mut ids, mut head } = revisions::alembic(&options.folder, &options.existing)?;
    let mut files = Vec::new();
    for index in missing {
        let id = revision_id(&index, head.as_deref(), |id| ids.contains(id));
        let content = REVISION.render(&page(&index, &id, head.as_deref()))?;
        let path = in_folder(&options.folder, &format!("{id}_{}.py", slug(&index.name, 40)));
        files.push(MigrationFile { path, content });
        ids.insert(id.clone());
        head = Some(id);
    }
    Ok(files)
}

/// Twelve hexadecimal digits, as Alembic's own, from the index and the revision that it continues.
fn revision_id(index: &Index, head: Option<&str>, taken: impl Fn(&str) -> bool) -> String {
    let mut seed = format!("{} after {}", index.fingerprint(), head.unwrap_or_default());
    loop {
        let id = hash(&seed, 6);
        if !taken(&id) {
            return id;
        }
        seed.push('+');
    }
}

fn page(index: &Index, id: &str, head: Option<&str>) -> Page {
    let verb = if index.unique { "Build the unique index" } else { "Build the index" };
    Page {
        title: python::prose(&format!("{verb} {} on {}.", index.qualified_name(), index.table())),
        ids: vec![format!("Revision ID: {id}"), python::prose(&format!("Revises: {}", head.unwrap_or_default()))]
            .into_iter()
            .map(|line| line.trim_end().to_owned())
            .collect(),
        origin: python::prose(&format!("Declared in {}.", index.origin)),
        marker: marker(index),
        revision: python_string(id),
        down_revision: head.map_or_else(|| "None".to_owned(), python_string),
        drop_leftover: python::text(&index.drop_leftover()),
        set_aside: python::text(&index.set_aside()),
        verify: python::text(&index.verify()),
        verify_gone: python::text(&index.verify_gone()),
        name: python_string(&index.name),
        table: python_string(&index.table.name),
        schema: python_string(&index.table.schema),
        create_options: create_options(index),
    }
}

/// The arguments behind name and table, one a line.
fn create_options(index: &Index) -> Vec<String> {
    let columns: Vec<String> = index.elements.iter().map(column).collect();
    let mut lines = vec![
        python::list(&columns),
        format!("schema={}", python_string(&index.table.schema)),
        format!("unique={}", if index.unique { "True" } else { "False" }),
        "if_not_exists=True".to_owned(),
        "postgresql_concurrently=True".to_owned(),
    ];
    if index.method != "btree" {
        lines.push(format!("postgresql_using={}", python_string(&index.method)));
    }
    if !index.include.is_empty() {
        let columns: Vec<String> = index.include.iter().map(|name| python_string(name)).collect();
        lines.push(format!("postgresql_include={}", python::list(&columns)));
    }
    if let Some(condition) = &index.condition {
        lines.push(format!("postgresql_where={}", sql_text(&condition.text)));
    }
    lines
}

/// A plain column is a name that SQLAlchemy quotes; everything else is SQL.
fn column(element: &Element) -> String {
    match &element.key {
        Key::Column(name) if element.is_plain() => python_string(name),
        _ => sql_text(&element.sql()),
    }
}

/// `sa.text(...)`, in which a bare colon would begin a parameter.
fn sql_text(sql: &str) -> String {
    format!("sa.text({})", python_string(&sql.replace(':', "\\:")))
}
