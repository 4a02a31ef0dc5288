//! What a Python expression is worth, as far as that can be said without running it.

use tree_sitter::Node;

use super::environment::{Environment, Setting};
use super::python::{Module, children};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A string.
    Text(String),
    /// A whole number between two bounds; without an upper one it may be any from the lower on.
    ///
    /// Bounds make `min(2, cpu_count() * 2 + 1)` the 2 that it is on every machine.
    Integer(i64, Option<i64>),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// Only a run would tell.
    Unknown,
}

/// How deep an expression may nest.
const DEPTH_LIMIT: usize = 24;

impl Value {
    /// A whole number that is certain.
    pub(super) const fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(low, Some(high)) if *low == *high => Some(*low),
            _ => None,
        }
    }

    /// Whether Python takes it as true.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) => Some(!text.is_empty()),
            Self::Integer(0, Some(0)) | Self::None => Some(false),
            Self::Integer(low, _) if *low > 0 => Some(true),
            Self::Bool(value) => Some(*value),
            Self::Integer(..) | Self::Unknown => None,
        }
    }

    /// What is true of both of two values that a name may hold.
    pub(super) fn join(self, other: &Self) -> Self {
        match (&self, other) {
            _ if self == *other => self,
            (Self::Integer(low, high), Self::Integer(other_low, other_high)) => {
                Self::Integer(*low.min(other_low), high.zip(*other_high).map(|(left, right)| left.max(right)))
            }
            _ => Self::Unknown,
        }
    }
}

/// Where names and variables are looked up.
pub(super) struct Evaluator<'a> {
    /// The file.
    pub(super) module: &'a Module,
    /// The service's variables.
    pub(super) environment: &'a Environment,
    /// The value of a name of the file.
    pub(super) names: &'a dyn Fn(&str) -> Value,
}

/// The name of a variable that an expression reads, its fallback, and the type that it is turned into.
pub(super) struct EnvRead<'t> {
    /// The variable.
    pub(super) name: String,
    /// What stands in when it is not set.
    pub(super) fallback: Option<Node<'t>>,
    cast: Cast,
}

#[derive(Clone, Copy)]
enum Cast {
    Text,
    Integer,
    Bool,
    Other,
}

/// A read of an environment variable: `os.getenv`, `os.environ[...]`, django-environ's `env(...)`, decouple's `config`.
pub(super) fn env_read<'t>(module: &Module, node: Node<'t>) -> Option<EnvRead<'t>> {
    if node.kind() == "subscript" {
        let object = module.text(node.child_by_field_name("value")?);
        let name = module.string(node.child_by_field_name("subscript")?)?;
        return matches!(object, "os.environ" | "environ").then_some(EnvRead {
            name,
            fallback: None,
            cast: Cast::Text,
        });
    }
    if node.kind() != "call" {
        return None;
    }
    let function = module.called(node);
    let mut cast = match function {
        "os.getenv"
        | "getenv"
        | "os.environ.get"
        | "environ.get"
        | "env"
        | "env.str"
        | "env.url"
        | "config"
        | "decouple.config"
        | "os.environ.setdefault"
        | "env.get" => Cast::Text,
        "env.int" => Cast::Integer,
        "env.bool" => Cast::Bool,
        "env.list" | "env.db" | "env.db_url" | "env.cache" | "env.cache_url" | "env.dict" | "env.json"
        | "env.float" => Cast::Other,
        _ => return None,
    };
    let arguments = Module::arguments(node);
    let name = module.string(*arguments.first()?)?;
    if let Some(kind) = module.keyword(node, "cast") {
        cast = match module.text(kind) {
            "int" => Cast::Integer,
            "bool" => Cast::Bool,
            "str" => Cast::Text,
            _ => Cast::Other,
        };
    }
    // django-environ's second argument is the cast, everybody else's is the fallback.
    let positional = if function.starts_with("env") { None } else { arguments.get(1).copied() };
    let fallback = module.keyword(node, "default").or(positional);
    Some(EnvRead { name, fallback, cast })
}

impl Evaluator<'_> {
    /// The value of an expression.
    pub(super) fn value(&self, node: Node<'_>) -> Value {
        self.at(node, 0)
    }

    fn at(&self, node: Node<'_>, depth: usize) -> Value {
        if depth > DEPTH_LIMIT {
            return Value::Unknown;
        }
        if let Some(read) = env_read(self.module, node) {
            return self.variable(&read, depth);
        }
        let field =
            |name: &str| node.child_by_field_name(name).map_or(Value::Unknown, |child| self.at(child, depth + 1));
        match node.kind() {
            "string" | "concatenated_string" => self.module.string(node).map_or(Value::Unknown, Value::Text),
            "integer" => self.module.text(node).replace('_', "").parse().map_or(Value::Unknown, exactly),
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "none" => Value::None,
            "identifier" => (self.names)(self.module.text(node)),
            "parenthesized_expression" => node.named_child(0).map_or(Value::Unknown, |child| self.at(child, depth + 1)),
            "unary_operator" => match field("argument") {
                Value::Integer(low, Some(high)) if self.module.text(node).starts_with('-') => low
                    .checked_neg()
                    .zip(high.checked_neg())
                    .map_or(Value::Unknown, |(low, high)| Value::Integer(high, Some(low))),
                _ => Value::Unknown,
            },
            "not_operator" => field("argument").truth().map_or(Value::Unknown, |truth| Value::Bool(!truth)),
            "boolean_operator" => {
                let left = field("left");
                let is_or = node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "or");
                match left.truth() {
                    Some(truth) if truth == is_or => left,
                    Some(_) => field("right"),
                    // `x or True` is true and `x and False` is false, whatever x is.
                    None if field("right").truth() == Some(is_or) => Value::Bool(is_or),
                    None => Value::Unknown,
                }
            }
            "binary_operator" => {
                let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
                arithmetic(operator, &field("left"), &field("right"))
            }
            "comparison_operator" => self.comparison(node, depth),
            "conditional_expression" => self.conditional(node, depth),
            "call" => self.call(node, depth),
            _ => Value::Unknown,
        }
    }

    fn variable(&self, read: &EnvRead<'_>, depth: usize) -> Value {
        let value = match self.environment.get(&read.name) {
            Setting::Unknown => return Value::Unknown,
            Setting::Known(text) => Value::Text(text),
            Setting::Unset => read.fallback.map_or(Value::None, |node| self.at(node, depth + 1)),
        };
        match read.cast {
            Cast::Text => value,
            Cast::Integer => to_integer(&value),
            Cast::Bool => to_bool(&value),
            Cast::Other => Value::Unknown,
        }
    }

    fn call(&self, node: Node<'_>, depth: usize) -> Value {
        let arguments = Module::arguments(node);
        let values = || arguments.iter().map(|argument| self.at(*argument, depth + 1));
        let name = self.module.called(node);
        match name {
            "int" => values().next().map_or(Value::Unknown, |value| to_integer(&value)),
            "str" => match values().next() {
                Some(text @ Value::Text(_)) => text,
                Some(value) => value.integer().map_or(Value::Unknown, |number| Value::Text(number.to_string())),
                None => Value::Unknown,
            },
            "bool" => values().next().and_then(|value| value.truth()).map_or(Value::Unknown, Value::Bool),
            "min" | "max" => extreme(name == "min", &values().collect::<Vec<_>>()),
            "multiprocessing.cpu_count" | "os.cpu_count" | "cpu_count" => Value::Integer(1, None),
            _ => self.method(node, depth),
        }
    }

    /// Methods of strings that settings use on variables.
    fn method(&self, node: Node<'_>, depth: usize) -> Value {
        let Some(function) = node.child_by_field_name("function").filter(|node| node.kind() == "attribute") else {
            return Value::Unknown;
        };
        let object = function.child_by_field_name("object").map_or(Value::Unknown, |object| self.at(object, depth + 1));
        let (Value::Text(text), Some(method)) = (object, function.child_by_field_name("attribute")) else {
            return Value::Unknown;
        };
        match self.module.text(method) {
            "lower" => Value::Text(text.to_lowercase()),
            "upper" => Value::Text(text.to_uppercase()),
            "strip" => Value::Text(text.trim().to_owned()),
            _ => Value::Unknown,
        }
    }

    fn conditional(&self, node: Node<'_>, depth: usize) -> Value {
        let mut parts = children(node).filter(|child| child.kind() != "comment");
        let (Some(yes), Some(condition), Some(no)) = (parts.next(), parts.next(), parts.next()) else {
            return Value::Unknown;
        };
        match self.at(condition, depth + 1).truth() {
            Some(true) => self.at(yes, depth + 1),
            Some(false) => self.at(no, depth + 1),
            None => self.at(yes, depth + 1).join(&self.at(no, depth + 1)),
        }
    }

    fn comparison(&self, node: Node<'_>, depth: usize) -> Value {
        let parts: Vec<Node<'_>> = children(node).collect();
        let [left, right] = parts.as_slice() else { return Value::Unknown };
        let between = left.end_byte()..right.start_byte();
        let operator = self.module.file.text.get(between).unwrap_or_default().trim();
        if matches!(operator, "in" | "not in") {
            let found = self.contained(*left, *right, depth);
            return found.map_or(Value::Unknown, |found| Value::Bool(found == (operator == "in")));
        }
        let (left, right) = (self.at(*left, depth + 1), self.at(*right, depth + 1));
        if left == Value::Unknown || right == Value::Unknown {
            return Value::Unknown;
        }
        match operator {
            "is" | "==" if is_certain(&left) && is_certain(&right) => Value::Bool(left == right),
            "is not" | "!=" if is_certain(&left) && is_certain(&right) => Value::Bool(left != right),
            _ => Value::Unknown,
        }
    }

    /// `"NAME" in os.environ`, `value in ("a", "b")`.
    fn contained(&self, left: Node<'_>, right: Node<'_>, depth: usize) -> Option<bool> {
        if matches!(self.module.text(right), "os.environ" | "environ") {
            return match self.environment.get(&self.module.string(left)?) {
                Setting::Known(_) => Some(true),
                Setting::Unset => Some(false),
                Setting::Unknown => self.environment.has(&self.module.string(left)?).then_some(true),
            };
        }
        if !matches!(right.kind(), "tuple" | "list" | "set") {
            return None;
        }
        let value = self.at(left, depth + 1);
        let mut found = false;
        for item in children(right) {
            let item = self.at(item, depth + 1);
            if !is_certain(&item) || !is_certain(&value) {
                return None;
            }
            found |= item == value;
        }
        Some(found)
    }
}

const fn exactly(number: i64) -> Value {
    Value::Integer(number, Some(number))
}

fn is_certain(value: &Value) -> bool {
    match value {
        Value::Unknown => false,
        Value::Integer(..) => value.integer().is_some(),
        _ => true,
    }
}

fn to_integer(value: &Value) -> Value {
    match value {
        Value::Text(text) => text.trim().parse().map_or(Value::Unknown, exactly),
        Value::Bool(value) => exactly(i64::from(*value)),
        Value::Integer(..) => value.clone(),
        Value::None | Value::Unknown => Value::Unknown,
    }
}

/// As django-environ and decouple read truth values.
fn to_bool(value: &Value) -> Value {
    match value {
        Value::Text(text) => match text.trim().to_lowercase().as_str() {
            "true" | "on" | "ok" | "y" | "yes" | "1" | "t" => Value::Bool(true),
            "false" | "off" | "n" | "no" | "0" | "f" | "" => Value::Bool(false),
            _ => Value::Unknown,
        },
        other => other.truth().map_or(Value::Unknown, Value::Bool),
    }
}

fn arithmetic(operator: &str, left: &Value, right: &Value) -> Value {
    if let (Value::Text(left), Value::Text(right), "+") = (left, right, operator) {
        return Value::Text(format!("{left}{right}"));
    }
    let (Value::Integer(low, high), Value::Integer(other_low, other_high)) = (left, right) else {
        return Value::Unknown;
    };
    let both = || high.zip(*other_high);
    let (low, high) = match operator {
        "+" => (low.checked_add(*other_low), both().and_then(|(left, right)| left.checked_add(right))),
        "*" if *low >= 0 && *other_low >= 0 => {
            (low.checked_mul(*other_low), both().and_then(|(left, right)| left.checked_mul(right)))
        }
        "-" => match other_high {
            Some(other_high) => (low.checked_sub(*other_high), high.and_then(|high| high.checked_sub(*other_low))),
            None => (None, None),
        },
        "//" if *low >= 0 && *other_low > 0 && Some(*other_low) == *other_high => {
            (low.checked_div(*other_low), high.and_then(|high| high.checked_div(*other_low)))
        }
        _ => (None, None),
    };
    low.map_or(Value::Unknown, |low| Value::Integer(low, high))
}

/// `min` or `max` of whole numbers within bounds.
fn extreme(least: bool, values: &[Value]) -> Value {
    let mut bounds = Vec::new();
    for value in values {
        match value {
            Value::Integer(low, high) => bounds.push((*low, *high)),
            _ => return Value::Unknown,
        }
    }
    let lows = bounds.iter().map(|(low, _)| *low);
    let result = if least {
        // An open end is above every closed one.
        lows.min().map(|low| (low, bounds.iter().filter_map(|(_, high)| *high).min()))
    } else {
        let highs: Option<Vec<i64>> = bounds.iter().map(|(_, high)| *high).collect();
        lows.max().map(|low| (low, highs.and_then(|highs| highs.into_iter().max())))
    };
    result.map_or(Value::Unknown, |(low, high)| Value::Integer(low, high))
}
