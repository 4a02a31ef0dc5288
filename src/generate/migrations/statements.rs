//! The statements of an index migration. Each runs alone, in autocommit: `CREATE INDEX CONCURRENTLY` is refused inside
//! of a transaction, and several statements sent at once are one.
//!
//! `IF NOT EXISTS` alone is a trap: a build that was cut short leaves an invalid index, which costs every write, helps
//! no read, and is "skipped, already exists" from then on. So a leftover is moved out of the way first, and whether
//! the index is valid is asked last.

use squawk_syntax::SourceFile;
use squawk_syntax::ast::AstNode;

use super::Index;
use super::fragment::Key;
use super::identifier::{dollar_quoted, literal, short_hash, with_suffix};
use crate::project::column_sql;

/// One statement, without its semicolon, and why it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Lines of a comment.
    pub comment: &'static [&'static str],
    /// The SQL.
    pub sql: String,
}

const NO_TIMEOUT: &[&str] = &[
    "A concurrent build or drop waits for every transaction that is older than itself. A timeout cuts it",
    "short and leaves an invalid index behind. The waiting blocks nobody: the locks that are taken",
    "(SHARE UPDATE EXCLUSIVE) let reads and writes on.",
];
const OLD_LEFTOVER: &[&str] = &["What an earlier run has set aside and not dropped."];
const SET_ASIDE: &[&str] = &[
    "An index that a build or a drop cut short is set aside: IF NOT EXISTS below would take it for a good",
    "one. Renaming locks that index alone (SHARE UPDATE EXCLUSIVE); reads and writes go on. The same lock on",
    "the table, only taken when there is such an index, makes sure that nobody is just building it, and is",
    "given up at once if somebody is.",
];
const DROP_LEFTOVER: &[&str] = &["Waits for the queries that still use it; blocks neither reads nor writes."];
const CREATE: &[&str] =
    &["Blocks neither reads nor writes (SHARE UPDATE EXCLUSIVE); one build at a time on a table, or they", "deadlock."];
const VERIFY: &[&str] =
    &["Fails unless the index is there, valid, and the one that was meant. Takes no lock on the table."];
const DROP: &[&str] = &["Waits for the queries that use the index; blocks neither reads nor writes."];
const GONE: &[&str] = &["Fails when the index is still there. Takes no lock on the table."];
const RESET: &[&str] = &["Back to what the session began with."];

impl Index {
    /// The statements that build the index, in order.
    #[must_use]
    pub fn up(&self) -> Vec<Statement> {
        let mut statements = timeouts_off();
        statements.extend([
            Statement { comment: OLD_LEFTOVER, sql: self.drop_leftover() },
            Statement { comment: SET_ASIDE, sql: self.set_aside() },
            Statement { comment: DROP_LEFTOVER, sql: self.drop_leftover() },
            Statement { comment: CREATE, sql: self.create() },
            Statement { comment: VERIFY, sql: self.verify() },
        ]);
        statements.extend(timeouts_back());
        statements
    }

    /// The statements that drop the index, in order.
    #[must_use]
    pub fn down(&self) -> Vec<Statement> {
        let mut statements = timeouts_off();
        statements.extend([
            Statement { comment: OLD_LEFTOVER, sql: self.drop_leftover() },
            Statement { comment: DROP, sql: format!("DROP INDEX CONCURRENTLY IF EXISTS {}", self.qualified_name()) },
            Statement { comment: GONE, sql: self.verify_gone() },
        ]);
        statements.extend(timeouts_back());
        statements
    }

    /// The name under which a leftover is set aside; nobody else's index has it.
    #[must_use]
    pub fn leftover(&self) -> String {
        with_suffix(&self.name, &format!("leftover_{}", short_hash(&self.qualified_name())))
    }

    /// Drops what was set aside.
    #[must_use]
    pub fn drop_leftover(&self) -> String {
        format!("DROP INDEX CONCURRENTLY IF EXISTS {}", self.table.beside(&self.leftover()))
    }

    fn create(&self) -> String {
        self.creation("IF NOT EXISTS ")
    }

    /// The statement that builds the index when nothing of its name is there: `IF NOT EXISTS` would take a broken one
    /// for a good one.
    #[must_use]
    pub fn create_new(&self) -> String {
        self.creation("")
    }

    fn creation(&self, condition: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let name = column_sql(&self.name);
        format!("CREATE {unique}INDEX CONCURRENTLY {condition}{name} ON {}", self.definition())
    }

    /// The catalog's row of the index: found by table and name, whatever the search path is.
    fn row(&self) -> String {
        format!(
            "pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = to_regclass({})
            AND c.relname = {}",
            literal(&self.table.sql()),
            literal(&self.name)
        )
    }

    /// Renames an index of this name that is not valid, under a lock that proves that nobody is just building it.
    #[must_use]
    pub fn set_aside(&self) -> String {
        let table = self.table.sql();
        let invalid = format!(
            "EXISTS (\n        SELECT FROM {}\n            AND NOT (i.indisvalid AND i.indisready)\n    )",
            self.row()
        );
        do_block(&format!(
            "BEGIN
    IF (SELECT relkind FROM pg_catalog.pg_class WHERE oid = to_regclass({table_text})) = 'p' THEN
        RAISE EXCEPTION USING MESSAGE = {partitioned},
            HINT = 'Build it concurrently on each partition, then on the table ON ONLY, and attach them.';
    END IF;
    IF NOT {invalid} THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        RAISE EXCEPTION USING MESSAGE = {busy},
            ERRCODE = 'lock_not_available',
            HINT = 'An index is being built or the table vacuumed: wait for it, then run this again.';
    END;
    IF {invalid} THEN
        ALTER INDEX {index}
            RENAME TO {leftover};
    END IF;
END",
            table_text = literal(&table),
            partitioned = literal(&format!("table {table} is partitioned: no index is built on it concurrently")),
            busy = self.message("is not valid, and the table is being worked on"),
            index = self.qualified_name(),
            leftover = column_sql(&self.leftover()),
        ))
    }

    /// Fails unless the index is there, valid and, as far as names tell, the one that was meant.
    #[must_use]
    pub fn verify(&self) -> String {
        // Expressions have no name in the catalog: they are compared as "some expression".
        let columns: Vec<String> = self
            .elements
            .iter()
            .map(|element| match &element.key {
                Key::Column(name) => literal(name),
                Key::Expression(_) => "''".to_owned(),
            })
            .chain(self.include.iter().map(|name| literal(name)))
            .collect();
        // One number for each column that the index orders by, so that included ones are told apart as well.
        let directions: Vec<String> = self.elements.iter().map(|element| element.direction().to_string()).collect();
        do_block(&format!(
            "DECLARE
    built record;
BEGIN
    SELECT i.indisvalid AND i.indisready AS usable, i.indisunique, i.indpred IS NOT NULL AS partial,
        i.indoption::text AS directions,
        (SELECT amname FROM pg_catalog.pg_am WHERE oid = c.relam) AS method,
        ARRAY(
            SELECT coalesce(a.attname::text, '')
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
            ORDER BY k.place
        ) AS columns, pg_get_indexdef(i.indexrelid) AS definition
    INTO built FROM {row};
    IF NOT FOUND THEN
        RAISE EXCEPTION USING MESSAGE = {absent},
            HINT = 'Something else in its schema may have the name: give the index another one.';
    ELSIF NOT built.usable THEN
        RAISE EXCEPTION USING MESSAGE = {broken},
            HINT = 'Run this migration again: it replaces what a build cut short has left.';
    ELSIF built.indisunique <> {unique} OR built.partial <> {partial} OR built.method <> {method}
        OR built.directions <> '{directions}' OR built.columns <> ARRAY[{columns}] THEN
        RAISE EXCEPTION USING MESSAGE = {other} || built.definition,
            HINT = 'It was there before. Give one of the two another name.';
    END IF;
END",
            row = self.row(),
            absent = self.message("was not built"),
            broken = self.message("is not valid"),
            other = self.message("is another one than was meant: "),
            unique = self.unique,
            partial = self.condition.is_some(),
            method = literal(&self.method),
            directions = directions.join(" "),
            columns = columns.join(", "),
        ))
    }

    pub(super) fn verify_gone(&self) -> String {
        do_block(&format!(
            "BEGIN
    IF EXISTS (
        SELECT FROM {}
    ) THEN
        RAISE EXCEPTION USING MESSAGE = {},
            HINT = 'Run this again: an interrupted drop leaves the index behind, no longer valid.';
    END IF;
END",
            self.row(),
            self.message("is still there"),
        ))
    }

    /// A whole message as a literal, because `%` in RAISE's own format is doubled by some of Python's drivers.
    fn message(&self, what: &str) -> String {
        literal(&format!("the index {} on {} {what}", self.qualified_name(), self.table.sql()))
    }
}

fn timeouts_off() -> Vec<Statement> {
    vec![
        Statement { comment: NO_TIMEOUT, sql: "SET lock_timeout = '0'".to_owned() },
        Statement { comment: &[], sql: "SET statement_timeout = '0'".to_owned() },
    ]
}

fn timeouts_back() -> Vec<Statement> {
    vec![
        Statement { comment: RESET, sql: "RESET lock_timeout".to_owned() },
        Statement { comment: &[], sql: "RESET statement_timeout".to_owned() },
    ]
}

fn do_block(body: &str) -> String {
    format!("DO {}", dollar_quoted(body))
}

/// The statements of a migration's text, each to be run alone in autocommit; comments between them are left out.
#[must_use]
pub fn split_statements(text: &str) -> Vec<String> {
    SourceFile::parse(text)
        .tree()
        .stmts()
        .map(|statement| statement.syntax().text().to_string().trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}
