//! The catalog's files: each is groups of offers that share a date, a source and other facts, so that a row says only
//! what is its own.

use serde::Deserialize;

use super::day::Day;
use super::rates::{RawRates, Workspace};
use super::{Catalog, Component, Ladder, Metered, Offer, OneWay, Provider};
use crate::units::{Bytes, Duration, Money};

/// Hours of a month, as AWS counts them.
const HOURS_PER_MONTH: u64 = 730;

/// A file of the catalog says something that palier cannot use.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It is not TOML of the right form.
    #[error("the catalog file `{path}` cannot be read: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong, with its line.
        reason: String,
    },
    /// An offer lacks something, or contradicts another.
    #[error("the catalog file `{path}`, offer `{offer}`: {reason}")]
    Offer {
        /// The file.
        path: String,
        /// The offer's id.
        offer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A ladder names an offer that there is none of, or its stages are out of order.
    #[error("the ladder `{ladder}`, stage `{stage}`: {reason}")]
    Stage {
        /// The ladder.
        ladder: String,
        /// The stage.
        stage: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    provider: Provider,
    #[serde(default, rename = "group")]
    groups: Vec<RawGroup>,
    rates: Option<RawRates>,
    #[serde(default, rename = "workspace")]
    workspaces: Vec<Workspace>,
}

/// Facts that the offers of the group share, and the offers. The fields of [`RawOffer`] cannot be flattened in here:
/// serde does not look for unknown names then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    component: Component,
    as_of: Day,
    source: String,
    #[serde(default = "yes")]
    creatable: bool,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    one_way: Vec<OneWay>,
    #[serde(default)]
    notes: Vec<String>,
    engine: Option<String>,
    persistence: Option<bool>,
    max_connections: Option<u32>,
    commands_per_second: Option<u64>,
    default_storage_gb: Option<u32>,
    max_storage_gb: Option<u32>,
    #[serde(default)]
    high_availability: bool,
    #[serde(default)]
    private_network_only: bool,
    offers: Vec<RawOffer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffer {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    cpu: Option<f64>,
    memory: Option<Bytes>,
    usable_memory: Option<Bytes>,
    monthly: Option<Money>,
    metered: Option<Metered>,
    max_connections: Option<u32>,
    included_storage: Option<Bytes>,
    default_storage_gb: Option<u32>,
    max_storage_gb: Option<u32>,
    high_availability: Option<bool>,
    persistence: Option<bool>,
    commands_per_month: Option<u64>,
    commands_per_second: Option<u64>,
    bandwidth: Option<Bytes>,
    expires_after: Option<Duration>,
    sleeps_after: Option<Duration>,
    engine: Option<String>,
    #[serde(default)]
    one_per_account: bool,
    regions: Option<Vec<String>>,
    one_way: Option<Vec<OneWay>>,
    #[serde(default)]
    notes: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// Reads one file of offers into the catalog.
pub(super) fn add_offers(catalog: &mut Catalog, path: &str, text: &str) -> Result<(), CatalogError> {
    let malformed = |reason: String| CatalogError::Malformed { path: path.to_owned(), reason };
    let file: RawFile = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
    for mut group in file.groups {
        for raw in std::mem::take(&mut group.offers) {
            let offer = offer(file.provider, &group, raw);
            check_offer(catalog, &offer).map_err(|reason| CatalogError::Offer {
                path: path.to_owned(),
                offer: offer.id.clone(),
                reason,
            })?;
            catalog.offers.push(offer);
        }
    }
    if let Some(rates) = file.rates {
        rates.add_to(&mut catalog.rates).map_err(|reason| malformed(reason.to_owned()))?;
    }
    catalog.rates.workspaces.extend(file.workspaces);
    Ok(())
}

fn offer(provider: Provider, group: &RawGroup, raw: RawOffer) -> Offer {
    let per_hour = raw.metered.as_ref().and_then(|metered| metered.per_hour);
    let mut notes = raw.notes;
    notes.extend(group.notes.iter().cloned());
    Offer {
        provider,
        component: group.component,
        id: raw.id,
        aliases: raw.aliases,
        creatable: group.creatable,
        cpu: raw.cpu,
        memory: raw.memory,
        usable_memory: raw.usable_memory.or(raw.memory),
        // A node runs all month, so its price by the hour is a price by the month.
        monthly: raw.monthly.or_else(|| per_hour.map(|price| price * HOURS_PER_MONTH)),
        metered: raw.metered,
        kinds: group.kinds.clone(),
        max_connections: raw.max_connections.or(group.max_connections),
        included_storage: raw.included_storage,
        default_storage_gb: raw.default_storage_gb.or(group.default_storage_gb),
        max_storage_gb: raw.max_storage_gb.or(group.max_storage_gb),
        high_availability: raw.high_availability.unwrap_or(group.high_availability),
        persistence: raw.persistence.or(group.persistence),
        commands_per_month: raw.commands_per_month,
        commands_per_second: raw.commands_per_second.or(group.commands_per_second),
        bandwidth: raw.bandwidth,
        expires_after: raw.expires_after,
        sleeps_after: raw.sleeps_after,
        engine: raw.engine.or_else(|| group.engine.clone()),
        private_network_only: group.private_network_only,
        one_per_account: raw.one_per_account,
        regions: raw.regions.unwrap_or_else(|| group.regions.clone()),
        one_way: raw.one_way.unwrap_or_else(|| group.one_way.clone()),
        as_of: group.as_of.0,
        source: group.source.clone(),
        notes,
    }
}

/// Why an offer cannot stand beside those that were read before it.
fn check_offer(catalog: &Catalog, offer: &Offer) -> Result<(), String> {
    if offer.source.trim().is_empty() {
        return Err("it needs a source".to_owned());
    }
    if offer.cpu.is_some_and(|cpu| !cpu.is_finite() || cpu <= 0.0) {
        return Err("its CPU share must be above zero".to_owned());
    }
    if offer.usable_memory > offer.memory {
        return Err("more of its memory is usable than it has".to_owned());
    }
    let names = std::iter::once(&offer.id).chain(&offer.aliases);
    for name in names {
        if let Some(other) = catalog.find(offer.provider, offer.component, name) {
            return Err(format!("`{name}` already means `{}`", other.id));
        }
    }
    Ok(())
}

/// Reads one ladder into the catalog. The offers must have been read before.
pub(super) fn add_ladder(catalog: &mut Catalog, path: &str, text: &str) -> Result<(), CatalogError> {
    let ladder: Ladder = toml::from_str(text)
        .map_err(|error| CatalogError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
    let mut lowest = 0;
    for stage in &ladder.stages {
        let refuse =
            |reason: String| CatalogError::Stage { ladder: ladder.name.clone(), stage: stage.name.clone(), reason };
        if stage.from_users < lowest || ladder.until_users.is_some_and(|until| stage.from_users >= until) {
            return Err(refuse(
                "the stages must be in the order of their users, and begin before the ladder ends".to_owned(),
            ));
        }
        lowest = stage.from_users;
        check_stage_offers(catalog, stage).map_err(refuse)?;
    }
    catalog.ladders.push(ladder);
    Ok(())
}

fn check_stage_offers(catalog: &Catalog, stage: &super::Stage) -> Result<(), String> {
    let missing = |name: &str| format!("there is no offer `{name}`");
    catalog.find(Provider::Render, Component::Compute, &stage.web).ok_or_else(|| missing(&stage.web))?;
    catalog.find(Provider::Render, Component::Postgres, &stage.database).ok_or_else(|| missing(&stage.database))?;
    if let Some(redis) = &stage.redis {
        let found = redis.split_once('/').and_then(|(provider, id)| {
            catalog.of(Component::Redis).find(|offer| offer.provider.name() == provider && offer.is_named(id))
        });
        found.ok_or_else(|| missing(redis))?;
    }
    Ok(())
}
