use std::fmt;
use std::path::PathBuf;

use super::JournalError;

/// Where a journal is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// In a folder of this machine.
    Local {
        /// The folder, `.palier` in the project's root.
        folder: PathBuf,
        /// The environment; each has a journal of its own.
        environment: String,
    },
    /// In a bucket.
    Bucket {
        /// `s3://BUCKET/PREFIX`.
        url: String,
        /// The environment; each has a journal of its own.
        environment: String,
        /// Region, endpoint and credentials, by the names of the usual variables (`AWS_REGION`, `AWS_ACCESS_KEY_ID`...).
        options: Vec<(String, String)>,
    },
}

impl Place {
    /// What users see: the file, or the address without credentials.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Local { folder, environment } => {
                folder.join(format!("{}.jsonl", local_name("journal", environment))).display().to_string()
            }
            Self::Bucket { url, environment, .. } => match url::Url::parse(url) {
                // A key that was written into the address is not shown, wherever it ended up.
                Ok(url) if !url.as_str().contains('@') => {
                    let (bucket, prefix) = (url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'));
                    format!("{}://{bucket}{prefix}/{environment}/journal", url.scheme())
                }
                _ => "in a bucket".to_owned(),
            },
        }
    }

    /// An environment's name becomes part of a file's name and must not lead out of the folder.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        let (Self::Local { environment, .. } | Self::Bucket { environment, .. }) = self;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !environment.is_empty() && !environment.starts_with('.') && environment.chars().all(is_plain) {
            return Ok(());
        }
        Err(JournalError::BadPlace {
            place: self.shown(),
            what: format!("the environment's name {environment:?} can be no part of a file's name"),
            remedy: "name the environment with letters, digits, `-`, `_` and `.` alone".to_owned(),
        })
    }
}

/// The name of an environment's file: that of production is the plain one.
pub(super) fn local_name(name: &str, environment: &str) -> String {
    if environment == "production" { name.to_owned() } else { format!("{name}.{environment}") }
}

/// The options hold credentials.
impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Place({})", self.shown())
    }
}
