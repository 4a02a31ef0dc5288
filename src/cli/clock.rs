use std::time::{Duration, Instant};

use jiff::Timestamp;

use palier::client::Clock;

/// The machine's clock. It starts at a given instant (`PALIER_NOW` replaces the present one) and goes on from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    begin: Timestamp,
    since: Instant,
}

impl SystemClock {
    /// A clock that shows this instant now.
    pub(crate) fn starting_at(begin: Timestamp) -> Self {
        Self { begin, since: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = jiff::SignedDuration::try_from(self.elapsed()).unwrap_or(jiff::SignedDuration::MAX);
        self.begin.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
