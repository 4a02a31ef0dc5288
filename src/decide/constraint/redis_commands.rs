use super::{Candidate, Context, Verdict, assumed, measured};

/// Commands a month, against the offer's allowance. An idle Celery worker alone sends four million.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    #[allow(clippy::cast_precision_loss)]
    let limit = candidate.redis?.offer.commands_per_month? as f64;
    let evidence = context.usage.redis_commands.as_ref().map_or_else(
        || format!("{} polling workers at rest, 95 commands a minute each", context.polling_workers),
        |commands| format!("{} x 30.4 days", commands.evidence),
    );
    match context.redis_commands() {
        Some(used) => Some(measured("redis-commands", "redis", (used, limit), "commands/month", vec![evidence])),
        None => Some(assumed(
            "redis-commands",
            "redis",
            true,
            "redis.commands_per_day is unknown; the allowance may not do",
        )),
    }
}
