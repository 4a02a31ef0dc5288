use jiff::civil::Date;

use super::WaiverPolicy;
use crate::diagnostic::{Diagnostic, Severity};

/// Findings after waivers were applied to them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waived {
    /// What is left, with a finding for each waiver that is expired or covers nothing.
    pub findings: Vec<Diagnostic>,
    /// What somebody accepted, with the waiver.
    pub accepted: Vec<(Diagnostic, WaiverPolicy)>,
}

/// Takes accepted findings out. A waiver that is expired is an error; one that covers nothing is a warning, so that
/// policies do not rot.
#[must_use]
pub fn apply_waivers(findings: Vec<Diagnostic>, waivers: &[WaiverPolicy], today: Date) -> Waived {
    let mut waived = Waived::default();
    let mut used = vec![false; waivers.len()];
    for finding in findings {
        match waivers.iter().position(|waiver| waiver.rule == finding.id) {
            Some(index) => {
                used[index] = true;
                if waivers[index].expires >= today {
                    waived.accepted.push((finding, waivers[index].clone()));
                } else {
                    waived.findings.push(finding);
                }
            }
            None => waived.findings.push(finding),
        }
    }
    for (waiver, used) in waivers.iter().zip(used) {
        if waiver.expires < today {
            let message = format!("the waiver of `{}` by {} expired on {}", waiver.rule, waiver.owner, waiver.expires);
            let help = "mend what it covers, or renew it with a new date";
            waived
                .findings
                .push(placed(Diagnostic::new(Severity::Error, "expired-waiver", message).help(help), waiver));
        } else if !used {
            let message = format!("the waiver of `{}` by {} covers nothing any more", waiver.rule, waiver.owner);
            let finding = Diagnostic::warning("unused-waiver", message).help("remove it from palier.toml");
            waived.findings.push(placed(finding, waiver));
        }
    }
    waived
}

fn placed(finding: Diagnostic, waiver: &WaiverPolicy) -> Diagnostic {
    match &waiver.place {
        Some(place) => finding.at(place.clone()),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::apply_waivers;
    use crate::diagnostic::Diagnostic;
    use crate::policy::WaiverPolicy;

    fn waiver(rule: &str, expires: &str) -> WaiverPolicy {
        WaiverPolicy {
            rule: rule.to_owned(),
            reason: "trial".to_owned(),
            owner: "ops".to_owned(),
            expires: expires.parse().expect("a date"),
            place: None,
        }
    }

    #[test]
    fn a_waiver_holds_until_its_last_day_and_is_told_when_it_covers_nothing() {
        let today = "2026-11-20".parse().expect("a date");
        let finding = || vec![Diagnostic::error("free-database-expires", "x")];
        let held = apply_waivers(finding(), &[waiver("free-database-expires", "2026-11-20")], today);
        assert!(held.findings.is_empty() && held.accepted.len() == 1);
        let expired = apply_waivers(finding(), &[waiver("free-database-expires", "2026-11-19")], today);
        assert_eq!(
            expired.findings.iter().map(|f| f.id).collect::<Vec<_>>(),
            ["free-database-expires", "expired-waiver"]
        );
        let unused = apply_waivers(Vec::new(), &[waiver("x", "2027-01-01")], today);
        assert_eq!(unused.findings[0].id, "unused-waiver");
    }
}
