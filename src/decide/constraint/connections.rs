use super::{Candidate, Context, Verdict, measured};
use crate::capacity::ConnectionDemand;

/// Database connections in the middle of a deploy: (instances x workers x pool + other services) x 2 + reserved, and
/// never less than what was measured, against the plan's limit less headroom.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let (web, database) = (candidate.web?, candidate.database?);
    let limit = f64::from(database.offer.max_connections?) * context.inputs.policy.headroom.connections.value();
    let demand = demand(candidate, context)?;
    let computed = f64::from(demand.peak());
    let sum = format!(
        "instances x workers x pool: {} x {} x ({} + {}), {} of other services, all twice during a deploy, and {} reserved",
        demand.instances, demand.workers, demand.pool_size, demand.max_overflow, demand.others, demand.reserved
    );
    let mut evidence = vec![sum, context.pool_evidence.clone()];
    let used = match &context.usage.connections_peak {
        Some(peak) if peak.value > computed => {
            evidence.push(format!("more were measured: {}", peak.evidence));
            peak.value
        }
        _ => computed,
    };
    let _ = web;
    Some(measured("connections", "database", (used, limit), "connections", evidence))
}

/// The connections that a candidate's web service may open.
pub(crate) fn demand(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<ConnectionDemand> {
    let web = candidate.web?;
    let pool_size = if context.keeps_connection_per_thread() { web.choice.threads } else { context.pool.size };
    Some(ConnectionDemand {
        instances: context.current_web.as_ref().and_then(|web| web.scaling).map_or(web.instances, |(_, most)| most),
        workers: web.choice.workers,
        pool_size,
        max_overflow: context.pool.overflow,
        others: context.other_connections,
        reserved: context.inputs.policy.database.reserved_connections,
    })
}
