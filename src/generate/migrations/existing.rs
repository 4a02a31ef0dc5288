use std::collections::{BTreeMap, BTreeSet};

use super::{Index, MigrationError, MigrationFile};
use crate::project::{ScriptIndex, find_index_scripts, indexes_of_sql};

/// The word before an index's fingerprint, in a comment of each file that palier writes.
const MARKER: &str = "palier-index: ";

/// The line that marks a migration as that of an index, without the comment's own sign.
pub(super) fn marker(index: &Index) -> String {
    format!("{MARKER}{}", index.fingerprint())
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a file is the migration of an index, by its mark.
pub(super) fn is_marked(file: &MigrationFile, index: &Index) -> bool {
    marks(&file.content).any(|mark| mark == index.fingerprint())
}

fn marks(content: &str) -> impl Iterator<Item = &str> {
    content.lines().filter_map(|line| line.split_once(MARKER)).filter_map(|(_, mark)| mark.get(..16))
}

/// Which indexes the migrations of a folder build, and which names they have given.
pub(super) struct Known {
    fingerprints: BTreeSet<String>,
    /// Schema and name of an index, with what it is and which file has it.
    names: BTreeMap<(String, String), (String, String)>,
}

impl Known {
    /// Reads marks, and the statements and calls of migrations that somebody wrote by hand.
    pub(super) fn read(files: &[MigrationFile]) -> Self {
        let mut known = Self { fingerprints: BTreeSet::new(), names: BTreeMap::new() };
        for file in files {
            known.fingerprints.extend(marks(&file.content).map(str::to_owned));
            for found in declared(file) {
                if let Ok(index) = Index::from_script(&found, &file.path) {
                    known.remember(&index, &file.path);
                }
            }
        }
        known
    }

    fn remember(&mut self, index: &Index, by: &str) {
        let fingerprint = index.fingerprint();
        self.fingerprints.insert(fingerprint.clone());
        let key = (index.table.schema.clone(), index.name.clone());
        self.names.entry(key).or_insert_with(|| (fingerprint, by.to_owned()));
    }

    /// The indexes that have no migration yet, each once, under names that no other has.
    pub(super) fn missing(mut self, wanted: &[Index]) -> Result<Vec<Index>, MigrationError> {
        let mut missing = Vec::new();
        for index in wanted {
            if self.fingerprints.contains(&index.fingerprint()) {
                continue;
            }
            let mut index = index.clone();
            if self.holder(&index).is_some() && index.named_by_palier {
                index.name = index.other_name();
            }
            if let Some(by) = self.holder(&index) {
                return Err(MigrationError::NameTaken { origin: index.origin, name: index.name, by: by.to_owned() });
            }
            self.remember(&index, &index.origin);
            missing.push(index);
        }
        Ok(missing)
    }

    fn holder(&self, index: &Index) -> Option<&str> {
        self.names.get(&(index.table.schema.clone(), index.name.clone())).map(|(_, by)| by.as_str())
    }
}

/// The migration that builds an index, with the index as that migration names it.
pub(super) fn holder_of<'f>(index: &Index, files: &'f [MigrationFile]) -> Option<(Index, &'f MigrationFile)> {
    let fingerprint = index.fingerprint();
    files.iter().filter(|file| !file.path.ends_with(".down.sql")).find_map(|file| {
        let built: Vec<Index> =
            declared(file).iter().filter_map(|found| Index::from_script(found, &file.path).ok()).collect();
        let same = built.iter().find(|one| one.fingerprint() == fingerprint);
        // The mark counts where the text cannot be read back exactly: what the file builds is the index all the same.
        let name = match same {
            Some(same) => same.name.clone(),
            None if is_marked(file, index) => built.first().map_or_else(|| index.name.clone(), |one| one.name.clone()),
            None => return None,
        };
        Some((index.clone().named(&name), file))
    })
}

/// What a migration's own text creates; a down file recreates nothing that counts.
fn declared(file: &MigrationFile) -> Vec<ScriptIndex> {
    let lower = file.path.to_ascii_lowercase();
    if lower.ends_with(".sql") && !lower.ends_with(".down.sql") {
        return indexes_of_sql(&file.content, 1).into_iter().flatten().collect();
    }
    find_index_scripts([(file.path.as_str(), file.content.as_str())])
        .into_iter()
        .flat_map(|script| script.indexes)
        .collect()
}
