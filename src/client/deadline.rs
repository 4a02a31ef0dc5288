use std::sync::Arc;
use std::time::Duration;

use super::Clock;

/// The instant until which something must have come to its end, however many questions it takes.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    begin: Duration,
    end: Duration,
}

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(clock: &Arc<dyn Clock>, limit: Duration) -> Self {
        let begin = clock.elapsed();
        Self { clock: Arc::clone(clock), begin, end: begin.saturating_add(limit) }
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.end.saturating_sub(self.clock.elapsed())
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// An earlier one, after a share of what is left: a second way can then be tried in the rest.
    #[must_use]
    pub fn share(&self, share: f64) -> Self {
        Self::after(&self.clock, self.left().mul_f64(share.clamp(0.0, 1.0)))
    }

    /// How long it was from its beginning, for messages.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.end.saturating_sub(self.begin)
    }
}

impl std::fmt::Debug for Deadline {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deadline").field("left", &self.left()).finish_non_exhaustive()
    }
}
