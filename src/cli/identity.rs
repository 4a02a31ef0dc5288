//! Who runs this: for the lock and the journal.

use palier::apply::journal::Holder;

/// This process.
pub(crate) fn holder() -> Holder {
    let process = std::process::id();
    let mut random = [0_u8; 8];
    // Without a source of randomness the process and its start tell runs apart.
    let _ = getrandom::fill(&mut random);
    let run: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Holder { host: host(), process, process_started: started(process), machine: machine(), user: user(), run }
}

/// Whether a holder's process still runs; `None` when that cannot be seen from here.
pub(crate) fn is_alive(holder: &Holder) -> Option<bool> {
    if holder.host != host()
        || holder.machine.is_none()
        || holder.machine != machine()
        || !std::path::Path::new("/proc/self/stat").exists()
    {
        return None;
    }
    let now = started(holder.process);
    Some(match (now, holder.process_started) {
        (None, _) => false,
        // A number that was given to another process since.
        (Some(now), Some(then)) => now == then,
        (Some(_), None) => true,
    })
}

fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// The boot of the machine's kernel and the space of its process numbers (Linux, random(4) and namespaces(7)); `None`
/// where they do not show.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

/// A CI job names itself; else the user does.
fn user() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let github = || {
        let (actor, run) = (variable("GITHUB_ACTOR")?, variable("GITHUB_RUN_ID")?);
        Some(format!("{actor} (GitHub run {run})"))
    };
    let gitlab = || {
        let (actor, job) = (variable("GITLAB_USER_LOGIN")?, variable("CI_JOB_ID")?);
        Some(format!("{actor} (GitLab job {job})"))
    };
    github()
        .or_else(gitlab)
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .or_else(|| variable("USERNAME"))
        .or_else(owner)
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The name of the process's user, where no variable has it: a container often sets none.
#[cfg(unix)]
fn owner() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let is_it = |line: &&str| line.split(':').nth(2) == Some(id.as_str());
    users.lines().find(is_it)?.split(':').next().map(str::to_owned)
}

/// When a process started, in clock ticks since the machine did: the 22nd field of its `stat` (Linux, proc(5)). The
/// second field may hold spaces and brackets, so the count begins behind its last bracket.
fn started(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let state = rest.split_whitespace().next()?;
    // A zombie has ended; only nobody has asked for its exit code yet.
    if state == "Z" || state == "X" {
        return None;
    }
    rest.split_whitespace().nth(19)?.parse().ok()
}
