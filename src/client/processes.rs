//! The processes of this machine, as `/proc` shows them.

use std::fs;
use std::path::Path;

use super::{Cause, Fault};

/// A worker process of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    /// Its id.
    pub id: u32,
    /// Whether it can run: neither stopped nor dead.
    pub runs: bool,
    /// Its memory in bytes, with what it shares divided among those who share it where the kernel tells.
    pub memory: Option<u64>,
}

/// The children of the process in a pid file.
///
/// # Errors
/// There is no such file, or no process of that id.
pub fn workers(pid_file: &Path) -> Result<Vec<Worker>, Fault> {
    let shown = pid_file.display();
    let text = fs::read_to_string(pid_file).map_err(|error| {
        Fault::new(Cause::Missing, format!("the pid file `{shown}` cannot be read: {error}"))
            .remedy("start gunicorn with `--pid`, and name that file as `workers.pid_file` in [verify]")
    })?;
    let stale = || {
        Fault::new(Cause::Missing, format!("no process runs under the id in `{shown}`"))
            .remedy("start the server; a pid file that outlives its server is left from a crash")
    };
    let master: u32 = text.trim().parse().map_err(|_| stale())?;
    if !Path::new("/proc").join(master.to_string()).exists() {
        return Err(stale());
    }
    let entries = fs::read_dir("/proc").map_err(|error| {
        Fault::new(Cause::ToolMissing, format!("the processes cannot be listed: {error}"))
            .remedy("they are listed on Linux alone")
    })?;
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut workers: Vec<Worker> = ids.filter_map(|id| child(id, master)).collect();
    workers.sort_by_key(|worker| worker.id);
    Ok(workers)
}

fn child(id: u32, parent: u32) -> Option<Worker> {
    let folder = Path::new("/proc").join(id.to_string());
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may hold blanks and parentheses itself.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?;
    let is_child = fields.next()?.parse::<u32>().ok()? == parent;
    is_child.then(|| Worker { id, runs: !matches!(state, "T" | "t" | "Z" | "X"), memory: memory(&folder) })
}

fn memory(folder: &Path) -> Option<u64> {
    let proportional = fs::read_to_string(folder.join("smaps_rollup")).ok().and_then(|text| kilobytes(&text, "Pss:"));
    let resident = || fs::read_to_string(folder.join("status")).ok().and_then(|text| kilobytes(&text, "VmRSS:"));
    proportional.or_else(resident).map(|amount| amount * 1024)
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key))?.trim().trim_end_matches("kB").trim().parse().ok()
}
