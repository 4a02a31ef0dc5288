use sha2::{Digest, Sha256};

use crate::project::column_sql;

/// How many bytes of a name Postgres keeps: it cuts the rest off with a notice, and two names may become one.
pub(super) const NAME_LIMIT: usize = 63;

/// Eight hexadecimal digits that stand for a text.
pub(super) fn short_hash(text: &str) -> String {
    hash(text, 4)
}

/// As many bytes of a text's SHA-256 as wanted, in hexadecimal.
pub(super) fn hash(text: &str, bytes: usize) -> String {
    Sha256::digest(text.as_bytes()).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// A name that fits: longer ones lose their end, on a character's border, for a hash of the whole.
pub(super) fn fitting(name: &str) -> String {
    if name.len() <= NAME_LIMIT { name.to_owned() } else { with_suffix(name, &short_hash(name)) }
}

/// A name with `_suffix` behind it, the name cut as far as both together need.
pub(super) fn with_suffix(name: &str, suffix: &str) -> String {
    format!("{}_{suffix}", cut(name, NAME_LIMIT - 1 - suffix.len()))
}

/// The beginning of a text, at most `limit` bytes long; the way in which Postgres itself cuts.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Why a text cannot be the name of a table or a column; `None` when it can.
pub(super) fn flaw(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("a name is empty".to_owned())
    } else if name.chars().any(is_unprintable) {
        Some(format!("the name {name:?} holds a character that cannot be printed"))
    } else if name.len() > NAME_LIMIT {
        Some(format!("`{name}` is longer than the {NAME_LIMIT} bytes that a name has in Postgres"))
    } else {
        None
    }
}

/// Control characters, line separators, and marks that turn the direction of text: in a file that people review, a
/// name must not look like something that it is not.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A string literal that means the same whatever `standard_conforming_strings` says.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A body between dollar quotes that it does not hold itself.
pub(super) fn dollar_quoted(body: &str) -> String {
    let mut tag = "$palier$".to_owned();
    let mut number = 0_usize;
    while body.contains(&tag) {
        number += 1;
        tag = format!("$palier{number}$");
    }
    format!("{tag}\n{body}\n{tag}")
}

/// A table with its schema. Names are exact: `Users` is not `users`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableName {
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    /// Reads `table`, `schema.table` or `"Quoted"."Names"`; without a schema it is `public`'s. What stands without
    /// quotes is taken as it is, or in lower case (`folded`) where the text comes out of SQL.
    pub(super) fn parse(text: &str, folded: bool) -> Result<Self, String> {
        let mut parts = split(text, folded)?;
        let name = parts.pop().ok_or("the table has no name")?;
        let schema = parts.pop().unwrap_or_else(|| "public".to_owned());
        if !parts.is_empty() {
            return Err(format!("`{text}` has more parts than a schema and a table"));
        }
        match flaw(&schema).or_else(|| flaw(&name)) {
            Some(flaw) => Err(flaw),
            None => Ok(Self { schema, name }),
        }
    }

    /// The table as SQL text.
    pub(super) fn sql(&self) -> String {
        self.beside(&self.name)
    }

    /// A relation of the same schema as SQL text: an index lives where its table does.
    pub(super) fn beside(&self, name: &str) -> String {
        format!("{}.{}", column_sql(&self.schema), column_sql(name))
    }
}

/// Splits at the dots outside of double quotes.
fn split(text: &str, folded: bool) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_part(quoted).ok_or_else(|| format!("a double quote in `{text}` is not closed"))?
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let part = rest[..end].trim();
            (if folded { part.to_ascii_lowercase() } else { part.to_owned() }, &rest[end..])
        };
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Ok(parts),
            None => return Err(format!("`{text}` goes on after a quoted name")),
        }
    }
}

/// The name up to its closing quote, and what follows.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                name.push('"');
                rest = next;
            }
            None => return Some((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME_LIMIT, TableName, dollar_quoted, fitting, literal};

    #[test]
    fn long_names_are_cut_between_characters_and_stay_different() {
        let (first, second) = (format!("{}a", "é".repeat(40)), format!("{}b", "é".repeat(40)));
        assert!(fitting(&first).len() <= NAME_LIMIT && fitting(&first) != fitting(&second));
        assert_eq!(fitting(&first), fitting(&first));
        assert_eq!(fitting("short"), "short");
    }

    #[test]
    fn tables_are_read_with_and_without_schema_and_quotes() {
        let sql = |text: &str| TableName::parse(text, false).map(|table| table.sql());
        assert_eq!(sql("enrollments"), Ok("public.enrollments".to_owned()));
        assert_eq!(sql("app.Users"), Ok("app.\"Users\"".to_owned()));
        assert_eq!(sql("\"my.schema\".\"a\"\"b\""), Ok("\"my.schema\".\"a\"\"b\"".to_owned()));
        assert_eq!(sql("user"), Ok("public.\"user\"".to_owned()));
        assert_eq!(TableName::parse("App.\"Users\"", true).map(|table| table.sql()), Ok("app.\"Users\"".to_owned()));
        assert!(sql("a.b.c").is_err() && sql("").is_err() && sql("\"a").is_err() && sql("\"a\"b").is_err());
    }

    #[test]
    fn literals_and_bodies_are_closed_by_their_own_end_alone() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert!(dollar_quoted("a $palier$ b").starts_with("$palier1$\n"));
    }
}
