//! What differs from run to run, taken out of what a command says: the demo shows the same on every day.

/// A text without ports, instants, figures, names of plans and of this machine.
pub(super) fn masked(text: &str) -> String {
    let mut shown: Vec<String> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        // Figures may be cut by the end of a line, at a place that depends on their length.
        while line.matches('[').count() > line.matches(']').count() {
            let Some(next) = lines.next() else { break };
            line = format!("{line} {}", next.trim_start());
        }
        if !is_figures(line.trim()) {
            shown.push(line_masked(&line) + "\n");
        }
    }
    shown.concat()
}

/// Whether a text is the figures of a probe and nothing else.
fn is_figures(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && text.contains(|c: char| c.is_ascii_digit())
}

fn line_masked(line: &str) -> String {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    // The figures of a probe stand behind what it saw.
    let line = match line.rsplit_once(" [") {
        Some((before, figures)) if is_figures(&format!("[{figures}")) => before,
        _ => line,
    };
    let words: Vec<&str> = line.split(' ').collect();
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut shown: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let is_time = is_number(word) && words.get(at + 1).is_some_and(|unit| unit.starts_with("ms"));
        let is_version = is_number(word) && at > 0 && ["Postgres", "Redis", "Valkey"].contains(&words[at - 1]);
        shown.push(match (is_time, is_version) {
            (true, _) => "[n]".to_owned(),
            (_, true) => "[version]".to_owned(),
            _ => word_masked(word, &host),
        });
    }
    shown.join(" ")
}

fn word_masked(word: &str, host: &str) -> String {
    let core = word.trim_matches(|c: char| ";:,.()".contains(c));
    let is_id = core.len() == 12 && core.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        return word.replace(core, "[id]");
    }
    if core == host {
        return word.replace(core, "[host]");
    }
    match word.split_once("127.0.0.1:") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}127.0.0.1:[port]{rest}")
        }
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_differs_from_run_to_run_is_not_shown() {
        let text = "applied: flight 1 of plan 0a1b2c3d4e5f, done\n ok http x: http://127.0.0.1:45987/ answers 200 [answer 3.2 ms]\nx, 185 ms: Postgres 15.18 at y\n";
        let shown = "applied: flight 1 of plan [id], done\n ok http x: http://127.0.0.1:[port]/ answers 200\nx, [n] ms: Postgres [version] at y\n";
        assert_eq!(masked(text), shown);
        let cut = " ok http x: it answers [answer 6.22\n    ms]\n ok http y: it answers\n    [answer 16.22 ms]\n";
        assert_eq!(masked(cut), " ok http x: it answers\n ok http y: it answers\n");
    }
}
