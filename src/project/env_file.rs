//! Names in `.env` files. Values are looked at only to see that there is one, and forgotten.

use super::EnvName;
use super::shell_words::is_name;
use super::tree::{Tree, file_name};

/// Whether a file's name is an env file's: `.env`, `.env.example`, `env.example`, `prod.env`.
pub(super) fn is_env_file(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let scripted = [".py", ".sh", ".js", ".ts", ".md", ".json", ".d.ts", ".mjs", ".cjs", ".yaml", ".yml", ".rb"];
    if scripted.iter().any(|ending| name.ends_with(ending)) || name == ".envrc" {
        return false;
    }
    name == ".env"
        || name.starts_with(".env.")
        || name.starts_with(".env-")
        || name.starts_with(".env_")
        || name.starts_with("env.")
        || name.starts_with("env-")
        || (name.ends_with(".env") && name.len() > 4)
}

/// Reads the names of every env file of a project.
pub(super) fn read_all(tree: &mut Tree) -> Vec<EnvName> {
    let paths: Vec<String> = tree.paths().filter(|path| is_env_file(path)).map(str::to_owned).collect();
    let mut found = Vec::new();
    for path in paths {
        // Not one of the project's read files: their texts go on, and this one holds values.
        if let Some(file) = tree.look(&path) {
            found.extend(names(&file.text).into_iter().map(|(name, line, has_value)| EnvName {
                name,
                path: path.clone(),
                line,
                has_value,
            }));
        }
    }
    found
}

/// The names of a file with their lines, and whether a value follows.
///
/// Formats differ: `export A=1`, `A = 1`, `A: 1` (dotenv allows it), quotes over several lines, comments. A line that
/// is none of these names nothing.
pub(super) fn names(text: &str) -> Vec<(String, usize, bool)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut never_closed = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        index += 1;
        let line = line.trim_start_matches('\u{feff}').trim_start();
        let line = line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(line);
        let Some((name, value)) = assignment(line.trim_start()) else { continue };
        let value = value.trim();
        found.push((name.to_owned(), index, has_value(value)));
        let Some(quote) = open_quote(value).filter(|quote| !never_closed.contains(quote)) else { continue };
        // The value goes on until its quote closes; a quote that never closes is a lone apostrophe.
        match lines.iter().skip(index).position(|line| closes(line, quote)) {
            Some(end) => index += end + 1,
            None => never_closed.push(quote),
        }
    }
    found
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))?;
    let (name, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_start_matches([' ', '\t']);
    let value = rest.strip_prefix('=').or_else(|| {
        // dotenv's `NAME: value` needs the blank, so that an address is no name.
        rest.strip_prefix(": ").filter(|_| end == line.find(':').unwrap_or(0))
    })?;
    let plain = name.replace(['.', '-'], "_");
    is_name(&plain).then_some((name, value))
}

fn has_value(value: &str) -> bool {
    let bare = value.split(" #").next().unwrap_or_default().trim();
    !(bare.is_empty() || bare.starts_with('#') || matches!(bare, "\"\"" | "''" | "``"))
}

/// The quote that a value opens and does not close on its line.
fn open_quote(value: &str) -> Option<char> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let rest = value.get(1..)?;
    (!closes(rest, quote)).then_some(quote)
}

fn closes(line: &str, quote: char) -> bool {
    let mut escaped = false;
    for c in line.chars() {
        if c == quote && !escaped {
            return true;
        }
        escaped = c == '\\' && !escaped && quote != '\'';
    }
    false
}
