/// During a deploy the old instances still run while the new ones already do, so every connection is counted twice
/// (Render's zero-downtime deploys; the same holds for a rolling update elsewhere).
pub const DEPLOY_OVERLAP: u32 = 2;

/// The database connections that an application may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionDemand {
    /// Instances of the web service.
    pub instances: u32,
    /// Worker processes in each.
    pub workers: u32,
    /// Connections that the pool of each worker process keeps.
    pub pool_size: u32,
    /// Connections that the pool may open besides.
    pub max_overflow: u32,
    /// Connections of other services on the same database.
    pub others: u32,
    /// Connections kept free for migrations, a console and the provider's own.
    pub reserved: u32,
}

impl ConnectionDemand {
    /// The most connections that can be open at the same time, in the middle of a deploy.
    #[must_use]
    pub const fn peak(self) -> u32 {
        let pool = self.pool_size.saturating_add(self.max_overflow);
        let web = self.instances.saturating_mul(self.workers).saturating_mul(pool);
        web.saturating_add(self.others).saturating_mul(DEPLOY_OVERLAP).saturating_add(self.reserved)
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionDemand;

    #[test]
    fn a_deploy_counts_every_connection_twice_but_the_reserve_once() {
        let demand =
            ConnectionDemand { instances: 1, workers: 2, pool_size: 5, max_overflow: 5, others: 3, reserved: 5 };
        assert_eq!(demand.peak(), 51);
    }
}
