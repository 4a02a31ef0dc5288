//! `Procfile`: process types and their commands.

/// A line of a Procfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    /// The process type: `web`, `worker`, `release`.
    pub(super) name: String,
    /// The command.
    pub(super) command: String,
    /// The line, counted from 1.
    pub(super) line: usize,
}

/// The processes of a Procfile.
pub(super) fn parse(text: &str) -> Vec<Process> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (name, command) = line.trim().split_once(':')?;
            let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            let command = command.trim();
            (named && !command.is_empty()).then(|| Process {
                name: name.to_owned(),
                command: command.to_owned(),
                line: index + 1,
            })
        })
        .collect()
}
