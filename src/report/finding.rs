use std::collections::BTreeMap;

use crate::document::sha256;
use crate::plan::{FindingOfPlan, Plan};

/// Where a finding is shown by a service that shows none without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// A path below the repository's root.
    pub(super) path: String,
    /// A line, counted from 1.
    pub(super) line: usize,
}

/// Where a finding is shown: its own place, else the beginning of the policy, or of another file of the plan.
pub(super) fn shown(plan: &Plan, finding: &FindingOfPlan) -> Shown {
    if !finding.path.is_empty() {
        return Shown { path: relative(&finding.path), line: finding.line.max(1) };
    }
    let paths = || plan.inputs.iter().map(|input| input.path.as_str());
    let named = |name: &str| paths().find(|path| *path == name || path.ends_with(&format!("/{name}")));
    // `(catalog)` is no file.
    let any = || paths().find(|path| !path.starts_with('('));
    let path = named("palier.toml").or_else(|| named("render.yaml")).or_else(any);
    Shown { path: relative(path.unwrap_or("palier.toml")), line: 1 }
}

fn relative(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

/// One name for each finding, in their order, that stays the same from run to run: of what it says and where, but not
/// on which line nor with which figures, because both change with every day. Findings that differ in nothing else are
/// told apart by their number.
pub(super) fn fingerprints(findings: &[FindingOfPlan]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut fingerprint = |finding: &FindingOfPlan| {
        let words: String = finding.message.chars().filter(|c| !c.is_ascii_digit()).collect();
        let same = [finding.id.as_str(), &finding.path, &words].join("\0");
        let count = seen.entry(same.clone()).or_default();
        *count += 1;
        sha256(format!("{same}\0{count}").as_bytes())
    };
    findings.iter().map(&mut fingerprint).collect()
}

/// The sentences of a finding: what is wrong, why it matters, what to do, where the fact comes from.
pub(super) fn sentences(finding: &FindingOfPlan, between: &str) -> String {
    let parts =
        [("", &finding.message), ("why: ", &finding.why), ("help: ", &finding.help), ("source: ", &finding.source)];
    let told = parts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}{text}"));
    told.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::{FindingOfPlan, fingerprints};
    use crate::diagnostic::Diagnostic;

    fn finding(message: &str, line: usize) -> FindingOfPlan {
        let path = "render.yaml".to_owned();
        FindingOfPlan { path, line, ..FindingOfPlan::from(&Diagnostic::warning("old-offer", message)) }
    }

    #[test]
    fn a_fingerprint_stays_when_lines_move_and_days_pass() {
        let today = fingerprints(&[finding("it is 185 days old", 3), finding("another", 4)]);
        let tomorrow = fingerprints(&[finding("another", 9), finding("it is 186 days old", 8)]);
        assert_eq!(today[0], tomorrow[1]);
        assert_eq!(today[1], tomorrow[0]);
    }

    #[test]
    fn two_findings_that_say_the_same_have_two_fingerprints() {
        let both = fingerprints(&[finding("index 1", 3), finding("index 2", 4)]);
        assert_ne!(both[0], both[1]);
    }
}
