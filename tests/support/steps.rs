//! What a step finds around it, for tests: a real clock, what was told, a policy, addresses.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use palier::apply::Patch;
use palier::apply::steps::{FileMode, Progress, StepContext};
use palier::client::{Clock, Interrupt, Secret};
use palier::policy::Policy;
use palier::provider::Provider;
use palier::verify::Around;

/// The machine's own clock.
pub struct RealClock(Instant);

impl RealClock {
    /// Begins now.
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RealClock {
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

/// What a step told, in order.
#[derive(Default)]
pub struct Told(Mutex<Vec<(String, Option<f64>)>>);

impl Progress for Told {
    fn tell(&self, what: &str, share: Option<f64>) {
        self.0.lock().expect("the list").push((what.to_owned(), share));
    }
}

impl Told {
    /// Everything, a line each, repetitions left out.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.0.lock().expect("the list").iter().map(|(what, _)| what.clone()).collect();
        lines.dedup();
        lines.join("\n")
    }

    /// The shares, where one was told.
    pub fn shares(&self) -> Vec<f64> {
        self.0.lock().expect("the list").iter().filter_map(|(_, share)| *share).collect()
    }
}

/// All that a step finds around it; the fields may be changed before `context` is called.
pub struct Surroundings {
    pub around: Around,
    pub interrupt: Interrupt,
    pub told: Told,
    pub files: FileMode,
    pub patches: BTreeMap<String, Vec<Patch>>,
    pub providers: Vec<Box<dyn Provider>>,
    pub confirmed: Vec<String>,
    shared: std::sync::OnceLock<Arc<Around>>,
}

impl Surroundings {
    /// A project in a folder, with the policy's defaults and these addresses.
    pub fn new(root: &Path, addresses: &[(&str, &str)]) -> Self {
        Self {
            around: Around {
                root: root.to_owned(),
                policy: Policy::default(),
                addresses: addresses.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect(),
                environment: BTreeMap::new(),
                authorities: None,
                commit: None,
                clock: Arc::new(RealClock::new()),
                limit: Duration::from_secs(5),
            },
            interrupt: Interrupt::new(),
            told: Told::default(),
            files: FileMode::Write,
            patches: BTreeMap::new(),
            providers: Vec::new(),
            confirmed: Vec::new(),
            shared: std::sync::OnceLock::new(),
        }
    }

    /// With something of the policy changed.
    pub fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.around.policy);
        self
    }

    /// As the step gets it.
    pub fn context(&self) -> StepContext<'_> {
        let around = self.shared.get_or_init(|| Arc::new(self.around.clone()));
        StepContext {
            root: &around.root,
            around,
            interrupt: &self.interrupt,
            progress: &self.told,
            files: self.files,
            patches: &self.patches,
            providers: &self.providers,
            confirmed: &self.confirmed,
            seen_failing: &[],
            begun_before: &[],
            wait_limit: None,
        }
    }
}
