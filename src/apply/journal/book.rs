use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::disk::Disk;
use super::objects::Objects;
use super::taking::LEASE;
use super::{Entry, Event, Holder, JournalError, Log, Place};
use crate::client::Clock;

/// How many entries of its own, answered with an error and written nevertheless, a run may meet when it writes the next.
const TRIES: usize = 5;

/// An environment's journal: what was done, and the right to write it, which is the right to act.
///
/// Whoever drops it without [`release`](Journal::release) leaves the lease open: on a disk the lock is free at once, in
/// a bucket when the lease ends.
pub struct Journal {
    pub(super) place: Place,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Log,
    pub(super) store: Store,
    pub(super) lease: Option<u64>,
    /// When the last entry of this run was written, by both of its clocks: one stands still while the machine sleeps.
    heard: (Duration, Timestamp),
}

pub(super) enum Store {
    Disk(Disk),
    Objects(Objects),
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
            Place::Bucket { url, environment, options } => {
                Store::Objects(Objects::new(place, url, environment, options)?)
            }
        };
        let heard = (clock.elapsed(), clock.now());
        let mut journal = Self { place: place.clone(), clock, log: Log::default(), store, lease: None, heard };
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

    pub(super) fn read(&mut self) -> Result<(), JournalError> {
        match &mut self.store {
            Store::Disk(disk) => disk.read(&mut self.log),
            Store::Objects(objects) => objects.read(&mut self.log),
        }
    }

    /// Takes the lock, and takes up what others have written meanwhile. A lock that is held is refused at once.
    ///
    /// `is_alive` says whether a holder's process still runs; `None` when that cannot be seen from here, as on another
    /// machine.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when somebody else has it; otherwise the journal cannot be read or written.
    pub fn take(&mut self, holder: Holder, is_alive: &dyn Fn(&Holder) -> Option<bool>) -> Result<(), JournalError> {
        match &self.store {
            Store::Disk(_) => self.take_on_disk(holder, is_alive),
            Store::Objects(_) => self.take_in_bucket(&holder, is_alive),
        }
    }

    /// Appends what happened. When this returns, it is kept.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when another run has taken over: this one must do nothing more. Otherwise the journal
    /// cannot be written.
    pub fn append(&mut self, event: Event) -> Result<(), JournalError> {
        let lease = self.lease()?;
        if !self.is_as_left() {
            return Err(self.changed());
        }
        // A lease that has ended needs no renewal first: should somebody have taken over, this number is theirs.
        for _ in 0..TRIES {
            if self.write(lease, event.clone())? {
                return Ok(());
            }
            self.read()?;
            if let Some(newest) = self.log.lease().filter(|newest| newest.number != lease) {
                self.lease = None;
                return Err(JournalError::Fenced { by: Box::new(newest.holder), place: self.place.shown() });
            }
            // An earlier entry of this run: its answer was an error, and it was written nevertheless.
        }
        Err(self.changed())
    }

    /// Writes the next entry. `false` when there is another of its number.
    pub(super) fn write(&mut self, lease: u64, event: Event) -> Result<bool, JournalError> {
        let heard = (self.clock.elapsed(), self.clock.now());
        let entry = Entry { number: self.log.next(), at: heard.1, lease, event };
        let line = entry.to_line()?;
        let is_written = match &mut self.store {
            Store::Disk(disk) => disk.append(&line).map(|()| true)?,
            Store::Objects(objects) => objects.create(entry.number, &line)?,
        };
        if is_written {
            self.heard = heard;
            self.log.push(entry).map_err(|damage| JournalError::damaged(damage, self.place.shown()))?;
        }
        Ok(is_written)
    }

    /// Whether the file is still the one that this run writes. In a bucket the next write finds out.
    fn is_as_left(&self) -> bool {
        match &self.store {
            Store::Disk(disk) => disk.is_as_left(),
            Store::Objects(_) => true,
        }
    }

    /// Somebody else wrote, or removed the journal, although the lock is ours. It is worth nothing any more.
    fn changed(&mut self) -> JournalError {
        let ours = self.log.lease();
        self.give_up();
        if let Err(error) = self.read() {
            return error;
        }
        let (place, is_ours) =
            (self.place.shown(), |holder: &Holder| ours.as_ref().is_some_and(|ours| ours.holder == *holder));
        match self.log.lease() {
            Some(newest) if !is_ours(&newest.holder) => JournalError::Fenced { by: Box::new(newest.holder), place },
            _ => JournalError::Damaged {
                place,
                line: self.log.next(),
                what: "it was changed or removed while this run held its lock".to_owned(),
            },
        }
    }

    /// To be called every few seconds while something takes long, so that the lease does not end meanwhile. It costs
    /// nothing until a third of the lease is over.
    ///
    /// # Errors
    /// As [`append`](Self::append). A store that is out of reach is an error only when the lease may end soon.
    pub fn keep_alive(&mut self) -> Result<(), JournalError> {
        self.lease()?;
        if !self.is_as_left() {
            return Err(self.changed());
        }
        let silent = self.silent();
        if matches!(self.store, Store::Disk(_)) || silent < LEASE / 3 {
            return Ok(());
        }
        let until = self.clock.now() + LEASE;
        match self.append(Event::LeaseRenewed { until }) {
            Err(JournalError::Store { .. }) if silent < LEASE / 2 => Ok(()),
            other => other,
        }
    }

    /// How long the others have heard nothing of this run.
    fn silent(&self) -> Duration {
        let (elapsed, now) = self.heard;
        let by_instants = Duration::try_from(self.clock.now().duration_since(now)).unwrap_or_default();
        self.clock.elapsed().saturating_sub(elapsed).max(by_instants)
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

    pub(super) fn give_up(&mut self) {
        self.lease = None;
        if let Store::Disk(disk) = &mut self.store {
            disk.unlock();
        }
    }

    fn lease(&self) -> Result<u64, JournalError> {
        self.lease.ok_or_else(|| JournalError::NotTaken { place: self.place.shown() })
    }
}
