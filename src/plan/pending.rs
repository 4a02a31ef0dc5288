use std::collections::BTreeMap;

use super::value::Plan;
use crate::document::sha256;
use crate::generate::FileChange;
use crate::metrics::MeasuredOn;
use serde::{Deserialize, Serialize};

/// Where the record of a written flight lies, relative to the project's root.
pub const PENDING_PATH: &str = ".palier/flight.json";

/// A flight whose files are written and that is not known to be live.
///
/// The files of a repository say what should run, not what runs: after the files of flight 1 are written, they alone
/// would make flight 2 the next one, and figures that were measured before would count as measured on the new plans. So what was written is kept here, and no further flight is written until somebody
/// says that this one is live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingFlight {
    /// The version of this record.
    pub format_version: String,
    /// Flights that are still due after this one.
    pub flights_left: usize,
    /// The SHA-256 of the usage file that the flight was decided on; empty when there was none.
    pub metrics: String,
    /// What ran while that usage was measured.
    pub measured_on: MeasuredOn,
    /// The files as they were written: path and SHA-256.
    pub files: BTreeMap<String, String>,
    /// Whether the flight is known to be live: then only what was measured before it still counts.
    #[serde(default)]
    pub live: bool,
    /// The plan that the flight belongs to, for `palier apply`.
    #[serde(default)]
    pub plan: Option<Box<Plan>>,
}

impl PendingFlight {
    /// The record of a flight's files.
    #[must_use]
    pub fn of(changes: &[FileChange], flights_left: usize, metrics: &str, measured_on: MeasuredOn) -> Self {
        Self {
            format_version: "1".to_owned(),
            flights_left,
            metrics: metrics.to_owned(),
            measured_on,
            files: changes.iter().map(|change| (change.path.clone(), sha256(&change.after))).collect(),
            live: false,
            plan: None,
        }
    }

    /// The record of a flight that is live already.
    #[must_use]
    pub fn live(metrics: &str, measured_on: MeasuredOn) -> Self {
        Self { live: true, ..Self::of(&[], 0, metrics, measured_on) }
    }

    /// Reads a record; anything else than a record counts as none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|record: &Self| record.format_version == "1")
    }

    /// The record as it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Whether the files still are as this flight wrote them; `read` gives a file's bytes.
    #[must_use]
    pub fn holds(&self, read: impl Fn(&str) -> Option<Vec<u8>>) -> bool {
        !self.files.is_empty()
            && self.files.iter().all(|(path, hash)| read(path).is_some_and(|bytes| sha256(&bytes) == *hash))
    }
}

#[cfg(test)]
mod tests {
    use super::PendingFlight;
    use crate::generate::{FileChange, FileKind};
    use crate::metrics::MeasuredOn;

    #[test]
    fn a_flight_is_pending_until_somebody_changes_its_files() {
        let change = FileChange {
            path: "render.yaml".to_owned(),
            kind: FileKind::Blueprint,
            before: None,
            after: b"services: []\n".to_vec(),
        };
        let record = PendingFlight::of(&[change], 1, "abc", MeasuredOn::default());
        let read = PendingFlight::parse(record.to_json().as_bytes()).expect("a record");
        assert_eq!(read, record);
        assert!(read.holds(|_| Some(b"services: []\n".to_vec())));
        assert!(!read.holds(|_| Some(b"services: [1]\n".to_vec())));
        assert!(!read.holds(|_| None));
        assert_eq!(PendingFlight::parse(b"{}"), None);
    }
}
