//! What a running database is asked, or told, about an index beyond its migration.

use super::identifier::{NAME_LIMIT, TableName, cut, short_hash, with_suffix};
use super::{Index, MigrationError};
use crate::project::{column_sql, indexes_of_sql};

impl Index {
    /// The index that a statement builds; `origin` says where the statement stands.
    ///
    /// # Errors
    /// It is not one `CREATE INDEX` that palier can carry over.
    pub fn from_statement(statement: &str, origin: &str) -> Result<Self, MigrationError> {
        let help = "write one CREATE INDEX with a name";
        match indexes_of_sql(statement, 1).into_iter().next() {
            Some(Ok(index)) if index.name.is_some() => Self::from_script(&index, origin),
            Some(Ok(_)) => Err(MigrationError::index(origin, "the statement names no index", help)),
            Some(Err((_, reason))) => Err(MigrationError::index(origin, reason, help)),
            None => Err(MigrationError::index(origin, "there is no CREATE INDEX", help)),
        }
    }

    /// The schema of the index and of its table, as Postgres stores it.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.table.schema
    }

    /// The table's name without its schema, as Postgres stores it.
    #[must_use]
    pub fn table_name(&self) -> &str {
        &self.table.name
    }

    /// A relation of the same schema as SQL text.
    #[must_use]
    pub fn beside(&self, name: &str) -> String {
        self.table.beside(name)
    }

    /// The same index on a partition, under a name that no other partition's index has and that stays the same.
    #[must_use]
    pub fn on_partition(&self, schema: &str, table: &str) -> Self {
        let table = TableName { schema: schema.to_owned(), name: table.to_owned() };
        let hash = short_hash(&format!("{} on {}", self.qualified_name(), table.sql()));
        let name = with_suffix(&format!("{}_{}", table.name, self.name), &hash);
        Self { name, table, ..self.clone() }
    }

    /// The same index under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Makes the index of a partitioned table without those of its partitions: nothing is read.
    #[must_use]
    pub fn create_on_only(&self) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let definition = self.definition_on(format!("ONLY {}", self.table.sql()));
        format!("CREATE {unique}INDEX {} ON {definition}", column_sql(&self.name))
    }

    /// Makes the same index on another table, whose name is given as SQL text.
    #[must_use]
    pub fn create_on(&self, name: &str, table: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX {} ON {}", column_sql(name), self.definition_on(table.to_owned()))
    }

    /// What the index orders by, each as SQL text.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.elements.iter().map(super::fragment::Element::key_sql).collect()
    }

    /// The condition of a partial index, as SQL text.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_ref().map(|condition| condition.text.as_str())
    }

    /// The names that REINDEX CONCURRENTLY and an interrupted migration leave behind for this index.
    #[must_use]
    pub fn leftover_names(&self) -> Vec<String> {
        let mut names = vec![self.leftover()];
        for label in ["ccnew", "ccold"] {
            names.extend((0..10).map(|number: u8| {
                // Postgres cuts the name, not what it puts behind it, and counts from the second one on.
                let label = if number == 0 { label.to_owned() } else { format!("{label}{number}") };
                format!("{}_{label}", cut(&self.name, NAME_LIMIT - 1 - label.len()))
            }));
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    fn index(statement: &str) -> Index {
        Index::from_statement(statement, "plan").unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_statement_is_read_back_as_the_index_that_it_builds() {
        let statement = "CREATE UNIQUE INDEX CONCURRENTLY \"My Index\" ON app.\"Users\" ((lower(email)), \"Name\" DESC) \
                         WHERE deleted_at IS NULL";
        let index = index(statement);
        assert_eq!(index.name(), "My Index");
        assert_eq!(index.create_new(), statement);
        assert_eq!(index.keys(), ["(lower(email))", "\"Name\""]);
        assert!(Index::from_statement("DROP INDEX x", "plan").is_err());
    }

    #[test]
    fn names_of_partitions_fit_and_differ() {
        let index = index("CREATE INDEX events_at ON events (at)");
        let long = "events_of_a_very_long_name_that_goes_on_and_on_2026_";
        let names: Vec<String> =
            ["1", "2"].iter().map(|end| index.on_partition("public", &format!("{long}{end}")).name).collect();
        assert!(names[0] != names[1] && names.iter().all(|name| name.len() <= 63), "{names:?}");
        assert_eq!(index.create_on_only(), "CREATE INDEX events_at ON ONLY public.events (at)");
    }

    #[test]
    fn leftovers_have_the_names_that_postgres_gives() {
        let long = format!("CREATE INDEX {} ON t (a)", "a".repeat(63));
        assert!(index(&long).leftover_names().contains(&format!("{}_ccnew1", "a".repeat(56))));
        assert!(index("CREATE INDEX i ON t (a)").leftover_names().contains(&"i_ccnew".to_owned()));
    }
}
