//! SQL that a person wrote: a column with its order, an expression, a condition. It is parsed, and refused unless it is
//! exactly one such part; nothing else can stand in it.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::quote::is_reserved_word;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

use super::identifier::{flaw, is_unprintable};
use crate::project::column_sql;

/// A piece of SQL: as it is written out, and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) text: String,
    pub(super) canonical: String,
}

impl Fragment {
    /// Puts a word and another fragment behind this one.
    fn append(&mut self, word: &str, other: &Self) {
        self.text = format!("{} {word} {}", self.text, other.text).trim().to_owned();
        self.canonical = format!("{} {word} {}", self.canonical, other.canonical).trim().to_owned();
    }
}

/// What an index orders by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A column, by its exact name.
    Column(String),
    /// An expression, in parentheses.
    Expression(Fragment),
}

/// One column or expression of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) key: Key,
    /// Collation and operator class; empty without them.
    class: Fragment,
    descending: bool,
    /// `Some(true)` is NULLS FIRST; `None` when it is the default of the order.
    nulls_first: Option<bool>,
}

impl Element {
    /// The element as SQL text.
    pub(super) fn sql(&self) -> String {
        let mut sql = self.key_sql();
        if !self.class.text.is_empty() {
            sql = format!("{sql} {}", self.class.text);
        }
        sql + self.order()
    }

    /// The column or expression alone, as SQL text.
    pub(super) fn key_sql(&self) -> String {
        match &self.key {
            Key::Column(name) => column_sql(name),
            Key::Expression(expression) => expression.text.clone(),
        }
    }

    /// The element in the form in which it is compared with others.
    pub(super) fn canonical(&self) -> String {
        let key = match &self.key {
            Key::Column(name) => format!("column {}", column_sql(name)),
            Key::Expression(expression) => format!("expression {}", expression.canonical),
        };
        format!("{key} {}{}", self.class.canonical, self.order())
    }

    /// Whether it is a column and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.key, Key::Column(_)) && self.class.text.is_empty() && self.order().is_empty()
    }

    /// Whether an order is written, which only B-trees have.
    pub(super) const fn is_ordered(&self) -> bool {
        self.descending || self.nulls_first.is_some()
    }

    /// The order as the catalog's `indoption` has it: 1 is DESC, 2 is NULLS FIRST.
    pub(super) fn direction(&self) -> u8 {
        u8::from(self.descending) + 2 * u8::from(self.nulls_first.unwrap_or(self.descending))
    }

    const fn order(&self) -> &'static str {
        match (self.descending, self.nulls_first) {
            (false, Some(true)) => " NULLS FIRST",
            (false, _) => "",
            (true, Some(false)) => " DESC NULLS LAST",
            (true, _) => " DESC",
        }
    }
}

/// Reads `student_id`, `created_at desc nulls last`, `email text_pattern_ops`, `lower(email)`. A column that stands by
/// itself is a name as it is; where the text comes out of SQL (`folded`), SQL's rule of lower case holds for it.
pub(super) fn element(text: &str, folded: bool) -> Result<Element, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a column is empty".to_owned());
    }
    // `order` and `user desc` are no SQL, but what somebody means whose column has that name is plain.
    let (head, descending, nulls_first) = without_order(text);
    if !folded && is_word(head) {
        return match flaw(head) {
            Some(flaw) => Err(flaw),
            None => Ok(plain(head, descending, nulls_first)),
        };
    }
    let statement = parse_alone("CREATE INDEX ON t (", text, ");")
        .ok_or_else(|| format!("`{text}` is not one column or one expression"))?;
    let items: Vec<_> =
        statement.partition_item_list().map(|list| list.partition_items().collect()).unwrap_or_default();
    let [item] = items.as_slice() else {
        return Err(format!("`{text}` is not one column or one expression"));
    };
    if usize::from(item.syntax().text_range().len()) != text.len() || statement.where_clause().is_some() {
        return Err(format!("`{text}` is not one column or one expression"));
    }
    let expression = item.expr().ok_or_else(|| format!("`{text}` names no column"))?;
    let nulls = item.nulls_order().map(|order| order.syntax().text().to_string().to_ascii_lowercase());
    let order = item.sort_order().map(|order| order.syntax().text().to_string().to_ascii_lowercase());
    let descending = match order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => return Err(format!("`{other}` is not an order that an index has")),
    };
    // `name COLLATE "C"` is one expression to the parser; to Postgres the collation is a property of the element.
    let (expression, collation) = match &expression {
        ast::Expr::Collate(collated) => match (collated.expr(), collated.collation_ref()) {
            (Some(inner), Some(collation)) => (inner, Some(collation.syntax().clone())),
            _ => return Err(format!("`{text}` names no collation")),
        },
        _ => (expression, None),
    };
    let mut class = Fragment { text: String::new(), canonical: String::new() };
    if let Some(collation) = collation {
        class.append("COLLATE", &fragment(&collation)?);
    }
    let parts = [
        item.op_class_ref().map(|part| part.syntax().clone()),
        item.attribute_list().map(|part| part.syntax().clone()),
    ];
    for part in parts.into_iter().flatten() {
        class.append("", &fragment(&part)?);
    }
    let first = nulls.map(|nulls| nulls.ends_with("first")).filter(|first| *first != descending);
    Ok(Element { key: key(&expression, folded)?, class, descending, nulls_first: first })
}

/// Reads a condition: one expression.
pub(super) fn condition(text: &str) -> Result<Fragment, String> {
    let text = text.trim();
    let refused = || format!("`{text}` is not one condition");
    let statement = parse_alone("CREATE INDEX ON t (c) WHERE ", text, ";").ok_or_else(refused)?;
    let expression = statement.where_clause().and_then(|clause| clause.expr()).ok_or_else(refused)?;
    if usize::from(expression.syntax().text_range().len()) != text.len() {
        return Err(refused());
    }
    let written = fragment(expression.syntax())?;
    Ok(Fragment { text: written.text, canonical: fragment(inner(&expression).syntax())?.canonical })
}

fn plain(name: &str, descending: bool, nulls_first: Option<bool>) -> Element {
    let class = Fragment { text: String::new(), canonical: String::new() };
    Element { key: Key::Column(name.to_owned()), class, descending, nulls_first }
}

/// A column when the expression is a bare name, else the expression in parentheses, in which any may stand.
fn key(expression: &ast::Expr, folded: bool) -> Result<Key, String> {
    if let ast::Expr::NameRef(name) = expression {
        let written = name.syntax().text().to_string();
        // CURRENT_DATE and its like are expressions that look like names.
        if name.is_quoted() || !is_reserved_word(&written) {
            let exact = if name.is_quoted() || folded { name.text() } else { written };
            return match flaw(&exact) {
                Some(flaw) => Err(flaw),
                None => Ok(Key::Column(exact)),
            };
        }
    }
    let canonical = fragment(inner(expression).syntax())?.canonical;
    let written = fragment(expression.syntax())?.text;
    let enclosed = matches!(expression, ast::Expr::ParenExpr(_));
    let text = if enclosed { written } else { format!("({written})") };
    Ok(Key::Expression(Fragment { text, canonical }))
}

/// What is left without the parentheses around the whole.
fn inner(expression: &ast::Expr) -> ast::Expr {
    let mut current = expression.clone();
    while let ast::Expr::ParenExpr(parenthesised) = &current {
        match parenthesised.expr() {
            Some(next) => current = next,
            None => break,
        }
    }
    current
}

/// The one `CREATE INDEX` that a text between a beginning and an end makes; `None` when it makes anything else.
fn parse_alone(before: &str, text: &str, after: &str) -> Option<ast::CreateIndex> {
    // The parser recurses: brackets beyond this depth are no condition that anybody wrote.
    let open = text.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count();
    if open > 200 || text.len() > 8_000 {
        return None;
    }
    let parse = SourceFile::parse(&format!("{before}{text}{after}"));
    if !parse.errors().is_empty() {
        return None;
    }
    let mut statements = parse.tree().stmts();
    match (statements.next(), statements.next()) {
        (Some(ast::Stmt::CreateIndex(statement)), None) => Some(statement),
        _ => None,
    }
}

/// A node's text on one line; comments, and what psql would take for its own commands, are refused.
fn fragment(node: &SyntaxNode) -> Result<Fragment, String> {
    let mut text = String::new();
    let mut words = Vec::new();
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        match token.kind() {
            SyntaxKind::WHITESPACE => text.push(' '),
            SyntaxKind::COMMENT => return Err(format!("`{node}` holds a comment")),
            _ => {
                if let Some(flaw) = token_flaw(&token) {
                    return Err(format!("`{node}` {flaw}"));
                }
                text.push_str(token.text());
                words.push(canonical_token(&token));
            }
        }
    }
    Ok(Fragment { text: collapsed(text.trim()), canonical: words.join(" ") })
}

fn token_flaw(token: &SyntaxToken) -> Option<&'static str> {
    let text = token.text();
    let quoted = text.contains(['\'', '"', '$']);
    if text.chars().any(is_unprintable) {
        Some("holds a character that cannot be printed")
    } else if !quoted && text.contains('\\') {
        Some("holds a backslash outside of a string")
    } else if matches!(token.kind(), SyntaxKind::POSITIONAL_PARAM) {
        Some("holds a parameter, which an index cannot have")
    } else {
        None
    }
}

/// Unquoted words are the same in any case; strings and quoted names are not.
fn canonical_token(token: &SyntaxToken) -> String {
    let text = token.text();
    if text.contains(['\'', '"', '$']) { text.to_owned() } else { text.to_ascii_lowercase() }
}

/// Runs of spaces between tokens become one; those inside of quotes stay.
fn collapsed(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c == ' ' && plain.ends_with(' ') => continue,
            _ => {}
        }
        plain.push(c);
    }
    plain
}

/// Splits the order off the end: `created_at desc nulls last`.
fn without_order(text: &str) -> (&str, bool, Option<bool>) {
    let (head, nulls) =
        match strip_word(text, &["first", "last"]).map(|(rest, word)| (strip_word(rest, &["nulls"]), word)) {
            Some((Some((rest, _)), word)) => (rest, Some(word == "first")),
            _ => (text, None),
        };
    let (head, descending) = match strip_word(head, &["asc", "desc"]) {
        Some((rest, word)) => (rest, word == "desc"),
        None => (head, false),
    };
    (head, descending, nulls.filter(|first| *first != descending))
}

/// Takes one of some words off the end of a text that goes on before it.
fn strip_word<'t>(text: &'t str, words: &[&'static str]) -> Option<(&'t str, &'static str)> {
    let (rest, last) = text.trim_end().rsplit_once(char::is_whitespace)?;
    let word = words.iter().find(|word| last.eq_ignore_ascii_case(word))?;
    Some((rest.trim_end(), word))
}

/// Letters, digits, `_` and `$`, not beginning with a digit.
fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
