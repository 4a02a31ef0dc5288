use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use crate::diagnostic::mask;
use crate::document::sha256;

/// How a file changes: the lines that go and come, not the rest of it, so that what else a file holds (a password in
/// the user's own lines) never reaches the journal. It is undone from the same lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The file, relative to the root.
    pub path: String,
    /// The SHA-256 of its bytes before; `None` when there was no file.
    pub before: Option<String>,
    /// The SHA-256 of its bytes after; `None` when there is no file any more.
    pub after: Option<String>,
    /// The lines, from the start of the file to its end.
    pub hunks: Vec<Hunk>,
}

/// Some lines in place of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Where they stand in the file before, in bytes.
    pub offset: usize,
    /// The lines before.
    pub removed: String,
    /// The lines after.
    pub added: String,
}

/// Why a patch cannot be made or applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The file holds no text.
    #[error("`{path}` is not text in UTF-8")]
    NotText {
        /// The file.
        path: String,
    },
    /// A line that must be kept for the undo holds a secret.
    #[error("line {line} of `{path}`, which this changes, holds a secret")]
    Secret {
        /// The file.
        path: String,
        /// The line, counted from 1, in the file before.
        line: usize,
    },
    /// The file is neither as it was before nor as it is after.
    #[error("`{path}` was changed by somebody else in the meantime")]
    Changed {
        /// The file.
        path: String,
    },
}

impl Patch {
    /// The patch between two states of a file; `None` stands for no file.
    ///
    /// # Errors
    /// One of them is no text, or a changed line holds a secret.
    pub fn between(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> Result<Self, PatchError> {
        let text = |bytes: Option<&[u8]>| {
            std::str::from_utf8(bytes.unwrap_or_default())
                .map(str::to_owned)
                .map_err(|_| PatchError::NotText { path: path.to_owned() })
        };
        let (old, new) = (text(before)?, text(after)?);
        let hunks = hunks(&old, &new);
        for hunk in &hunks {
            let shows = |text: &str| mask(text) != text;
            if shows(&hunk.removed) || shows(&hunk.added) {
                let line = old[..hunk.offset].matches('\n').count() + 1;
                return Err(PatchError::Secret { path: path.to_owned(), line });
            }
        }
        Ok(Self { path: path.to_owned(), before: before.map(sha256), after: after.map(sha256), hunks })
    }

    /// The patch back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut moved = 0_isize;
        let hunks = self
            .hunks
            .iter()
            .map(|hunk| {
                let offset = hunk.offset.saturating_add_signed(moved);
                moved += hunk.added.len().cast_signed() - hunk.removed.len().cast_signed();
                Hunk { offset, removed: hunk.added.clone(), added: hunk.removed.clone() }
            })
            .collect();
        Self { path: self.path.clone(), before: self.after.clone(), after: self.before.clone(), hunks }
    }

    /// The same patches as they are seen from the files of now, for a look at steps none of which has run: one that
    /// builds on an earlier one of the same file has the file before that one before it.
    #[must_use]
    pub fn seen_from_now(patches: &[(String, Vec<Self>)]) -> BTreeMap<String, Vec<Self>> {
        let mut firsts: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
        let mut seen = |patch: &Self| {
            let earlier = firsts.get(&patch.path).filter(|(_, after)| *after == patch.before);
            let before = earlier.map_or_else(|| patch.before.clone(), |(before, _)| before.clone());
            firsts.insert(patch.path.clone(), (before.clone(), patch.after.clone()));
            Self { before, ..patch.clone() }
        };
        patches.iter().map(|(step, patches)| (step.clone(), patches.iter().map(&mut seen).collect())).collect()
    }

    /// The file's bytes after; `None` when it goes. A file that already is as after stays so.
    ///
    /// # Errors
    /// The file is neither as before nor as after.
    pub fn apply(&self, bytes: Option<&[u8]>) -> Result<Option<Vec<u8>>, PatchError> {
        let now = bytes.map(sha256);
        if now == self.after {
            return Ok(bytes.map(<[u8]>::to_vec));
        }
        let changed = || PatchError::Changed { path: self.path.clone() };
        if now != self.before {
            return Err(changed());
        }
        let old = bytes.unwrap_or_default();
        let mut new = Vec::with_capacity(old.len());
        let mut at = 0;
        for hunk in &self.hunks {
            new.extend_from_slice(old.get(at..hunk.offset).ok_or_else(changed)?);
            new.extend_from_slice(hunk.added.as_bytes());
            at = hunk.offset + hunk.removed.len();
        }
        new.extend_from_slice(old.get(at..).ok_or_else(changed)?);
        match &self.after {
            None => Ok(None),
            Some(hash) if sha256(&new) == *hash => Ok(Some(new)),
            Some(_) => Err(changed()),
        }
    }
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for change in TextDiff::from_lines(old, new).iter_all_changes() {
        if change.tag() == ChangeTag::Equal {
            open = false;
            at += change.value().len();
            continue;
        }
        if !open {
            hunks.push(Hunk { offset: at, removed: String::new(), added: String::new() });
            open = true;
        }
        let Some(hunk) = hunks.last_mut() else { continue };
        if change.tag() == ChangeTag::Delete {
            hunk.removed.push_str(change.value());
            at += change.value().len();
        } else {
            hunk.added.push_str(change.value());
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::{Patch, PatchError};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_patch_leads_there_and_back(old in "([ab]{0,3}(\r?\n)?){0,8}", new in "([ab]{0,3}(\r?\n)?){0,8}") {
            let patch = Patch::between("a", Some(old.as_bytes()), Some(new.as_bytes())).expect("a patch");
            prop_assert_eq!(patch.apply(Some(old.as_bytes())).expect("there"), Some(new.clone().into_bytes()));
            prop_assert_eq!(patch.inverse().apply(Some(new.as_bytes())).expect("back"), Some(old.into_bytes()));
            prop_assert_eq!(patch.inverse().inverse(), patch);
        }
    }

    #[test]
    fn files_come_and_go() {
        let patch = Patch::between("a", None, Some(b"x\n")).expect("a patch");
        assert_eq!(patch.apply(None), Ok(Some(b"x\n".to_vec())));
        assert_eq!(patch.inverse().apply(Some(b"x\n")), Ok(None));
        assert_eq!(patch.inverse().apply(Some(b"y\n")), Err(PatchError::Changed { path: "a".to_owned() }));
    }

    #[test]
    fn a_file_that_is_there_already_stays_and_one_that_somebody_changed_is_left_alone() {
        let patch = Patch::between("a", Some(b"1\n2\n"), Some(b"1\n3\n")).expect("a patch");
        assert_eq!(patch.apply(Some(b"1\n3\n")), Ok(Some(b"1\n3\n".to_vec())));
        assert!(patch.apply(Some(b"0\n2\n")).is_err() && patch.apply(None).is_err());
    }

    #[test]
    fn a_secret_beside_the_change_is_not_in_the_patch_and_one_in_it_is_refused() {
        let old = b"url: redis://u:hunter22@h\nplan: free\n";
        let patch = Patch::between("a", Some(old), Some(b"url: redis://u:hunter22@h\nplan: paid\n")).expect("a patch");
        assert!(!serde_json::to_string(&patch).expect("JSON").contains("hunter22"));
        let refused = Patch::between("a", Some(old), Some(b"url: none\nplan: free\n"));
        assert_eq!(refused, Err(PatchError::Secret { path: "a".to_owned(), line: 1 }));
    }
}
