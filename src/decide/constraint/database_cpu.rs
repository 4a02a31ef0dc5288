use super::{Candidate, Context, Verdict, assumed, measured};

/// CPU of the database at the peak, against the offer's cores less headroom.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let cores = candidate.database?.offer.cpu?;
    if let Some(peak) = &context.usage.database_cpu {
        let limit = cores * context.inputs.policy.headroom.cpu.value();
        return Some(measured("database-cpu", "database", (peak.value, limit), "cores", vec![peak.evidence.clone()]));
    }
    let today = context.measured_database_offer.and_then(|offer| offer.cpu)?;
    let sentence = format!("database.cpu is unknown; today's {today} cores carry it");
    Some(assumed("database-cpu", "database", cores + 1e-9 >= today, sentence))
}
