//! The ladder of the team's guide, on today's offers.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use palier::catalog::{Catalog, ClaimVerdict, Component, Ladder, Offer, Provider, Stage};
use palier::units::{Bytes, Duration, Money};

fn growth(catalog: &Catalog) -> &Ladder {
    catalog.ladder("growth").expect("the ladder")
}

fn offer<'a>(catalog: &'a Catalog, component: Component, name: &str) -> &'a Offer {
    catalog.find(Provider::Render, component, name).expect(name)
}

fn monthly(catalog: &Catalog, stage: &Stage) -> Money {
    let web = offer(catalog, Component::Compute, &stage.web);
    let database = offer(catalog, Component::Postgres, &stage.database);
    let storage = database.storage_price(catalog, stage.database_disk_gb).expect("storage");
    let redis = stage.redis.as_deref().and_then(|redis| redis.strip_prefix("render/"));
    let redis = redis.map(|id| offer(catalog, Component::Redis, id).monthly.expect("price"));
    web.monthly.expect("price") + database.monthly.expect("price") + storage + redis.unwrap_or_default()
}

#[test]
fn the_four_stages_begin_where_the_guide_says_and_cost_what_they_cost_today() {
    let catalog = Catalog::embedded().expect("catalog");
    let ladder = growth(&catalog);
    let from: Vec<u64> = ladder.stages.iter().map(|stage| stage.from_users).collect();
    assert_eq!(from, [0, 500, 5_000, 10_000]);
    assert_eq!(ladder.until_users, Some(100_000));
    let claimed: Vec<Money> = ladder.stages.iter().filter_map(|stage| stage.claimed_monthly).collect();
    assert_eq!(claimed, [0, 14, 50, 57].map(Money::dollars));
    let today: Vec<Money> = ladder.stages.iter().map(|stage| monthly(&catalog, stage)).collect();
    assert_eq!(today, [0, 34, 353, 363].map(Money::dollars));
}

#[test]
fn the_signs_are_users_then_concurrency_then_the_slow_dashboard() {
    let catalog = Catalog::embedded().expect("catalog");
    let stages = &growth(&catalog).stages;
    assert_eq!(stages[1].from_p95, Some(Duration::seconds(5.0)));
    assert_eq!(stages[2].from_concurrent, Some(100));
    assert_eq!(stages.iter().map(|stage| stage.workers).collect::<Vec<_>>(), [1, 2, 8, 8]);
}

#[test]
fn each_stage_holds_what_its_name_promised() {
    let catalog = Catalog::embedded().expect("catalog");
    let promised = [(512, 1, 100), (2_048, 10, 100), (8_192, 256, 120), (8_192, 256, 120)];
    for (stage, (memory, storage, connections)) in growth(&catalog).stages.iter().zip(promised) {
        let web = offer(&catalog, Component::Compute, &stage.web);
        let database = offer(&catalog, Component::Postgres, &stage.database);
        assert!(web.memory >= Some(Bytes::mebibytes(memory)), "{}", stage.name);
        assert!(stage.database_disk_gb >= storage, "{}", stage.name);
        assert!(database.max_connections >= Some(connections), "{}", stage.name);
    }
}

#[test]
fn each_claim_that_does_not_hold_says_what_is_true_and_from_where() {
    let catalog = Catalog::embedded().expect("catalog");
    for stage in &growth(&catalog).stages {
        assert!(stage.claims.iter().any(|claim| claim.verdict == ClaimVerdict::False), "{}", stage.name);
        assert!(stage.claims.iter().any(|claim| claim.verdict == ClaimVerdict::Unmeasured), "{}", stage.name);
        for claim in &stage.claims {
            assert!(!claim.claim.is_empty() && !claim.today.is_empty() && !claim.source.is_empty(), "{claim:?}");
        }
    }
}

/// Where a claim says what a stage costs today, it says what the catalog says.
#[test]
fn the_monthly_prices_named_in_claims_are_those_of_the_catalog() {
    let catalog = Catalog::embedded().expect("catalog");
    for stage in growth(&catalog).stages.iter().skip(1) {
        let claim = stage.claims.iter().find(|claim| claim.claim.ends_with("a month")).expect("a claim on the price");
        let whole = monthly(&catalog, stage).decimal().replace(".00", "");
        assert!(claim.today.starts_with(&format!("${whole}: ")), "{}: {}", stage.name, claim.today);
    }
}
