use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::quote::{quote_ident_always, quote_quoted_ident};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::ScriptIndex;

/// Whether a text holds something like `create [unique] index`, in any case and spacing.
pub(super) fn creates_index(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("create").any(|(position, word)| {
        let rest = lower[position + word.len()..].trim_start_matches(['\\', 'n', ' ', '\n', '\r', '\t']);
        let rest = rest.strip_prefix("unique").map_or(rest, str::trim_start);
        rest.strip_prefix("index").is_some_and(|rest| rest.starts_with([' ', '\n', '\r', '\t', '\\', '"']))
    })
}

/// The indexes that a text of SQL statements creates, with their lines counted on from `first_line`; other statements
/// are passed over. An index that cannot be carried over comes back as its line and the reason.
#[must_use]
pub fn indexes_of_sql(text: &str, first_line: usize) -> Vec<Result<ScriptIndex, (usize, String)>> {
    let parse = SourceFile::parse(text);
    let errors = parse.errors();
    let mut found = Vec::new();
    for statement in parse.tree().stmts() {
        let ast::Stmt::CreateIndex(statement) = statement else { continue };
        let range = statement.syntax().text_range();
        let start = usize::from(range.start());
        let line = first_line + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
        // Only errors inside of this statement count: a script's string may hold other things beside it.
        let broken = errors.iter().any(|error| range.contains_range(error.range()));
        let index = if broken { None } else { read_statement(&statement, line) };
        found.push(match index {
            None => Err((line, "the CREATE INDEX statement cannot be read".to_owned())),
            Some(index) => match not_carried(&statement) {
                Some(clause) => Err((line, format!("the statement has {clause}, which palier does not carry over"))),
                None => Ok(index),
            },
        });
    }
    if found.is_empty() && creates_index(text) && !errors.is_empty() {
        found.push(Err((first_line, "the SQL in this string cannot be read".to_owned())));
    }
    found
}

/// A clause that changes what the index is, and that a migration of palier's has no place for.
fn not_carried(statement: &ast::CreateIndex) -> Option<&'static str> {
    let table = statement.table_relation_name()?;
    let distinct = statement.nulls_distinct_option().map(|option| source(option.syntax()).to_ascii_lowercase());
    if distinct.is_some_and(|option| option.contains("not")) {
        Some("NULLS NOT DISTINCT")
    } else if statement.with_params().is_some() {
        Some("storage parameters (WITH)")
    } else if statement.tablespace_clause().is_some() {
        Some("a TABLESPACE")
    } else if table.only_token().is_some() {
        Some("ON ONLY")
    } else {
        None
    }
}

fn read_statement(statement: &ast::CreateIndex, line: usize) -> Option<ScriptIndex> {
    let name = match statement.index() {
        Some(index) => Some(index.path()?.segment()?.text()),
        None => None,
    };
    let items = |list: Option<ast::PartitionItemList>| -> Vec<String> {
        list.map(|list| list.partition_items().map(|item| source(item.syntax())).collect()).unwrap_or_default()
    };
    let columns = items(statement.partition_item_list());
    let table = source(statement.table_relation_name()?.table_name_ref()?.syntax());
    let usable = !columns.is_empty() && columns.iter().all(|column| !column.is_empty()) && !table.is_empty();
    usable.then(|| ScriptIndex {
        name: name.filter(|name| !name.is_empty()),
        table,
        columns,
        unique: statement.unique_token().is_some(),
        method: statement
            .using_method()
            .and_then(|using| using.access_method_ref())
            .map(|method| source(method.syntax()).to_ascii_lowercase()),
        condition: statement.where_clause().and_then(|clause| clause.expr()).map(|expr| source(expr.syntax())),
        include: items(statement.index_include_clause().and_then(|clause| clause.partition_item_list())),
        concurrently: statement.concurrently_token().is_some(),
        line,
    })
}

/// The text of a node on one line, without comments.
fn source(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => text.push(' '),
            _ => text.push_str(token.text()),
        }
    }
    // Only the spaces between tokens are touched: those inside of a string or a quoted name belong to it.
    text.trim().to_owned()
}

/// A column's name as SQL text: as it is where SQL reads it back unchanged, else in double quotes.
#[must_use]
pub fn column_sql(name: &str) -> String {
    if name.is_ascii() { quote_quoted_ident(name) } else { quote_ident_always(name) }
}

#[cfg(test)]
mod tests {
    use super::{column_sql, creates_index, indexes_of_sql};

    #[test]
    fn the_parts_of_a_statement_are_told_apart() {
        let text = "\nANALYZE;\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Ux ON app.\"Users\" USING BTREE \
                    (lower(email) DESC, \"Name\" text_pattern_ops) INCLUDE (id) WHERE deleted_at IS NULL;";
        let found = indexes_of_sql(text, 10);
        let index = found[0].as_ref().expect("an index");
        assert_eq!((index.name.as_deref(), index.table.as_str(), index.line), (Some("ux"), "app.\"Users\"", 12));
        assert_eq!(index.columns, ["lower(email) DESC", "\"Name\" text_pattern_ops"]);
        assert_eq!((index.method.as_deref(), index.include.as_slice()), (Some("btree"), ["id".to_owned()].as_slice()));
        assert_eq!(index.condition.as_deref(), Some("deleted_at IS NULL"));
        assert!(index.unique && index.concurrently);
    }

    #[test]
    fn clauses_that_would_be_lost_are_refused() {
        for clause in ["WITH (fillfactor = 70)", "NULLS NOT DISTINCT", "TABLESPACE fast"] {
            let found = indexes_of_sql(&format!("CREATE INDEX i ON t (a) {clause};"), 1);
            assert!(found[0].as_ref().is_err_and(|(_, reason)| reason.contains("does not carry")), "{found:?}");
        }
    }

    #[test]
    fn prose_about_indexes_is_no_statement() {
        assert!(!creates_index("Creating indexes...") && !creates_index("create the index first"));
        assert!(creates_index("create  UNIQUE\n index x") && creates_index("CREATE INDEX x"));
    }

    #[test]
    fn names_are_quoted_where_sql_would_read_them_otherwise() {
        assert_eq!(column_sql("student_id"), "student_id");
        assert_eq!(column_sql("Order"), "\"Order\"");
        assert_eq!(column_sql("order"), "\"order\"");
        assert_eq!(column_sql("a\"b"), "\"a\"\"b\"");
    }
}
