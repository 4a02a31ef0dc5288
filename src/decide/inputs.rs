use jiff::Timestamp;
use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::project::Project;

/// Everything that a decision is made from. The same inputs give the same decision, byte for byte.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What the repository holds today.
    pub project: &'a Project,
    /// What can be bought.
    pub catalog: &'a Catalog,
    /// What the owner wants.
    pub policy: &'a Policy,
    /// What was measured.
    pub metrics: &'a Metrics,
    /// The present instant.
    pub now: Timestamp,
    /// Workers and threads that stay as they are, because the start command cannot be changed.
    pub pinned: Option<Pinned>,
}

/// Workers and threads that nothing may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// Worker processes of an instance.
    pub workers: u32,
    /// Threads of each.
    pub threads: u32,
}

impl Inputs<'_> {
    /// Today's date, in UTC.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}
