use super::MigrationError;
use super::fragment::{self, Element, Fragment, Key};
use super::identifier::{NAME_LIMIT, TableName, cut, fitting, flaw, hash, with_suffix};
use crate::diagnostic::did_you_mean;
use crate::policy::IndexPolicy;
use crate::project::{ScriptIndex, column_sql};

/// Access methods of Postgres and of the extensions that are common on hosted databases.
const METHODS: &[&str] = &["btree", "gin", "gist", "brin", "hash", "spgist", "bloom", "hnsw", "ivfflat", "rum"];

/// An index that the application should have, checked and in one form wherever it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub(super) name: String,
    /// Whether the name was chosen by palier, and may be changed when another index has it.
    pub(super) named_by_palier: bool,
    pub(super) table: TableName,
    pub(super) elements: Vec<Element>,
    pub(super) unique: bool,
    pub(super) method: String,
    pub(super) condition: Option<Fragment>,
    pub(super) include: Vec<String>,
    pub(super) origin: String,
}

/// An index as it is written, before it is checked.
struct Written<'a> {
    table: &'a str,
    columns: &'a [String],
    name: Option<String>,
    unique: bool,
    method: Option<&'a str>,
    condition: Option<&'a str>,
    include: &'a [String],
    /// Whether the texts are SQL, in which names without quotes are lower case.
    folded: bool,
}

impl Index {
    /// An index of the policy; `origin` says where it is declared, for a person: `palier.toml:14`.
    ///
    /// Names of tables and columns are exact, as they are written: `Users` is not `users`. Inside of an expression and
    /// of `where`, SQL's own rules hold.
    ///
    /// # Errors
    /// A name that Postgres cannot have, a column that is neither a name nor one expression, a condition that is not
    /// one expression, a method that does not exist or cannot do what is asked.
    pub fn from_policy(index: &IndexPolicy, origin: &str) -> Result<Self, MigrationError> {
        let written = Written {
            table: &index.table,
            columns: &index.columns,
            name: index.name.clone(),
            unique: index.unique,
            method: index.method.as_deref(),
            condition: index.condition.as_deref(),
            include: &index.include,
            folded: false,
        };
        Self::read(&written, origin)
    }

    /// An index that a script of the project creates; `path` is the script's.
    ///
    /// # Errors
    /// As [`from_policy`](Self::from_policy).
    pub fn from_script(index: &ScriptIndex, path: &str) -> Result<Self, MigrationError> {
        let written = Written {
            table: &index.table,
            columns: &index.columns,
            // Where the script ran already, Postgres has cut a longer name: the same cut finds that index again.
            name: index.name.as_deref().map(|name| cut(name, NAME_LIMIT).to_owned()),
            unique: index.unique,
            method: index.method.as_deref(),
            condition: index.condition.as_deref(),
            include: &index.include,
            folded: true,
        };
        Self::read(&written, &format!("{path}:{}", index.line))
    }

    fn read(written: &Written<'_>, origin: &str) -> Result<Self, MigrationError> {
        let refuse = |reason: String, help: &str| MigrationError::index(origin, reason, help);
        let name_help = "write the name as Postgres has it; a dot or a space belongs into double quotes";
        let table = TableName::parse(written.table, written.folded).map_err(|reason| refuse(reason, name_help))?;
        let column_help = "write a column (`student_id`, `created_at desc`) or an expression (`lower(email)`); a \
                           name with other characters belongs into double quotes";
        let elements = written
            .columns
            .iter()
            .map(|column| fragment::element(column, written.folded).map_err(|reason| refuse(reason, column_help)))
            .collect::<Result<Vec<_>, _>>()?;
        let include = written
            .include
            .iter()
            .map(|column| match fragment::element(column, written.folded) {
                Ok(Element { key: Key::Column(name), .. }) => Ok(name),
                Ok(_) => Err(refuse(format!("`{column}` is included, but is no column"), "include columns by name")),
                Err(reason) => Err(refuse(reason, column_help)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let condition = written
            .condition
            .map(fragment::condition)
            .transpose()
            .map_err(|reason| refuse(reason, "write one SQL expression, without `WHERE`: `deleted_at IS NULL`"))?;
        let index = Self {
            name: String::new(),
            named_by_palier: written.name.is_none(),
            table,
            elements,
            unique: written.unique,
            method: written.method.unwrap_or("btree").trim().to_ascii_lowercase(),
            condition,
            include,
            origin: origin.to_owned(),
        };
        if let Some((reason, help)) = index.contradiction() {
            return Err(refuse(reason, &help));
        }
        let name = match &written.name {
            Some(name) => fitting(name),
            None => index.default_name(),
        };
        match flaw(&name) {
            Some(reason) => Err(refuse(reason, name_help)),
            None => Ok(Self { name, ..index }),
        }
    }

    /// What Postgres would refuse when the migration runs, told before: the reason and the remedy.
    fn contradiction(&self) -> Option<(String, String)> {
        let method = self.method.as_str();
        if self.elements.is_empty() {
            return Some(("the index names no column".to_owned(), "write for example columns = [\"id\"]".to_owned()));
        }
        if !METHODS.contains(&method) {
            let near = did_you_mean(method, METHODS.iter().copied());
            let help = near.map_or_else(|| METHODS.join(", "), |near| format!("did you mean `{near}`"));
            return Some((format!("`{method}` is no access method that palier knows"), help));
        }
        let problem = if self.unique && method != "btree" {
            "cannot be unique"
        } else if !self.include.is_empty() && !matches!(method, "btree" | "gist" | "spgist") {
            "cannot include columns"
        } else if self.elements.len() > 1 && matches!(method, "hash" | "spgist" | "hnsw" | "ivfflat") {
            "has one column only"
        } else if method != "btree" && self.elements.iter().any(Element::is_ordered) {
            "has no order"
        } else {
            return None;
        };
        Some((format!("an index of the method `{method}` {problem}"), "use `method = \"btree\"`".to_owned()))
    }

    /// A name that says table and columns. What the columns alone do not say is in a hash behind it, so that the name
    /// depends on this index only and stays when others are added.
    fn default_name(&self) -> String {
        let mut words = vec![self.table.name.clone()];
        words.extend(self.elements.iter().map(|element| match &element.key {
            Key::Column(name) => name.clone(),
            Key::Expression(expression) => expression.canonical.clone(),
        }));
        let exact = words.join("_");
        let readable = readable(&exact);
        let prefix = if self.unique { "uniq" } else { "idx" };
        let name = format!("{prefix}_{readable}");
        let plain = readable == exact
            && self.elements.iter().all(Element::is_plain)
            && self.method == "btree"
            && self.condition.is_none()
            && self.include.is_empty();
        if plain && name.len() <= NAME_LIMIT { name } else { with_suffix(&name, &self.fingerprint()[..8]) }
    }

    /// The name with a hash of the definition behind it, for when another index has the plain name.
    pub(super) fn other_name(&self) -> String {
        with_suffix(&self.name, &self.fingerprint()[..8])
    }

    /// Sixteen hexadecimal digits that stand for what the index is: all but its name and its origin.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut parts = vec![self.table.sql(), self.unique.to_string(), self.method.clone()];
        parts.extend(self.elements.iter().map(Element::canonical));
        parts.push("include".to_owned());
        parts.extend(self.include.iter().cloned());
        parts.push("where".to_owned());
        parts.extend(self.condition.iter().map(|condition| condition.canonical.clone()));
        hash(&parts.join("\u{0}"), 8)
    }

    /// The name, as Postgres stores it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table with its schema, as SQL text.
    #[must_use]
    pub fn table(&self) -> String {
        self.table.sql()
    }

    /// The index with its schema, as SQL text.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        self.table.beside(&self.name)
    }

    /// Where it is declared.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether values must be unique.
    #[must_use]
    pub const fn is_unique(&self) -> bool {
        self.unique
    }

    /// What the index is, behind its name: `public.enrollments (student_id) WHERE ...`.
    #[must_use]
    pub fn definition(&self) -> String {
        self.definition_on(self.table.sql())
    }

    /// The same definition on another table.
    pub(super) fn definition_on(&self, table: String) -> String {
        let elements: Vec<String> = self.elements.iter().map(Element::sql).collect();
        let mut definition = table;
        if self.method != "btree" {
            definition = format!("{definition} USING {}", self.method);
        }
        definition = format!("{definition} ({})", elements.join(", "));
        if !self.include.is_empty() {
            let columns: Vec<String> = self.include.iter().map(|name| column_sql(name)).collect();
            definition = format!("{definition} INCLUDE ({})", columns.join(", "));
        }
        match &self.condition {
            Some(condition) => format!("{definition} WHERE {}", condition.text),
            None => definition,
        }
    }
}

/// Letters, digits and underscores of a text, in lower case; everything else becomes one underscore.
fn readable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            plain.push(c.to_ascii_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_matches('_').to_owned()
}
