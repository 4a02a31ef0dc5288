use std::time::Duration;

use super::{JournalError, Log, Place};
use crate::client::Fault;
use crate::client::bucket::{Bucket, Object};

/// A journal in a bucket: one object for each entry, which is made once and never written again.
///
/// Object stores neither append nor replace safely, but of two that make the same name one loses. So lock and journal
/// are one row of numbers: whoever takes the lease makes the next number, and so does whoever writes under it. A run
/// that wakes up late finds its next number made by another, and has lost.
#[derive(Debug)]
pub(super) struct Objects {
    bucket: Bucket,
    environment: String,
    place: String,
}

impl Objects {
    pub(super) fn new(
        place: &Place,
        url: &str,
        environment: &str,
        options: &[(String, String)],
    ) -> Result<Self, JournalError> {
        let shown = place.shown();
        let bucket = Bucket::open(url, options).map_err(|fault| JournalError::BadPlace {
            place: shown.clone(),
            what: fault.message,
            remedy: fault.remedy,
        })?;
        Ok(Self { bucket, environment: environment.to_owned(), place: shown })
    }

    fn name(&self, number: u64) -> String {
        format!("{}/journal/{number:012}.json", self.environment)
    }

    /// Takes up what was written since the last time.
    pub(super) fn read(&self, log: &mut Log) -> Result<(), JournalError> {
        if log.entries().is_empty() {
            self.read_listed(log)?;
        }
        // Those that came meanwhile, one by one: there are few.
        while let Some(object) = self.bucket.read(&self.name(log.next())).map_err(|fault| self.failed(fault))? {
            self.take_up(log, &object)?;
        }
        Ok(())
    }

    fn read_listed(&self, log: &mut Log) -> Result<(), JournalError> {
        let folder = format!("{}/journal", self.environment);
        let listed = self.bucket.list(&folder).map_err(|fault| self.failed(fault))?;
        let names: Vec<String> = listed
            .into_iter()
            .filter(|name| {
                name.strip_suffix(".json").is_some_and(|stem| stem.bytes().all(|byte| byte.is_ascii_digit()))
            })
            .map(|name| format!("{folder}/{name}"))
            .collect();
        for (name, number) in names.iter().zip(1..) {
            if *name != self.name(number) {
                return Err(self.missing(number));
            }
        }
        let objects = self.bucket.read_all(&names).map_err(|fault| self.failed(fault))?;
        for object in objects {
            let object = object.ok_or_else(|| self.missing(log.next()))?;
            self.take_up(log, &object)?;
        }
        Ok(())
    }

    fn take_up(&self, log: &mut Log, object: &Object) -> Result<(), JournalError> {
        log.take_up(&object.body).map_err(|damage| JournalError::damaged(damage, self.place.clone()))
    }

    /// Makes an entry's object. `false` when another has made this number.
    pub(super) fn create(&self, number: u64, line: &str) -> Result<bool, JournalError> {
        self.bucket.create(&self.name(number), line.as_bytes()).map_err(|fault| self.failed(fault))
    }

    /// Whether the newest entry is at least as old as that.
    ///
    /// Both instants are the store's: when the entry was made, and now. Neither the clock of the machine that wrote it nor
    /// that of this one can be wrong in a way that takes a lease from a run that is at work.
    pub(super) fn is_silent_for(&self, log: &Log, time: Duration) -> Result<bool, JournalError> {
        let newest = self.name(log.next().saturating_sub(1));
        let written = self.bucket.read(&newest).map_err(|fault| self.failed(fault))?.map(|object| object.written);
        let now = self.bucket.time(&format!("{}/clock", self.environment)).map_err(|fault| self.failed(fault))?;
        let silent = written.map(|written| now.duration_since(written));
        Ok(silent.is_some_and(|silent| Duration::try_from(silent).is_ok_and(|silent| silent >= time)))
    }

    fn missing(&self, number: u64) -> JournalError {
        let what = "it is missing, and later ones are there".to_owned();
        JournalError::Damaged { place: self.place.clone(), line: number, what }
    }

    fn failed(&self, fault: Fault) -> JournalError {
        JournalError::Store { place: self.place.clone(), fault }
    }
}
