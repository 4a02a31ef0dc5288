//! What a blueprint must say for a state of the plan.

use serde_json::json;

use super::blueprint::changes::{WantedBlueprint, WantedDatabase, WantedService, changes};
use super::blueprint::{Change, WantedEnv, WantedSource};
use crate::catalog::{Catalog, Component, Provider};
use crate::decide::{Current, RedisTarget, Target};
use crate::project::Blueprint;

/// The edits that bring a blueprint to a state. A plan that is named by a legacy name and does not change stays as it
/// is written.
#[must_use]
pub(super) fn edits(
    blueprint: &Blueprint,
    catalog: &Catalog,
    current: &Current,
    state: &Target,
    region: Option<&str>,
) -> Vec<Change> {
    let mut wanted = WantedBlueprint::default();
    for today in &current.services {
        let Some(then) = state.services.iter().find(|one| one.name == today.name) else { continue };
        let known = blueprint.services.iter().find(|one| one.path == today.path);
        let scales = known.is_some_and(|service| service.scaling.is_some());
        wanted.services.push(WantedService {
            path: today.path.clone(),
            plan: then.offer.clone().filter(|_| then.offer != today.offer),
            instances: Some(then.instances).filter(|count| *count != today.instances && !scales),
            start_command: then.start_command.clone().filter(|_| then.start_command != today.start_command),
            ..WantedService::default()
        });
    }
    for today in &current.databases {
        let Some(then) = state.databases.iter().find(|one| one.name == today.name) else { continue };
        let offer = then.offer.as_ref().and_then(|id| catalog.find(Provider::Render, Component::Postgres, id));
        let included = offer.is_some_and(|offer| offer.included_storage.is_some());
        let changes_offer = then.offer != today.offer;
        // A paid plan without a size gets the provider's own (15, 100 or 250 GB), so the size is always written then.
        let states_disk = then.disk_gb != today.disk_gb || changes_offer;
        wanted.databases.push(WantedDatabase {
            path: today.path.clone(),
            plan: then.offer.clone().filter(|_| changes_offer),
            disk_gb: then.disk_gb.filter(|_| states_disk && !included),
            ..WantedDatabase::default()
        });
    }
    for today in &current.redis {
        let Some(then) = state.redis.iter().find(|one| one.name == today.name && one.provider == Provider::Render)
        else {
            continue;
        };
        wanted.services.push(WantedService {
            path: today.path.clone(),
            plan: then.offer.clone().filter(|_| then.offer != today.offer),
            max_memory_policy: then.eviction.clone().filter(|_| then.eviction != today.eviction),
            ..WantedService::default()
        });
    }
    let mut list = changes(blueprint, &wanted);
    list.extend(new_key_values(blueprint, current, state, region));
    list
}

/// Key Value instances that the blueprint does not have yet.
fn new_key_values(blueprint: &Blueprint, current: &Current, state: &Target, region: Option<&str>) -> Vec<Change> {
    let new = state.redis.iter().filter(|redis| {
        redis.provider == Provider::Render && current.redis.iter().all(|today| today.name != redis.name)
    });
    let list = blueprint.services.first().map_or_else(
        || vec!["services".to_owned()],
        // Beside the other services, be that at the top or inside a project's environment.
        |service| service.path[..service.path.len() - 1].to_vec(),
    );
    let region =
        region.map(str::to_owned).or_else(|| blueprint.services.iter().find_map(|service| service.region.clone()));
    new.map(|redis| Change::append(list.clone(), key_value(redis, region.as_deref()))).collect()
}

fn key_value(redis: &RedisTarget, region: Option<&str>) -> serde_json::Value {
    let mut item = json!({ "type": "keyvalue", "name": redis.name });
    if let Some(region) = region {
        item["region"] = region.into();
    }
    if let Some(offer) = &redis.offer {
        item["plan"] = offer.as_str().into();
    }
    if let Some(policy) = &redis.eviction {
        item["maxmemoryPolicy"] = policy.as_str().into();
    }
    // Required; empty means reachable from inside Render alone.
    item["ipAllowList"] = json!([]);
    item
}

/// The variable that a service needs to reach a Redis instance.
#[must_use]
pub(super) fn redis_variable(redis: &RedisTarget, name: &str) -> WantedEnv {
    let source = if redis.provider == Provider::Render {
        WantedSource::Service {
            name: redis.name.clone(),
            kind: "keyvalue".to_owned(),
            property: "connectionString".to_owned(),
        }
    } else {
        // The address of a Redis elsewhere is a secret: Render asks for it once.
        WantedSource::Prompted
    };
    WantedEnv { key: name.to_owned(), source }
}
