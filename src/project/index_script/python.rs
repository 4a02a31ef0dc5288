use std::iter::successors;

use tree_sitter::{Node, Parser, Tree};

/// How deep an expression of strings may nest before it is given up.
const DEPTH_LIMIT: usize = 64;

/// A Python file as a tree. It is never run.
pub struct PythonModule<'t> {
    text: &'t str,
    tree: Tree,
}

/// The value of a top-level assignment, as far as it is literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonValue {
    /// `None`.
    None,
    /// A string.
    Text(String),
    /// A list, a tuple or a set; a tuple's members may be tuples again.
    List(Vec<Self>),
    /// Anything that only running the file would tell.
    Unknown,
}

/// What a node is, when it is looked at as a string.
pub(super) enum Literal {
    /// A string whose text is known.
    Text(String),
    /// A string that is put together while the script runs, and how.
    Dynamic(&'static str),
    /// Not a string.
    None,
}

impl<'t> PythonModule<'t> {
    /// Parses a file; broken Python gives a tree too, with the broken parts left out.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
        parser.parse(text, None).map(|tree| Self { text, tree })
    }

    /// The value of the last top-level assignment to a name (`revision = "ab12"`, `revision: str = "ab12"`).
    #[must_use]
    pub fn assigned(&self, name: &str) -> Option<PythonValue> {
        self.assigned_in(self.tree.root_node(), name).map(|node| self.value(node))
    }

    /// The value of the last assignment to a name inside of a class.
    #[must_use]
    pub fn assigned_in_class(&self, class: &str, name: &str) -> Option<PythonValue> {
        let class = self.class(class)?;
        self.assigned_in(class.child_by_field_name("body")?, name).map(|node| self.value(node))
    }

    /// Whether the file has a class of that name at its top.
    #[must_use]
    pub fn has_class(&self, name: &str) -> bool {
        self.class(name).is_some()
    }

    pub(super) fn class(&self, name: &str) -> Option<Node<'_>> {
        let root = self.tree.root_node();
        let mut cursor = root.walk();
        root.children(&mut cursor)
            .map(|node| node.child_by_field_name("definition").unwrap_or(node))
            .filter(|node| node.kind() == "class_definition")
            .find(|node| node.child_by_field_name("name").is_some_and(|found| self.text(found) == name))
    }

    /// What is assigned to a name directly in a block.
    pub(super) fn assigned_in<'n>(&self, block: Node<'n>, name: &str) -> Option<Node<'n>> {
        let mut cursor = block.walk();
        block
            .children(&mut cursor)
            .filter(|node| node.kind() == "expression_statement")
            .filter_map(|node| node.named_child(0))
            .filter(|node| node.kind() == "assignment")
            .filter(|node| node.child_by_field_name("left").is_some_and(|left| self.text(left) == name))
            .filter_map(|node| node.child_by_field_name("right"))
            .last()
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(super) fn value(&self, node: Node<'_>) -> PythonValue {
        self.value_within(node, 0)
    }

    fn value_within(&self, node: Node<'_>, depth: usize) -> PythonValue {
        if depth > DEPTH_LIMIT {
            return PythonValue::Unknown;
        }
        match node.kind() {
            "none" => PythonValue::None,
            "list" | "tuple" | "set" => {
                let mut cursor = node.walk();
                let members = node.named_children(&mut cursor).filter(|child| child.kind() != "comment");
                PythonValue::List(members.map(|child| self.value_within(child, depth + 1)).collect())
            }
            "parenthesized_expression" => {
                node.named_child(0).map_or(PythonValue::Unknown, |inner| self.value_within(inner, depth + 1))
            }
            _ => match self.literal(node) {
                Literal::Text(text) => PythonValue::Text(text),
                Literal::Dynamic(_) | Literal::None => PythonValue::Unknown,
            },
        }
    }

    /// Visits every node in the order of the file; `false` from the visitor keeps out of a node's children.
    pub(super) fn visit<'m>(&'m self, visitor: &mut impl FnMut(Node<'m>) -> bool) {
        let mut cursor = self.tree.root_node().walk();
        loop {
            if visitor(cursor.node()) && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// The source of a node.
    pub(super) fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The line on which a node begins, counted from 1.
    pub(super) fn line(node: Node<'_>) -> usize {
        node.start_position().row + 1
    }

    /// The line on which a node ends, counted from 1.
    pub(super) fn last_line(node: Node<'_>) -> usize {
        node.end_position().row + 1
    }

    /// Whether a string is talk and not a statement for the database: a docstring, or something printed or logged.
    pub(super) fn is_talk(&self, node: Node<'_>) -> bool {
        let Some(parent) = node.parent() else { return false };
        if parent.kind() == "expression_statement" {
            return true;
        }
        let call = parent.parent().filter(|call| parent.kind() == "argument_list" && call.kind() == "call");
        let Some(function) = call.and_then(|call| call.child_by_field_name("function")) else { return false };
        let name = self.text(function).rsplit('.').next().unwrap_or_default();
        matches!(name, "print" | "debug" | "info" | "warning" | "error" | "exception" | "log" | "echo" | "secho")
    }

    /// Whether a part of a migration runs only when it is undone: what it creates is what the migration drops.
    pub(super) fn runs_backwards(&self, node: Node<'_>) -> bool {
        let named = |name: &str| node.child_by_field_name("name").is_some_and(|found| self.text(found) == name);
        match node.kind() {
            "function_definition" => named("downgrade"),
            "keyword_argument" => named("reverse_sql"),
            // Django's `RunSQL(forwards, backwards)`.
            _ => node.parent().filter(|list| list.kind() == "argument_list").is_some_and(|list| {
                let call = list.parent().and_then(|call| call.child_by_field_name("function"));
                call.is_some_and(|function| self.text(function).ends_with("RunSQL"))
                    && list.named_child(1) == Some(node)
                    && node.kind() != "keyword_argument"
            }),
        }
    }

    /// The nodes around a node, from the nearest outwards.
    pub(super) fn around<'n>(node: Node<'n>) -> impl Iterator<Item = Node<'n>> {
        successors(node.parent(), |node| node.parent())
    }

    pub(super) fn literal(&self, node: Node<'_>) -> Literal {
        self.literal_within(node, 0)
    }

    fn literal_within(&self, node: Node<'_>, depth: usize) -> Literal {
        if depth > DEPTH_LIMIT {
            return Literal::Dynamic("the string is put together from too many parts");
        }
        match node.kind() {
            "string" => self.string(node),
            "concatenated_string" => {
                let mut cursor = node.walk();
                let parts: Vec<Node<'_>> =
                    node.named_children(&mut cursor).filter(|part| part.kind() != "comment").collect();
                self.joined(&parts, depth)
            }
            "parenthesized_expression" => {
                node.named_child(0).map_or(Literal::None, |inner| self.literal_within(inner, depth + 1))
            }
            "binary_operator" => self.operator(node, depth),
            "call" => self.formatted(node, depth),
            _ => Literal::None,
        }
    }

    /// `"a" + "b"` is known; `"a" % b` and `"a" + b` are not.
    fn operator(&self, node: Node<'_>, depth: usize) -> Literal {
        let part = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (part("left"), part("right"), part("operator")) else {
            return Literal::None;
        };
        match (self.text(operator), self.literal_within(left, depth + 1)) {
            (_, Literal::None) if depth == 0 || self.text(operator) != "+" => Literal::None,
            ("+", Literal::Text(first)) => match self.literal_within(right, depth + 1) {
                Literal::Text(second) => Literal::Text(first + &second),
                Literal::Dynamic(reason) => Literal::Dynamic(reason),
                Literal::None => Literal::Dynamic("the statement is put together with `+` while the script runs"),
            },
            ("%", _) => Literal::Dynamic("the statement is filled in with `%` while the script runs"),
            ("+", Literal::Dynamic(reason)) => Literal::Dynamic(reason),
            _ => Literal::None,
        }
    }

    /// `"...".format(...)`.
    fn formatted(&self, node: Node<'_>, depth: usize) -> Literal {
        let function = node.child_by_field_name("function").filter(|function| function.kind() == "attribute");
        let Some(function) = function else { return Literal::None };
        let method = function.child_by_field_name("attribute").map(|name| self.text(name));
        let object = function.child_by_field_name("object");
        match (method, object.map(|object| self.literal_within(object, depth + 1))) {
            (Some("format" | "format_map"), Some(Literal::Text(_) | Literal::Dynamic(_))) => {
                Literal::Dynamic("the statement is filled in with `.format()` while the script runs")
            }
            _ => Literal::None,
        }
    }

    fn joined(&self, parts: &[Node<'_>], depth: usize) -> Literal {
        let mut whole = String::new();
        for part in parts {
            match self.literal_within(*part, depth + 1) {
                Literal::Text(text) => whole.push_str(&text),
                other => return other,
            }
        }
        Literal::Text(whole)
    }

    /// The text of one string literal, its escapes resolved.
    fn string(&self, node: Node<'_>) -> Literal {
        let mut cursor = node.walk();
        let mut whole = String::new();
        let mut prefix = String::new();
        for child in node.children(&mut cursor) {
            match child.kind() {
                "string_start" => prefix = self.text(child).trim_end_matches(['"', '\'']).to_ascii_lowercase(),
                "interpolation" => {
                    return Literal::Dynamic("the statement is an f-string that is filled in while the script runs");
                }
                "string_content" => {
                    let text = self.text(child);
                    let text = if prefix.contains('r') { text.to_owned() } else { unescape(text) };
                    let formatted = prefix.contains('f') || prefix.contains('t');
                    whole.push_str(&if formatted { text.replace("{{", "{").replace("}}", "}") } else { text });
                }
                _ => {}
            }
        }
        if prefix.contains('b') { Literal::None } else { Literal::Text(whole) }
    }
}

/// Resolves Python's escapes; one that Python does not know stays as it is, as Python has it.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        plain.push_str(&rest[..position]);
        rest = &rest[position + 1..];
        let Some(escaped) = rest.chars().next() else {
            plain.push('\\');
            break;
        };
        rest = &rest[escaped.len_utf8()..];
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let code = rest.get(..digits).filter(|_| digits > 0).and_then(|code| u32::from_str_radix(code, 16).ok());
        match (escaped, code.and_then(char::from_u32)) {
            (_, Some(c)) => {
                plain.push(c);
                rest = &rest[digits..];
            }
            ('\n', None) => {}
            ('n', None) => plain.push('\n'),
            ('t', None) => plain.push('\t'),
            ('r', None) => plain.push('\r'),
            ('\\' | '\'' | '"', None) => plain.push(escaped),
            (other, None) => {
                plain.push('\\');
                plain.push(other);
            }
        }
    }
    plain.push_str(rest);
    plain
}
