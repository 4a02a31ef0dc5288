use std::time::Duration;

use jiff::Timestamp;

/// The time, passed in: the library reads no clock of its own, so that tests can make hours pass at once.
pub trait Clock: Send + Sync {
    /// The present instant, for records and expiry.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant of this process; never runs backwards. For deadlines and measurements.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, time: Duration);
}
