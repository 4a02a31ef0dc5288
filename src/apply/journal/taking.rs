//! Taking the lock, on a disk and in a bucket.

use std::time::Duration;

use super::book::{Journal, Store};
use super::{Event, Holder, JournalError, Lease};

/// How long a lease in a bucket lasts from the holder's last entry on.
pub(super) const LEASE: Duration = Duration::from_secs(90);
/// What is waited beyond it: the store tells its time in whole seconds, and its machines may differ a little.
const MARGIN: Duration = Duration::from_secs(30);
/// How often, and after how long, a loser on a disk looks again who it is that has won.
const LOOKS: usize = 25;
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How many runs may come first while this one tries to take the lease in a bucket.
const TRIES: usize = 5;

/// Says whether a holder's process still runs; `None` when that cannot be seen from here.
pub(super) type IsAlive<'a> = &'a dyn Fn(&Holder) -> Option<bool>;

impl Journal {
    pub(super) fn take_on_disk(&mut self, holder: Holder, is_alive: IsAlive<'_>) -> Result<(), JournalError> {
        let Store::Disk(disk) = &mut self.store else { return Ok(()) };
        if !disk.lock()? {
            return Err(self.held_by_another(is_alive));
        }
        let taken = self.read().and_then(|()| {
            let took_over = self.open_lease().map(|lease| lease.holder);
            self.begin_lease(Event::LeaseTaken { holder, until: None, took_over }).map(drop)
        });
        if taken.is_err() {
            self.give_up();
        }
        taken
    }

    /// The operating system knows that the lock is held, and the journal by whom. Who has just taken it may not have
    /// written so yet: then the last lease is released, or is a dead process's.
    fn held_by_another(&mut self, is_alive: IsAlive<'_>) -> JournalError {
        for look in 0..LOOKS {
            if look > 0 {
                self.clock.sleep(LOOK_AGAIN);
            }
            if let Err(error) = self.read() {
                return error;
            }
            let lease = self.open_lease().filter(|lease| is_alive(&lease.holder) != Some(false));
            if lease.is_some() {
                return JournalError::locked(lease, self.place.shown());
            }
        }
        JournalError::locked(None, self.place.shown())
    }

    pub(super) fn take_in_bucket(&mut self, holder: &Holder, is_alive: IsAlive<'_>) -> Result<(), JournalError> {
        for _ in 0..TRIES {
            self.read()?;
            let lease = self.open_lease();
            if let Some(lease) = &lease
                && !self.is_over(lease, holder, is_alive)?
            {
                break;
            }
            let until = Some(self.clock.now() + LEASE);
            let took_over = lease.map(|lease| lease.holder);
            if self.begin_lease(Event::LeaseTaken { holder: holder.clone(), until, took_over })? {
                return Ok(());
            }
        }
        Err(JournalError::locked(self.open_lease(), self.place.shown()))
    }

    /// Whether a lease that was not given back has ended.
    fn is_over(&self, lease: &Lease, holder: &Holder, is_alive: IsAlive<'_>) -> Result<bool, JournalError> {
        if lease.holder.host == holder.host && is_alive(&lease.holder) == Some(false) {
            return Ok(true);
        }
        // Where both clocks agree that it has only just been used, the store need not be asked what time it is. Where
        // this one is behind, or says that it has ended, the store decides.
        let now = self.clock.now();
        if lease.until.is_some_and(|until| until - LEASE <= now && now < until) {
            return Ok(false);
        }
        match &self.store {
            Store::Disk(_) => Ok(false),
            Store::Objects(objects) => objects.is_silent_for(&self.log, LEASE + MARGIN),
        }
    }

    /// The newest lease, unless it was given back. In a bucket every entry makes it last longer.
    pub(super) fn open_lease(&self) -> Option<Lease> {
        let mut lease = self.log.lease().filter(|lease| !lease.released)?;
        if let (Some(until), Some(last)) = (&mut lease.until, self.log.entries().last()) {
            *until = last.at + LEASE;
        }
        Some(lease)
    }

    /// Writes the first entry of a lease. `false` when another has come first.
    fn begin_lease(&mut self, event: Event) -> Result<bool, JournalError> {
        let number = self.log.next();
        let is_taken = self.write(number, event)?;
        if is_taken {
            self.lease = Some(number);
        }
        Ok(is_taken)
    }
}
