use std::collections::BTreeMap;

use serde::Deserialize;

use super::day::Day;
use crate::units::{Bytes, Duration, Money};

/// Prices that belong to no single offer. An `Option` that is `None` is a price that no source gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates {
    /// Render Postgres storage, a GB and month.
    pub postgres_storage_per_gb_month: Money,
    /// Render disk, a GB and month.
    pub disk_per_gb_month: Money,
    /// Render outbound traffic above what the workspace includes, a GB.
    pub bandwidth_per_gb: Money,
    /// 1,000 build minutes above what the workspace includes.
    pub pipeline_minutes_per_1000: Option<Money>,
    /// 1,000 build minutes on the faster machines.
    pub performance_pipeline_minutes_per_1000: Option<Money>,
    /// A custom domain beyond those that are included, a month.
    pub extra_custom_domain: Option<Money>,
    /// A set of dedicated outbound addresses, a month.
    pub dedicated_ip_set: Option<Money>,
    /// Up to three private links into another network, a month.
    pub private_links_up_to_3: Option<Money>,
    /// Traffic through a private link, a GB.
    pub private_link_per_gb: Option<Money>,
    /// Upstash's production pack, a database and month.
    pub upstash_prod_pack: Option<Money>,
    /// An Upstash database beyond the first ten, a month.
    pub upstash_extra_database: Option<Money>,
    /// A read region of an Upstash database, a month, by the offer's id; pay-as-you-go bills its writes again instead.
    pub upstash_read_region: BTreeMap<String, Money>,
    /// Commands that Upstash does not bill.
    pub upstash_unbilled_commands: Vec<String>,
    /// An `ElastiCache` backup, a GB and month.
    pub elasticache_backup_per_gb_month: Option<Money>,
    /// Traffic to an `ElastiCache` node in another zone, a GB each way.
    pub elasticache_cross_zone_per_gb: Option<Money>,
    /// Render's workspaces.
    pub workspaces: Vec<Workspace>,
    /// Where these come from and when they were true, one sentence for each file.
    pub source: String,
}

/// A Render workspace: a flat monthly price and what it includes. `None` is unlimited or unknown; the notes say which.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Price of a month; absent when it is agreed with the seller.
    pub monthly: Option<Money>,
    /// How many services it may hold.
    pub services: Option<u32>,
    /// Outbound traffic that the month includes.
    pub bandwidth: Option<Bytes>,
    /// Build minutes that the month includes.
    pub pipeline_minutes: Option<u32>,
    /// How far back a paid database can be restored to a point in time.
    pub point_in_time_recovery: Option<Duration>,
    /// Whether services can scale by themselves.
    pub autoscaling: bool,
    /// Whether a database can have a standby.
    pub high_availability: bool,
    /// How many environments a project may have.
    pub environments_per_project: Option<u32>,
    /// How long logs are kept.
    pub log_retention: Option<Duration>,
    /// How many people.
    pub seats: Option<u32>,
    /// What a user should know besides.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The `[rates]` table of one file. Each file holds those of its own provider.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRates {
    source: String,
    as_of: Option<Day>,
    postgres_storage_per_gb_month: Option<Money>,
    disk_per_gb_month: Option<Money>,
    bandwidth_per_gb: Option<Money>,
    pipeline_minutes_per_1000: Option<Money>,
    performance_pipeline_minutes_per_1000: Option<Money>,
    extra_custom_domain: Option<Money>,
    dedicated_ip_set: Option<Money>,
    private_links_up_to_3: Option<Money>,
    private_link_per_gb: Option<Money>,
    upstash_prod_pack: Option<Money>,
    upstash_extra_database: Option<Money>,
    upstash_read_region: BTreeMap<String, Money>,
    upstash_unbilled_commands: Vec<String>,
    elasticache_backup_per_gb_month: Option<Money>,
    elasticache_cross_zone_per_gb: Option<Money>,
}

impl RawRates {
    /// Adds what this table holds to the rates; the reason when it holds none of its sources.
    pub(super) fn add_to(self, rates: &mut Rates) -> Result<(), &'static str> {
        let Some(Day(as_of)) = self.as_of.filter(|_| !self.source.is_empty()) else {
            return Err("[rates] needs `source` and `as_of`");
        };
        let sentence = format!("{} (as of {as_of})", self.source);
        rates.source = if rates.source.is_empty() { sentence } else { format!("{}; {sentence}", rates.source) };
        set(&mut rates.postgres_storage_per_gb_month, self.postgres_storage_per_gb_month);
        set(&mut rates.disk_per_gb_month, self.disk_per_gb_month);
        set(&mut rates.bandwidth_per_gb, self.bandwidth_per_gb);
        fill(&mut rates.pipeline_minutes_per_1000, self.pipeline_minutes_per_1000);
        fill(&mut rates.performance_pipeline_minutes_per_1000, self.performance_pipeline_minutes_per_1000);
        fill(&mut rates.extra_custom_domain, self.extra_custom_domain);
        fill(&mut rates.dedicated_ip_set, self.dedicated_ip_set);
        fill(&mut rates.private_links_up_to_3, self.private_links_up_to_3);
        fill(&mut rates.private_link_per_gb, self.private_link_per_gb);
        fill(&mut rates.upstash_prod_pack, self.upstash_prod_pack);
        fill(&mut rates.upstash_extra_database, self.upstash_extra_database);
        fill(&mut rates.elasticache_backup_per_gb_month, self.elasticache_backup_per_gb_month);
        fill(&mut rates.elasticache_cross_zone_per_gb, self.elasticache_cross_zone_per_gb);
        rates.upstash_read_region.extend(self.upstash_read_region);
        rates.upstash_unbilled_commands.extend(self.upstash_unbilled_commands);
        Ok(())
    }
}

fn set(rate: &mut Money, found: Option<Money>) {
    if let Some(found) = found {
        *rate = found;
    }
}

fn fill(rate: &mut Option<Money>, found: Option<Money>) {
    if found.is_some() {
        *rate = found;
    }
}
