//! What differs from run to run, taken out of what a command says: the demo shows the same on every day.

/// A text without ports, instants, figures, names of plans and of this machine.
pub(super) fn masked(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line_masked(line))).collect()
}

fn line_masked(line: &str) -> String {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    // The figures of a probe stand behind what it saw.
    let line = match line.rsplit_once(" [") {
        Some((before, figures)) if figures.ends_with(']') && figures.contains(|c: char| c.is_ascii_digit()) => before,
        _ => line,
    };
    let words: Vec<String> = line.split(' ').map(|word| word_masked(word, &host)).collect();
    words.join(" ")
}

fn word_masked(word: &str, host: &str) -> String {
    let is_instant = word.starts_with("2026-11-20T08:") && word.ends_with('Z');
    let core = word.trim_matches(|c: char| ";:,.()".contains(c));
    let is_id =
        core.len() == 12 && core.bytes().all(|byte| byte.is_ascii_hexdigit()) && core.bytes().any(|b| b != b'0');
    if is_instant {
        return "[time]".to_owned();
    }
    if is_id && !core.starts_with("00000000000") {
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
        let text = "applied: flight 1 of plan 0a1b2c3d4e5f, done\n ok http x: http://127.0.0.1:45987/ answers 200 [answer 3.2 ms]\n";
        let shown = "applied: flight 1 of plan [id], done\n ok http x: http://127.0.0.1:[port]/ answers 200\n";
        assert_eq!(masked(text), shown);
        assert_eq!(
            masked("2026-11-20T08:00:05.1Z applied: commit 000000000002\n"),
            "[time] applied: commit 000000000002\n"
        );
    }
}
