//! Shell text as a flat list of simple commands: enough to see which server a start script runs.
//!
//! This is no shell. It knows quotes, chains, blocks, comments and here-documents; what it does not know becomes a
//! word whose value is unknown, never a guess.

use super::shell_lexer::tokens;
use super::shell_words::{Token, Word};

/// One command with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    /// The words, assignments before the command included.
    pub(super) words: Vec<Word>,
    /// Whether it runs only under some condition (inside `if`, `case`, a loop or a function, or after `||`).
    pub(super) conditional: bool,
    /// Whether it runs in the background (`&`).
    pub(super) background: bool,
    /// The line, counted from 1.
    pub(super) line: usize,
}

/// The most commands that are taken from one text.
const COMMAND_LIMIT: usize = 5_000;

/// The commands of a text, in order.
pub(super) fn commands(text: &str) -> Vec<Simple> {
    let mut reader = Reader::default();
    for token in tokens(&text.replace("\r\n", "\n")) {
        reader.take(token);
        if reader.found.len() >= COMMAND_LIMIT {
            break;
        }
    }
    reader.finish(false);
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Simple>,
    words: Vec<Word>,
    line: usize,
    /// Open blocks: `if`, loops, `case`, `{`.
    blocks: usize,
    after_or: bool,
    /// A redirection operator was read; the next word is its file.
    redirection: bool,
}

impl Reader {
    fn take(&mut self, token: Token) {
        match token {
            Token::Word(word, line) => self.word(word, line),
            Token::Redirection => self.redirection = true,
            Token::Operator(operator) => self.operator(operator),
        }
    }

    fn word(&mut self, word: Word, line: usize) {
        if std::mem::take(&mut self.redirection) {
            return;
        }
        if self.words.is_empty() {
            match word.raw.as_str() {
                "if" | "while" | "until" | "for" | "case" | "select" | "{" => {
                    self.blocks += 1;
                    // The list of a `for` and the subject of a `case` are no commands; `in` ends up as their words.
                    if matches!(word.raw.as_str(), "for" | "case" | "select") {
                        self.line = line;
                        self.words.push(word);
                    }
                    return;
                }
                "fi" | "done" | "esac" | "}" => {
                    self.blocks = self.blocks.saturating_sub(1);
                    return;
                }
                "then" | "do" | "else" | "elif" | "!" | "time" | "function" => return,
                _ => self.line = line,
            }
        } else if word.raw == "in" && self.words.first().is_some_and(|first| first.raw == "case") {
            self.words.clear();
            return;
        }
        self.words.push(word);
    }

    fn operator(&mut self, operator: &'static str) {
        self.redirection = false;
        match operator {
            // The end of a pattern in `case`, of a subshell, or of a function's empty list.
            ")" => {
                if self.blocks > 0 && self.words.len() <= 1 {
                    self.words.clear();
                } else {
                    self.finish(false);
                }
            }
            // `name ()` begins a function: its name is no command.
            "(" => self.words.clear(),
            "&" => self.finish(true),
            "||" => {
                self.finish(false);
                self.after_or = true;
            }
            _ => self.finish(false),
        }
    }

    fn finish(&mut self, background: bool) {
        let words = std::mem::take(&mut self.words);
        let after_or = std::mem::take(&mut self.after_or);
        if !words.is_empty() {
            let conditional = self.blocks > 0 || after_or;
            self.found.push(Simple { words, conditional, background, line: self.line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    fn lines(text: &str) -> Vec<String> {
        commands(text)
            .iter()
            .map(|command| {
                let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
                let mark = if command.conditional { "? " } else { "" };
                format!("{mark}{}", words.join(" "))
            })
            .collect()
    }

    #[test]
    fn chains_and_lines_are_cut_into_commands() {
        assert_eq!(
            lines("cd backend && \\\n  poetry run gunicorn a:b # serve\nexec \"$@\"; echo 'x; y' | cat > out.txt"),
            ["cd backend", "poetry run gunicorn a:b", "exec \"$@\"", "echo 'x; y'", "cat"]
        );
    }

    #[test]
    fn what_stands_in_a_block_is_conditional() {
        let text =
            "while ! migrate; do\n sleep 1\ndone\nif [ \"$1\" = web ]; then gunicorn a:b; else celery; fi\nserve";
        assert_eq!(
            lines(text),
            ["? migrate", "? sleep 1", "? [ \"$1\" = web ]", "? gunicorn a:b", "? celery", "serve"]
        );
        assert_eq!(
            lines("case $1 in\n web) gunicorn a:b ;;\n *) sh ;;\nesac\nlast"),
            ["? gunicorn a:b", "? sh", "last"]
        );
    }

    #[test]
    fn functions_and_here_documents_are_not_commands() {
        assert_eq!(
            lines("start() {\n gunicorn a:b\n}\ncat <<EOF\nuvicorn no:no\nEOF\nstart"),
            ["? gunicorn a:b", "cat", "start"]
        );
    }
}
