use super::{Candidate, Context, Verdict, stated};

/// An offer whose price is unknown never wins.
pub(super) fn judge(candidate: &Candidate<'_, '_>, _: &Context<'_>) -> Option<Verdict> {
    let (component, known) = if let Some(web) = candidate.web {
        ("web", web.monthly.is_some())
    } else if let Some(database) = candidate.database {
        ("database", database.monthly.is_some())
    } else {
        ("redis", candidate.redis?.monthly.is_some())
    };
    (!known).then(|| stated("price", component, false, "its price is not known, so it may be cheaper or not"))
}
