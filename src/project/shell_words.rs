//! Words and operators of shell text, with what each word would expand to.

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Itself.
    Text(String),
    /// `$NAME`, `${NAME}`, `${NAME:-fallback}`.
    Variable {
        /// The name.
        name: String,
        /// What stands in when it is not set.
        fallback: Option<Vec<Part>>,
        /// Whether it stands in quotes, so that its value is one word.
        quoted: bool,
    },
    /// `"$@"` or `$*`: the arguments of the script.
    Arguments,
    /// Something that only a shell can expand.
    Opaque,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, quotes included.
    pub(super) raw: String,
    /// What it expands to.
    pub(super) parts: Vec<Part>,
}

impl Word {
    /// A word that means itself.
    pub(super) fn literal(text: &str) -> Self {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./:=,@%+".contains(c));
        let raw = if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) };
        Self { raw, parts: vec![Part::Text(text.to_owned())] }
    }

    /// The name and value of an assignment (`NAME=value`).
    pub(super) fn assignment(&self) -> Option<(&str, Vec<Part>)> {
        let Some(Part::Text(first)) = self.parts.first() else { return None };
        let (name, rest) = first.split_once('=')?;
        if !is_name(name) || !self.raw.starts_with(name) {
            return None;
        }
        let mut value = vec![Part::Text(rest.to_owned())];
        value.extend(self.parts.iter().skip(1).cloned());
        Some((name, value))
    }
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word and its line.
    Word(Word, usize),
    /// An operator that ends a command.
    Operator(&'static str),
    /// A redirection; the next word is its file.
    Redirection,
}

/// Whether a text can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
