use serde::Serialize;

use super::existing::{Known, file_name, is_marked, marker};
use super::statements::Statement;
use super::{Index, MigrationError, MigrationFile, MigrationOptions, in_folder, slug};
use crate::generate::template::{Escape, Template};

static UP: Template =
    Template::new("migrations/up.sql.hbs", include_str!("../../../templates/migrations/up.sql.hbs"), Escape::Whole);
static DOWN: Template =
    Template::new("migrations/down.sql.hbs", include_str!("../../../templates/migrations/down.sql.hbs"), Escape::Whole);

/// What both templates place. Every value is a whole line or statement.
#[derive(Serialize)]
struct Page {
    title: String,
    origin: String,
    marker: String,
    statements: Vec<Block>,
}

#[derive(Serialize)]
struct Block {
    comment: Vec<String>,
    sql: String,
}

/// Plain SQL: `NNNN_name.up.sql` and `NNNN_name.down.sql`.
pub(super) fn render(indexes: &[Index], options: &MigrationOptions) -> Result<Vec<MigrationFile>, MigrationError> {
    let mut files = halves(indexes, options)?;
    let (mut number, width) = last_number(&options.existing);
    for index in Known::read(&options.existing).missing(indexes)? {
        number += 1;
        let stem = format!("{number:0width$}_{}", slug(&index.name, 80));
        files.extend(pair(&index, options, &stem)?);
    }
    Ok(files)
}

fn pair(index: &Index, options: &MigrationOptions, stem: &str) -> Result<[MigrationFile; 2], MigrationError> {
    let file = |half: &str, content| MigrationFile {
        path: in_folder(&options.folder, &format!("{stem}.{half}.sql")),
        content,
    };
    Ok([
        file("up", UP.render(&page(index, "-- Builds", index.up()))?),
        file("down", DOWN.render(&page(index, "-- Drops", index.down()))?),
    ])
}

/// The missing halves of pairs that were written in part: a run may be killed between two files.
fn halves(indexes: &[Index], options: &MigrationOptions) -> Result<Vec<MigrationFile>, MigrationError> {
    let mut files = Vec::new();
    for index in indexes {
        for file in options.existing.iter().filter(|file| is_marked(file, index)) {
            let name = file_name(&file.path);
            let stem = name.strip_suffix(".up.sql").or_else(|| name.strip_suffix(".down.sql"));
            let Some(stem) = stem else { continue };
            let named = Index { name: written_name(file).unwrap_or_else(|| index.name.clone()), ..index.clone() };
            let there = |half: &MigrationFile| {
                options.existing.iter().chain(&files).any(|other| file_name(&other.path) == file_name(&half.path))
            };
            let lacking: Vec<MigrationFile> =
                pair(&named, options, stem)?.into_iter().filter(|half| !there(half)).collect();
            files.extend(lacking);
        }
    }
    Ok(files)
}

/// The name that the written half gave the index: it may differ from the plain one.
fn written_name(file: &MigrationFile) -> Option<String> {
    crate::project::indexes_of_sql(&file.content, 1).into_iter().flatten().next().and_then(|index| index.name)
}

/// The highest number that a file's name begins with, and how many digits numbers have.
fn last_number(files: &[MigrationFile]) -> (u64, usize) {
    let numbers = files.iter().filter_map(|file| {
        let name = file_name(&file.path);
        let digits = &name[..name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len())];
        // Sixteen digits hold any time stamp; beyond them nothing is a number that one could continue.
        digits.parse::<u64>().ok().filter(|_| digits.len() <= 16).map(|number| (number, digits.len()))
    });
    numbers.fold((0, 4), |(last, width), (number, digits)| (last.max(number), width.max(digits)))
}

fn page(index: &Index, verb: &str, statements: Vec<Statement>) -> Page {
    let unique = if index.unique { "unique index" } else { "index" };
    Page {
        title: format!("{verb} the {unique} {} on {}.", index.qualified_name(), index.table()),
        origin: format!("-- Declared in {}.", one_line(&index.origin)),
        marker: format!("-- {}", marker(index)),
        statements: statements
            .into_iter()
            .map(|statement| Block {
                comment: statement.comment.iter().map(|line| format!("-- {line}")).collect(),
                sql: format!("{};", statement.sql),
            })
            .collect(),
    }
}

/// A text that cannot end the comment that it stands in.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if super::identifier::is_unprintable(c) { ' ' } else { c }).collect()
}
