use super::{Candidate, Context, Verdict, assumed, measured};

/// Stored data at the end of the horizon, against the storage less headroom; in GB, as the storage is sold.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let database = candidate.database?;
    let limit = f64::from(database.disk_gb) * context.inputs.policy.headroom.storage.value();
    let Some(size) = &context.usage.database_size else {
        let today = context
            .current_database
            .as_ref()
            .and_then(|one| one.disk_gb)
            .filter(|_| context.current_database_offer.is_some_and(|offer| offer.included_storage.is_none()));
        let fits = today.is_none_or(|today| database.disk_gb >= today);
        return Some(assumed("storage", "database", fits, "database.size is unknown; no less than today's storage"));
    };
    let used = context.stored_at_horizon()? / 1e9;
    let mut evidence = vec![size.evidence.clone()];
    match &context.usage.database_growth {
        Some(growth) => {
            evidence.push(format!("{} over {}", growth.evidence, context.inputs.policy.growth.horizon));
        }
        None => evidence.push("database.growth_per_day is unknown, so none is counted".to_owned()),
    }
    Some(measured("storage", "database", (used, limit), "GB", evidence))
}
