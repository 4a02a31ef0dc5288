use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::current::Current;
use super::target::Target;
use super::{Context, redis_price};
use crate::catalog::{Component, Offer, Provider};
use crate::units::Money;

/// What a month costs, before and after. The JSON contract's `cost`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Always `USD`, as the providers bill.
    pub currency: String,
    /// What runs today; the sum of what is known.
    pub current_monthly: Option<Money>,
    /// The target; the sum of what is known.
    pub target_monthly: Option<Money>,
    /// Whether every price in both sums is known.
    pub complete: bool,
    /// One line for each component.
    pub lines: Vec<CostLine>,
}

/// The cost of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostLine {
    /// The component's name.
    pub component: String,
    /// `web`, `worker`, `database`, `redis`...
    pub kind: String,
    /// The offer of today, with instances and storage; null when there is none.
    pub current_offer: Option<String>,
    /// What it costs today; null when unknown or when there is none.
    pub current_monthly: Option<Money>,
    /// The offer of the target, with instances and storage.
    pub offer: String,
    /// What it costs then; null when unknown.
    pub monthly: Option<Money>,
    /// Where the price comes from.
    pub source: String,
    /// The day on which it was true.
    #[schemars(with = "Option<String>")]
    pub as_of: Option<Date>,
}

/// A component as the cost sees it.
struct Item<'a> {
    name: String,
    kind: String,
    label: String,
    monthly: Option<Money>,
    offer: Option<&'a Offer>,
}

/// Prices today's state and the target.
#[must_use]
pub(super) fn cost(context: &Context<'_>, current: &Current, target: &Target) -> Cost {
    let before = items_of_current(context, current);
    let after = items_of_target(context, current, target);
    let mut lines: Vec<CostLine> = after
        .iter()
        .map(|item| {
            let today = before.iter().find(|other| other.name == item.name && other.kind == item.kind);
            CostLine {
                component: item.name.clone(),
                kind: item.kind.clone(),
                current_offer: today.map(|today| today.label.clone()),
                current_monthly: today.and_then(|today| today.monthly),
                offer: item.label.clone(),
                monthly: item.monthly,
                source: item.offer.map_or_else(String::new, |offer| offer.source.clone()),
                as_of: item.offer.map(|offer| offer.as_of),
            }
        })
        .collect();
    for gone in
        before.iter().filter(|item| after.iter().all(|other| other.name != item.name || other.kind != item.kind))
    {
        lines.push(CostLine {
            component: gone.name.clone(),
            kind: gone.kind.clone(),
            current_offer: Some(gone.label.clone()),
            current_monthly: gone.monthly,
            offer: "removed".to_owned(),
            monthly: Some(Money::ZERO),
            source: gone.offer.map_or_else(String::new, |offer| offer.source.clone()),
            as_of: gone.offer.map(|offer| offer.as_of),
        });
    }
    let sum = |items: &[Item<'_>]| items.iter().filter_map(|item| item.monthly).sum::<Money>();
    Cost {
        currency: "USD".to_owned(),
        current_monthly: Some(sum(&before)),
        target_monthly: Some(sum(&after)),
        complete: before.iter().chain(&after).all(|item| item.monthly.is_some()),
        lines,
    }
}

fn items_of_current<'a>(context: &Context<'a>, current: &Current) -> Vec<Item<'a>> {
    let services = current.services.iter().map(|one| {
        service_item(
            context,
            &one.name,
            &one.kind,
            one.offer.as_deref(),
            one.plan.as_deref(),
            one.instances,
            one.disk_gb,
        )
    });
    let databases = current.databases.iter().map(|one| {
        let extra = u64::from(one.high_availability) + u64::from(one.read_replicas);
        database_item(context, &one.name, one.offer.as_deref(), one.plan.as_deref(), one.disk_gb, 1 + extra)
    });
    let redis = current.redis.iter().map(|one| redis_item(context, &one.name, one.provider, one.offer.as_deref()));
    services.chain(databases).chain(redis).collect()
}

fn items_of_target<'a>(context: &Context<'a>, current: &Current, target: &Target) -> Vec<Item<'a>> {
    let services = target.services.iter().map(|one| {
        let today = current.services.iter().find(|other| other.name == one.name);
        let disk = today.and_then(|today| today.disk_gb);
        let plan = today.and_then(|today| today.plan.as_deref());
        service_item(context, &one.name, &one.kind, one.offer.as_deref(), plan, one.instances, disk)
    });
    let standby = u64::from(context.inputs.policy.database.high_availability);
    let databases = target.databases.iter().map(|one| {
        let today = current.databases.iter().find(|other| other.name == one.name);
        let is_main = context.current_database.as_ref().is_none_or(|main| main.name == one.name);
        let extra = today.map_or(standby, |today| {
            u64::from(today.high_availability).max(if is_main { standby } else { 0 }) + u64::from(today.read_replicas)
        });
        database_item(
            context,
            &one.name,
            one.offer.as_deref(),
            today.and_then(|t| t.plan.as_deref()),
            one.disk_gb,
            1 + extra,
        )
    });
    let redis = target.redis.iter().map(|one| redis_item(context, &one.name, one.provider, one.offer.as_deref()));
    services.chain(databases).chain(redis).collect()
}

fn service_item<'a>(
    context: &Context<'a>,
    name: &str,
    kind: &str,
    id: Option<&str>,
    plan: Option<&str>,
    instances: u32,
    disk_gb: Option<u32>,
) -> Item<'a> {
    let catalog = context.inputs.catalog;
    let component = if kind == "cron" { Component::Cron } else { Component::Compute };
    let offer = id.and_then(|id| catalog.find(Provider::Render, component, id));
    let disk = disk_gb.map_or(Money::ZERO, |gb| catalog.rates.disk_per_gb_month * u64::from(gb));
    let monthly = if kind == "static" {
        // Static sites cost nothing on Render; their traffic is the workspace's.
        Some(Money::ZERO)
    } else {
        offer.and_then(|offer| offer.monthly).map(|price| price * u64::from(instances) + disk)
    };
    let mut label = id.or(plan).unwrap_or(if kind == "static" { "static" } else { "unknown" }).to_owned();
    if instances > 1 {
        label.push_str(&format!(" x {instances}"));
    }
    if let Some(gb) = disk_gb {
        label.push_str(&format!(" + {gb} GB disk"));
    }
    Item { name: name.to_owned(), kind: kind.to_owned(), label, monthly, offer }
}

fn database_item<'a>(
    context: &Context<'a>,
    name: &str,
    id: Option<&str>,
    plan: Option<&str>,
    disk_gb: Option<u32>,
    instances: u64,
) -> Item<'a> {
    let catalog = context.inputs.catalog;
    let offer = id.and_then(|id| catalog.find(Provider::Render, Component::Postgres, id));
    let included = offer.is_some_and(|offer| offer.included_storage.is_some());
    let storage = if included {
        Some(Money::ZERO)
    } else {
        disk_gb.map(|gb| catalog.rates.postgres_storage_per_gb_month * u64::from(gb))
    };
    let monthly =
        offer.and_then(|offer| offer.monthly).zip(storage).map(|(price, storage)| (price + storage) * instances);
    let mut label = id.or(plan).unwrap_or("unknown").to_owned();
    if let Some(gb) = disk_gb.filter(|_| !included) {
        label.push_str(&format!(" + {gb} GB"));
    }
    if instances > 1 {
        label.push_str(&format!(" x {instances}"));
    }
    Item { name: name.to_owned(), kind: "database".to_owned(), label, monthly, offer }
}

fn redis_item<'a>(context: &Context<'a>, name: &str, provider: Provider, id: Option<&str>) -> Item<'a> {
    let offer = id.and_then(|id| context.inputs.catalog.find(provider, Component::Redis, id));
    let monthly = offer.and_then(|offer| redis_price(context, offer));
    let label = format!("{} {}", provider.name(), id.unwrap_or("unknown"));
    Item { name: name.to_owned(), kind: "redis".to_owned(), label, monthly, offer }
}
