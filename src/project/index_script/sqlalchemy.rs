//! Indexes that a script creates through SQLAlchemy or Alembic calls instead of SQL text.

use tree_sitter::Node;

use super::python::{Literal, PythonModule, PythonValue};
use super::resolve::{column_of, table_around, table_of, table_sql};
use super::{IndexScript, ScriptIndex, column_sql};

/// Reads a call that creates an index into `script`; `false` when the node is no such call.
pub(super) fn read_call(module: &PythonModule<'_>, node: Node<'_>, script: &mut IndexScript) -> bool {
    if node.kind() != "call" {
        return false;
    }
    let Some(function) = node.child_by_field_name("function") else { return false };
    let arguments = Arguments::of(module, node);
    let found = match module.text(function) {
        "op.create_index" => create_index(module, &arguments),
        name if name.ends_with(".create_index") && name.contains("batch") => {
            Err("the table is that of a batch operation".to_owned())
        }
        "Index" | "sa.Index" | "sqlalchemy.Index" | "schema.Index" | "db.Index" if uses_sqlalchemy(module) => {
            declared_index(module, node, &arguments)
        }
        _ => return false,
    };
    let line = PythonModule::line(node);
    match found {
        Ok(index) => script.indexes.push(ScriptIndex { line, ..index }),
        Err(reason) => script.skipped.push((line, reason)),
    }
    true
}

/// `Index` is also what pandas and Django call theirs.
fn uses_sqlalchemy(module: &PythonModule<'_>) -> bool {
    module.text(module.root()).contains("sqlalchemy")
}

/// `op.create_index("ix", "table", ["a", sa.text("lower(b)")], unique=True)`.
fn create_index(module: &PythonModule<'_>, arguments: &Arguments<'_>) -> Result<ScriptIndex, String> {
    let name = arguments.at(0).or_else(|| arguments.named("index_name")).ok_or("the call has no name")?;
    let table = arguments.at(1).or_else(|| arguments.named("table_name")).ok_or("the call names no table")?;
    let columns = arguments.at(2).or_else(|| arguments.named("columns")).ok_or("the call names no columns")?;
    let table = text_of(module, table).ok_or("the table is not written as a literal")?;
    let schema = match arguments.named("schema") {
        Some(node) if node.kind() != "none" => {
            Some(text_of(module, node).ok_or("the schema is not written as a literal")?)
        }
        _ => None,
    };
    if !matches!(columns.kind(), "list" | "tuple") {
        return Err("the columns are not written as a literal list".to_owned());
    }
    let mut cursor = columns.walk();
    let columns = columns
        .named_children(&mut cursor)
        .filter(|child| child.kind() != "comment")
        .map(|child| column(module, child, false))
        .collect::<Result<Vec<_>, _>>()?;
    options(module, arguments, name, table_sql(schema.as_deref(), &table), columns)
}

/// `Index("ix", Students.email, students.c.name.desc(), "city", unique=True)`.
fn declared_index(module: &PythonModule<'_>, call: Node<'_>, arguments: &Arguments<'_>) -> Result<ScriptIndex, String> {
    let (name, columns) = arguments.positional.split_first().ok_or("the call has no name")?;
    let mut table = table_around(module, call);
    let mut written = Vec::new();
    for node in columns {
        if let Some(found) = table_of(module, *node) {
            table = Some(found?);
        }
        written.push(column(module, *node, true)?);
    }
    let table = table.ok_or("the table does not show in this file")?;
    options(module, arguments, *name, table, written)
}

/// What both calls have in common: the name, and the keywords.
fn options(
    module: &PythonModule<'_>,
    arguments: &Arguments<'_>,
    name: Node<'_>,
    table: String,
    columns: Vec<String>,
) -> Result<ScriptIndex, String> {
    if columns.is_empty() {
        return Err("the call names no columns".to_owned());
    }
    let name = match name.kind() {
        "none" => None,
        _ => Some(text_of(module, name).ok_or("the name is not written as a literal")?),
    };
    let flag = |key: &str| match arguments.named(key).map(|node| node.kind()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(format!("`{key}` is not written as a literal")),
    };
    let text = |key: &str| match arguments.named(key) {
        None => Ok(None),
        Some(node) if node.kind() == "none" => Ok(None),
        Some(node) => text_of(module, node).map(Some).ok_or(format!("`{key}` is not written as a literal")),
    };
    if let Some(key) = ["postgresql_ops", "postgresql_with", "postgresql_tablespace", "postgresql_nulls_not_distinct"]
        .into_iter()
        .find(|key| arguments.named(key).is_some())
    {
        return Err(format!("the call has `{key}`, which palier does not carry over"));
    }
    let include = match arguments.named("postgresql_include").map(|node| module.value(node)) {
        None | Some(PythonValue::None) => Vec::new(),
        Some(PythonValue::List(items)) => items
            .into_iter()
            .map(|item| match item {
                PythonValue::Text(name) => Ok(column_sql(&name)),
                _ => Err("`postgresql_include` is not written as a literal".to_owned()),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("`postgresql_include` is not written as a literal".to_owned()),
    };
    Ok(ScriptIndex {
        name,
        table,
        columns,
        unique: flag("unique")?,
        method: text("postgresql_using")?.map(|method| method.to_ascii_lowercase()),
        condition: text("postgresql_where")?,
        include,
        concurrently: flag("postgresql_concurrently")?,
        line: 0,
    })
}

/// A column as SQL text: a name, `text("...")`, and, where `attributes` are known, `Table.column` with `.desc()`.
fn column(module: &PythonModule<'_>, node: Node<'_>, attributes: bool) -> Result<String, String> {
    if let Literal::Text(name) = module.literal(node) {
        return Ok(column_sql(&name));
    }
    if let Some(sql) = sql_text(module, node) {
        return Ok(sql);
    }
    let (base, order) = ordered(module, node);
    match (base.kind(), attributes) {
        ("attribute", true) => {
            let name = column_of(module, base).ok_or("a column is not written as a literal")?;
            Ok(column_sql(&name) + order)
        }
        _ => Err(format!("`{}` is an expression that only SQLAlchemy can write as SQL", module.text(node))),
    }
}

/// Splits `column.desc()` into the column and its order.
fn ordered<'n>(module: &PythonModule<'_>, node: Node<'n>) -> (Node<'n>, &'static str) {
    let function = node.child_by_field_name("function").filter(|function| function.kind() == "attribute");
    let method = function.and_then(|function| function.child_by_field_name("attribute"));
    let object = function.and_then(|function| function.child_by_field_name("object"));
    match (method.map(|method| module.text(method)), object) {
        (Some("desc"), Some(object)) => (object, " DESC"),
        (Some("asc"), Some(object)) => (object, ""),
        _ => (node, ""),
    }
}

/// A string, `op.f("name")`, or `text("condition")`.
fn text_of(module: &PythonModule<'_>, node: Node<'_>) -> Option<String> {
    match module.literal(node) {
        Literal::Text(text) => Some(text),
        _ => sql_text(module, node),
    }
}

/// The literal inside of `text("...")`; there a colon is written `\:`, because a bare one begins a parameter.
fn sql_text(module: &PythonModule<'_>, node: Node<'_>) -> Option<String> {
    let function = node.child_by_field_name("function")?;
    let name = module.text(function);
    if !matches!(name, "text" | "sa.text" | "sqlalchemy.text" | "db.text" | "op.f" | "sa.literal_column") {
        return None;
    }
    match module.literal(Arguments::of(module, node).at(0)?) {
        Literal::Text(text) if name.ends_with("text") => Some(text.replace("\\:", ":")),
        Literal::Text(text) => Some(text),
        _ => None,
    }
}

/// The arguments of a call.
pub(super) struct Arguments<'n> {
    positional: Vec<Node<'n>>,
    named: Vec<(&'n str, Node<'n>)>,
}

impl<'n> Arguments<'n> {
    pub(super) fn of(module: &PythonModule<'n>, call: Node<'n>) -> Self {
        let mut arguments = Self { positional: Vec::new(), named: Vec::new() };
        let Some(list) = call.child_by_field_name("arguments") else { return arguments };
        let mut cursor = list.walk();
        for child in list.named_children(&mut cursor) {
            match (child.kind(), child.child_by_field_name("name"), child.child_by_field_name("value")) {
                ("keyword_argument", Some(name), Some(value)) => arguments.named.push((module.text(name), value)),
                ("comment", ..) => {}
                _ => arguments.positional.push(child),
            }
        }
        arguments
    }

    pub(super) fn at(&self, position: usize) -> Option<Node<'n>> {
        self.positional.get(position).copied()
    }

    pub(super) fn named(&self, key: &str) -> Option<Node<'n>> {
        self.named.iter().find(|(name, _)| *name == key).map(|(_, node)| *node)
    }
}
