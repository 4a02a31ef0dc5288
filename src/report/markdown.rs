use super::escape::{escape, shortened};
use super::figure::{figure, money};
use super::fit::{rows_that_fit, shares};
use super::verdict::verdict;
use crate::decide::{CostLine, Rejected, Verdict};
use crate::plan::{FindingOfPlan, Plan, ReasonOfPlan, Step};

/// GitHub refuses comments of more characters than this.
pub const COMMENT_LIMIT: usize = 65_536;

/// Marks a comment as palier's, so that one comment is updated in place. Markdown shows nothing of it.
pub const COMMENT_MARKER: &str = "<!-- palier-plan -->";

/// A longer name of a project is cut in the first line.
const LONGEST_NAME: usize = 100;

/// Room for the last line, which says what is missing.
const LAST_LINE: usize = 600;

/// A part of the comment that may be cut between two rows.
struct Section {
    /// What its rows are: `finding`, or `findings` of several.
    rows_are: (&'static str, &'static str),
    before: String,
    rows: Vec<String>,
    after: String,
}

impl Section {
    /// A part that is folded under its title.
    fn folded(title: &str, rows_are: (&'static str, &'static str), head: &str, rows: Vec<String>) -> Self {
        let before = format!("\n<details><summary>{title}</summary>\n\n{head}");
        Self { rows_are, before, rows, after: "\n</details>\n".to_owned() }
    }

    /// Its length in characters without any row.
    fn frame(&self) -> usize {
        self.before.chars().count() + self.after.chars().count()
    }

    fn length_of_rows(&self) -> usize {
        self.rows.iter().map(|row| row.chars().count()).sum()
    }
}

/// A plan as a pull-request comment: verdict and money in the first line, then a table, then folded details. What does
/// not fit is left out row by row and counted in the last line.
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    let name = escape(&shortened(&plan.project.name, LONGEST_NAME));
    let mut out = format!("**{name}**: {} {COMMENT_MARKER}\n\n", verdict(plan));
    let mut sections = vec![cost(plan)];
    let folded = [steps(plan), verdicts(plan), rejected(plan), findings(plan), unknown(plan)];
    sections.extend(folded.into_iter().filter(|section| !section.rows.is_empty()));
    let frames: usize = sections.iter().map(Section::frame).sum();
    let room = COMMENT_LIMIT.saturating_sub(out.chars().count() + frames + LAST_LINE);
    let wanted: Vec<usize> = sections.iter().map(Section::length_of_rows).collect();
    let mut left_out = Vec::new();
    for (section, share) in sections.iter().zip(shares(&wanted, room)) {
        let (kept, all) = (rows_that_fit(&section.rows, share), section.rows.len());
        if kept < all {
            let (one, several) = section.rows_are;
            left_out.push(format!("{} of {all} {}", all - kept, if all == 1 { one } else { several }));
        }
        if kept > 0 || section.rows.is_empty() {
            out.push_str(&section.before);
            out.extend(section.rows.iter().take(kept).map(String::as_str));
            out.push_str(&section.after);
        }
    }
    if !left_out.is_empty() {
        out.push_str(&format!("\nLeft out for length: {}. `palier plan` shows them.\n", left_out.join(", ")));
    }
    out
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn cost(plan: &Plan) -> Section {
    let line = |line: &CostLine| {
        row(&[
            line.component.clone(),
            line.current_offer.clone().unwrap_or_else(|| "-".to_owned()),
            if line.current_offer.is_some() { money(line.current_monthly) } else { "-".to_owned() },
            line.offer.clone(),
            money(line.monthly),
        ])
    };
    let at_least = if plan.cost.complete { "" } else { "at least " };
    let together = row(&[
        "together".to_owned(),
        String::new(),
        format!("{at_least}{}", money(plan.cost.current_monthly)),
        String::new(),
        format!("{at_least}{}", money(plan.cost.target_monthly)),
    ]);
    Section {
        rows_are: ("component", "components"),
        before: "| component | today | monthly | target | monthly |\n|---|---|---:|---|---:|\n".to_owned(),
        rows: plan.cost.lines.iter().map(line).collect(),
        after: together,
    }
}

fn steps(plan: &Plan) -> Section {
    let line = |(number, step): (usize, &Step)| {
        let way = step.one_way.as_ref().map_or_else(String::new, |why| format!(" **one way**: {}.", escape(why)));
        let (title, risk) = (escape(&step.title), step.risk.name());
        format!("{}. (flight {}) {title}. Risk {risk}.{way}\n", number + 1, step.flight)
    };
    Section::folded("Steps", ("step", "steps"), "", plan.steps.iter().enumerate().map(line).collect())
}

fn verdicts(plan: &Plan) -> Section {
    let line = |verdict: &Verdict| {
        let fits = match (verdict.fits, verdict.assumed) {
            (false, _) => "no",
            (true, true) => "unknown",
            (true, false) => "yes",
        };
        row(&[
            verdict.constraint.to_string(),
            verdict.component.to_string(),
            figure(verdict.used, &verdict.unit),
            figure(verdict.limit, &verdict.unit),
            fits.to_owned(),
            verdict.evidence.join("; "),
        ])
    };
    Section::folded(
        "Constraints on the target",
        ("constraint", "constraints"),
        "| constraint | of | used | may use | fits | evidence |\n|---|---|---:|---:|---|---|\n",
        plan.verdicts.iter().map(line).collect(),
    )
}

fn rejected(plan: &Plan) -> Section {
    let line = |rejected: &Rejected| {
        row(&[
            format!("{}: {} {}", rejected.component, rejected.provider, rejected.offer),
            money(rejected.monthly),
            rejected.constraint.clone(),
            figure(rejected.used, &rejected.unit),
            figure(rejected.limit, &rejected.unit),
            rejected.evidence.join("; "),
        ])
    };
    Section::folded(
        "Why nothing cheaper",
        ("cheaper offer", "cheaper offers"),
        "| cheaper offer | monthly | fails on | used | may use | because |\n|---|---:|---|---:|---:|---|\n",
        plan.rejected.iter().map(line).collect(),
    )
}

fn findings(plan: &Plan) -> Section {
    let line = |finding: &FindingOfPlan| {
        let place = match (finding.path.as_str(), finding.line) {
            ("", _) => String::new(),
            (path, 0) => format!(" ({})", escape(path)),
            (path, line) => format!(" ({}:{line})", escape(path)),
        };
        let help = if finding.help.is_empty() { String::new() } else { format!(" {}.", escape(&finding.help)) };
        let (severity, id) = (escape(&finding.severity), escape(&finding.id));
        format!("- **{severity}** {id}: {}{place}.{help}\n", escape(&finding.message))
    };
    Section::folded("Findings", ("finding", "findings"), "", plan.findings.iter().map(line).collect())
}

fn unknown(plan: &Plan) -> Section {
    let line = |one: &ReasonOfPlan| format!("- {}: weakens {}\n", escape(&one.component), escape(&one.reason));
    let rows = plan.weakened.iter().map(line).collect();
    Section::folded("Not measured", ("figure", "figures that were not measured"), "", rows)
}
