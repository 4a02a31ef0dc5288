use jiff::Timestamp;

use super::{Holder, Lease};
use crate::client::Fault;
use crate::diagnostic::Diagnostic;

/// Why the journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else acts.
    #[error("another run holds the lock of {place}")]
    Locked {
        /// Who; `None` in the moment in which a lock is held already and its holder has not signed yet.
        holder: Option<Box<Holder>>,
        /// Since when.
        since: Option<Timestamp>,
        /// Until when, unless it is renewed; `None` on a disk.
        until: Option<Timestamp>,
        /// Which journal.
        place: String,
    },
    /// The lease was taken over: this run has lost the right to write.
    #[error("another run has taken over the lock of {place}")]
    Fenced {
        /// By whom.
        by: Box<Holder>,
        /// Which journal.
        place: String,
    },
    /// The lock was not taken.
    #[error("the journal {place} was to be written without its lock")]
    NotTaken {
        /// Which journal.
        place: String,
    },
    /// The journal is not what was written.
    #[error("the journal {place} is damaged at line {line}: {what}")]
    Damaged {
        /// Which journal.
        place: String,
        /// The line, or the number of the object.
        line: u64,
        /// How.
        what: String,
    },
    /// A newer version wrote it.
    #[error("the journal {place} cannot be understood at line {line}: {what}")]
    Unknown {
        /// Which journal.
        place: String,
        /// The line, or the number of the object.
        line: u64,
        /// What is not known.
        what: String,
    },
    /// An entry that could not be read back is not written.
    #[error("an entry cannot be written, because it could not be read back: {what}")]
    Unwritable {
        /// Why.
        what: String,
    },
    /// The address of the journal cannot be used.
    #[error("the journal's place {place} cannot be used: {what}")]
    BadPlace {
        /// Which.
        place: String,
        /// Why.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The disk refuses.
    #[error("{path} cannot be {action}: {source}")]
    Disk {
        /// Which file.
        path: String,
        /// What was to be done with it: `read`, `written`, `locked`.
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The object store refuses, or is out of reach.
    #[error("the journal {place}: {fault}")]
    Store {
        /// Which journal.
        place: String,
        /// Why.
        fault: Fault,
    },
}

impl JournalError {
    pub(super) fn locked(lease: Option<Lease>, place: String) -> Self {
        let (since, until) = (lease.as_ref().map(|lease| lease.since), lease.as_ref().and_then(|lease| lease.until));
        Self::Locked { holder: lease.map(|lease| Box::new(lease.holder)), since, until, place }
    }

    pub(super) fn damaged(damage: super::log::Damage, place: String) -> Self {
        let super::log::Damage { line, what, is_unknown } = damage;
        if is_unknown { Self::Unknown { place, line, what } } else { Self::Damaged { place, line, what } }
    }

    /// The error for the user: what is wrong, why it matters, what to do.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let told = |id| Diagnostic::error(id, self.to_string());
        match self {
            Self::Locked { holder, since, until, .. } => {
                told("journal-locked").why(who(holder.as_deref(), *since, *until)).help(wait(*until))
            }
            Self::Fenced { by, .. } => told("journal-taken-over")
                .why(format!(
                    "{} took it, because nothing was heard of this run for longer than its lease; this run has written \
                     nothing since and must do nothing more",
                    by.shown()
                ))
                .help("let the other run end, then look with `palier history`"),
            Self::NotTaken { .. } => told("journal-not-locked").help("this is a mistake in palier: report it"),
            Self::Damaged { place, .. } => told("journal-damaged")
                .why("what was done cannot be known from it, so nothing is applied, resumed or rolled back")
                .help(format!(
                    "restore {place} from a backup; without one run `palier verify` first, then move it away: the next \
                     run begins a new one, and the runs in the old one can no longer be resumed or rolled back"
                )),
            Self::Unknown { .. } => told("journal-unknown")
                .why("it is undamaged, and another version of palier has written it")
                .help("use the version that wrote it, or a newer one"),
            Self::Unwritable { .. } => told("journal-unwritable").help("this is a mistake in palier: report it"),
            Self::BadPlace { remedy, .. } => told("journal-place").help(remedy.clone()),
            Self::Disk { action, .. } => {
                told("journal-disk").why("nothing is done that is not in the journal first").help(match *action {
                    "read" => "make it readable for this user",
                    _ => "make room on the disk and the folder writable for this user, then run palier again",
                })
            }
            Self::Store { fault, .. } => {
                told("journal-store").why("nothing is done that is not in the journal first").help(fault.remedy.clone())
            }
        }
    }
}

impl Holder {
    /// Who it is, in a few words.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} (process {} on {}, run {})", self.user, self.process, self.host, self.run)
    }
}

fn who(holder: Option<&Holder>, since: Option<Timestamp>, until: Option<Timestamp>) -> String {
    let mut text = holder.map_or_else(
        || "a run that is just beginning holds it".to_owned(),
        |holder| format!("{} holds it", holder.shown()),
    );
    if let Some(since) = since {
        text.push_str(&format!(" since {since:.0}"));
    }
    if let Some(until) = until {
        text.push_str(&format!(", until {until:.0} unless it goes on working"));
    }
    text
}

fn wait(until: Option<Timestamp>) -> String {
    match until {
        Some(_) => "wait until it ends; should it have been killed, its lock ends by itself soon after that".to_owned(),
        None => "wait until it ends; the lock of a process that was killed is free at once".to_owned(),
    }
}
