use super::{Candidate, Context, Verdict, assumed, stated};

/// Below this share of reads answered from memory, the database lives on its disk. palier's own line: one read in ten.
const LEAST_HIT_RATIO: f64 = 0.90;

/// Memory of the database: whether the data that is read fits into it shows in the cache hit ratio alone, so an offer
/// with less memory than today's is never taken on faith.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.database?.offer;
    let have = offer.memory?;
    let Some(had) = context.measured_database_offer.and_then(|current| current.memory) else {
        return Some(stated(
            "cache",
            "database",
            true,
            "no database runs today, so its memory is not known to be short",
        ));
    };
    // All data in memory, with room for connections and the server itself: no hit ratio can be bad.
    if let Some(stored) = context.stored_at_horizon().filter(|stored| *stored <= have.as_f64() / 4.0) {
        let sentence = format!("all {} of data fit into a quarter of {have}", bytes(stored));
        return Some(stated("cache", "database", true, sentence));
    }
    match &context.usage.cache_hit_ratio {
        Some(ratio) if ratio.value < LEAST_HIT_RATIO => {
            let sentence =
                format!("only {:.1} % of reads come from today's {had}: {}", ratio.value * 100.0, ratio.evidence);
            Some(stated("cache", "database", have > had, sentence))
        }
        Some(ratio) => {
            let sentence = format!("{:.1} % of reads come from today's {had}: {}", ratio.value * 100.0, ratio.evidence);
            Some(stated("cache", "database", have >= had, sentence))
        }
        None => {
            let sentence = format!("database.cache_hit_ratio is unknown; today's {had} carries it");
            Some(assumed("cache", "database", have >= had, sentence))
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn bytes(value: f64) -> crate::units::Bytes {
    crate::units::Bytes(value.max(0.0) as u64)
}
