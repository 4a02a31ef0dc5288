use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::place::local_name;
use super::{JournalError, Log};

/// A journal in a file: one line for each entry, appended and synced.
///
/// The right to write is a lock of the operating system on a file beside it, which is free again the instant in which its
/// process ends, however it ends. Who holds it stands in the journal itself, so that nothing can contradict it.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    journal: PathBuf,
    lock: PathBuf,
    /// The length of all lines that were taken up.
    length: u64,
    /// The last of them has no line feed yet.
    is_open_ended: bool,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    /// Locked for as long as it is open. Rust opens files so that no other program inherits them.
    _lock: File,
    journal: Option<File>,
    /// A write went wrong: something may stand behind the last good line.
    is_dirty: bool,
}

impl Disk {
    pub(super) fn new(folder: &Path, environment: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            journal: folder.join(format!("{}.jsonl", local_name("journal", environment))),
            lock: folder.join(local_name("lock", environment)),
            length: 0,
            is_open_ended: false,
            held: None,
        }
    }

    fn place(&self) -> String {
        self.journal.display().to_string()
    }

    /// Takes up what was written since the last time. Creates nothing and waits for nobody.
    pub(super) fn read(&mut self, log: &mut Log) -> Result<(), JournalError> {
        let text = match self.unread(log) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.forget(log);
                return Ok(());
            }
            Err(error) => return Err(failed(&self.journal, "read", error)),
        };
        let skipped = usize::from(self.is_open_ended && text.first() == Some(&b'\n'));
        let whole = log.extend(&text[skipped..]).map_err(|damage| JournalError::damaged(damage, self.place()))?;
        if skipped + whole > 0 {
            self.is_open_ended = text[skipped + whole - 1] != b'\n';
        }
        self.length += (skipped + whole) as u64;
        Ok(())
    }

    fn unread(&mut self, log: &mut Log) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.journal)?;
        let length = file.metadata()?.len();
        if length < self.length {
            self.forget(log);
        }
        file.seek(SeekFrom::Start(self.length))?;
        let mut text = Vec::with_capacity(usize::try_from(length - self.length).unwrap_or_default());
        file.read_to_end(&mut text)?;
        Ok(text)
    }

    fn forget(&mut self, log: &mut Log) {
        *log = Log::default();
        self.length = 0;
        self.is_open_ended = false;
    }

    /// Takes the lock, unless somebody has it.
    pub(super) fn lock(&mut self) -> Result<bool, JournalError> {
        self.make_folder().map_err(|error| failed(&self.folder, "written", error))?;
        let lock_failed = |error| failed(&self.lock, "locked", error);
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&self.lock).map_err(lock_failed)?;
        match file.try_lock() {
            Ok(()) => {
                self.held = Some(Held { _lock: file, journal: None, is_dirty: true });
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(lock_failed(error)),
        }
    }

    /// The folder ignores itself in git: what was done where is no part of the project's source.
    fn make_folder(&self) -> std::io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder)?;
        match OpenOptions::new().create_new(true).write(true).open(self.folder.join(".gitignore")) {
            Ok(mut file) => file.write_all(b"*\n"),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn unlock(&mut self) {
        self.held = None;
    }

    /// Whether the file ends where this run left it. It does not after somebody has removed the folder while this run
    /// worked, and another run has begun a new one with a lock of its own.
    pub(super) fn is_as_left(&self) -> bool {
        let is_begun = self.held.as_ref().is_some_and(|held| held.journal.is_some());
        let found = std::fs::metadata(&self.journal).map(|metadata| metadata.len());
        // Something may stand behind the last good line as long as this run has not cleared it away.
        !is_begun || found.is_ok_and(|found| found == self.length || (self.is_dirty() && found > self.length))
    }

    fn is_dirty(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_dirty)
    }

    /// Appends one line and returns when it is on the disk. When it fails, the line is not there.
    pub(super) fn append(&mut self, line: &str) -> Result<(), JournalError> {
        let (place, folder) = (self.place(), &self.folder);
        let Some(held) = &mut self.held else { return Err(JournalError::NotTaken { place }) };
        let mut write = || -> std::io::Result<()> {
            let file = match &mut held.journal {
                Some(file) => file,
                none => none.insert(open(&self.journal, folder)?),
            };
            if held.is_dirty {
                clean(file, self.length, self.is_open_ended)?;
                self.length += u64::from(self.is_open_ended);
                self.is_open_ended = false;
            }
            held.is_dirty = true;
            file.write_all(line.as_bytes())?;
            file.sync_data()?;
            held.is_dirty = false;
            Ok(())
        };
        if let Err(error) = write() {
            // What was written of it must not be taken for an entry; what cannot be cut off now is before the next one.
            if let Some(file) = &mut held.journal {
                held.is_dirty = clean(file, self.length, self.is_open_ended).is_err();
            }
            return Err(failed(&self.journal, "written", error));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// Opens the journal for appending; a new one is not lost with its folder's entry when the machine stops.
fn open(journal: &Path, folder: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(journal)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
    }
    Ok(file)
}

/// Cuts off what stands behind the last whole line, and ends that line.
fn clean(file: &mut File, length: u64, is_open_ended: bool) -> std::io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    if is_open_ended {
        file.write_all(b"\n")?;
    }
    file.sync_all()
}

fn failed(path: &Path, action: &'static str, source: std::io::Error) -> JournalError {
    JournalError::Disk { path: path.display().to_string(), action, source }
}
