use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::apply::Patch;
use crate::client::{Clock, Interrupt};
use crate::provider::Provider;
use crate::verify::Around;

/// What may happen to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// They are written: a person commits them.
    Write,
    /// They are compared with what they should be: in CI nobody commits the checkout.
    Compare,
}

/// Where a step tells how far it is.
pub trait Progress: Sync {
    /// What it does now, and the share that is done (0 to 1) when that is known.
    fn tell(&self, what: &str, share: Option<f64>);
}

/// What a step finds around it.
pub struct StepContext<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// Addresses, policy, clock, limits: what probes find around them too.
    pub around: &'a Arc<Around>,
    /// What a person asks for meanwhile.
    pub interrupt: &'a Interrupt,
    /// Where to tell how far it is.
    pub progress: &'a dyn Progress,
    /// What may happen to files.
    pub files: FileMode,
    /// How files change, by the id of the step.
    pub patches: &'a BTreeMap<String, Vec<Patch>>,
    /// The providers whose interfaces can be used.
    pub providers: &'a [Box<dyn Provider>],
    /// Steps that a person says are done, by id, though nobody can see it.
    pub confirmed: &'a [String],
    /// Steps whose probes were seen failing by an earlier run, by id: when they hold now, something has changed.
    pub seen_failing: &'a [String],
    /// Steps that an earlier process began and did not live to end, by id.
    pub begun_before: &'a [String],
    /// How long to wait for what happens elsewhere, instead of what the step says.
    pub wait_limit: Option<Duration>,
}

impl StepContext<'_> {
    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.around.clock.as_ref()
    }

    /// Asks again and again until there is an answer, somebody asks for an end, or the time is over.
    ///
    /// `Ok(None)` says that the time is over.
    ///
    /// # Errors
    /// Somebody asked for an end, or `ask` failed.
    pub fn poll<T>(
        &self,
        limit: Duration,
        every: Duration,
        mut ask: impl FnMut() -> Result<Option<T>, super::Trouble>,
    ) -> Result<Option<T>, super::Trouble> {
        let deadline = self.clock().elapsed() + limit;
        loop {
            if let Some(answer) = ask()? {
                return Ok(Some(answer));
            }
            if self.interrupt.is_raised() {
                return Err(super::Trouble::Interrupted { clean: true });
            }
            let left = deadline.saturating_sub(self.clock().elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            self.clock().sleep(every.min(left));
        }
    }
}
