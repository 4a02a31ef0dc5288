//! Which table a SQLAlchemy name stands for, as far as the same file shows it.

use tree_sitter::Node;

use super::column_sql;
use super::python::{Literal, PythonModule, PythonValue};
use super::sqlalchemy::Arguments;

/// A table as SQL text.
pub(super) fn table_sql(schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", column_sql(schema), column_sql(table)),
        None => column_sql(table),
    }
}

/// The table that a call stands in: inside of `Table("name", ...)`, or in a class with a `__tablename__`.
pub(super) fn table_around(module: &PythonModule<'_>, call: Node<'_>) -> Option<String> {
    PythonModule::around(call).find_map(|node| match node.kind() {
        "call" => table_call(module, node),
        "class_definition" => class_table(module, node),
        _ => None,
    })
}

/// The table of `Students.email`, `Students.__table__.c.email`, `students.c.email`, each with `.desc()`; `None` when
/// the node is no such thing, an error when the name in front comes from elsewhere.
pub(super) fn table_of(module: &PythonModule<'_>, node: Node<'_>) -> Option<Result<String, String>> {
    let mut base = node;
    while let Some(inner) = base.child_by_field_name("object").or_else(|| base.child_by_field_name("function")) {
        base = inner;
    }
    if base.kind() != "identifier" || !matches!(node.kind(), "attribute" | "call") || base == node {
        return None;
    }
    let name = module.text(base);
    if matches!(name, "sa" | "func" | "sqlalchemy" | "text" | "db" | "op") {
        return None;
    }
    let found = match module.class(name) {
        Some(class) => class_table(module, class),
        None => module.assigned_in(module.root(), name).and_then(|value| table_call(module, value)),
    };
    Some(found.ok_or_else(|| format!("the table of `{name}` does not show in this file")))
}

/// The column of `Students.email`: the attribute's name, or the name that its `Column("...")` was given.
pub(super) fn column_of(module: &PythonModule<'_>, attribute: Node<'_>) -> Option<String> {
    let name = module.text(attribute.child_by_field_name("attribute")?);
    let object = attribute.child_by_field_name("object")?;
    let declared = module
        .class(module.text(object))
        .and_then(|class| class.child_by_field_name("body"))
        .and_then(|body| module.assigned_in(body, name))
        .filter(|value| value.kind() == "call")
        .and_then(|call| Arguments::of(module, call).at(0))
        .map(|first| module.literal(first));
    match declared {
        Some(Literal::Text(column)) => Some(column),
        _ => Some(name.to_owned()),
    }
}

/// `Table("name", metadata, ..., schema="app")`.
fn table_call(module: &PythonModule<'_>, call: Node<'_>) -> Option<String> {
    let function = module.text(call.child_by_field_name("function")?);
    if !matches!(function, "Table" | "sa.Table" | "sqlalchemy.Table" | "db.Table") {
        return None;
    }
    let arguments = Arguments::of(module, call);
    let Literal::Text(name) = module.literal(arguments.at(0)?) else { return None };
    match arguments.named("schema").map(|schema| module.literal(schema)) {
        None => Some(table_sql(None, &name)),
        Some(Literal::Text(schema)) => Some(table_sql(Some(&schema), &name)),
        Some(_) => None,
    }
}

/// `__tablename__`, with the schema that `__table_args__` may name.
fn class_table(module: &PythonModule<'_>, class: Node<'_>) -> Option<String> {
    let body = class.child_by_field_name("body")?;
    let PythonValue::Text(name) = module.value(module.assigned_in(body, "__tablename__")?) else { return None };
    let mut schema = None;
    if let Some(arguments) = module.assigned_in(body, "__table_args__") {
        let last = arguments.named_child(u32::try_from(arguments.named_child_count()).ok()?.checked_sub(1)?);
        let dictionary = if arguments.kind() == "dictionary" { Some(arguments) } else { last };
        if let Some(dictionary) = dictionary.filter(|node| node.kind() == "dictionary") {
            let mut cursor = dictionary.walk();
            for pair in dictionary.named_children(&mut cursor) {
                let part = |field| pair.child_by_field_name(field).map(|node| module.value(node));
                if part("key") == Some(PythonValue::Text("schema".to_owned())) {
                    let Some(PythonValue::Text(value)) = part("value") else { return None };
                    schema = Some(value);
                }
            }
        }
    }
    Some(table_sql(schema.as_deref(), &name))
}
