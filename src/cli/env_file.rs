//! Values of an env file, which are read only where `--env-file` asks for it.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::CommandError;
use palier::diagnostic::Diagnostic;

/// Reads `NAME=value` lines. No message repeats anything of the file: whatever is in it may be a secret.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, String>, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", path.display());
        CommandError::one(Diagnostic::error("unreadable-env-file", message).help("check the path after --env-file"))
    })?;
    Ok(parse(&text))
}

/// The variables of a text: `export`, blanks around `=`, quotes (over several lines too) and comments are understood;
/// a line that is none of these names nothing. The last of two lines with one name holds.
fn parse(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let value = value.trim_start();
        let value = match value.chars().next().filter(|first| matches!(first, '"' | '\'')) {
            Some(quote) => quoted(value, quote, &mut rest),
            None => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
        };
        found.insert(name.to_owned(), value);
    }
    found
}

/// A quoted value, which may go on over the next lines.
fn quoted(value: &str, quote: char, rest: &mut &str) -> String {
    let opened = &value[1..];
    if let Some(end) = closing(opened, quote) {
        return unescaped(&opened[..end], quote);
    }
    let Some(end) = closing(rest, quote) else {
        // A quote that never closes is a part of the value.
        return value.trim_end().to_owned();
    };
    let whole = format!("{opened}\n{}", &rest[..end]);
    let behind = &rest[end..];
    *rest = behind.split_once('\n').map_or("", |(_, after)| after);
    unescaped(&whole, quote)
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if c == quote && !escaped {
            return Some(index);
        }
        escaped = c == '\\' && !escaped && quote == '"';
    }
    None
}

fn unescaped(text: &str, quote: char) -> String {
    if quote == '"' { text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_usual_forms_are_understood() {
        let text =
            "# names\nA=1\nexport B = \"two # not a comment\" # a comment\nC='x\ny'\nD=a#b # c\nno line\nA=2\nE=\n";
        let found = parse(text);
        let shown: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(shown, [("A", "2"), ("B", "two # not a comment"), ("C", "x\ny"), ("D", "a#b"), ("E", "")]);
    }

    #[test]
    fn a_quote_that_never_closes_hides_no_other_line() {
        assert_eq!(parse("A='x\nB=1\n").get("B").map(String::as_str), Some("1"));
    }
}
