//! Python source as a syntax tree: what palier looks for in it is found by the grammar, never by searching text.

use std::sync::Arc;

use tree_sitter::{Node, Parser, Tree as SyntaxTree};

use crate::diagnostic::SourceFile;

/// Larger files are no hand-written source.
const SIZE_LIMIT: usize = 1 << 20;

/// A parsed Python file.
pub(super) struct Module {
    /// The file.
    pub(super) file: Arc<SourceFile>,
    syntax: SyntaxTree,
}

impl Module {
    /// Parses a file; `None` when it is too large, or the parser gives up.
    pub(super) fn parse(file: &Arc<SourceFile>) -> Option<Self> {
        if file.text.len() > SIZE_LIMIT {
            return None;
        }
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
        let syntax = parser.parse(file.text.as_bytes(), None)?;
        Some(Self { file: Arc::clone(file), syntax })
    }

    /// The node of the whole file.
    pub(super) fn root(&self) -> Node<'_> {
        self.syntax.root_node()
    }

    /// The source of a node.
    pub(super) fn text(&self, node: Node<'_>) -> &str {
        self.file.text.get(node.byte_range()).unwrap_or_default()
    }

    /// `path:line` of a node.
    pub(super) fn place(&self, node: Node<'_>) -> String {
        format!("{}:{}", self.file.path, node.start_position().row + 1)
    }

    /// Calls a function for every node below one, itself included, parents first. No recursion: source may nest.
    pub(super) fn each<'a>(&'a self, start: Node<'a>, mut visit: impl FnMut(Node<'a>)) {
        let mut cursor = start.walk();
        loop {
            visit(cursor.node());
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// The value of a string literal without its quotes; `None` when it is no literal, or has parts that are computed.
    pub(super) fn string(&self, node: Node<'_>) -> Option<String> {
        let mut node = node;
        while node.kind() == "parenthesized_expression" {
            node = node.named_child(0)?;
        }
        let parts: Vec<Node<'_>> =
            if node.kind() == "concatenated_string" { children(node).collect() } else { vec![node] };
        let mut text = String::new();
        for part in parts {
            if part.kind() != "string" {
                return None;
            }
            for piece in children(part) {
                match piece.kind() {
                    "string_content" => text.push_str(self.text(piece)),
                    "interpolation" => return None,
                    _ => {}
                }
            }
        }
        Some(text)
    }

    /// The dotted name of a call's function (`os.environ.get`); empty when it is no name.
    pub(super) fn called(&self, call: Node<'_>) -> &str {
        let function = call.child_by_field_name("function").filter(|node| is_dotted(*node));
        function.map_or("", |node| self.text(node))
    }

    /// The positional arguments of a call.
    pub(super) fn arguments<'a>(call: Node<'a>) -> Vec<Node<'a>> {
        let list = call.child_by_field_name("arguments").filter(|list| list.kind() == "argument_list");
        list.map(|list| {
            children(list).filter(|child| !matches!(child.kind(), "keyword_argument" | "comment")).collect()
        })
        .unwrap_or_default()
    }

    /// A keyword argument of a call.
    pub(super) fn keyword<'a>(&self, call: Node<'a>, name: &str) -> Option<Node<'a>> {
        let list = call.child_by_field_name("arguments").filter(|list| list.kind() == "argument_list")?;
        children(list)
            .filter(|child| child.kind() == "keyword_argument")
            .find(|child| child.child_by_field_name("name").is_some_and(|node| self.text(node) == name))
            .and_then(|child| child.child_by_field_name("value"))
    }
}

/// The named children of a node; one pass, because asking for them by index walks from the first each time.
pub(super) fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = node.walk();
    let all: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
    all.into_iter()
}

/// Whether a node is a name or names joined by dots.
fn is_dotted(mut node: Node<'_>) -> bool {
    while node.kind() == "attribute" {
        match node.child_by_field_name("object") {
            Some(object) => node = object,
            None => return false,
        }
    }
    node.kind() == "identifier"
}
