//! The files of a project: a walk with bounds, and reads that never leave the root.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::document::{ReadError, SIZE_LIMIT, read_file};

/// How deep below the root files are looked for.
const DEPTH_LIMIT: usize = 6;

/// How many entries the walk looks at; a repository of a small web application stays far below.
const ENTRY_LIMIT: usize = 5_000;

/// How many bytes are read in all, so that a repository of large files costs neither memory nor patience.
const TOTAL_LIMIT: usize = 96 << 20;

/// Folders that hold other people's code, or none.
const SKIPPED_FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "venv",
    ".venv",
    "virtualenv",
    "site-packages",
    "__pycache__",
    "__pypackages__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".next",
    ".terraform",
    ".idea",
    ".vscode",
    "target",
];

/// The project's files, as the readers see them.
pub(super) struct Tree {
    root: PathBuf,
    /// The root without symlinks; a path that resolves outside of it is refused.
    real_root: Option<PathBuf>,
    /// Every regular file (and symlink to one) of the walk, relative to the root, with `/`, shallow ones first.
    paths: Vec<String>,
    /// Whether the walk saw everything: "there is no such file" is only known then.
    pub(super) complete: bool,
    cache: BTreeMap<String, Option<Arc<SourceFile>>>,
    /// How many bytes may still be read.
    room: usize,
    /// Every file that a conclusion rests on, in the order of reading.
    pub(super) files: Vec<Arc<SourceFile>>,
    /// What could not be read.
    pub(super) problems: Vec<Diagnostic>,
}

impl Tree {
    /// Walks a folder.
    pub(super) fn walk(root: &Path) -> Self {
        let mut tree = Self {
            root: root.to_owned(),
            real_root: None,
            paths: Vec::new(),
            complete: true,
            cache: BTreeMap::new(),
            room: TOTAL_LIMIT,
            files: Vec::new(),
            problems: Vec::new(),
        };
        match std::fs::canonicalize(root) {
            Ok(real) if real.is_dir() => tree.real_root = Some(real),
            Ok(_) => tree.unreadable_folder("", "it is not a folder"),
            Err(error) => tree.unreadable_folder("", &error.to_string()),
        }
        if tree.real_root.is_some() {
            tree.collect();
        }
        tree
    }

    /// Breadth first, so that the bound on entries cuts off the deepest folders and not the last ones by name.
    fn collect(&mut self) {
        let mut seen = 0_usize;
        let mut folders = VecDeque::from([(String::new(), 1_usize)]);
        while let Some((folder, depth)) = folders.pop_front() {
            let entries = match std::fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable_folder(&folder, &error.to_string());
                    continue;
                }
            };
            let mut names: Vec<(String, std::fs::FileType)> = entries
                .take(ENTRY_LIMIT.saturating_sub(seen) + 1)
                .flatten()
                .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?)))
                .collect();
            seen += names.len();
            if seen > ENTRY_LIMIT {
                self.too_large(&folder);
                return;
            }
            names.sort_by(|left, right| left.0.cmp(&right.0));
            for (name, kind) in names {
                let path = join(&folder, &name);
                if !kind.is_dir() {
                    self.paths.push(path);
                } else if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    if depth < DEPTH_LIMIT {
                        folders.push_back((path, depth + 1));
                    } else {
                        self.complete = false;
                    }
                }
            }
        }
    }

    fn too_large(&mut self, folder: &str) {
        self.complete = false;
        let message = "the project is larger than palier reads; the rest was not looked at";
        self.problems.push(
            Diagnostic::note("project-too-large", message)
                .at(Place::start_of(&SourceFile::new(shown(folder), "")))
                .help("give the application's own folder as --root"),
        );
    }

    fn unreadable_folder(&mut self, folder: &str, reason: &str) {
        self.complete = false;
        self.problems.push(
            Diagnostic::warning("folder-unreadable", format!("`{}` cannot be read: {reason}", shown(folder)))
                .at(Place::start_of(&SourceFile::new(shown(folder), "")))
                .help("check the path and the folder's permissions"),
        );
    }

    /// The paths of the walk, shallow ones first.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Whether there is a file at this path (inside the bounds of the walk or not).
    pub(super) fn has(&self, path: &str) -> bool {
        normalise(path).is_some_and(|path| self.real_root.is_some() && self.root.join(path).is_file())
    }

    /// Whether there is a folder at this path.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        normalise(path).is_some_and(|path| self.real_root.is_some() && self.root.join(path).is_dir())
    }

    /// The text of a file; `None` when there is none, or it cannot be read, which is then among the problems.
    pub(super) fn read(&mut self, path: &str) -> Option<Arc<SourceFile>> {
        let file = self.look(path)?;
        self.record(&file);
        Some(file)
    }

    /// As [`read`](Self::read), for a file that may be UTF-16 with a byte order mark.
    ///
    /// pip decodes such requirements files (pip's `auto_decode`), and PowerShell's `pip freeze >` writes them.
    pub(super) fn read_as_pip(&mut self, path: &str) -> Option<Arc<SourceFile>> {
        let file =
            self.cached(path, |full, shown| read_utf16(full, shown).map_or_else(|| read_file(full, shown), Ok))?;
        self.record(&file);
        Some(file)
    }

    /// The text of a file that is only searched: it becomes one of [`files`](Self::files) when something is found.
    pub(super) fn look(&mut self, path: &str) -> Option<Arc<SourceFile>> {
        self.cached(path, read_file)
    }

    /// Notes that a conclusion rests on a file.
    pub(super) fn record(&mut self, file: &Arc<SourceFile>) {
        if !self.files.iter().any(|known| known.path == file.path) {
            self.files.push(Arc::clone(file));
        }
    }

    fn cached(&mut self, path: &str, reader: Reader) -> Option<Arc<SourceFile>> {
        let path = normalise(path)?;
        if let Some(known) = self.cache.get(&path) {
            return known.clone();
        }
        let read = self.read_inside(&path, reader);
        self.cache.insert(path, read.clone());
        read
    }

    fn read_inside(&mut self, path: &str, reader: Reader) -> Option<Arc<SourceFile>> {
        let full = self.root.join(path);
        let real_root = self.real_root.as_ref()?;
        // A path that does not resolve is a file that does not exist, or a symlink to one.
        let real = std::fs::canonicalize(&full).ok()?;
        if !real.starts_with(real_root) {
            self.problems.push(
                Diagnostic::error("symlink-outside", format!("`{path}` is a symlink that leaves the project"))
                    .at(Place::start_of(&SourceFile::new(path, "")))
                    .why("a pull request could make palier show any file of this machine")
                    .help("replace the symlink by the file itself"),
            );
            return None;
        }
        if self.room == 0 {
            return None;
        }
        match reader(&full, path) {
            Ok(file) => {
                self.room = self.room.saturating_sub(file.text.len());
                if self.room == 0 {
                    self.too_large(parent(path));
                }
                Some(file)
            }
            Err(ReadError::NotFound(_)) => None,
            Err(error) => {
                self.problems.push(error.diagnostic());
                None
            }
        }
    }
}

/// A way to read a file: the full path, and the path as shown.
type Reader = fn(&Path, &str) -> Result<Arc<SourceFile>, ReadError>;

/// The text of a UTF-16 file with a byte order mark; `None` when it is something else.
fn read_utf16(path: &Path, shown: &str) -> Option<Arc<SourceFile>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > SIZE_LIMIT {
        return None;
    }
    utf16_text(&std::fs::read(path).ok()?).map(|text| SourceFile::new(shown, text))
}

fn utf16_text(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit).collect();
    String::from_utf16(&units).ok()
}

/// A path inside a folder, both relative to the root.
pub(super) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The folder that a file stands in; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A relative path without `.` and `..`; `None` when it leaves the root or is absolute.
pub(super) fn normalise(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\0', '\\']) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}
