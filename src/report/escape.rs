/// More of a user's text than this helps nobody in a comment.
const LONGEST: usize = 1_000;

/// Text that Markdown and HTML leave as it is, on one line of a table; what stands between backticks stays code.
pub(super) fn escape(text: &str) -> String {
    let text = shortened(text, LONGEST);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its partner is a character like any other.
        return plain(&text);
    }
    let code = |part: &str| format!("`{}`", part.replace('|', "\\|").replace(['\n', '\r'], " "));
    let pieces = parts.iter().enumerate().map(|(index, part)| match (index % 2, part.is_empty()) {
        (0, _) => plain(part),
        (_, true) => String::new(),
        (_, false) => code(part),
    });
    pieces.collect()
}

/// The text, or its first characters and an ellipsis.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            // A backslash does not keep `@name` from calling somebody, nor `#1` from linking an issue: both are looked
            // for in what Markdown has become. A space without width does.
            '@' | '#' => {
                escaped.push(c);
                escaped.push_str("&#8203;");
            }
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape, shortened};

    #[test]
    fn code_stays_code_and_everything_else_is_plain() {
        assert_eq!(escape("raise `a_b|c` to *2* <x>"), "raise `a_b\\|c` to \\*2\\* &lt;x&gt;");
        assert_eq!(escape("a ` b"), "a \\` b");
    }

    #[test]
    fn nobody_is_called_and_no_issue_is_linked() {
        assert_eq!(escape("@ops #12"), "@&#8203;ops #&#8203;12");
    }

    #[test]
    fn a_long_text_ends_in_an_ellipsis() {
        assert_eq!(shortened("aéb", 2), "aé…");
        assert_eq!(shortened("aé", 2), "aé");
    }
}
