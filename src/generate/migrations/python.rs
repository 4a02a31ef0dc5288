//! Pieces of Python source: whole literals, composed here and placed by the templates as they are.

use super::identifier::is_unprintable;
use crate::generate::template::python_string;

/// A string literal; statements of several lines stay readable between three quotes where they can.
pub(super) fn text(value: &str) -> String {
    let readable = value.contains('\n')
        && !value.contains(['\\'])
        && !value.contains("\"\"\"")
        && !value.ends_with('"')
        && !value.chars().any(|c| c != '\n' && is_unprintable(c));
    if readable { format!("\"\"\"{value}\"\"\"") } else { python_string(value) }
}

/// A list of literals on one line.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// A text that may stand in a docstring.
pub(super) fn prose(text: &str) -> String {
    let plain: String = text.chars().map(|c| if is_unprintable(c) || c == '\\' { ' ' } else { c }).collect();
    plain.replace("\"\"\"", "'''")
}
