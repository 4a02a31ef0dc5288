use serde_json::{Value, json};

use super::finding::{fingerprints, sentences, shown};
use crate::plan::Plan;

/// The findings of a plan as a report of GitLab's Code Quality.
#[must_use]
pub fn gitlab(plan: &Plan) -> String {
    let issues = plan.findings.iter().zip(fingerprints(&plan.findings)).map(|(finding, fingerprint)| {
        let shown = shown(plan, finding);
        json!({
            "description": sentences(finding, "; "),
            "check_name": finding.id,
            "fingerprint": fingerprint,
            "severity": severity(&finding.severity),
            "location": {"path": shown.path, "lines": {"begin": shown.line}},
        })
    });
    format!("{:#}\n", Value::from_iter(issues))
}

/// GitLab has five severities, palier three: its most severe is left to what breaks the running system now.
fn severity(severity: &str) -> &'static str {
    match severity {
        "error" => "critical",
        "warning" => "major",
        _ => "info",
    }
}
