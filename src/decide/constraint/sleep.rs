use super::{Candidate, Context, Verdict, stated};

/// A free Render web service sleeps after 15 minutes without a request and needs about a minute to wake, which no
/// promise about latency survives.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let after = candidate.web?.offer.sleeps_after?;
    let policy = context.inputs.policy;
    let today = context.inputs.today();
    let waived = policy.waiver.iter().find(|waiver| waiver.rule == "free-web-sleeps" && waiver.expires >= today);
    if let Some(waiver) = waived {
        let sentence = format!("it sleeps after {after} without a request; accepted by {}", waiver.owner);
        return Some(stated("sleep", "web", true, sentence));
    }
    match (policy.service_level.may_sleep, policy.service_level.p95) {
        (Some(true), _) => {
            let sentence = format!("it sleeps after {after} without a request, which service_level.may_sleep allows");
            Some(stated("sleep", "web", true, sentence))
        }
        (Some(false), _) => {
            let sentence = format!("it sleeps after {after} without a request; service_level.may_sleep forbids that");
            Some(stated("sleep", "web", false, sentence))
        }
        (None, Some(p95)) => {
            let sentence = format!(
                "it sleeps after {after} without a request and wakes in about a minute, against a p95 of {p95}"
            );
            Some(stated("sleep", "web", false, sentence))
        }
        (None, None) => {
            let sentence = format!("it sleeps after {after} without a request; no service level forbids that");
            Some(stated("sleep", "web", true, sentence))
        }
    }
}
