use super::{Candidate, Context, Verdict, measured, stated};
use crate::catalog::OneWay;

/// Offers that cannot be reached from what runs today: a free database after a paid one, a smaller Key Value plan, less
/// storage.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    database(candidate, context).or_else(|| redis(candidate, context))
}

fn database(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let (wanted, current) = (candidate.database?.offer, context.current_database_offer?);
    if wanted.id == current.id {
        return None;
    }
    if wanted.one_way.contains(&OneWay::NoReturn) {
        let sentence = format!("from `{}` there is no way back to it", current.id);
        return Some(stated("one-way", "database", false, sentence));
    }
    if !wanted.creatable {
        return Some(stated("one-way", "database", false, "it is not sold any more"));
    }
    None
}

fn redis(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let (wanted, current) = (candidate.redis?.offer, context.current_redis_offer?);
    if wanted.provider != current.provider || !current.one_way.contains(&OneWay::NoDowngrade) {
        return None;
    }
    let (now, then) = (current.memory?, wanted.memory?);
    (then < now).then(|| {
        let sentence = format!("a Key Value plan cannot be lowered from `{}`", current.id);
        measured("one-way", "redis", (now.as_f64(), then.as_f64()), "bytes", vec![sentence])
    })
}
