//! A command line cut into its commands and words as a POSIX shell cuts it, each word with its place, so that one word
//! can be changed and every other byte stays.

use std::ops::Range;

use super::Reason;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its bytes, with quotes.
    pub(super) span: Range<usize>,
    /// What the program gets, except that expansions (`$PORT`, `$(nproc)`) stay as written.
    pub(super) text: String,
}

/// One simple command of a line: what stands between `&&`, `||`, `;`, `|`, `&`, parentheses and line ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its words, without redirections.
    pub(super) words: Vec<Word>,
    /// Where its first redirection begins.
    pub(super) redirection: Option<usize>,
}

/// Cuts a command line into its simple commands.
pub(super) fn segments(command: &str) -> Result<Vec<Segment>, Reason> {
    let mut cutter = Cutter { command, position: 0 };
    let mut segments = vec![Segment::default()];
    while let Some(next) = cutter.next_byte() {
        match next {
            b' ' | b'\t' | b'\r' => cutter.position += 1,
            b'\\' if cutter.rest().starts_with("\\\n") => cutter.position += 2,
            b'\\' if cutter.rest().starts_with("\\\r\n") => cutter.position += 3,
            b'#' => cutter.position += cutter.rest().find('\n').unwrap_or(cutter.rest().len()),
            _ if cutter.redirection_length() > 0 => {
                let start = cutter.position;
                cutter.skip_redirection()?;
                if let Some(segment) = segments.last_mut() {
                    segment.redirection.get_or_insert(start);
                }
            }
            b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                cutter.position += 1;
                segments.push(Segment::default());
            }
            _ => {
                let word = cutter.word()?;
                if let Some(segment) = segments.last_mut() {
                    segment.words.push(word);
                }
            }
        }
    }
    segments.retain(|segment| !segment.words.is_empty());
    Ok(segments)
}

struct Cutter<'a> {
    command: &'a str,
    position: usize,
}

impl<'a> Cutter<'a> {
    fn rest(&self) -> &'a str {
        &self.command[self.position..]
    }

    fn next_byte(&self) -> Option<u8> {
        self.command.as_bytes().get(self.position).copied()
    }

    /// The length of the redirection sign that begins here (`>`, `2>&`, `&>>`, `<`), or 0.
    fn redirection_length(&self) -> usize {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let prefix = if digits == 0 && rest.starts_with("&>") { 1 } else { digits };
        let signs = rest[prefix..].bytes().take_while(|byte| matches!(byte, b'<' | b'>')).count();
        let suffix = usize::from(signs > 0 && rest[prefix + signs..].starts_with(['&', '|']));
        if signs == 0 { 0 } else { prefix + signs + suffix }
    }

    fn skip_redirection(&mut self) -> Result<(), Reason> {
        let length = self.redirection_length();
        let sign = &self.rest()[..length];
        if sign.contains("<<") {
            return Err(unreadable("it has a here-document"));
        }
        self.position += length;
        self.position += self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.word().map(drop)
    }

    /// Reads the word that begins here.
    fn word(&mut self) -> Result<Word, Reason> {
        let start = self.position;
        let mut text = String::new();
        while let Some(next) = self.rest().chars().next() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    let inner = self.quoted(1, '\'')?;
                    text.push_str(inner);
                }
                '"' => self.double_quoted(&mut text)?,
                '\\' if self.rest().starts_with("\\\n") => self.position += 2,
                '\\' => {
                    let escaped = self.rest().chars().nth(1).ok_or_else(|| unreadable("it ends in a backslash"))?;
                    text.push(escaped);
                    self.position += 1 + escaped.len_utf8();
                }
                '$' | '`' => text.push_str(self.expansion()?),
                other => {
                    text.push(other);
                    self.position += other.len_utf8();
                }
            }
        }
        if self.position == start {
            return Err(unreadable("a redirection has no target"));
        }
        Ok(Word { span: start..self.position, text })
    }

    /// What stands between here (after `skip` bytes) and the closing character; the position moves behind that.
    fn quoted(&mut self, skip: usize, closing: char) -> Result<&'a str, Reason> {
        let rest = &self.rest()[skip..];
        let end = rest.find(closing).ok_or_else(|| unreadable("a quote in it is not closed"))?;
        self.position += skip + end + closing.len_utf8();
        Ok(&rest[..end])
    }

    fn double_quoted(&mut self, text: &mut String) -> Result<(), Reason> {
        self.position += 1;
        while let Some(next) = self.rest().chars().next() {
            match next {
                '"' => {
                    self.position += 1;
                    return Ok(());
                }
                '\\' => {
                    let escaped = self.rest().chars().nth(1).ok_or_else(|| unreadable("it ends in a backslash"))?;
                    if !matches!(escaped, '"' | '\\' | '$' | '`' | '\n') {
                        text.push('\\');
                    }
                    text.push(escaped);
                    self.position += 1 + escaped.len_utf8();
                }
                '$' | '`' => text.push_str(self.expansion()?),
                other => {
                    text.push(other);
                    self.position += other.len_utf8();
                }
            }
        }
        Err(unreadable("a quote in it is not closed"))
    }

    /// Reads `$NAME`, `${...}`, `$(...)` or a command between backticks, as it is written.
    fn expansion(&mut self) -> Result<&'a str, Reason> {
        let start = self.position;
        match self.rest().as_bytes() {
            [b'`', ..] => drop(self.quoted(1, '`')?),
            [b'$', b'{', ..] => drop(self.quoted(2, '}')?),
            [b'$', b'(', ..] => self.position += balanced(self.rest())?,
            _ => self.position += 1,
        }
        Ok(&self.command[start..self.position])
    }
}

/// The length of `$(...)` with the parentheses inside it.
fn balanced(text: &str) -> Result<usize, Reason> {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if character == ')' && depth == 0 {
            return Ok(index + 1);
        }
    }
    Err(unreadable("a parenthesis in it is not closed"))
}

pub(super) fn unreadable(why: &str) -> Reason {
    Reason::Unreadable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::segments;

    fn texts(command: &str) -> Vec<Vec<String>> {
        let segments = segments(command).expect("readable");
        segments.into_iter().map(|segment| segment.words.into_iter().map(|word| word.text).collect()).collect()
    }

    #[test]
    fn commands_and_words_are_cut_as_a_shell_cuts_them() {
        let cut = texts("python manage.py migrate && FOO='a b' exec gunicorn \"main:app\" -w $(( $(nproc) * 2 )) 2>&1");
        assert_eq!(cut[0], ["python", "manage.py", "migrate"]);
        assert_eq!(cut[1], ["FOO=a b", "exec", "gunicorn", "main:app", "-w", "$(( $(nproc) * 2 ))"]);
    }

    #[test]
    fn continued_lines_and_comments_are_blank() {
        assert_eq!(texts("gunicorn main:app \\\n  --workers 2 # two\n"), [["gunicorn", "main:app", "--workers", "2"]]);
    }

    #[test]
    fn redirections_are_not_arguments() {
        let cut = segments("gunicorn a:b > out.log 2>&1").expect("readable");
        assert_eq!((cut[0].words.len(), cut[0].redirection), (2, Some(13)));
        assert_eq!(texts("a &> x; b"), [["a"], ["b"]]);
    }

    #[test]
    fn what_no_shell_accepts_is_refused() {
        for broken in ["gunicorn 'main", "a \"b", "a $(b", "a >", "cat << EOF"] {
            assert!(segments(broken).is_err(), "{broken}");
        }
    }
}
