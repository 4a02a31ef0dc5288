//! Comments of a blueprint: the one place where people write whose service stands behind a variable.

use crate::diagnostic::SourceFile;

/// The comments of a file by line.
pub(super) struct Comments {
    lines: Vec<(String, bool)>,
}

/// How many lines an entry of `envVars` takes at most.
const ENTRY_LINES: usize = 8;

impl Comments {
    /// Takes the comments out of a file.
    pub(super) fn of(file: &SourceFile) -> Self {
        let lines = file
            .text
            .lines()
            .map(|line| {
                let begins_item = line.trim_start().starts_with("- ");
                let comment = if line.trim_start().starts_with('#') {
                    line
                } else {
                    line.find(" #").and_then(|at| line.get(at..)).unwrap_or_default()
                };
                (comment.to_lowercase(), begins_item)
            })
            .collect();
        Self { lines }
    }

    /// The comments on the lines of the entry that begins on a line (counted from 1), in lower case.
    pub(super) fn beside(&self, line: usize) -> String {
        let start = line.saturating_sub(1);
        let mut words = String::new();
        for (index, (comment, begins_item)) in self.lines.iter().enumerate().skip(start).take(ENTRY_LINES) {
            // A comment line of its own below belongs to what follows it.
            let own_line = comment.trim_start().starts_with('#') && !comment.starts_with(" #");
            if index > start && (*begins_item || own_line) {
                break;
            }
            words.push_str(comment);
        }
        words
    }
}
