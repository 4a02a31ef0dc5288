//! What the catalog says: never the exit code of a statement, which says nothing about whether an index is valid.

use crate::client::postgres::{Connection, SqlError};
use crate::generate::migrations::{Index, literal};

/// What is there under an index's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Absent,
    /// The index as it was meant: valid, ready and live.
    Valid,
    /// An index of this table that a build or a drop cut short left behind.
    Invalid,
    /// Something else.
    Other {
        /// What.
        definition: String,
    },
}

/// An index's row in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) state: State,
    pub(super) valid: bool,
    pub(super) ready: bool,
    pub(super) live: bool,
    pub(super) bytes: Option<u64>,
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Plain,
    Partitioned,
    /// A view, a foreign table: nothing that has indexes of this kind.
    Other,
}

/// The table's object id as an SQL expression.
pub(super) fn table_id(index: &Index) -> String {
    format!("to_regclass({})::oid", literal(&index.table()))
}

/// Whether the table is there, what it is, and whether this role may build on it.
pub(super) fn table(connection: &mut Connection, index: &Index) -> Result<Option<(Table, bool)>, SqlError> {
    let sql = format!(
        "SELECT relkind, pg_has_role(relowner, 'USAGE') FROM pg_catalog.pg_class WHERE oid = {}",
        table_id(index)
    );
    Ok(connection.rows(&sql)?.into_iter().next().map(|row| {
        let kind = match text(&row, 0).as_str() {
            "r" | "m" => Table::Plain,
            "p" => Table::Partitioned,
            _ => Table::Other,
        };
        (kind, is_true(&row, 1))
    }))
}

/// The tables of a database, for a slip of the keyboard.
pub(super) fn tables(connection: &mut Connection) -> Result<Vec<String>, SqlError> {
    let sql = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        ORDER BY 1 LIMIT 5000";
    Ok(connection.rows(sql)?.iter().map(|row| text(row, 0)).collect())
}

/// Looks at what has the index's name.
pub(super) fn find(connection: &mut Connection, index: &Index) -> Result<Found, SqlError> {
    let sql = format!(
        "SELECT c.relkind, i.indrelid = {table}, i.indisvalid, i.indisready, i.indislive,
            CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid)
                WHEN 'I' THEN (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid)) END,
            coalesce(pg_get_indexdef(i.indexrelid), 'a relation that is no index'), {signature}
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
            LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
        WHERE n.nspname = {schema} AND c.relname = {name}",
        table = table_id(index),
        signature = SIGNATURE,
        schema = literal(index.schema()),
        name = literal(index.name()),
    );
    let Some(row) = connection.rows(&sql)?.into_iter().next() else {
        return Ok(Found { state: State::Absent, valid: false, ready: false, live: false, bytes: None });
    };
    let (valid, ready, live) = (is_true(&row, 2), is_true(&row, 3), is_true(&row, 4));
    let usable = valid && ready && live;
    let is_partitioned = text(&row, 0) == "I";
    let state = if !is_true(&row, 1) || ((usable || is_partitioned) && !is_meant(connection, index, &text(&row, 7))?) {
        State::Other { definition: text(&row, 6) }
    } else if usable {
        State::Valid
    } else {
        State::Invalid
    };
    Ok(Found { state, valid, ready, live, bytes: text(&row, 5).parse().ok() })
}

/// The state alone.
pub(super) fn state(connection: &mut Connection, index: &Index) -> Result<State, SqlError> {
    Ok(find(connection, index)?.state)
}

/// What an index is, apart from its name and its table; columns by name, because their numbers differ where one was
/// dropped. `to_jsonb` gives what not every version of Postgres has.
const SIGNATURE: &str = "concat_ws(' | ', m.amname, i.indisunique, i.indnkeyatts, i.indoption::text, i.indclass::text,
            i.indcollation::text, to_jsonb(i) ->> 'indnullsnotdistinct',
            (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, false), ', ' ORDER BY k)
                FROM generate_series(1, i.indnatts) AS k),
            pg_get_expr(i.indpred, i.indrelid))";

/// Whether an index with this signature is the one that is meant.
fn is_meant(connection: &mut Connection, index: &Index, signature: &str) -> Result<bool, SqlError> {
    match meant(connection, index) {
        Ok(meant) => Ok(meant == signature),
        Err(error) if error.is_lost() => Err(error),
        // Without the right to make temporary tables, or behind somebody's lock, names have to do.
        Err(_) => match connection.run(&index.verify()) {
            Ok(()) => Ok(true),
            Err(error) if error.code == "P0001" => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// The signature that the index would have: built on an empty copy of the table that nobody else sees and that is gone
/// at the end. Postgres alone knows how it writes an expression. It also refuses here, where nothing is lost by it,
/// what it would refuse of the index itself: a column that is not there, a function that is not immutable.
///
/// The copy takes ACCESS SHARE on the table, as every reader does, for an instant.
pub(super) fn meant(connection: &mut Connection, index: &Index) -> Result<String, SqlError> {
    connection.run("BEGIN")?;
    let built = build_copy(connection, index);
    let ended = connection.run("ROLLBACK");
    let signature = built?;
    ended.map(|()| signature)
}

fn build_copy(connection: &mut Connection, index: &Index) -> Result<String, SqlError> {
    connection.run("SET LOCAL lock_timeout = '1s'")?;
    connection.run(&format!("CREATE TEMPORARY TABLE palier_meant (LIKE {})", index.table()))?;
    connection.run(&index.create_on("palier_meant_index", "pg_temp.palier_meant"))?;
    let sql = format!(
        "SELECT {SIGNATURE} FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
        WHERE i.indrelid = 'pg_temp.palier_meant'::regclass"
    );
    Ok(connection.value(&sql)?.unwrap_or_default())
}

/// Leftovers of this index under other names (`NAME_ccnew`), not valid, of the same table.
pub(super) fn leftovers(connection: &mut Connection, index: &Index) -> Result<Vec<String>, SqlError> {
    let names: Vec<String> = index.leftover_names().iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = {} AND NOT i.indisvalid AND c.relname IN ({}) ORDER BY 1",
        table_id(index),
        names.join(", ")
    );
    Ok(connection.rows(&sql)?.iter().map(|row| text(row, 0)).collect())
}

/// The other indexes of the table, by name, and whether each is valid.
pub(super) fn others(connection: &mut Connection, index: &Index) -> Result<Vec<(String, bool)>, SqlError> {
    let sql = format!(
        "SELECT c.relname, i.indisvalid AND i.indisready AND i.indislive
        FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = {} AND c.relname <> {} ORDER BY 1",
        table_id(index),
        literal(index.name())
    );
    Ok(connection.rows(&sql)?.iter().map(|row| (text(row, 0), is_true(row, 1))).collect())
}

/// A column as text; empty for null.
pub(super) fn text(row: &[Option<String>], column: usize) -> String {
    row.get(column).cloned().flatten().unwrap_or_default()
}

fn is_true(row: &[Option<String>], column: usize) -> bool {
    text(row, column) == "t"
}
