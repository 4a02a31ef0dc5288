use std::sync::Mutex;

use super::journal::Journal;
use super::steps::Progress;
use crate::client::Interrupt;

/// Passes on what steps tell, and keeps the lease alive meanwhile: whoever tells something is alive.
pub struct Keeper<'a> {
    inner: &'a dyn Progress,
    journal: &'a Mutex<Journal>,
    interrupt: &'a Interrupt,
}

impl<'a> Keeper<'a> {
    /// A keeper for the lease of a journal.
    #[must_use]
    pub const fn new(inner: &'a dyn Progress, journal: &'a Mutex<Journal>, interrupt: &'a Interrupt) -> Self {
        Self { inner, journal, interrupt }
    }
}

impl Progress for Keeper<'_> {
    fn tell(&self, what: &str, share: Option<f64>) {
        self.inner.tell(what, share);
        // Nobody holds it while a step runs; if somebody did, the next word is soon enough.
        let Ok(mut journal) = self.journal.try_lock() else { return };
        if journal.keep_alive().is_err() {
            // The lease is lost: another run may act, so this one comes to its end.
            self.interrupt.raise();
        }
    }
}
