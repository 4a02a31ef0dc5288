use super::{Candidate, Context, Verdict, stated};

/// A standby needs a plan that can have one: Render asks for one core at least.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.database?.offer;
    let today = context.current_database.as_ref().is_some_and(|database| database.high_availability);
    if !context.inputs.policy.database.high_availability && !today {
        return None;
    }
    let sentence =
        if offer.high_availability { "a standby can be added" } else { "a standby is wanted and it can have none" };
    Some(stated("high-availability", "database", offer.high_availability, sentence))
}
