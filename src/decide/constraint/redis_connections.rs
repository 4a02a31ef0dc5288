use super::{Candidate, Context, Verdict, measured};

/// Connections to Redis in the middle of a deploy, against the offer's limit less headroom.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let limit = f64::from(candidate.redis?.offer.max_connections?) * context.inputs.policy.headroom.connections.value();
    let peak = context.usage.redis_connections.as_ref()?;
    let evidence = vec![format!("{}, twice during a deploy", peak.evidence)];
    Some(measured("redis-connections", "redis", (peak.value * 2.0, limit), "connections", evidence))
}
