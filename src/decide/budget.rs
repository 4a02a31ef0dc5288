use super::Inputs;
use super::cost::Cost;
use super::verdict::Verdict;
use crate::diagnostic::Diagnostic;
use crate::units::Money;

/// The budget, as a constraint on the whole project.
#[must_use]
pub(super) fn judge(inputs: &Inputs<'_>, cost: &Cost) -> Option<Verdict> {
    let limit = inputs.policy.budget.monthly?;
    let used = cost.target_monthly?;
    Some(Verdict {
        constraint: "budget".into(),
        component: "project".into(),
        fits: used <= limit,
        used: Some(used.as_f64()),
        limit: Some(limit.as_f64()),
        unit: "USD/month".into(),
        assumed: false,
        evidence: vec!["budget.monthly (palier.toml)".to_owned()],
    })
}

/// What the budget forbids.
#[must_use]
pub(super) fn blocked(inputs: &Inputs<'_>, cost: &Cost) -> Vec<Diagnostic> {
    let mut list = Vec::new();
    let target = cost.target_monthly.unwrap_or(Money::ZERO);
    if let Some(limit) = inputs.policy.budget.monthly.filter(|limit| target > *limit) {
        let message = format!("the cheapest target costs {target} a month, above the budget of {limit}");
        list.push(
            Diagnostic::error("over-budget", message)
                .help("raise `budget.monthly`, or loosen the constraint that costs the most (see the rejected offers)"),
        );
    }
    let increase = target - cost.current_monthly.unwrap_or(Money::ZERO);
    if let Some(limit) = inputs.policy.budget.largest_increase.filter(|limit| increase > *limit) {
        let message = format!("a month would cost {increase} more, above the largest increase of {limit}");
        list.push(
            Diagnostic::error("over-budget", message)
                .help("raise `budget.largest_increase`, or take the steps one by one"),
        );
    }
    list
}
