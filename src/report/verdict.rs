use crate::plan::{Outcome, Plan};
use crate::units::Money;

/// What a plan comes to, in half a sentence without markup: `the monthly cost rises by $18.00 (+129 %) to $32.00`.
pub(super) fn verdict(plan: &Plan) -> String {
    let at_least = if plan.cost.complete { "" } else { "at least " };
    let (Some(now), Some(then)) = (plan.cost.current_monthly, plan.cost.target_monthly) else {
        return match plan.outcome {
            Outcome::NoChange => "nothing to change; the monthly cost is unknown".to_owned(),
            Outcome::Blocked => "blocked by the policy, or nothing fits; the monthly cost is unknown".to_owned(),
            Outcome::Changes => "what the monthly cost becomes is unknown".to_owned(),
        };
    };
    match plan.outcome {
        Outcome::NoChange => format!("nothing to change, {at_least}{then} a month"),
        Outcome::Blocked => format!("blocked by the policy, or nothing fits; today it costs {at_least}{now} a month"),
        Outcome::Changes if now == then => format!("the monthly cost stays at {at_least}{then}"),
        Outcome::Changes if then > now => {
            format!("the monthly cost rises by {}{} to {at_least}{then}", then - now, share(now, then))
        }
        Outcome::Changes => format!("the monthly cost falls by {}{} to {at_least}{then}", now - then, share(now, then)),
    }
}

/// ` (+129 %)`; from nothing there is no percentage.
fn share(now: Money, then: Money) -> String {
    if now == Money::ZERO {
        return String::new();
    }
    format!(" ({:+.0} %)", (then.as_f64() / now.as_f64() - 1.0) * 100.0)
}
