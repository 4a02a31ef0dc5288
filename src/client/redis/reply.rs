use redis::Value;

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A value.
    Value(Value),
    /// A refusal, in the server's words.
    Refused(String),
}

impl Reply {
    /// As text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Value(value) => text_of(value),
            Self::Refused(_) => None,
        }
    }

    /// As texts, when it is a list (or a map, whose keys and values follow each other).
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Value(Value::Array(values) | Value::Set(values)) => values.iter().filter_map(text_of).collect(),
            Self::Value(Value::Map(pairs)) => {
                pairs.iter().flat_map(|(key, value)| [text_of(key), text_of(value)]).flatten().collect()
            }
            _ => Vec::new(),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}
