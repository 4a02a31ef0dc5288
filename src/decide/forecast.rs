use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::Cost;
use super::measured::verdicts;
use super::search::{Market, Selection, select};
use super::usage::Observed;
use super::{Context, Inputs, Usage};
use crate::capacity::{Crossing, Trend};
use crate::units::Money;

/// The most that a load is multiplied by in the search for the next landing.
const FARTHEST: f64 = 1_000.0;

/// When the target will be outgrown, and what comes then. The JSON contract's `forecast`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// The constraint that will break first; null when none will.
    pub constraint: Option<String>,
    /// The day, when growth is known.
    #[schemars(with = "Option<String>")]
    pub date: Option<Date>,
    /// The day at the faster end of the measured growth.
    #[schemars(with = "Option<String>")]
    pub earliest: Option<Date>,
    /// The day at the slower end; null when it is never reached then.
    #[schemars(with = "Option<String>")]
    pub latest: Option<Date>,
    /// The offer that is due then.
    pub next_offer: Option<String>,
    /// What a month costs then, in all.
    pub next_monthly: Option<Money>,
    /// The multiple of today's load at which that is.
    pub at_load: Option<f64>,
    /// The active users at that load.
    pub at_users: Option<u64>,
    /// What the growth rests on; empty when it is unknown.
    pub evidence: String,
}

/// Finds the next landing: the smallest load at which the decision is another one, and the day on which growth gets
/// there.
#[must_use]
pub(super) fn forecast(
    inputs: &Inputs<'_>,
    usage: &Usage,
    context: &Context<'_>,
    selection: &Selection<'_>,
    cost: &Cost,
) -> Forecast {
    if !selection.impossible.is_empty() {
        return Forecast::default();
    }
    // What is not decided here (other services, other databases) stays as it is.
    let kept = cost.target_monthly.zip(price(selection)).map(|(all, decided)| all - decided);
    let today = offers(selection);
    // One context for every load that is tried: only the figures in it change.
    let mut trial = context.clone();
    let mut at = |factor: f64| {
        trial.usage = usage.scaled_silently(factor);
        let market = Market::of(&trial);
        let selection = select(&trial, &market);
        (offers(&selection), selection)
    };
    let storage = storage_crossing(inputs, context, selection);
    let Some(factor) = first_change(&today, super::measured::horizon_factor(inputs, usage), |factor| at(factor).0)
    else {
        return storage.map_or_else(Forecast::default, |crossing| of_storage(inputs, crossing, selection, kept));
    };
    let crossing = usage.growth.as_ref().and_then(|growth| load_crossing(growth, factor));
    if let Some(storage) = storage
        && crossing.is_none_or(|load| storage.days < load.days)
        && storage.days < 3_650.0
        && (crossing.is_some() || usage.growth.is_none() && storage.days < 365.0)
    {
        return of_storage(inputs, storage, selection, kept);
    }
    let (_, next) = at(factor * 1.001);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let users = usage.active_users.as_ref().map(|users| (users.value * factor).floor() as u64);
    let broken = breaking(context, usage, selection, factor * 1.001);
    Forecast {
        constraint: broken,
        date: crossing.and_then(|crossing| day(inputs, crossing.days)),
        earliest: crossing.filter(|_| has_spread(usage)).and_then(|crossing| day(inputs, crossing.earliest)),
        latest: crossing.filter(|_| has_spread(usage)).and_then(|crossing| day(inputs, crossing.latest?)),
        next_offer: changed_offer(selection, &next),
        next_monthly: price(&next).zip(kept).map(|(price, kept)| price + kept),
        at_load: Some((factor * 1_000.0).round() / 1_000.0),
        at_users: users,
        evidence: usage.growth.as_ref().map_or_else(String::new, |growth| growth.evidence.clone()),
    }
}

/// Bisects for the smallest load above `from` at which the chosen offers differ; `None` when they never do.
fn first_change(today: &[String], from: f64, mut at: impl FnMut(f64) -> Vec<String>) -> Option<f64> {
    let mut low = from;
    let mut high = from;
    while high < FARTHEST {
        high *= 2.0;
        if at(high) != today {
            break;
        }
        low = high;
    }
    if high >= FARTHEST {
        return None;
    }
    for _ in 0..10 {
        let middle = f64::midpoint(low, high);
        if at(middle) == today { low = middle } else { high = middle }
    }
    Some(high)
}

/// The constraint that today's choice breaks at a load.
fn breaking(context: &Context<'_>, usage: &Usage, selection: &Selection<'_>, factor: f64) -> Option<String> {
    let context = Context { usage: usage.scaled_silently(factor), ..context.clone() };
    let broken = verdicts(&context, selection).into_iter().filter(|verdict| !verdict.fits);
    broken
        .max_by(|a, b| a.ratio().total_cmp(&b.ratio()))
        .map(|verdict| verdict.constraint.into_owned())
        // Nothing breaks: another offer is only cheaper there (a price by use overtakes a flat one).
        .or_else(|| Some("price".to_owned()))
}

fn load_crossing(growth: &Observed<Trend>, factor: f64) -> Option<Crossing> {
    let trend = growth.value;
    if trend.points == 0 {
        return (trend.slope > 0.0).then(|| {
            let days = factor.ln() / trend.slope.ln_1p();
            Crossing { days, earliest: days, latest: Some(days) }
        });
    }
    trend.crossing(1.0, factor)
}

/// When the stored data reach the storage less headroom.
fn storage_crossing(inputs: &Inputs<'_>, context: &Context<'_>, selection: &Selection<'_>) -> Option<Crossing> {
    let database = selection.database.as_ref()?;
    let size = context.measured.database_size.as_ref()?.value.as_f64();
    let growth = context.measured.database_growth.as_ref()?.value;
    let limit = f64::from(database.disk_gb) * 1e9 * inputs.policy.headroom.storage.value();
    Trend::stated(growth).crossing(size, limit)
}

fn of_storage(inputs: &Inputs<'_>, crossing: Crossing, selection: &Selection<'_>, kept: Option<Money>) -> Forecast {
    let database = selection.database.as_ref();
    let larger = database.map(|database| crate::catalog::next_valid_postgres_disk(database.disk_gb + 1));
    let step = database.zip(larger).map_or(Money::ZERO, |(database, larger)| {
        inputs.catalog.rates.postgres_storage_per_gb_month * u64::from(larger - database.disk_gb)
    });
    Forecast {
        constraint: Some("storage".to_owned()),
        date: day(inputs, crossing.days),
        earliest: None,
        latest: None,
        next_offer: database.zip(larger).map(|(database, larger)| format!("{} + {larger} GB", database.offer.id)),
        next_monthly: price(selection).zip(kept).map(|(price, kept)| price + step + kept),
        at_load: None,
        at_users: None,
        evidence: "database.growth_per_day".to_owned(),
    }
}

fn has_spread(usage: &Usage) -> bool {
    usage.growth.as_ref().is_some_and(|growth| growth.value.points > 2)
}

fn day(inputs: &Inputs<'_>, days: f64) -> Option<Date> {
    if !(0.0..=36_500.0).contains(&days) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)]
    inputs.today().checked_add(jiff::Span::new().days(days.floor() as i64)).ok()
}

/// The chosen offers, as one comparable value; storage sizes are not part of it, because they follow from the data.
fn offers(selection: &Selection<'_>) -> Vec<String> {
    let web = selection.web.as_ref().map(super::candidate::WebCandidate::label);
    let database = selection.database.as_ref().map(|database| database.offer.id.clone());
    let redis = selection.redis.as_ref().map(|redis| format!("{} {}", redis.offer.provider.name(), redis.offer.id));
    [web, database, redis].into_iter().flatten().collect()
}

fn changed_offer(now: &Selection<'_>, next: &Selection<'_>) -> Option<String> {
    let before = offers(now);
    let changed: Vec<String> = offers(next).into_iter().filter(|offer| !before.contains(offer)).collect();
    (!changed.is_empty()).then(|| changed.join(", "))
}

fn price(selection: &Selection<'_>) -> Option<Money> {
    if !selection.impossible.is_empty() {
        return None;
    }
    let web = selection.web.as_ref().map_or(Some(Money::ZERO), |web| web.monthly)?;
    let database = selection.database.as_ref().map_or(Some(Money::ZERO), |database| database.monthly)?;
    let redis = selection.redis.as_ref().map_or(Some(Money::ZERO), |redis| redis.monthly)?;
    Some(web + database + redis)
}
