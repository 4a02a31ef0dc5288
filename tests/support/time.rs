//! A clock that a test moves.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use palier::client::Clock;

/// Stands still but for what is slept and what a test adds. Sleeping takes its time, because others really work meanwhile.
pub(crate) struct TestClock {
    begin: Timestamp,
    passed: Mutex<Duration>,
}

impl TestClock {
    /// A clock that shows this instant.
    pub(crate) fn at(instant: &str) -> Self {
        Self { begin: instant.parse().expect("an instant"), passed: Mutex::new(Duration::ZERO) }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        *self.passed.lock().expect("no test failed while it held the clock") += time;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.begin + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.passed.lock().expect("no test failed while it held the clock")
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
        self.pass(time);
    }
}
