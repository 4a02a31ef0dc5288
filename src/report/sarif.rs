use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::finding::{fingerprints, sentences, shown};
use crate::plan::{FindingOfPlan, Plan};

/// The name under which a result's fingerprint is kept; the number goes up when it is made in another way.
const FINGERPRINT: &str = "palierFinding/v1";

/// The findings of a plan as SARIF 2.1.0.
#[must_use]
pub fn sarif(plan: &Plan) -> String {
    let mut first: BTreeMap<&str, &FindingOfPlan> = BTreeMap::new();
    for finding in &plan.findings {
        first.entry(&finding.id).or_insert(finding);
    }
    let rules: Vec<Value> = first.values().map(|finding| rule(finding)).collect();
    let ids: Vec<&str> = first.into_keys().collect();
    let results: Vec<Value> = plan
        .findings
        .iter()
        .zip(fingerprints(&plan.findings))
        .map(|(finding, fingerprint)| {
            let rule = ids.iter().position(|id| *id == finding.id);
            result(plan, finding, rule.unwrap_or_default(), &fingerprint)
        })
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "palier",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            // Findings of one environment do not close those of another.
            "automationDetails": {"id": format!("palier/{}/", plan.environment)},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// A rule, told by its first finding: a finding's own words are all that palier says about it.
fn rule(finding: &FindingOfPlan) -> Value {
    let words = finding.id.replace('-', " ");
    let mut letters = words.chars();
    let short: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let help = [&finding.help, &finding.why, &finding.message].into_iter().find(|text| !text.is_empty());
    let full = [&finding.why, &finding.message].into_iter().find(|text| !text.is_empty());
    json!({
        "id": finding.id,
        "shortDescription": {"text": sentence(&short)},
        "fullDescription": {"text": sentence(full.unwrap_or(&short))},
        "help": {"text": sentence(help.unwrap_or(&short))},
        "defaultConfiguration": {"level": level(&finding.severity)},
    })
}

fn result(plan: &Plan, finding: &FindingOfPlan, rule: usize, fingerprint: &str) -> Value {
    let shown = shown(plan, finding);
    json!({
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": level(&finding.severity),
        "message": {"text": sentence(&sentences(finding, "; "))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&shown.path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": shown.line},
        }}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    })
}

fn level(severity: &str) -> &'static str {
    match severity {
        "error" => "error",
        "warning" => "warning",
        _ => "note",
    }
}

/// The text with a full stop: palier's own sentences have none. Braces are doubled, because a single one begins a
/// placeholder.
fn sentence(text: &str) -> String {
    let text = text.trim().replace('{', "{{").replace('}', "}}");
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

/// A path as a relative URI: what a URI's path may not hold is percent-encoded, and so is a `:` that would read as the
/// end of a scheme.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_relative_uri() {
        assert_eq!(uri("apps/web/render.yaml"), "apps/web/render.yaml");
        assert_eq!(uri("c:é x?.py"), "c%3A%C3%A9%20x%3F.py");
    }
}
