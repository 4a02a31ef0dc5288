use super::{Candidate, Context, Verdict, assumed, measured};

/// Data in Redis, against the memory that the offer leaves to data, less headroom.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.redis?.offer;
    let have = offer.usable_memory.or(offer.memory)?;
    if let Some(memory) = &context.usage.redis_memory {
        let limit = have.scaled(context.inputs.policy.headroom.memory.value()).as_f64();
        return Some(measured(
            "redis-memory",
            "redis",
            (memory.value.as_f64(), limit),
            "bytes",
            vec![memory.evidence.clone()],
        ));
    }
    let had = context.measured_redis_offer.and_then(|current| current.usable_memory.or(current.memory));
    let fits = had.is_none_or(|had| have >= had);
    Some(assumed("redis-memory", "redis", fits, "redis.memory is unknown; no less than today's"))
}
