use super::figure::figure;
use super::finding::sentences;
use crate::decide::Verdict;
use crate::plan::{FindingOfPlan, Plan};

/// A plan as JUnit XML: one test case for each constraint on the target, failed where it is not met and skipped where
/// nothing measured it, and a failed one for each finding of severity error.
#[must_use]
pub fn junit(plan: &Plan) -> String {
    let errors: Vec<&FindingOfPlan> = plan.findings.iter().filter(|one| one.severity == "error").collect();
    let broken = plan.verdicts.iter().filter(|one| !one.fits).count();
    let skipped = plan.verdicts.iter().filter(|one| one.fits && one.assumed).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{skipped}\"",
        plan.verdicts.len() + errors.len(),
        broken + errors.len(),
    );
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"palier\" {counts}>\n"));
    let (name, at) = (quoted(&plan.project.name), plan.made_at.strftime("%Y-%m-%dT%H:%M:%S"));
    out.push_str(&format!("  <testsuite name={name} {counts} timestamp=\"{at}\" time=\"0\">\n"));
    out.extend(plan.verdicts.iter().map(of_verdict));
    out.extend(errors.into_iter().map(of_error));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn of_verdict(verdict: &Verdict) -> String {
    let used = figure(verdict.used, &verdict.unit);
    let limit = figure(verdict.limit, &verdict.unit);
    let evidence = verdict.evidence.join("\n");
    let outcome = match (verdict.fits, verdict.assumed) {
        (false, _) => {
            let message = quoted(&format!("{}: {used} used, {limit} may be used", verdict.constraint));
            format!("<failure type=\"constraint\" message={message}>{}</failure>", text(&evidence))
        }
        (true, true) => format!("<skipped message={}/>", quoted(&format!("not measured: {evidence}"))),
        (true, false) => format!("<system-out>{}</system-out>", text(&evidence)),
    };
    let class = quoted(&format!("palier.{}", verdict.component));
    case(&class, &quoted(&verdict.constraint), &outcome)
}

fn of_error(finding: &FindingOfPlan) -> String {
    let name = match (finding.path.as_str(), finding.line) {
        ("", _) => finding.id.clone(),
        (path, 0) => format!("{} ({path})", finding.id),
        (path, line) => format!("{} ({path}:{line})", finding.id),
    };
    let message = quoted(&finding.message);
    let failure = format!(
        "<failure type={} message={message}>{}</failure>",
        quoted(&finding.id),
        text(&sentences(finding, "\n"))
    );
    case("\"palier.finding\"", &quoted(&name), &failure)
}

fn case(class: &str, name: &str, outcome: &str) -> String {
    format!("    <testcase classname={class} name={name} time=\"0\">{outcome}</testcase>\n")
}

/// An attribute's value with its quotes. A line end in it would be read as a space.
fn quoted(value: &str) -> String {
    format!("\"{}\"", text(value).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;"))
}

/// Text as XML has it. What XML 1.0 cannot hold at all, not even escaped, becomes the replacement character.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}
