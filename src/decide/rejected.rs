use super::Context;
use super::candidate::WebCandidate;
use super::constraint::worst_failure;
use super::search::{Market, Selection, of_redis, of_web, reject_database, reject_redis, reject_web};
use super::verdict::Rejected;
use crate::catalog::Offer;
use crate::units::Money;

/// Each offer that costs less than the chosen one, with the one constraint that rejects it; and each offer of unknown
/// price that fits and might cost less.
#[must_use]
pub(super) fn rejections(context: &Context<'_>, market: &Market<'_>, selection: &Selection<'_>) -> Vec<Rejected> {
    let mut list = web(context, market, selection);
    let chosen = selection.database.as_ref();
    for database in &market.database {
        let cheaper = is_cheaper(database.monthly, chosen.map(|chosen| chosen.monthly));
        let unknown =
            database.monthly.is_none() && chosen.is_some_and(|chosen| !dominates(database.offer, chosen.offer));
        if cheaper || unknown {
            let found = reject_database(database, selection.web.as_ref(), context);
            list.extend(found.filter(|found| cheaper || found.constraint == "price"));
        }
    }
    let chosen = selection.redis.as_ref();
    for redis in &market.redis {
        let unknown = redis.monthly.is_none()
            && worst_failure(&of_redis(redis), context).is_some_and(|verdict| verdict.constraint == "price");
        if is_cheaper(redis.monthly, chosen.map(|chosen| chosen.monthly)) || unknown {
            list.extend(reject_redis(redis, context));
        }
    }
    list
}

/// The same for a ladder, which takes an offer whatever else would do: what no constraint rejects is rejected by the
/// stage alone, and says so.
#[must_use]
pub(crate) fn rejections_by_stage<'a>(
    context: &Context<'a>,
    market: &Market<'a>,
    selection: &Selection<'a>,
    stage: &str,
) -> Vec<Rejected> {
    let mut list = rejections(context, market, selection);
    let web = selection.web.as_ref().map(|chosen| chosen.monthly);
    let database = selection.database.as_ref().map(|chosen| chosen.monthly);
    let webs = market.web.iter().filter(|one| one.instances == context.inputs.policy.web.min_instances);
    let cheaper = webs
        .filter(|one| is_cheaper(one.monthly, web))
        .map(|one| ("web", one.label(), one.offer.provider, one.monthly))
        .chain(market.database.iter().filter(|one| is_cheaper(one.monthly, database)).map(|one| {
            ("database", format!("{} + {} GB", one.offer.id, one.disk_gb), one.offer.provider, one.monthly)
        }));
    for (component, offer, provider, monthly) in cheaper {
        if list.iter().all(|known| known.component != component || known.offer != offer) {
            list.push(Rejected {
                component: component.to_owned(),
                offer,
                provider: provider.name().to_owned(),
                monthly,
                constraint: "stage".to_owned(),
                used: None,
                limit: None,
                unit: String::new(),
                evidence: vec![format!(
                    "the stage `{stage}` takes a larger one; no measurement rejects this one, and `decide = \"measured\"` might take it"
                )],
            });
        }
    }
    list
}

/// One line for each offer, with the number of instances that comes nearest to fitting.
fn web<'a>(context: &Context<'a>, market: &Market<'a>, selection: &Selection<'a>) -> Vec<Rejected> {
    let chosen = selection.web.as_ref();
    let mut list: Vec<(f64, &Offer, Rejected)> = Vec::new();
    for web in &market.web {
        let cheaper = is_cheaper(web.monthly, chosen.map(|chosen| chosen.monthly));
        if !cheaper && !might_be_cheaper(web, chosen, context) {
            continue;
        }
        let Some(found) = reject_web(web, selection.database.as_ref(), context) else { continue };
        let excess = worst_failure(&of_web(web), context).map_or(0.0, |verdict| verdict.ratio());
        match list.iter_mut().find(|(_, offer, _)| offer.id == web.offer.id) {
            Some(known) if excess < known.0 => *known = (excess, web.offer, found),
            Some(_) => {}
            None => list.push((excess, web.offer, found)),
        }
    }
    list.into_iter().map(|(_, _, rejected)| rejected).collect()
}

/// An offer of unknown price that fits otherwise, on one instance, and is not simply larger than the chosen one.
fn might_be_cheaper(web: &WebCandidate<'_>, chosen: Option<&WebCandidate<'_>>, context: &Context<'_>) -> bool {
    web.monthly.is_none()
        && web.instances == context.inputs.policy.web.min_instances
        && chosen.is_some_and(|chosen| !dominates(web.offer, chosen.offer))
        && worst_failure(&of_web(web), context).is_some_and(|verdict| verdict.constraint == "price")
}

fn is_cheaper(price: Option<Money>, chosen: Option<Option<Money>>) -> bool {
    match (price, chosen) {
        (Some(price), Some(Some(chosen))) => price < chosen,
        (Some(_), None) => true,
        _ => false,
    }
}

/// Whether an offer has no less of anything than another: it will not be cheaper.
fn dominates(offer: &Offer, other: &Offer) -> bool {
    offer.cpu >= other.cpu && offer.memory >= other.memory
}
