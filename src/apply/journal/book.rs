use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::disk::Disk;
use super::{Entry, Event, Holder, JournalError, Log, Place};
use crate::client::Clock;

/// How often, and after how long, a loser looks again who it is that has won.
const LOOKS: usize = 25;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An environment's journal: what was done, and the right to write it, which is the right to act.
///
/// Whoever drops it without [`release`](Journal::release) leaves the lease open: on a disk the lock is free at once, in
/// a bucket when the lease ends.
pub struct Journal {
    place: Place,
    clock: Arc<dyn Clock>,
    log: Log,
    store: Store,
    lease: Option<u64>,
}

enum Store {
    Disk(Disk),
}

impl Journal {
    /// Reads all entries. A line that was torn off while it was written is left out here, and cut off by the next run
    /// that takes the lock. Reading waits for nobody and creates nothing.
    ///
    /// # Errors
    /// The journal cannot be reached, or is not what was written.
    pub fn open(place: &Place, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        place.check()?;
        let store = match place {
            Place::Local { folder, environment } => Store::Disk(Disk::new(folder, environment)),
            Place::Bucket { .. } => {
                return Err(JournalError::BadPlace {
                    place: place.shown(),
                    what: "this version keeps its journal on a disk alone".to_owned(),
                    remedy: String::new(),
                });
            }
        };
        let mut journal = Self { place: place.clone(), clock, log: Log::default(), store, lease: None };
        journal.read()?;
        Ok(journal)
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.log.entries()
    }

    /// Where it is kept.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    fn read(&mut self) -> Result<(), JournalError> {
        match &mut self.store {
            Store::Disk(disk) => disk.read(&mut self.log),
        }
    }

    /// Takes the lock, and takes up what others have written meanwhile. A lock that is held is refused at once.
    ///
    /// `is_alive` says whether a holder's process still runs; `None` when that cannot be seen from here.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when somebody else has it; otherwise the journal cannot be read or written.
    pub fn take(&mut self, holder: Holder, is_alive: &dyn Fn(&Holder) -> Option<bool>) -> Result<(), JournalError> {
        let Store::Disk(disk) = &mut self.store;
        if !disk.lock()? {
            return Err(self.held_by_another(is_alive));
        }
        let taken = self.begin_lease(holder);
        if taken.is_err() {
            self.give_up();
        }
        taken
    }

    fn begin_lease(&mut self, holder: Holder) -> Result<(), JournalError> {
        self.read()?;
        let took_over = self.log.lease().filter(|lease| !lease.released).map(|lease| lease.holder);
        let number = self.log.next();
        self.write(number, Event::LeaseTaken { holder, until: None, took_over })?;
        self.lease = Some(number);
        Ok(())
    }

    /// The operating system knows that the lock is held, and the journal by whom. Who has just taken it may not have
    /// written so yet: then the last lease is released, or is a dead process's.
    fn held_by_another(&mut self, is_alive: &dyn Fn(&Holder) -> Option<bool>) -> JournalError {
        for look in 0..LOOKS {
            if look > 0 {
                self.clock.sleep(LOOK_AGAIN);
            }
            if let Err(error) = self.read() {
                return error;
            }
            let lease = self.log.lease().filter(|lease| !lease.released && is_alive(&lease.holder) != Some(false));
            if lease.is_some() {
                return JournalError::locked(lease, self.place.shown());
            }
        }
        JournalError::locked(None, self.place.shown())
    }

    /// Appends what happened. When this returns, it is kept.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when another run has taken over: this one must do nothing more. Otherwise the journal
    /// cannot be written, and the entry is not there.
    pub fn append(&mut self, event: Event) -> Result<(), JournalError> {
        let Some(lease) = self.lease else { return Err(JournalError::NotTaken { place: self.place.shown() }) };
        let Store::Disk(disk) = &self.store;
        if !disk.is_as_left() {
            return Err(self.changed(lease));
        }
        self.write(lease, event)
    }

    fn write(&mut self, lease: u64, event: Event) -> Result<(), JournalError> {
        let entry = Entry { number: self.log.next(), at: self.now(), lease, event };
        let line = entry.to_line()?;
        let Store::Disk(disk) = &mut self.store;
        disk.append(&line)?;
        self.log.push(entry).map_err(|damage| JournalError::damaged(damage, self.place.shown()))
    }

    /// Somebody else wrote, or removed the journal, although the lock is ours.
    fn changed(&mut self, lease: u64) -> JournalError {
        let ours = self.log.lease();
        if let Err(error) = self.read() {
            return error;
        }
        let place = self.place.shown();
        match self.log.lease() {
            Some(newest) if ours.is_none_or(|ours| newest.number != lease || newest.holder != ours.holder) => {
                JournalError::Fenced { by: Box::new(newest.holder), place }
            }
            _ => JournalError::Damaged {
                place,
                line: self.log.next(),
                what: "it was changed or removed while this run held its lock".to_owned(),
            },
        }
    }

    /// To be called again and again while something takes long, so that the lease does not end meanwhile.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn keep_alive(&mut self) -> Result<(), JournalError> {
        if self.lease.is_none() {
            return Err(JournalError::NotTaken { place: self.place.shown() });
        }
        Ok(())
    }

    /// Gives the lock back. Without a lock nothing happens.
    ///
    /// # Errors
    /// The end could not be written; the lock is free nevertheless, or will be when its lease ends.
    pub fn release(&mut self) -> Result<(), JournalError> {
        if self.lease.is_none() {
            return Ok(());
        }
        let written = self.append(Event::LeaseReleased);
        self.give_up();
        written
    }

    fn give_up(&mut self) {
        self.lease = None;
        let Store::Disk(disk) = &mut self.store;
        disk.unlock();
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
