//! Probes run as the binary runs them, with the addresses of a test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palier::client::{Cause, Clock, Secret};
use palier::plan::Probe;
use palier::policy::Policy;
use palier::verify::{Around, Outcome, Status, run};

/// The password in the addresses of tests: it must be seen nowhere.
pub(crate) const PLANTED: &str = "pLanted-by-the-tests-7Q2";

/// The machine's clock.
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What probes find around them: these variables, and a limit in seconds.
pub(crate) fn around(variables: &[(&str, &str)], limit: f64) -> Around {
    rustls::crypto::ring::default_provider().install_default().ok();
    let environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Around {
        root: std::env::temp_dir(),
        policy: Policy::default(),
        addresses: environment.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect(),
        environment,
        authorities: None,
        commit: None,
        clock: Arc::new(TestClock(Instant::now())),
        limit: Duration::from_secs_f64(limit),
    }
}

/// Runs one probe. Whatever comes of it holds nothing of the planted password.
pub(crate) fn look(probe: &Probe, around: &Around) -> Outcome {
    let outcome = run(std::slice::from_ref(probe), &Arc::new(around.clone())).remove(0);
    let shown = serde_json::to_string(&outcome).expect("JSON");
    assert!(!shown.contains(PLANTED), "a secret is shown: {shown}");
    outcome
}

/// Runs one probe of a kind that must fail, within its limit, and gives the cause.
pub(crate) fn cause(kind: &str, around: &Around) -> Cause {
    cause_of(&Probe::new(kind, "test", "it works"), around)
}

/// The same for a probe that wants something.
pub(crate) fn cause_of(probe: &Probe, around: &Around) -> Cause {
    let begin = Instant::now();
    let outcome = look(probe, around);
    let took = begin.elapsed();
    let fault = outcome.fault.unwrap_or_else(|| panic!("`{}` does not fail: {}", probe.probe, outcome.note));
    assert!(took < around.limit + Duration::from_millis(900), "{took:?} for {fault:?}");
    assert!(!fault.message.is_empty() && !fault.remedy.is_empty(), "{fault:?}");
    fault.cause
}

/// Runs one probe that must hold, and gives its note.
pub(crate) fn note(probe: &Probe, around: &Around) -> String {
    let outcome = look(probe, around);
    assert_eq!(outcome.status, Status::Holds, "{outcome:?}");
    outcome.note
}

/// A probe of this kind.
pub(crate) fn probe(kind: &str) -> Probe {
    Probe::new(kind, "test", "it works")
}
