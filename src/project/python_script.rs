//! The assignments of a settings file, in the order in which Python would make them.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::environment::Environment;
use super::python::{Module, children};
use super::python_value::{Evaluator, Value, env_read};

/// What was assigned to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assigned {
    /// The value.
    pub(super) value: Value,
    /// Every string inside it, also behind the names that it uses.
    pub(super) strings: BTreeSet<String>,
    /// Every environment variable that it reads.
    pub(super) variables: BTreeSet<String>,
    /// Every function that it calls.
    pub(super) calls: BTreeSet<String>,
    /// `path:line`.
    pub(super) place: String,
}

impl Assigned {
    /// What a name holds that perhaps nobody assigned.
    fn nothing() -> Self {
        Self {
            value: Value::Unknown,
            strings: BTreeSet::new(),
            variables: BTreeSet::new(),
            calls: BTreeSet::new(),
            place: String::new(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.place.is_empty()
    }
}

/// The names of a file after it ran: for each, all that it may hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    possible: BTreeMap<String, Vec<Assigned>>,
    /// Modules whose names were all imported (`from .base import *`), with the place.
    pub(super) wildcards: Vec<String>,
}

impl Names {
    /// All that a name may hold; empty when it is not assigned.
    pub(super) fn of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Assigned> {
        let all = self.possible.get(name).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|assigned| !assigned.is_nothing())
    }

    /// The one value of a name; unknown when it may hold several.
    pub(super) fn value(&self, name: &str) -> Value {
        let mut values = self.possible.get(name).into_iter().flatten().map(|assigned| assigned.value.clone());
        let Some(first) = values.next() else { return Value::Unknown };
        values.fold(first, |joined, next| joined.join(&next))
    }

    /// Lays what another file assigns under what comes after it.
    pub(super) fn import(&mut self, other: Self) {
        self.possible.extend(other.possible);
        self.wildcards.extend(other.wildcards);
    }

    fn set(&mut self, name: &str, assigned: Assigned) {
        self.possible.insert(name.to_owned(), vec![assigned]);
    }

    fn add(&mut self, name: &str, assigned: Assigned) {
        let known = self.possible.entry(name.to_owned()).or_default();
        if known.len() < POSSIBLE_LIMIT {
            known.push(assigned);
        }
    }

    /// After a branch that may or may not have run: a name that one side does not assign may hold anything.
    fn join(&mut self, other: Self) {
        for (name, known) in &mut self.possible {
            if !other.possible.contains_key(name) && !known.iter().any(Assigned::is_nothing) {
                known.push(Assigned::nothing());
            }
        }
        for (name, more) in other.possible {
            let known = self.possible.entry(name).or_insert_with(|| vec![Assigned::nothing()]);
            for assigned in more {
                if known.len() < POSSIBLE_LIMIT && !known.contains(&assigned) {
                    known.push(assigned);
                }
            }
        }
        self.wildcards.extend(other.wildcards);
        self.wildcards.dedup();
    }
}

/// Runs the assignments of files.
pub(super) struct Runner<'a> {
    /// The file.
    pub(super) module: &'a Module,
    /// The service's variables.
    pub(super) environment: &'a Environment,
    /// What `from X import *` brings; called with the module's name as written.
    pub(super) import: &'a mut dyn FnMut(&str) -> Option<Names>,
    /// Work that is left; see [`BUDGET`].
    pub(super) budget: usize,
}

/// How deep blocks may nest.
const DEPTH_LIMIT: usize = 12;

/// How much work a file is worth: each statement costs one, each branch as many as there are names.
pub(super) const BUDGET: usize = 500_000;

/// How many strings and possible values are kept for a name.
const STRING_LIMIT: usize = 200;
const POSSIBLE_LIMIT: usize = 20;

impl Runner<'_> {
    /// Runs the whole file.
    pub(super) fn run(&mut self, names: &mut Names) {
        let module = self.module;
        self.block(module.root(), names, 0);
    }

    /// Runs a block; `true` when it certainly ends the program (`raise`, `sys.exit()`), so that nothing after it holds.
    fn block(&mut self, block: Node<'_>, names: &mut Names, depth: usize) -> bool {
        if depth > DEPTH_LIMIT {
            return false;
        }
        for statement in children(block) {
            let branches = matches!(
                statement.kind(),
                "if_statement" | "try_statement" | "with_statement" | "for_statement" | "while_statement"
            );
            let cost = if branches { names.possible.len() + 1 } else { 1 };
            let Some(left) = self.budget.checked_sub(cost) else {
                names.wildcards.push("a file this large".to_owned());
                return false;
            };
            self.budget = left;
            match statement.kind() {
                "expression_statement" => {
                    let Some(inner) = statement.named_child(0) else { continue };
                    if inner.kind() == "call" && matches!(self.module.called(inner), "sys.exit" | "exit") {
                        return true;
                    }
                    self.expression(inner, names);
                }
                "raise_statement" => return true,
                "if_statement" if self.branches(statement, names, depth) => {
                    return true;
                }
                "try_statement" => self.attempt(statement, names, depth),
                "with_statement" | "for_statement" | "while_statement" => {
                    let mut inside = names.clone();
                    if let Some(body) = statement.child_by_field_name("body") {
                        self.block(body, &mut inside, depth + 1);
                    }
                    names.join(inside);
                }
                "import_from_statement" => self.wildcard(statement, names),
                _ => {}
            }
        }
        false
    }

    fn branches(&mut self, statement: Node<'_>, names: &mut Names, depth: usize) -> bool {
        let mut outcomes: Vec<Names> = Vec::new();
        let mut certain = false;
        let mut clauses = vec![statement];
        clauses.extend(children(statement).filter(|child| child.kind() == "elif_clause"));
        for clause in clauses {
            let truth = clause.child_by_field_name("condition").and_then(|node| self.value(node, names).truth());
            if truth == Some(false) {
                continue;
            }
            let mut branch = names.clone();
            let body = clause.child_by_field_name("consequence");
            if !body.is_some_and(|body| self.block(body, &mut branch, depth + 1)) {
                outcomes.push(branch);
            }
            if truth == Some(true) {
                certain = true;
                break;
            }
        }
        if !certain {
            let mut otherwise = names.clone();
            let clause = children(statement).find(|child| child.kind() == "else_clause");
            let body = clause.and_then(|clause| clause.child_by_field_name("body"));
            if !body.is_some_and(|body| self.block(body, &mut otherwise, depth + 1)) {
                outcomes.push(otherwise);
            }
        }
        let mut outcomes = outcomes.into_iter();
        let Some(first) = outcomes.next() else { return true };
        *names = first;
        outcomes.for_each(|other| names.join(other));
        false
    }

    /// `try`: the body runs; what a handler assigns may hold as well.
    fn attempt(&mut self, statement: Node<'_>, names: &mut Names, depth: usize) {
        let before = names.clone();
        if let Some(body) = statement.child_by_field_name("body") {
            self.block(body, names, depth + 1);
        }
        for clause in children(statement) {
            let body = children(clause).find(|child| child.kind() == "block");
            let Some(body) = body else { continue };
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    let mut handled = before.clone();
                    if !self.block(body, &mut handled, depth + 1) {
                        names.join(handled);
                    }
                }
                "else_clause" | "finally_clause" => {
                    self.block(body, names, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn wildcard(&mut self, statement: Node<'_>, names: &mut Names) {
        if !children(statement).any(|child| child.kind() == "wildcard_import") {
            return;
        }
        let Some(module) = statement.child_by_field_name("module_name") else { return };
        let module = self.module.text(module);
        match (self.import)(module) {
            Some(imported) => names.import(imported),
            None => names.wildcards.push(module.to_owned()),
        }
    }

    fn expression(&mut self, node: Node<'_>, names: &mut Names) {
        let Some(mut right) = node.child_by_field_name("right") else { return };
        let mut targets: Vec<Node<'_>> = node.child_by_field_name("left").into_iter().collect();
        // `a = b = 1`
        while right.kind() == "assignment" {
            targets.extend(right.child_by_field_name("left"));
            match right.child_by_field_name("right") {
                Some(next) => right = next,
                None => return,
            }
        }
        let assigned = self.assigned(right, names);
        for target in targets {
            let unknown = || Assigned { value: Value::Unknown, ..assigned.clone() };
            match (node.kind(), target.kind()) {
                ("assignment", "identifier") => names.set(self.module.text(target), assigned.clone()),
                // `DATABASES["default"] = ...`: the rest of the table stays.
                ("assignment", "subscript") => {
                    if let Some(table) = outermost(target) {
                        names.add(self.module.text(table), unknown());
                    }
                }
                ("augmented_assignment", "identifier") => names.add(self.module.text(target), unknown()),
                _ => {}
            }
        }
    }

    fn value(&self, node: Node<'_>, names: &Names) -> Value {
        let lookup = |name: &str| names.value(name);
        Evaluator { module: self.module, environment: self.environment, names: &lookup }.value(node)
    }

    fn assigned(&self, node: Node<'_>, names: &Names) -> Assigned {
        let mut found = Assigned {
            value: self.value(node, names),
            strings: BTreeSet::new(),
            variables: BTreeSet::new(),
            calls: BTreeSet::new(),
            place: self.module.place(node),
        };
        self.module.each(node, |inner| match inner.kind() {
            "string" => {
                // A formatted string counts by its fixed parts: `f"redis://{host}"`.
                let fixed = children(inner).filter(|part| part.kind() == "string_content");
                found.strings.insert(fixed.map(|part| self.module.text(part)).collect());
            }
            "identifier" => {
                let room = found.strings.len() < STRING_LIMIT;
                for behind in names.of(self.module.text(inner)).filter(|_| room) {
                    found.strings.extend(behind.strings.iter().cloned());
                    found.variables.extend(behind.variables.iter().cloned());
                    found.calls.extend(behind.calls.iter().cloned());
                }
            }
            "call" | "subscript" => {
                if let Some(read) = env_read(self.module, inner) {
                    found.variables.insert(read.name);
                } else if inner.kind() == "call" {
                    found.calls.insert(self.module.called(inner).to_owned());
                }
            }
            _ => {}
        });
        found
    }
}

/// The name that a chain of subscripts begins with.
fn outermost(mut node: Node<'_>) -> Option<Node<'_>> {
    while node.kind() == "subscript" {
        node = node.child_by_field_name("value")?;
    }
    (node.kind() == "identifier").then_some(node)
}
