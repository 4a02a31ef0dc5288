use std::io::Write;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// The length of the part of a temporary file's name that is chosen at random.
const RANDOM: usize = 6;

/// Writes a file whole or not at all: into a new file beside it, flushed to the disk, then renamed over it. The former
/// file keeps its permissions; on any error it is still there, byte for byte.
///
/// # Errors
/// What the operating system refused, with the file's name and a remedy.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let shown = path.display().to_string();
    let problem = |error: &std::io::Error| {
        let shown = shown.as_str();
        let help = match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => "make the folder writable",
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "free space on the disk",
            std::io::ErrorKind::NotFound => "check the path",
            _ => "nothing was written; mend the cause and run it again",
        };
        Diagnostic::error("file-not-written", format!("`{shown}` cannot be written: {error}"))
            .at(Place::start_of(&SourceFile::new(shown, "")))
            .help(help)
    };
    // A link is written through, and a pipe or a device written into: a rename would put a file in its place.
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let opened = std::fs::OpenOptions::new().write(true).open(path);
        return opened.and_then(|mut file| file.write_all(bytes)).map_err(|error| problem(&error));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(&beside(path)).rand_bytes(RANDOM).tempfile_in(folder)?;
        file.write_all(bytes)?;
        let permissions = match std::fs::metadata(path) {
            Ok(former) => former.permissions(),
            Err(_) => default_permissions(),
        };
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself must survive a crash too; not every file system lets a folder be opened for that.
        if let Ok(opened) = std::fs::File::open(folder) {
            let _ = opened.sync_all();
        }
        Ok(())
    };
    write().map_err(|error| problem(&error))
}

/// How the names of the new files begin that are written beside a file and then take its place.
fn beside(path: &Path) -> String {
    format!(".palier-{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what a process that was killed while it wrote this file has left beside it. Only for whoever knows that
/// nobody else is writing it.
pub fn remove_leftovers(path: &Path) {
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let Some(entries) = path.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else { return };
    let start = beside(path);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(&start)).unwrap_or_default();
        if random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes a file, and the folders above it that hold nothing any more, up to `root`. One that is not there is removed.
///
/// # Errors
/// What the operating system refused, with the file's name and a remedy.
pub fn remove_file(root: &Path, path: &Path) -> Result<(), Diagnostic> {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        let shown = path.display().to_string();
        return Err(Diagnostic::error("file-not-removed", format!("`{shown}` cannot be removed: {error}"))
            .at(Place::start_of(&SourceFile::new(shown.as_str(), "")))
            .help("make its folder writable, or remove it by hand"));
    }
    let mut folder = path.parent();
    while let Some(here) = folder.filter(|here| *here != root && here.starts_with(root)) {
        // A folder that holds something is not removed: that is the end. One that is gone was removed by a run that was
        // killed before it came to those above.
        if std::fs::remove_dir(here).is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound) {
            break;
        }
        folder = here.parent();
    }
    Ok(())
}

/// Fails when a path leads out of a folder through a symlink.
///
/// # Errors
/// It does.
pub fn stays_inside(root: &Path, path: &Path) -> Result<(), Diagnostic> {
    let outside = |shown: &Path| {
        Diagnostic::error(
            "symlink-outside",
            format!("`{}` leads out of the project through a symlink", shown.display()),
        )
        .help("replace the symlink by a file or folder of the project")
    };
    let Ok(real_root) = root.canonicalize() else { return Ok(()) };
    if path.is_symlink() {
        return Err(outside(path));
    }
    let mut folder = path.parent();
    while let Some(here) = folder {
        if let Ok(real) = here.canonicalize() {
            return if real.starts_with(&real_root) { Ok(()) } else { Err(outside(here)) };
        }
        folder = here.parent();
    }
    Ok(())
}

/// Readable by everybody, writable by the owner: temporary files are made for the owner alone.
#[cfg(unix)]
fn default_permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::{remove_file, write_file};

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/deep/a.txt");
        write_file(&path, b"one").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("permissions");
        write_file(&path, b"two").expect("written");
        assert_eq!(std::fs::read(&path).expect("read"), b"two");
        assert_eq!(std::fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o755);
        let names: Vec<_> = std::fs::read_dir(path.parent().expect("a parent")).expect("read").collect();
        assert_eq!(names.len(), 1, "no temporary file is left");
    }

    #[test]
    fn what_a_killed_write_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = [".palier-a.txt-Ab3xYz", ".palier-a.txt-notes-of-mine", ".palier-b.txt-Ab3xYz", "a.txt"];
        for name in names {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        super::remove_leftovers(&folder.path().join("a.txt"));
        let is_there = |name: &&str| folder.path().join(name).exists();
        assert_eq!(
            names.iter().filter(|name| is_there(name)).collect::<Vec<_>>(),
            names[1..].iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_removed_file_takes_its_empty_folders_along_also_where_an_earlier_try_came_half_way() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/b/c.txt");
        write_file(&path, b"one").expect("written");
        std::fs::remove_dir_all(root.path().join("a/b")).expect("the killed run came so far");
        remove_file(root.path(), &path).expect("removed");
        assert!(!root.path().join("a").exists());
        write_file(&path, b"one").expect("written");
        write_file(&root.path().join("a/mine.txt"), b"two").expect("written");
        remove_file(root.path(), &path).expect("removed");
        assert!(root.path().join("a/mine.txt").exists() && !root.path().join("a/b").exists());
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_with_a_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = write_file(folder.path(), b"x").expect_err("a folder");
        assert!(!error.help.is_empty() && error.message.contains("cannot be written"), "{error:?}");
    }
}
