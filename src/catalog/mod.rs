//! What can be bought: the offers of `plans/*.toml`, compiled in, each with its date and source.

mod day;
mod ladder;
mod offer;
mod query;
mod rates;
mod read;

pub use ladder::{Claim, ClaimVerdict, Ladder, Stage};
pub use offer::{Component, Metered, Offer, OneWay, Provider};
pub use query::{is_valid_postgres_disk, next_valid_postgres_disk, postgres_connections};
pub use rates::{Rates, Workspace};
pub use read::CatalogError;

use sha2::{Digest, Sha256};

/// Every offer, rate and ladder that palier knows.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The offers, in the order of the files.
    pub offers: Vec<Offer>,
    /// The ladders.
    pub ladders: Vec<Ladder>,
    /// Prices that belong to no single offer.
    pub rates: Rates,
}

/// The files that are compiled in: the path as the repository has it, and the text. Ladders come after the offers that
/// they name.
const EMBEDDED: &[(&str, &str)] = &[
    ("plans/render.toml", include_str!("../../plans/render.toml")),
    ("plans/upstash.toml", include_str!("../../plans/upstash.toml")),
    ("plans/elasticache.toml", include_str!("../../plans/elasticache.toml")),
    ("plans/ladders/growth.toml", include_str!("../../plans/ladders/growth.toml")),
];

impl Catalog {
    /// The catalog that is compiled in.
    ///
    /// # Errors
    /// A file is malformed: a defect of palier that its tests exclude.
    pub fn embedded() -> Result<Self, CatalogError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a catalog from files: pairs of a path and a text. A path below a folder `ladders` is a ladder; ladders
    /// may name offers of every file.
    ///
    /// # Errors
    /// A file is malformed, an offer lacks a fact or has another's name, or a ladder names an offer that is not there.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let is_ladder = |path: &str| path.split('/').any(|part| part == "ladders");
        let mut catalog = Self::default();
        for (path, text) in files.iter().filter(|(path, _)| !is_ladder(path)) {
            read::add_offers(&mut catalog, path, text)?;
        }
        for (path, text) in files.iter().filter(|(path, _)| is_ladder(path)) {
            read::add_ladder(&mut catalog, path, text)?;
        }
        Ok(catalog)
    }

    /// The SHA-256 of the files that are compiled in, in hexadecimal: what a saved plan is bound to.
    #[must_use]
    pub fn hash() -> String {
        let mut hasher = Sha256::new();
        for (path, text) in EMBEDDED {
            // The lengths keep two different cuts of the same bytes apart.
            hasher.update(format!("{path}\n{}\n", text.len()));
            hasher.update(text);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The offer that a name in a user's file means.
    #[must_use]
    pub fn find(&self, provider: Provider, component: Component, name: &str) -> Option<&Offer> {
        self.of(component).filter(|offer| offer.provider == provider).find(|offer| offer.is_named(name))
    }

    /// The offers for a component.
    pub fn of(&self, component: Component) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(move |offer| offer.component == component)
    }

    /// The ladder of a name.
    #[must_use]
    pub fn ladder(&self, name: &str) -> Option<&Ladder> {
        self.ladders.iter().find(|ladder| ladder.name == name)
    }
}
