use super::{Candidate, Context, Verdict, stated};

/// Offers that the policy rules out by name.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let policy = context.inputs.policy;
    if let Some(web) = candidate.web
        && policy.web.forbid_offers.iter().any(|name| web.offer.is_named(name))
    {
        return Some(stated("forbidden", "web", false, "web.forbid_offers (palier.toml) rules it out"));
    }
    if let Some(database) = candidate.database
        && policy.database.forbid_offers.iter().any(|name| database.offer.is_named(name))
    {
        return Some(stated("forbidden", "database", false, "database.forbid_offers (palier.toml) rules it out"));
    }
    None
}
