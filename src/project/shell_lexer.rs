//! Cuts shell text into words and operators.

use std::iter::Peekable;
use std::str::CharIndices;

use super::shell_words::{Part, Token, Word};

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer =
        Lexer { text, input: text.char_indices().peekable(), line: 1, found: Vec::new(), here_ends: Vec::new() };
    while lexer.step().is_some() {}
    lexer.found
}

struct Lexer<'a> {
    text: &'a str,
    input: Peekable<CharIndices<'a>>,
    line: usize,
    found: Vec<Token>,
    /// Ends of here-documents that begin after this line.
    here_ends: Vec<String>,
}

/// How deep `${A:-${B:-...}}` may nest.
const FALLBACK_DEPTH: usize = 8;

impl Lexer<'_> {
    fn peek(&mut self) -> Option<char> {
        self.input.peek().map(|(_, c)| *c)
    }

    fn next(&mut self) -> Option<char> {
        let (_, c) = self.input.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn position(&mut self) -> usize {
        self.input.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn operator(&mut self, operator: &'static str) {
        self.found.push(Token::Operator(operator));
    }

    fn step(&mut self) -> Option<()> {
        match self.peek()? {
            '\n' => {
                self.next();
                self.skip_here_documents();
                self.operator("\n");
            }
            c if c.is_whitespace() => {
                self.next();
            }
            '#' => {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
            }
            ';' => {
                self.next();
                while self.eat(';') || self.eat('&') {}
                self.operator(";");
            }
            '&' => {
                self.next();
                if self.eat('>') {
                    self.eat('>');
                    self.found.push(Token::Redirection);
                } else {
                    let both = self.eat('&');
                    self.operator(if both { "&&" } else { "&" });
                }
            }
            '|' => {
                self.next();
                let both = self.eat('|');
                self.eat('&');
                self.operator(if both { "||" } else { "|" });
            }
            '(' => {
                self.next();
                self.operator("(");
            }
            ')' => {
                self.next();
                self.operator(")");
            }
            '<' | '>' => self.redirection(),
            _ => self.word(),
        }
        Some(())
    }

    fn redirection(&mut self) {
        let first = self.next();
        if first == Some('<') && self.eat('<') {
            if self.eat('<') {
                self.found.push(Token::Redirection);
                return;
            }
            self.eat('-');
            while self.peek().is_some_and(|c| c == ' ' || c == '\t') {
                self.next();
            }
            let start = self.position();
            while self.peek().is_some_and(|c| !c.is_whitespace() && !";&|<>()".contains(c)) {
                self.next();
            }
            let end = self.position();
            let delimiter = self.text.get(start..end).unwrap_or_default();
            self.here_ends.push(delimiter.trim_matches(['"', '\'', '\\']).to_owned());
            return;
        }
        self.eat('>');
        self.eat('|');
        // `2>&1` and `>&-`: the file descriptor is the word that follows.
        self.eat('&');
        self.found.push(Token::Redirection);
    }

    fn skip_here_documents(&mut self) {
        for end in std::mem::take(&mut self.here_ends) {
            loop {
                let start = self.position();
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
                let stop = self.position();
                let line = self.text.get(start..stop).unwrap_or_default();
                if line.trim() == end || self.next().is_none() {
                    break;
                }
            }
        }
    }

    fn word(&mut self) {
        let (start, line) = (self.position(), self.line);
        let mut parts = Parts::default();
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() || ";&|<>()".contains(c) => break,
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') | None => {}
                        Some(escaped) => parts.push(escaped),
                    }
                    if self.text.get(start..self.position()) == Some("\\\n") {
                        return;
                    }
                }
                '\'' => {
                    self.next();
                    while let Some(c) = self.next().filter(|c| *c != '\'') {
                        parts.push(c);
                    }
                    parts.touch();
                }
                '"' => {
                    self.next();
                    self.quoted(&mut parts);
                }
                '$' => self.variable(&mut parts, false, 0),
                '`' => self.backquoted(&mut parts),
                c => {
                    self.next();
                    parts.push(c);
                }
            }
        }
        let end = self.position();
        let raw = self.text.get(start..end).unwrap_or_default().replace("\\\n", "");
        // `2>` and `1>&2`: a number right before a redirection names a file descriptor.
        let descriptor = raw.chars().all(|c| c.is_ascii_digit()) && matches!(self.peek(), Some('<' | '>'));
        if !raw.is_empty() && !descriptor {
            self.found.push(Token::Word(Word { raw, parts: parts.done() }, line));
        }
    }

    fn quoted(&mut self, parts: &mut Parts) {
        parts.touch();
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.next();
                    return;
                }
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') | None => {}
                        Some(c @ ('"' | '\\' | '$' | '`')) => parts.push(c),
                        Some(c) => {
                            parts.push('\\');
                            parts.push(c);
                        }
                    }
                }
                '$' => self.variable(parts, true, 0),
                '`' => self.backquoted(parts),
                c => {
                    self.next();
                    parts.push(c);
                }
            }
        }
    }

    fn backquoted(&mut self, parts: &mut Parts) {
        self.next();
        while self.next().is_some_and(|c| c != '`') {}
        parts.add(Part::Opaque);
    }

    /// What follows a `$`.
    fn variable(&mut self, parts: &mut Parts, quoted: bool, depth: usize) {
        self.next();
        match self.peek() {
            Some('(') => {
                self.skip_parentheses();
                parts.add(Part::Opaque);
            }
            Some('{') => {
                self.next();
                let part = self.braced(quoted, depth);
                parts.add(part);
            }
            Some('@' | '*') => {
                self.next();
                parts.add(Part::Arguments);
            }
            Some(c) if c.is_ascii_digit() || "?!$#-".contains(c) => {
                self.next();
                parts.add(Part::Variable { name: c.to_string(), fallback: None, quoted });
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                parts.add(Part::Variable { name, fallback: None, quoted });
            }
            _ => parts.push('$'),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
            self.next();
        }
        name
    }

    /// The inside of `${...}`; everything but a name with `:-`, `-` or `:=` is opaque.
    fn braced(&mut self, quoted: bool, depth: usize) -> Part {
        let name = if self.peek() == Some('@') {
            self.next();
            "@".to_owned()
        } else {
            self.name()
        };
        if self.eat('}') {
            return match name.as_str() {
                "" => Part::Opaque,
                "@" => Part::Arguments,
                _ => Part::Variable { name, fallback: None, quoted },
            };
        }
        self.eat(':');
        let has_fallback = !name.is_empty() && depth < FALLBACK_DEPTH && (self.eat('-') || self.eat('='));
        let mut parts = Parts::default();
        let mut open = 1_usize;
        while let Some(c) = self.peek() {
            match c {
                '$' if depth < FALLBACK_DEPTH => self.variable(&mut parts, quoted, depth + 1),
                '}' => {
                    self.next();
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                '{' => {
                    self.next();
                    open += 1;
                }
                '"' | '\'' => {
                    self.next();
                }
                c => {
                    self.next();
                    parts.push(c);
                }
            }
        }
        if has_fallback { Part::Variable { name, fallback: Some(parts.done()), quoted } } else { Part::Opaque }
    }

    fn skip_parentheses(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.next() {
            match c {
                '(' => open += 1,
                ')' => {
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Pieces of a word while it is read.
#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    text: String,
    touched: bool,
}

impl Parts {
    fn push(&mut self, c: char) {
        self.text.push(c);
    }

    /// Quotes were seen: an empty word is a word then.
    fn touch(&mut self) {
        self.touched = true;
    }

    fn add(&mut self, part: Part) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text)));
        }
        self.done.push(part);
    }

    fn done(mut self) -> Vec<Part> {
        if !self.text.is_empty() || (self.done.is_empty() && self.touched) {
            self.done.push(Part::Text(self.text));
        }
        self.done
    }
}
