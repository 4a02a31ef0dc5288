//! What the catalog says agrees with what it was compiled from, and with itself.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::Path;

use palier::catalog::{Catalog, Component, Offer, OneWay, Provider, postgres_connections};
use palier::units::{Bytes, Money};
use serde_json::Value;

/// The collected facts, which lie beside the repository where they were collected; `None` elsewhere.
fn facts(name: &str) -> Option<Value> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/facts")).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: the collected facts ({name}) are not on this machine");
        return None;
    };
    Some(serde_json::from_str(&text).expect(name))
}

fn catalog() -> Catalog {
    Catalog::embedded().expect("the embedded catalog")
}

fn money(value: &Value) -> Option<Money> {
    value.as_number().map(|number| format!("${number}").parse().expect("a price"))
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().map(|number| u32::try_from(number).expect("small"))
}

fn gigabytes(value: &Value) -> Option<Bytes> {
    value.as_f64().map(|number| format!("{number} GB").parse().expect("a size"))
}

fn offer<'a>(catalog: &'a Catalog, provider: Provider, component: Component, name: &str) -> &'a Offer {
    catalog.find(provider, component, name).unwrap_or_else(|| panic!("no {component:?} offer `{name}`"))
}

#[test]
fn every_render_offer_agrees_with_the_facts() {
    let Some(facts) = facts("render-plans.json") else { return };
    let catalog = catalog();
    let parts = [
        ("web", Component::Compute),
        ("cron", Component::Cron),
        ("postgres", Component::Postgres),
        ("keyvalue", Component::Redis),
    ];
    for (part, component) in parts {
        let rows = facts[part].as_array().expect(part);
        let sold = catalog.of(component).filter(|offer| offer.provider == Provider::Render).count();
        assert_eq!(sold, rows.len(), "{part}: as many offers as facts");
        rows.iter().for_each(|row| render_offer_agrees(&catalog, component, row));
    }
}

fn render_offer_agrees(catalog: &Catalog, component: Component, row: &Value) {
    let id = row["id"].as_str().expect("an id");
    let offer = offer(catalog, Provider::Render, component, id);
    assert_eq!(offer.id, id);
    assert_eq!(offer.monthly, money(&row["price"]), "{id}: price");
    assert_eq!(offer.cpu, row["cpu"].as_f64(), "{id}: CPU");
    assert_eq!(offer.memory, row["ramMb"].as_u64().map(Bytes::mebibytes), "{id}: memory");
    assert_eq!(offer.max_connections, number(&row["maxConnections"]), "{id}: connections");
    assert_eq!(offer.creatable, row["creatable"].as_bool().unwrap_or(true), "{id}: creatable");
    assert_eq!(offer.high_availability, row["haEligible"].as_bool().unwrap_or(false), "{id}: standby");
    assert_eq!(offer.persistence, row["persistence"].as_bool(), "{id}: persistence");
    if !row["includedStorageGb"].is_null() {
        assert_eq!(offer.included_storage, gigabytes(&row["includedStorageGb"]), "{id}: storage");
    }
    let metered = offer.metered.clone().unwrap_or_default();
    assert_eq!(metered.per_minute, money(&row["pricePerMinute"]), "{id}: price of a minute");
    assert_eq!(metered.minimum_monthly, money(&row["minPerMonth"]), "{id}: smallest bill");
    let kinds: Vec<&str> = row["kinds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(offer.kinds, kinds, "{id}: kinds of service");
    for older in ["legacyBlueprint", "legacyApi"].iter().filter_map(|key| row[key].as_str()) {
        assert!(offer.id == older || offer.aliases.iter().any(|alias| alias == older), "{id}: alias `{older}`");
    }
}

#[test]
fn renders_rates_and_workspaces_agree_with_the_facts() {
    let Some(facts) = facts("render-plans.json") else { return };
    let rates = catalog().rates;
    let table = &facts["rates"];
    let pairs = [
        (Some(rates.postgres_storage_per_gb_month), "postgresStoragePerGbMonth"),
        (Some(rates.disk_per_gb_month), "diskPerGbMonth"),
        (Some(rates.bandwidth_per_gb), "bandwidthOveragePerGb"),
        (rates.pipeline_minutes_per_1000, "pipelineMinutesPer1000"),
        (rates.performance_pipeline_minutes_per_1000, "performancePipelinePer1000"),
        (rates.extra_custom_domain, "extraCustomDomain"),
        (rates.dedicated_ip_set, "dedicatedIpSet"),
        (rates.private_links_up_to_3, "privateLinkUpTo3"),
    ];
    for (rate, key) in pairs {
        assert_eq!(rate, money(&table[key]), "{key}");
    }
    assert_eq!(table.as_object().map(serde_json::Map::len), Some(pairs.len()), "no rate is left out");
    for workspace in &rates.workspaces {
        let row = &facts["workspace"][&workspace.name];
        assert_eq!(workspace.monthly, money(&row["price"]), "{}", workspace.name);
        assert_eq!(workspace.services, number(&row["services"]), "{}", workspace.name);
        assert_eq!(workspace.bandwidth, gigabytes(&row["bandwidthGb"]), "{}", workspace.name);
        assert_eq!(workspace.pipeline_minutes, number(&row["pipelineMin"]), "{}", workspace.name);
        assert_eq!(workspace.autoscaling, row["autoscaling"].as_bool().unwrap_or(true), "{}", workspace.name);
        assert_eq!(workspace.environments_per_project, number(&row["envsPerProject"]), "{}", workspace.name);
    }
    assert_eq!(facts["workspace"].as_object().map(serde_json::Map::len), Some(rates.workspaces.len()));
}

#[test]
fn every_upstash_offer_agrees_with_the_facts() {
    let Some(facts) = facts("upstash-plans.json") else { return };
    let catalog = catalog();
    let rows = facts["plans"].as_array().expect("plans");
    let sold = catalog.of(Component::Redis).filter(|offer| offer.provider == Provider::Upstash).count();
    assert_eq!(sold, rows.len());
    for row in rows {
        let id = row["id"].as_str().expect("an id");
        let offer = offer(&catalog, Provider::Upstash, Component::Redis, id);
        assert!(offer.is_named(row["api_plan"].as_str().expect("the API's name")));
        let data = row["data_mb"].as_f64().or_else(|| row["data_gb"].as_f64().map(in_mebibytes));
        assert_eq!(offer.memory, data.map(|mb| format!("{mb} MiB").parse().expect("a size")), "{id}: data");
        assert_eq!(offer.monthly, money(&row["monthly"]), "{id}: price");
        assert_eq!(offer.commands_per_month, row["commands_per_month"].as_u64(), "{id}: commands");
        assert_eq!(offer.commands_per_second, row["cmds_per_s"].as_u64(), "{id}: commands a second");
        assert_eq!(offer.bandwidth, gigabytes(&row["bandwidth_gb"]), "{id}: bandwidth");
        let metered = offer.metered.clone().unwrap_or_default();
        assert_eq!(metered.per_100k_commands, money(&row["per_100k_commands"]), "{id}");
        assert_eq!(metered.storage_per_gb_month, money(&row["storage_gb_month"]), "{id}");
        assert_eq!(metered.bandwidth_per_gb, money(&row["bandwidth_per_gb"]), "{id}");
        assert_eq!(metered.bandwidth_free, gigabytes(&row["bandwidth_free_gb"]), "{id}");
        let read_region = catalog.rates.upstash_read_region.get(id).copied();
        assert_eq!(read_region, money(&row["read_region_monthly"]), "{id}: read region");
    }
    assert_eq!(catalog.rates.upstash_prod_pack, money(&facts["prod_pack_per_db_month"]));
    assert_eq!(serde_json::json!(catalog.rates.upstash_unbilled_commands), facts["unbilled_commands"]);
}

/// 250 MB is a quarter of a GB in Upstash's data and 250 MB in its name; the name is the smaller.
fn in_mebibytes(gb: f64) -> f64 {
    if gb < 1.0 { gb * 1000.0 } else { gb * 1024.0 }
}

#[test]
fn every_elasticache_node_agrees_with_the_facts() {
    let Some(facts) = facts("elasticache-us-east-1.json") else { return };
    let catalog = catalog();
    let mut expected = 0;
    for (node, row) in facts["nodes"].as_object().expect("nodes") {
        for engine in ["valkey", "redis"] {
            let found = catalog.engine_offer(Provider::Elasticache, engine, node);
            let price = money(&row[format!("{engine}_usd_hour")]);
            assert_eq!(found.is_some(), price.is_some(), "{engine}:{node} is sold when it has a price");
            let (Some(offer), Some(price)) = (found, price) else { continue };
            expected += 1;
            assert_eq!(offer.monthly, Some(price * 730), "{node}: price of a month");
            assert_eq!(offer.memory, row["maxmemory_bytes"].as_u64().map(Bytes), "{node}: memory");
            assert_eq!(offer.usable_memory, row["usable_at_25pct_reserved"].as_u64().map(Bytes), "{node}: usable");
            assert_eq!(offer.max_connections, number(&row["maxclients"]), "{node}: connections");
            assert!(offer.private_network_only && offer.regions == ["us-east-1"], "{node}");
        }
    }
    let nodes = |offer: &&Offer| offer.provider == Provider::Elasticache && offer.monthly.is_some();
    assert_eq!(catalog.of(Component::Redis).filter(nodes).count(), expected);
    assert_eq!(catalog.rates.elasticache_backup_per_gb_month, money(&facts["other"]["backup_gb_month"]));
    assert_eq!(catalog.rates.elasticache_cross_zone_per_gb, money(&facts["other"]["cross_az_gib"]));
}

#[test]
fn every_elasticache_serverless_offer_agrees_with_the_facts() {
    let Some(facts) = facts("elasticache-us-east-1.json") else { return };
    let catalog = catalog();
    for (region, engines) in facts["serverless"].as_object().expect("serverless") {
        for (engine, row) in engines.as_object().expect("engines") {
            let name = if region == "us-east-1" { "serverless".to_owned() } else { format!("serverless:{region}") };
            let offer = catalog.engine_offer(Provider::Elasticache, engine, &name).expect(&name);
            let metered = offer.metered.clone().unwrap_or_default();
            assert_eq!(offer.monthly, None, "{name} is paid by use");
            assert_eq!(metered.per_gb_hour, money(&row["gb_hour"]), "{engine} {name}");
            assert_eq!(metered.per_million_units, money(&row["million_ecpu"]), "{engine} {name}");
            assert_eq!(metered.minimum_data, gigabytes(&row["min_metered_gb"]), "{engine} {name}");
            assert_eq!(metered.minimum_monthly, money(&row["min_month"]), "{engine} {name}");
        }
    }
}

#[test]
fn every_offer_has_a_date_and_a_source_and_a_name_of_its_own() {
    let catalog = catalog();
    let mut ids = BTreeSet::new();
    for offer in &catalog.offers {
        assert!(offer.source.len() > 20, "{}: source", offer.id);
        assert!(offer.as_of.year() == 2026, "{}: as_of", offer.id);
        assert!(ids.insert((offer.provider, offer.component, offer.id.clone())), "{} twice", offer.id);
    }
    for source in [&catalog.rates.source, &catalog.ladders[0].source] {
        assert!(source.contains("20"), "{source}");
    }
}

#[test]
fn what_cannot_be_undone_is_said_of_every_offer() {
    let catalog = catalog();
    for offer in catalog.of(Component::Postgres) {
        let free_or_legacy = offer.included_storage.is_some();
        assert_eq!(offer.one_way.contains(&OneWay::NoReturn), free_or_legacy, "{}", offer.id);
        assert_eq!(offer.one_way.contains(&OneWay::GrowOnlyStorage), !free_or_legacy, "{}", offer.id);
    }
    for offer in catalog.of(Component::Redis).filter(|offer| offer.provider == Provider::Render) {
        assert!(offer.one_way.contains(&OneWay::NoDowngrade), "{}", offer.id);
        assert_eq!(offer.one_way.contains(&OneWay::LosesData), offer.id == "free", "{}", offer.id);
    }
    assert!(catalog.of(Component::Compute).all(|offer| offer.one_way.is_empty()));
}

#[test]
fn postgres_connections_follow_from_the_memory() {
    for offer in catalog().of(Component::Postgres).filter(|offer| offer.creatable) {
        assert_eq!(offer.max_connections, offer.memory.map(postgres_connections), "{}", offer.id);
    }
}

#[test]
fn a_standby_is_only_for_databases_of_one_cpu_and_more() {
    for offer in catalog().of(Component::Postgres).filter(|offer| offer.creatable) {
        assert_eq!(offer.high_availability, offer.cpu >= Some(1.0), "{}", offer.id);
    }
}

#[test]
fn names_mean_the_same_offer_with_spaces_underscores_and_new_ids() {
    let catalog = catalog();
    for name in ["pro plus", "pro_plus", "Pro-Plus", "4c-8g"] {
        assert_eq!(offer(&catalog, Provider::Render, Component::Compute, name).id, "4c-8g", "{name}");
    }
    assert_eq!(offer(&catalog, Provider::Render, Component::Postgres, "pro-4gb").id, "1c-4g");
    assert!(!offer(&catalog, Provider::Render, Component::Postgres, "pro").creatable);
}
