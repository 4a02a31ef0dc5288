use super::{Candidate, Context, Verdict, stated};

/// Sessions, queues, locks and idempotency keys must survive a restart; a cache need not.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.redis?.offer;
    let lasting: Vec<&str> =
        context.redis_roles.iter().filter(|role| !role.may_be_evicted()).map(|role| role.name()).collect();
    let persistent = offer.persistence?;
    if lasting.is_empty() || persistent {
        return Some(stated("durability", "redis", true, "its data survives a restart, or need not"));
    }
    let sentence = format!("it loses its data on a restart, and it holds {}", lasting.join(", "));
    Some(stated("durability", "redis", false, sentence))
}
