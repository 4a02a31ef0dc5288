use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Duration, Money};

/// Who sells an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Render.
    Render,
    /// Upstash.
    Upstash,
    /// AWS `ElastiCache`.
    Elasticache,
}

impl Provider {
    /// The name as the JSON contract and the catalog write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Render => "render",
            Self::Upstash => "upstash",
            Self::Elasticache => "elasticache",
        }
    }
}

/// What an offer can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// A web service, private service or background worker.
    Compute,
    /// A scheduled job.
    Cron,
    /// A Postgres database.
    Postgres,
    /// A Redis or Valkey instance.
    Redis,
}

impl Component {
    /// The name as the catalog writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Cron => "cron",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

/// Why an offer, once taken, cannot be left as it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OneWay {
    /// A smaller plan can never be chosen again.
    NoDowngrade,
    /// The storage only grows.
    GrowOnlyStorage,
    /// Once left, this offer cannot be taken again.
    NoReturn,
    /// Leaving it loses the data that it holds.
    LosesData,
}

impl OneWay {
    /// What it means, for a person.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoDowngrade => "a smaller plan can never be chosen again",
            Self::GrowOnlyStorage => "its storage only grows",
            Self::NoReturn => "once left, it cannot be taken again",
            Self::LosesData => "leaving it loses its data",
        }
    }
}

/// The price of an offer that is paid by use. Unknown parts are absent, never zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metered {
    /// Price of 100,000 commands.
    pub per_100k_commands: Option<Money>,
    /// Price of a GB of data for a month.
    pub storage_per_gb_month: Option<Money>,
    /// Data that costs nothing.
    pub storage_free: Option<Bytes>,
    /// Price of a GB of traffic.
    pub bandwidth_per_gb: Option<Money>,
    /// Traffic that costs nothing, a month.
    pub bandwidth_free: Option<Bytes>,
    /// Price of a GB of data for an hour (`ElastiCache` Serverless).
    pub per_gb_hour: Option<Money>,
    /// Price of a million `ElastiCache` processing units.
    pub per_million_units: Option<Money>,
    /// The least amount of data that is billed.
    pub minimum_data: Option<Bytes>,
    /// The least that a month costs.
    pub minimum_monthly: Option<Money>,
    /// Price of a minute of running (cron jobs).
    pub per_minute: Option<Money>,
    /// Price of an hour of running (nodes).
    pub per_hour: Option<Money>,
}

/// Something that a provider sells.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Who sells it.
    pub provider: Provider,
    /// What it is for.
    pub component: Component,
    /// The id that new files use.
    pub id: String,
    /// Other names: legacy blueprint names, API spellings.
    pub aliases: Vec<String>,
    /// Whether it can be taken today; false for offers that only old customers still have.
    pub creatable: bool,
    /// CPU share, in cores.
    pub cpu: Option<f64>,
    /// Memory.
    pub memory: Option<Bytes>,
    /// Memory or data that the application can really use; equals `memory` where the provider reserves none.
    pub usable_memory: Option<Bytes>,
    /// Price of a whole month at the full rate; absent when unknown or when it depends on use (see `metered`).
    pub monthly: Option<Money>,
    /// Price by use.
    pub metered: Option<Metered>,
    /// Kinds of Render service that can take it (`web`, `pserv`, `worker`).
    pub kinds: Vec<String>,
    /// Connections that it accepts.
    pub max_connections: Option<u32>,
    /// Storage that the price includes (legacy databases) or that is the limit (free ones).
    pub included_storage: Option<Bytes>,
    /// Storage that the provider sets up when a file names no size.
    pub default_storage_gb: Option<u32>,
    /// The most storage that it can have, in GB.
    pub max_storage_gb: Option<u32>,
    /// Whether a standby can be added.
    pub high_availability: bool,
    /// Whether data survives a restart.
    pub persistence: Option<bool>,
    /// Commands that a month may have.
    pub commands_per_month: Option<u64>,
    /// Commands that a second may have.
    pub commands_per_second: Option<u64>,
    /// Traffic that a month may have.
    pub bandwidth: Option<Bytes>,
    /// It ends by itself after this time (free databases).
    pub expires_after: Option<Duration>,
    /// It sleeps after this time without a request (free web services).
    pub sleeps_after: Option<Duration>,
    /// The engine, where the provider offers several (`valkey`, `redis`).
    pub engine: Option<String>,
    /// Reachable only from inside the buyer's own network.
    pub private_network_only: bool,
    /// At most one of it for a workspace or account.
    pub one_per_account: bool,
    /// Regions in which the price holds; empty means every region of the provider.
    pub regions: Vec<String>,
    /// What cannot be undone about it.
    pub one_way: Vec<OneWay>,
    /// The day on which all this was true.
    pub as_of: Date,
    /// Where it comes from.
    pub source: String,
    /// What a user should know besides.
    pub notes: Vec<String>,
}

impl Offer {
    /// Whether a name in a user's file means this offer: its id or an alias, in any of the spellings that Render's
    /// files, API and dashboard use (`pro plus`, `pro_plus`, `Pro-Plus`).
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let wanted = normalised(name);
        normalised(&self.id) == wanted || self.aliases.iter().any(|alias| normalised(alias) == wanted)
    }

    /// How long ago the offer's facts were true, in days; negative when the date lies ahead.
    #[must_use]
    pub fn age_days(&self, today: Date) -> i32 {
        self.as_of.until(today).map_or(0, |span| span.get_days())
    }
}

fn normalised(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', ' '], "-")
}
