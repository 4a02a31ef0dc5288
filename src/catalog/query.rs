use jiff::civil::Date;

use super::{Catalog, Component, Offer, Provider};
use crate::units::{Bytes, Duration, Money};

/// Bytes of a gigabyte, as storage is billed.
const GIGABYTE: u64 = 1_000_000_000;

impl Offer {
    /// The least that a month of it costs: its price, or the smallest bill when it is paid by use. `None` is unknown.
    #[must_use]
    pub fn least_monthly(&self) -> Option<Money> {
        self.monthly.or_else(|| self.metered.as_ref().and_then(|metered| metered.minimum_monthly))
    }

    /// What so much storage adds to a month of it: nothing where the price includes it, else the provider's rate for
    /// all of it. `None` when it cannot hold so much, or has no storage.
    #[must_use]
    pub fn storage_price(&self, catalog: &Catalog, gb: u32) -> Option<Money> {
        if let Some(included) = self.included_storage {
            return (Bytes(u64::from(gb) * GIGABYTE) <= included).then_some(Money::ZERO);
        }
        let fits = self.max_storage_gb.is_none_or(|most| gb <= most);
        if !fits || self.provider != Provider::Render {
            return None;
        }
        catalog.storage_price(self.component, gb)
    }
}

impl Catalog {
    /// The offers for a component, the cheapest first; those whose price is unknown come last, in the files' order.
    /// What is paid by use stands where its smallest bill does.
    #[must_use]
    pub fn by_price(&self, component: Component) -> Vec<&Offer> {
        let mut offers: Vec<&Offer> = self.of(component).collect();
        offers.sort_by_key(|offer| {
            let price = offer.least_monthly();
            (price.is_none(), price)
        });
        offers
    }

    /// The offer of an engine: `engine_offer(Elasticache, "valkey", "cache.t4g.micro")`, since a node type alone may
    /// mean two offers at two prices.
    #[must_use]
    pub fn engine_offer(&self, provider: Provider, engine: &str, name: &str) -> Option<&Offer> {
        let prefixed = format!("{engine}:{name}");
        self.of(Component::Redis)
            .filter(|offer| offer.provider == provider && offer.engine.as_deref() == Some(engine))
            .find(|offer| offer.is_named(&prefixed) || offer.is_named(name))
    }

    /// The offers whose facts are older than `max_age` on the day `today`.
    #[must_use]
    pub fn stale(&self, today: Date, max_age: Duration) -> Vec<&Offer> {
        self.offers.iter().filter(|offer| f64::from(offer.age_days(today)) > max_age.as_days()).collect()
    }

    /// What so many GB of storage cost a month at Render: a database's or a service's disk. `None` for components that
    /// have no storage of their own. Free and legacy databases include theirs; see [`Offer::storage_price`].
    #[must_use]
    pub fn storage_price(&self, component: Component, gb: u32) -> Option<Money> {
        let rate = match component {
            Component::Postgres => self.rates.postgres_storage_per_gb_month,
            Component::Compute => self.rates.disk_per_gb_month,
            Component::Cron | Component::Redis => return None,
        };
        Some(rate * u64::from(gb))
    }

    /// The workspace of a name.
    #[must_use]
    pub fn workspace(&self, name: &str) -> Option<&super::Workspace> {
        self.rates.workspaces.iter().find(|workspace| workspace.name.eq_ignore_ascii_case(name))
    }
}

/// The smallest disk that Render gives a Postgres database and that holds so many GB: 1 GB or a multiple of 5.
/// (render.com/docs/postgresql-creating-connecting)
#[must_use]
pub const fn next_valid_postgres_disk(gb: u32) -> u32 {
    if gb <= 1 { 1 } else { gb.div_ceil(5).saturating_mul(5) }
}

/// Whether Render accepts so many GB as a Postgres database's disk.
#[must_use]
pub const fn is_valid_postgres_disk(gb: u32) -> bool {
    gb == 1 || (gb > 0 && gb.is_multiple_of(5))
}

/// The connections that Render's Postgres accepts with so much memory, for offers on today's plans.
/// (render.com/docs/postgresql-creating-connecting)
#[must_use]
pub fn postgres_connections(memory: Bytes) -> u32 {
    match memory {
        memory if memory < Bytes::gibibytes(8) => 100,
        memory if memory < Bytes::gibibytes(16) => 200,
        memory if memory < Bytes::gibibytes(32) => 400,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{is_valid_postgres_disk, next_valid_postgres_disk};
    use crate::catalog::{Catalog, Component, Offer, Provider};
    use crate::units::{Duration, Money};

    fn catalog() -> Catalog {
        Catalog::embedded().expect("the embedded catalog")
    }

    fn offer(component: Component, name: &str) -> Offer {
        catalog().find(Provider::Render, component, name).expect(name).clone()
    }

    #[test]
    fn the_next_valid_disk_is_one_gigabyte_or_a_multiple_of_five() {
        let sizes = [0, 1, 2, 5, 6, 10, 256].map(next_valid_postgres_disk);
        assert_eq!(sizes, [1, 1, 5, 5, 10, 10, 260]);
        assert!(sizes.iter().all(|size| is_valid_postgres_disk(*size)));
        assert!(!is_valid_postgres_disk(0) && !is_valid_postgres_disk(256));
    }

    #[test]
    fn storage_is_paid_by_the_gigabyte_except_where_the_price_includes_it() {
        let catalog = catalog();
        assert_eq!(catalog.storage_price(Component::Postgres, 260), Some(Money::dollars(78)));
        assert_eq!(catalog.storage_price(Component::Redis, 1), None);
        let free = offer(Component::Postgres, "free");
        assert_eq!(free.storage_price(&catalog, 1), Some(Money::ZERO));
        assert_eq!(free.storage_price(&catalog, 5), None, "a free database holds 1 GB");
        let paid = offer(Component::Postgres, "basic-256mb");
        assert_eq!(paid.storage_price(&catalog, 10), Some(Money::dollars(3)));
        assert_eq!(paid.storage_price(&catalog, 20_000), None, "no database holds more than 16 TB");
        let legacy = offer(Component::Postgres, "pro plus");
        assert_eq!(legacy.storage_price(&catalog, 256), Some(Money::ZERO));
    }

    #[test]
    fn offers_come_cheapest_first_and_unknown_prices_last() {
        let catalog = catalog();
        let compute = catalog.by_price(Component::Compute);
        let names: Vec<&str> = compute.iter().map(|offer| offer.id.as_str()).collect();
        assert_eq!(names[..4], ["free", "0.5c-512mb", "1c-2g", "2c-4g"]);
        let known = compute.iter().take_while(|offer| offer.monthly.is_some()).count();
        assert!(compute[known..].iter().all(|offer| offer.monthly.is_none()));
    }

    #[test]
    fn facts_older_than_the_policy_allows_are_told() {
        let catalog = catalog();
        assert!(catalog.stale(date(2026, 2, 6), Duration::days(0.0)).is_empty());
        assert_eq!(catalog.stale(date(2030, 1, 1), Duration::days(180.0)).len(), catalog.offers.len());
    }

    #[test]
    fn one_node_type_is_two_offers_told_apart_by_the_engine() {
        let catalog = catalog();
        let price = |engine| {
            catalog.engine_offer(Provider::Elasticache, engine, "cache.t4g.micro").and_then(|offer| offer.monthly)
        };
        assert_eq!(price("valkey").map(Money::decimal), Some("9.34".to_owned()));
        assert_eq!(price("redis").map(Money::decimal), Some("11.68".to_owned()));
        assert!(catalog.find(Provider::Elasticache, Component::Redis, "cache.t4g.micro").is_none());
        assert!(catalog.find(Provider::Elasticache, Component::Redis, "cache.m8g.large").is_some());
    }
}
