//! Python scripts that create indexes: `migration_index_scalabilite.py` and its like, run by hand once and forgotten.
//!
//! They are read, never run. What stands in them as a literal is understood; everything else is listed with the reason.

mod python;
mod resolve;
mod sql;
mod sqlalchemy;

pub use python::{PythonModule, PythonValue};
pub use sql::{column_sql, indexes_of_sql};

use python::Literal;

/// A Python file that creates indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexScript {
    /// The file's path, as it was given.
    pub path: String,
    /// The indexes that it creates, in the order of the file.
    pub indexes: Vec<ScriptIndex>,
    /// What looks like an index and could not be read: the line, counted from 1, and why.
    pub skipped: Vec<(usize, String)>,
}

/// One index that a script creates. Names and expressions are SQL text: quoted where SQL needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptIndex {
    /// The name as Postgres stores it; `None` when the statement leaves it to the server.
    pub name: Option<String>,
    /// The table, with its schema where one is written.
    pub table: String,
    /// Columns and expressions, each with its order and operator class.
    pub columns: Vec<String>,
    /// Whether values must be unique.
    pub unique: bool,
    /// The access method, when one is written.
    pub method: Option<String>,
    /// The condition of a partial index.
    pub condition: Option<String>,
    /// Columns that the index carries besides.
    pub include: Vec<String>,
    /// Whether it is built without blocking writes.
    pub concurrently: bool,
    /// The line, counted from 1.
    pub line: usize,
}

/// Finds the scripts among files that the caller read: pairs of a path and a text. Files that are not Python, and
/// Python files that create no index, are left out.
#[must_use]
pub fn find_index_scripts<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<IndexScript> {
    files
        .into_iter()
        .filter(|(path, text)| path.to_ascii_lowercase().ends_with(".py") && mentions_index(text))
        .filter_map(|(path, text)| read_script(path, text))
        .collect()
}

/// A cheap look before the grammar runs: most files of a project create no index.
fn mentions_index(text: &str) -> bool {
    text.as_bytes().windows(5).any(|window| window.eq_ignore_ascii_case(b"index"))
}

fn read_script(path: &str, text: &str) -> Option<IndexScript> {
    let module = PythonModule::parse(text)?;
    let mut script = IndexScript { path: path.to_owned(), indexes: Vec::new(), skipped: Vec::new() };
    module.visit(&mut |node| {
        if module.runs_backwards(node) {
            return false;
        }
        if sqlalchemy::read_call(&module, node, &mut script) {
            return false;
        }
        match module.literal(node) {
            Literal::Text(_) if module.is_talk(node) => false,
            Literal::Text(text) => {
                read_literal(&text, PythonModule::line(node), PythonModule::last_line(node), &mut script);
                false
            }
            Literal::Dynamic(reason) => {
                let creates = sql::creates_index(module.text(node)) && !module.is_talk(node);
                if creates {
                    script.skipped.push((PythonModule::line(node), reason.to_owned()));
                }
                !creates
            }
            Literal::None => true,
        }
    });
    script.indexes.sort_by_key(|index| index.line);
    script.skipped.sort();
    (!script.indexes.is_empty() || !script.skipped.is_empty()).then_some(script)
}

/// A string's SQL; `\n` in a string of one line does not carry a statement beyond the string's last line.
fn read_literal(text: &str, first_line: usize, last_line: usize, script: &mut IndexScript) {
    if !sql::creates_index(text) {
        return;
    }
    for found in indexes_of_sql(text, first_line) {
        match found {
            Ok(index) => script.indexes.push(ScriptIndex { line: index.line.min(last_line), ..index }),
            Err((line, reason)) => script.skipped.push((line.min(last_line), reason)),
        }
    }
}
