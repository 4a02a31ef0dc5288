use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// The largest file that palier reads as text: far above any real policy, blueprint or usage file.
pub const SIZE_LIMIT: u64 = 8 << 20;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no file `{0}`")]
    NotFound(String),
    /// The operating system refused.
    #[error("`{path}` cannot be read: {reason}")]
    Refused {
        /// The path as shown to the user.
        path: String,
        /// What the operating system said.
        reason: String,
    },
    /// It is not text that palier reads.
    #[error("`{path}` {reason}")]
    NotText {
        /// The path as shown to the user.
        path: String,
        /// What it is instead.
        reason: String,
    },
}

impl ReadError {
    /// The same error as a diagnostic with its remedy.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let (id, help) = match self {
            Self::NotFound(_) => ("file-not-found", "check the path, or give another one"),
            Self::Refused { .. } => ("file-unreadable", "check the file's permissions"),
            Self::NotText { .. } => ("not-a-text-file", "save it as UTF-8 text of less than 8 MiB"),
        };
        let path = match self {
            Self::NotFound(path) | Self::Refused { path, .. } | Self::NotText { path, .. } => path,
        };
        Diagnostic::error(id, self.to_string()).at(Place::start_of(&SourceFile::new(path.as_str(), ""))).help(help)
    }
}

/// The bytes of a file; `None` when there is none.
///
/// # Errors
/// What the operating system refused.
pub fn read_bytes(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a text file; `shown` is the path as the user would write it.
///
/// # Errors
/// The file is missing, unreadable, larger than [`SIZE_LIMIT`], or not UTF-8 text.
pub fn read_file(path: &Path, shown: &str) -> Result<Arc<SourceFile>, ReadError> {
    let refused = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::NotFound(shown.to_owned()),
        _ => ReadError::Refused { path: shown.to_owned(), reason: error.to_string() },
    };
    let metadata = std::fs::metadata(path).map_err(refused)?;
    if !metadata.is_file() {
        return Err(ReadError::Refused { path: shown.to_owned(), reason: "it is not a file".to_owned() });
    }
    // The size is checked before reading and the read is bounded, because a file may grow in between.
    let mut bytes = Vec::new();
    if metadata.len() <= SIZE_LIMIT {
        let file = File::open(path).map_err(refused)?;
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(refused)?;
    }
    if metadata.len() > SIZE_LIMIT || bytes.len() as u64 > SIZE_LIMIT {
        return Err(ReadError::NotText {
            path: shown.to_owned(),
            reason: format!("is larger than {} MiB, which no file of this kind is", SIZE_LIMIT >> 20),
        });
    }
    let text = text_of(&bytes).map_err(|reason| ReadError::NotText { path: shown.to_owned(), reason })?;
    Ok(SourceFile::new(shown, text))
}

/// The SHA-256 of a file's bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a file's bytes, without a byte order mark.
///
/// # Errors
/// What the bytes are instead, as the second half of a sentence that begins with the file's name.
pub fn text_of(bytes: &[u8]) -> Result<String, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16, not UTF-8".to_owned());
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    if let Some(position) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!("is a binary file (byte {position} is zero)"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("is not UTF-8 (line {line})"))
        }
    }
}
