use super::{Candidate, Context, Verdict, stated};

/// A free Render database ends 30 days after it was made, and is deleted 14 days later (Render's documentation, "Free").
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.database?.offer;
    let expires = offer.expires_after?;
    let policy = context.inputs.policy;
    let waived = policy
        .waiver
        .iter()
        .find(|waiver| waiver.rule == "free-database-expires" && waiver.expires >= context.inputs.today());
    if let Some(waiver) = waived {
        let sentence = format!("it ends after {expires}; accepted by {} until {}", waiver.owner, waiver.expires);
        return Some(stated("expiry", "database", true, sentence));
    }
    if policy.database.may_expire {
        return Some(stated(
            "expiry",
            "database",
            true,
            format!("it ends after {expires}, which database.may_expire allows"),
        ));
    }
    let sentence = format!("it is deleted after {expires} (and 14 days of grace), with its data and without a backup");
    Some(stated("expiry", "database", false, sentence))
}
