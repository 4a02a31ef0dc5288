//! A text file as a tree in which every value knows its place: TOML, YAML and JSON alike.
//!
//! serde alone stops at the first problem and forgets where a value stood. palier tells all problems of a file at
//! once, each under its line, so a file is first read into this tree, checked against the JSON Schema of the type
//! that it should hold ([`check`](Document::check)), and only then given to serde ([`decode`](Document::decode)).

mod json_schema;
mod node;
mod read;
mod toml;
mod yaml;

pub use node::{Entry, Node, Value};
pub use read::{ReadError, SIZE_LIMIT, read_bytes, read_file, sha256, text_of};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// YAML 1.2, one document.
    Yaml,
    /// JSON, which is read as the subset of YAML that it is.
    Json,
}

impl Format {
    /// The format that a path's ending says; YAML when it says nothing.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "toml" => Self::Toml,
            "json" => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// A file that was read and parsed.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The value at its top.
    pub root: Node,
}

impl Document {
    /// Parses a file's text.
    ///
    /// # Errors
    /// Every problem that the syntax has, each with its place: broken syntax, duplicate keys, more than one YAML
    /// document, nesting deeper than 64 levels, aliases that expand beyond half a million values.
    pub fn parse(file: &Arc<SourceFile>, format: Format) -> Result<Self, Vec<Diagnostic>> {
        let root = match format {
            Format::Toml => toml::parse(file)?,
            Format::Yaml | Format::Json => yaml::parse(file)?,
        };
        Ok(Self { file: Arc::clone(file), root })
    }

    /// The place of a node of this document.
    #[must_use]
    pub fn place(&self, node: &Node) -> Place {
        Place::new(&self.file, node.span.clone())
    }

    /// The node at a path of keys and list indices (`["services", "0", "plan"]`).
    #[must_use]
    pub fn node(&self, path: &[&str]) -> Option<&Node> {
        self.root.at(path)
    }

    /// The place of the value at a dotted path (`requests.latency.p95`); the whole file's start when it is absent.
    #[must_use]
    pub fn place_of(&self, dotted: &str) -> Place {
        let path: Vec<&str> = dotted.split('.').collect();
        self.node(&path).map_or_else(|| Place::start_of(&self.file), |node| self.place(node))
    }

    /// Checks the document against a type's JSON Schema and tells every problem: unknown keys with the nearest known
    /// one, wrong types, values outside of an enumeration or a range, quantities without or with a wrong unit.
    #[must_use]
    pub fn check(&self, schema: &schemars::Schema) -> Vec<Diagnostic> {
        json_schema::check(self, schema)
    }

    /// Decodes the document into a type, after [`check`](Self::check) against the type's schema found nothing.
    ///
    /// # Errors
    /// All that `check` finds; or the one problem that only decoding sees.
    pub fn decode<T: serde::de::DeserializeOwned>(&self, schema: &schemars::Schema) -> Result<T, Vec<Diagnostic>> {
        let problems = self.check(schema);
        if !problems.is_empty() {
            return Err(problems);
        }
        serde_json::from_value(self.root.to_json()).map_err(|error| {
            vec![
                Diagnostic::error("invalid-value", format!("this file cannot be read: {error}"))
                    .at(Place::start_of(&self.file)),
            ]
        })
    }
}
