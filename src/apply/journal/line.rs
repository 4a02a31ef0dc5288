use super::{Entry, JournalError};

/// Why a line is not an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It ends before its length: it was not written to its end.
    Short,
    /// Length and end are right and the checksum is not: parts of it were not written, or were changed since.
    Checksum,
    /// It does not begin as a line does, or does not end where it should.
    Form,
    /// It is as it was written, and this version of palier does not know what it says.
    Unknown(String),
}

impl Flaw {
    /// Whether a write that was cut off explains it; `rest` is all that stands from the beginning of the line on.
    ///
    /// No entry holds a line feed, so that what was cut off has one at its very end or none. Anything else is damage:
    /// cutting it off would lose entries that were written whole.
    pub(super) fn is_torn(&self, rest: &[u8]) -> bool {
        let line_feed = rest.iter().position(|byte| *byte == b'\n');
        match self {
            Self::Short => line_feed.is_none(),
            Self::Checksum => line_feed.is_none_or(|at| at + 1 == rest.len()),
            // A file system may have made the file longer and not have written what was to stand there.
            Self::Form => rest.iter().all(|byte| *byte == 0),
            Self::Unknown(_) => false,
        }
    }

    pub(super) fn said(&self) -> String {
        match self {
            Self::Short => "it is shorter than it was written".to_owned(),
            Self::Checksum => "its checksum is wrong: it is not what was written".to_owned(),
            Self::Form => "it is no line of a journal, or two lines have become one".to_owned(),
            Self::Unknown(error) => format!("this version of palier does not know what it says: {error}"),
        }
    }
}

impl Entry {
    /// The entry as it is stored, as one line: checksum and length of what follows, then the entry as JSON.
    ///
    /// The length tells a line that was cut off from one whose end was changed.
    ///
    /// # Errors
    /// It could not be read back.
    pub fn to_line(&self) -> Result<String, JournalError> {
        let unwritable = |error: serde_json::Error| JournalError::Unwritable { what: error.to_string() };
        let json = serde_json::to_string(self).map_err(unwritable)?;
        // What cannot be read back would make a damaged journal of a good one: a figure that is no number is one case.
        serde_json::from_str::<Self>(&json).map_err(unwritable)?;
        Ok(format!("{}{json}\n", head(json.as_bytes())))
    }
}

fn head(json: &[u8]) -> String {
    format!("{:08x} {} ", crc32fast::hash(json), json.len())
}

/// The JSON of the line that begins here, checked, and the length of the whole line.
pub(super) fn split(text: &[u8]) -> Result<(&[u8], usize), Flaw> {
    let Some(length) = stated_length(text)? else { return Err(Flaw::Short) };
    let begin = 10 + digits(length);
    let Some(end) = begin.checked_add(length) else { return Err(Flaw::Form) };
    let Some(json) = text.get(begin..end) else { return Err(Flaw::Short) };
    match text.get(end) {
        Some(b'\n') | None => {}
        Some(_) => return Err(Flaw::Form),
    }
    if !text.starts_with(head(json).as_bytes()) {
        return Err(Flaw::Checksum);
    }
    // A whole entry without its line feed is whole.
    Ok((json, (end + 1).min(text.len())))
}

/// The entry in a line's JSON.
pub(super) fn parse(json: &[u8]) -> Result<Entry, Flaw> {
    serde_json::from_slice(json).map_err(|error| Flaw::Unknown(error.to_string()))
}

/// What the head states: `None` when the text ends within it.
fn stated_length(text: &[u8]) -> Result<Option<usize>, Flaw> {
    let mut length = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match (at, byte) {
            (0..8, b'0'..=b'9' | b'a'..=b'f') | (8, b' ') => {}
            // Nothing that is stored has more than twelve digits.
            (9..21, b'0'..=b'9') => length = length * 10 + usize::from(byte - b'0'),
            (10..22, b' ') => return Ok(Some(length)),
            _ => return Err(Flaw::Form),
        }
    }
    Ok(None)
}

const fn digits(number: usize) -> usize {
    match number.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}
