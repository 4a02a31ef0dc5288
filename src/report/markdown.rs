use super::figure::{figure, money};
use super::text::change;
use crate::plan::{Outcome, Plan};

/// GitHub refuses comments of more characters than this.
pub const COMMENT_LIMIT: usize = 65_536;

/// Marks a comment as palier's, so that one comment is updated in place.
const MARKER: &str = "<!-- palier-plan -->";

/// A plan as a pull-request comment: verdict and money in the first line, then a table, then folded details.
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    let mut out = format!("{MARKER}\n{}\n\n", verdict(plan));
    out.push_str(&cost(plan));
    let sections = [
        ("Steps", steps(plan)),
        ("Constraints on the target", verdicts(plan)),
        ("Why nothing cheaper", rejected(plan)),
        ("Findings", findings(plan)),
        ("Not measured", unknown(plan)),
    ];
    let mut left_out = Vec::new();
    for (title, body) in sections.into_iter().filter(|(_, body)| !body.is_empty()) {
        let section = format!("\n<details><summary>{title}</summary>\n\n{body}\n</details>\n");
        // Room is kept for the last line, which says what is missing.
        if out.chars().count() + section.chars().count() + 200 > COMMENT_LIMIT {
            left_out.push(title);
        } else {
            out.push_str(&section);
        }
    }
    if !left_out.is_empty() {
        out.push_str(&format!("\nLeft out for length: {}. `palier plan` shows them.\n", left_out.join(", ")));
    }
    out
}

fn verdict(plan: &Plan) -> String {
    let (now, then) = (plan.cost.current_monthly.unwrap_or_default(), plan.cost.target_monthly.unwrap_or_default());
    let name = escape(&plan.project.name);
    match plan.outcome {
        Outcome::NoChange => format!("**{name}**: nothing to change, {then} a month"),
        Outcome::Blocked => format!("**{name}**: blocked by the policy, or nothing fits"),
        Outcome::Changes if now == then => format!("**{name}**: the monthly cost stays at {then}"),
        Outcome::Changes => {
            let verb = if then > now { "rises" } else { "falls" };
            let by = change(now, then).trim_start_matches(['+', '-']).replace(", ", " (")
                + if now == crate::units::Money::ZERO { "" } else { ")" };
            format!("**{name}**: the monthly cost {verb} by {by} to {then}")
        }
    }
}

/// Text that Markdown and HTML leave as it is, on one line of a table; what stands between backticks stays code.
fn escape(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its partner is a character like any other.
        return plain(text);
    }
    let code = |part: &str| format!("`{}`", part.replace('|', "\\|").replace(['\n', '\r'], " "));
    let pieces = parts.iter().enumerate().map(|(index, part)| match (index % 2, part.is_empty()) {
        (0, _) => plain(part),
        (_, true) => String::new(),
        (_, false) => code(part),
    });
    pieces.collect()
}

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '@' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn cost(plan: &Plan) -> String {
    let mut out = "| component | today | monthly | target | monthly |\n|---|---|---:|---|---:|\n".to_owned();
    for line in &plan.cost.lines {
        out.push_str(&row(&[
            line.component.clone(),
            line.current_offer.clone().unwrap_or_else(|| "-".to_owned()),
            if line.current_offer.is_some() { money(line.current_monthly) } else { "-".to_owned() },
            line.offer.clone(),
            money(line.monthly),
        ]));
    }
    let at_least = if plan.cost.complete { "" } else { "at least " };
    out.push_str(&row(&[
        "together".to_owned(),
        String::new(),
        format!("{at_least}{}", money(plan.cost.current_monthly)),
        String::new(),
        format!("{at_least}{}", money(plan.cost.target_monthly)),
    ]));
    out
}

fn steps(plan: &Plan) -> String {
    let mut out = String::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let way = step.one_way.as_ref().map_or_else(String::new, |why| format!(" **one way**: {}.", escape(why)));
        out.push_str(&format!(
            "{}. (flight {}) {}. Risk {}.{way}\n",
            number + 1,
            step.flight,
            escape(&step.title),
            step.risk.name()
        ));
    }
    out
}

fn verdicts(plan: &Plan) -> String {
    if plan.verdicts.is_empty() {
        return String::new();
    }
    let mut out = "| constraint | of | used | may use | fits | evidence |\n|---|---|---:|---:|---|---|\n".to_owned();
    for verdict in &plan.verdicts {
        out.push_str(&row(&[
            verdict.constraint.to_string(),
            verdict.component.to_string(),
            figure(verdict.used, &verdict.unit),
            figure(verdict.limit, &verdict.unit),
            match (verdict.fits, verdict.assumed) {
                (false, _) => "no",
                (true, true) => "unknown",
                (true, false) => "yes",
            }
            .to_owned(),
            verdict.evidence.join("; "),
        ]));
    }
    out
}

fn rejected(plan: &Plan) -> String {
    if plan.rejected.is_empty() {
        return String::new();
    }
    let mut out =
        "| cheaper offer | monthly | fails on | used | may use | because |\n|---|---:|---|---:|---:|---|\n".to_owned();
    for rejected in &plan.rejected {
        out.push_str(&row(&[
            format!("{}: {} {}", rejected.component, rejected.provider, rejected.offer),
            money(rejected.monthly),
            rejected.constraint.clone(),
            figure(rejected.used, &rejected.unit),
            figure(rejected.limit, &rejected.unit),
            rejected.evidence.join("; "),
        ]));
    }
    out
}

fn findings(plan: &Plan) -> String {
    plan.findings
        .iter()
        .map(|finding| {
            let place = if finding.path.is_empty() {
                String::new()
            } else {
                format!(" ({}:{})", escape(&finding.path), finding.line)
            };
            let help = if finding.help.is_empty() { String::new() } else { format!(" {}.", escape(&finding.help)) };
            format!("- **{}** {}: {}{place}.{help}\n", finding.severity, finding.id, escape(&finding.message))
        })
        .collect()
}

fn unknown(plan: &Plan) -> String {
    plan.weakened.iter().map(|one| format!("- {}: weakens {}\n", escape(&one.component), escape(&one.reason))).collect()
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn code_stays_code_and_everything_else_is_plain() {
        assert_eq!(escape("raise `a_b|c` to *2* <x>"), "raise `a_b\\|c` to \\*2\\* &lt;x&gt;");
        assert_eq!(escape("a ` b"), "a \\` b");
    }
}
