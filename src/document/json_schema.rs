//! Checks a document against the JSON Schema that schemars derives from the type it should hold: one description of
//! a file for the editor's completion and for palier's own errors.

use serde_json::{Map, Value as Json};

use super::Document;
use super::node::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Place, did_you_mean};
use crate::units;

pub(super) fn check(document: &Document, schema: &schemars::Schema) -> Vec<Diagnostic> {
    let definitions = schema.get("$defs").and_then(Json::as_object);
    let Some(schema) = schema.as_object() else { return Vec::new() };
    let mut checker = Checker { document, root: schema, definitions, problems: Vec::new() };
    if matches!(document.root.value, Value::Null) {
        checker.report(
            "empty-file",
            "this file is empty".to_owned(),
            &document.root,
            "write at least one value into it",
        );
    } else {
        checker.value(schema, &document.root, "");
    }
    checker.problems
}

struct Checker<'a> {
    document: &'a Document,
    /// The schema of the whole file.
    root: &'a Map<String, Json>,
    definitions: Option<&'a Map<String, Json>>,
    problems: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, id: &'static str, message: String, node: &Node, help: &str) {
        self.problems.push(Diagnostic::error(id, message).at(self.document.place(node)).help(help));
    }

    /// Follows `$ref` to the definition that it names; `#` is the whole file's type inside itself.
    fn resolve(&self, schema: &'a Map<String, Json>) -> &'a Map<String, Json> {
        let found = match schema.get("$ref").and_then(Json::as_str) {
            Some("#") => Some(self.root),
            Some(reference) => self
                .definitions
                .and_then(|known| known.get(reference.trim_start_matches("#/$defs/")))
                .and_then(Json::as_object),
            None => None,
        };
        found.unwrap_or(schema)
    }

    fn value(&mut self, schema: &'a Map<String, Json>, node: &Node, path: &str) {
        let schema = self.resolve(schema);
        if let Some(choices) = alternatives(schema) {
            return self.any_of(&choices, node, path);
        }
        if !self.type_fits(schema, node) {
            let expected = expected_words(schema);
            let message = format!("`{}` is {}, but should be {expected}", name_of(path), node.kind());
            let percent = node.as_str().and_then(|text| text.trim().strip_suffix('%')?.trim_end().parse::<f64>().ok());
            let help = percent
                .and_then(|percent| share_hint(schema, percent, 0.0))
                .or_else(|| example_of(schema).map(|example| format!("write for example {example}")))
                .unwrap_or_default();
            return self.report("wrong-type", message, node, &help);
        }
        match &node.value {
            Value::Text(text) => self.text(schema, text, node, path),
            Value::Integer(_) | Value::Float(_) => self.number(schema, node, path),
            Value::List(items) => {
                if let Some(item_schema) = schema.get("items").and_then(Json::as_object) {
                    for (index, item) in items.iter().enumerate() {
                        self.value(item_schema, item, &format!("{path}[{index}]"));
                    }
                }
            }
            Value::Table(entries) => self.table(schema, entries, node, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn any_of(&mut self, choices: &[&'a Map<String, Json>], node: &Node, path: &str) {
        let before = self.problems.len();
        let mut fewest: Option<Vec<Diagnostic>> = None;
        for choice in choices {
            self.value(choice, node, path);
            let found = self.problems.split_off(before);
            if found.is_empty() {
                return;
            }
            let type_matches = self.type_fits(self.resolve(choice), node);
            // The alternative of the right type tells what is wrong inside; the others only say "not a table".
            if type_matches || fewest.as_ref().is_none_or(|kept| kept.iter().all(|problem| problem.id == "wrong-type"))
            {
                fewest = Some(found);
            }
        }
        self.problems.extend(fewest.unwrap_or_default());
    }

    fn type_fits(&self, schema: &Map<String, Json>, node: &Node) -> bool {
        let names: Vec<&str> = match schema.get("type") {
            Some(Json::String(name)) => vec![name.as_str()],
            Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
            _ => match schema.get("const").or_else(|| schema.get("enum").and_then(|list| list.get(0))) {
                Some(Json::String(_)) => vec!["string"],
                _ => return true,
            },
        };
        names.iter().any(|name| {
            matches!(
                (*name, &node.value),
                ("null", Value::Null)
                    | ("boolean", Value::Bool(_))
                    | ("integer" | "number", Value::Integer(_))
                    | ("number", Value::Float(_))
                    | ("string", Value::Text(_))
                    | ("array", Value::List(_))
                    | ("object", Value::Table(_))
            )
        })
    }

    fn text(&mut self, schema: &Map<String, Json>, text: &str, node: &Node, path: &str) {
        if let Some(known) = enumeration(schema)
            && !known.iter().any(|name| name == text)
        {
            let list = known.join(", ");
            let help = did_you_mean(text, known.iter().map(String::as_str))
                .map_or_else(|| format!("known are {list}"), |name| format!("did you mean `{name}`? known are {list}"));
            let message = format!("`{text}` is not a value of `{}`", name_of(path));
            self.report("unknown-value", message, node, &help);
        }
        if let Some(quantity) = schema.get(units::QUANTITY_KEYWORD).and_then(Json::as_str)
            && let Err(error) = units::check(quantity, text)
        {
            let help = unit_hint(&error).map_or_else(String::new, |unit| format!("did you mean `{unit}`?"));
            self.report("invalid-quantity", format!("`{}`: {error}", name_of(path)), node, &help);
        }
        if schema.get("minLength").and_then(Json::as_u64).is_some_and(|least| (text.chars().count() as u64) < least) {
            self.report(
                "empty-value",
                format!("`{}` is empty", name_of(path)),
                node,
                "write a value or leave the key out",
            );
        }
        if schema.get("format").and_then(Json::as_str) == Some("date") && text.parse::<jiff::civil::Date>().is_err() {
            let message = format!("`{}`: `{text}` is not a date", name_of(path));
            self.report("invalid-date", message, node, "write for example 2026-12-31");
        }
        if schema.get("format").and_then(Json::as_str) == Some("date-time") && text.parse::<jiff::Timestamp>().is_err()
        {
            let message = format!("`{}`: `{text}` is not an instant", name_of(path));
            self.report("invalid-instant", message, node, "write for example 2026-11-20T08:00:00Z");
        }
    }

    fn number(&mut self, schema: &Map<String, Json>, node: &Node, path: &str) {
        let number = match node.value {
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(value) => value as f64,
            Value::Float(value) => value,
            _ => return,
        };
        let least = schema.get("minimum").and_then(Json::as_f64);
        let most = schema.get("maximum").and_then(Json::as_f64);
        let above = schema.get("exclusiveMinimum").and_then(Json::as_f64);
        let outside = least.is_some_and(|limit| number < limit)
            || most.is_some_and(|limit| number > limit)
            || above.is_some_and(|limit| number <= limit)
            || number.is_nan();
        if outside {
            let range = match (least.or(above), most) {
                (Some(least), Some(most)) => format!("between {least} and {most}"),
                (Some(least), None) => format!("at least {least}"),
                (None, Some(most)) => format!("at most {most}"),
                (None, None) => "a number".to_owned(),
            };
            let help = share_hint(schema, number, 2.0).unwrap_or_default();
            self.report("out-of-range", format!("`{}` is {number}, but should be {range}", name_of(path)), node, &help);
        }
    }

    fn table(&mut self, schema: &'a Map<String, Json>, entries: &[Entry], node: &Node, path: &str) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let additional = schema.get("additionalProperties");
        for entry in entries {
            let inner = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            match (properties.and_then(|known| known.get(&entry.key)), additional) {
                (Some(Json::Object(property)), _) => self.value(property, &entry.node, &inner),
                (None, Some(Json::Object(every))) => self.value(every, &entry.node, &inner),
                (None, Some(Json::Bool(false))) => self.unknown_key(properties, entry, path),
                _ => {}
            }
        }
        for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            if entries.iter().all(|entry| entry.key != name) {
                let whole = if path.is_empty() { "this file".to_owned() } else { format!("`{path}`") };
                let message = format!("{whole} has no `{name}`, which it needs");
                let at = Place::new(&self.document.file, node.span.start..node.span.start + 1);
                self.problems.push(Diagnostic::error("missing-key", message).at(at).help(format!("add `{name}`")));
            }
        }
    }

    fn unknown_key(&mut self, properties: Option<&Map<String, Json>>, entry: &Entry, path: &str) {
        let place = Place::new(&self.document.file, entry.key_span.clone());
        let whole = if path.is_empty() { "here".to_owned() } else { format!("in `{path}`") };
        let mut known: Vec<&str> = properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        known.sort_unstable();
        let help = did_you_mean(&entry.key, known.iter().copied()).map_or_else(
            || format!("known {whole} are {}", known.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        self.problems.push(
            Diagnostic::error("unknown-key", format!("`{}` is not known {whole}", entry.key))
                .at(place)
                .label("unknown key")
                .help(help),
        );
    }
}

/// The alternatives of an `anyOf` or `oneOf`, except where they only list the values of an enumeration.
fn alternatives(schema: &Map<String, Json>) -> Option<Vec<&Map<String, Json>>> {
    if enumeration(schema).is_some() {
        return None;
    }
    let list = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    Some(list.iter().filter_map(Json::as_object).collect())
}

/// The values of an enumeration, however schemars writes it (`enum`, `const`, or `oneOf` of documented `const`s).
fn enumeration(schema: &Map<String, Json>) -> Option<Vec<String>> {
    let texts =
        |list: &Vec<Json>| list.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    if let Some(list) = schema.get("enum").and_then(Json::as_array) {
        return texts(list);
    }
    if let Some(one) = schema.get("const").and_then(Json::as_str) {
        return Some(vec![one.to_owned()]);
    }
    let choices = schema.get("oneOf").and_then(Json::as_array)?;
    let lists: Option<Vec<Vec<String>>> =
        choices.iter().map(|choice| choice.as_object().and_then(enumeration)).collect();
    lists.map(|lists| lists.into_iter().flatten().collect())
}

fn expected_words(schema: &Map<String, Json>) -> String {
    if let Some(known) = enumeration(schema) {
        return format!("one of {}", known.join(", "));
    }
    if let Some(quantity) = schema.get(units::QUANTITY_KEYWORD).and_then(Json::as_str) {
        return match quantity {
            "bytes" => "a size with its unit".to_owned(),
            "duration" => "a duration with its unit".to_owned(),
            "money" => "an amount of dollars in quotes".to_owned(),
            _ => "a rate".to_owned(),
        };
    }
    let one = |name: &str| match name {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a string",
        "array" => "a list",
        "object" => "a table",
        _ => "",
    };
    match schema.get("type") {
        Some(Json::String(name)) => one(name).to_owned(),
        Some(Json::Array(names)) => {
            let words: Vec<&str> = names.iter().filter_map(Json::as_str).map(one).filter(|w| !w.is_empty()).collect();
            words.join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

fn example_of(schema: &Map<String, Json>) -> Option<String> {
    schema.get("examples").and_then(|list| list.get(0)).map(ToString::to_string)
}

/// How to write a percentage, where a share is wanted.
fn share_hint(schema: &Map<String, Json>, percent: f64, least: f64) -> Option<String> {
    let is_share = schema.get("maximum").and_then(Json::as_f64) == Some(1.0);
    let share = (percent * 100.0).round() / 10_000.0;
    (is_share && (least..=100.0).contains(&percent)).then(|| format!("a share is written between 0 and 1: {share}"))
}

/// The unit that a misspelt one means; a single letter may mean anything.
fn unit_hint(error: &units::UnitError) -> Option<&'static str> {
    let units::UnitError::UnknownUnit { unit, known, .. } = error else { return None };
    let names = known.split(',').filter_map(|name| name.split_whitespace().next());
    did_you_mean(unit, names).filter(|name| unit.chars().count() > 2 || name.eq_ignore_ascii_case(unit))
}

/// The last key of a path, or the file itself.
fn name_of(path: &str) -> &str {
    if path.is_empty() { "this file" } else { path }
}
