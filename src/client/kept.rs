//! A server that palier starts for itself: it ends when palier lets go of it, and also when palier is killed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::process::kill_group;
use super::{Cause, Clock, Fault};

/// Starts the server as its own child and ends it, by its own process id, when the pipe from palier closes: a killed
/// process runs no `Drop`, and its pipes close all the same. It ends by itself when the server does.
const KEEPER: &str = r#"
log=$1 signal=$2
shift 2
exec 3<&0 </dev/null >>"$log" 2>&1
"$@" 3<&- &
server=$!
{ cat <&3 >/dev/null; kill -s "$signal" "$server"; } 2>/dev/null &
exec 3<&-
wait "$server"
"#;

/// How long a server may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(20);

const EVERY: Duration = Duration::from_millis(20);

/// A server to keep.
#[derive(Debug, Clone, Copy)]
pub struct ServerProgram<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Where it runs.
    pub folder: &'a Path,
    /// The whole of its environment.
    pub environment: &'a BTreeMap<String, String>,
    /// What it says goes to the end of this file.
    pub log: &'a Path,
    /// The signal that ends it in order (`TERM`).
    pub signal: &'a str,
    /// Who runs it, where that is not who runs palier: user and group.
    pub user: Option<(u32, u32)>,
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Kept {
    keeper: Child,
}

impl ServerProgram<'_> {
    /// Starts it, in a process group of its own: Ctrl-C reaches palier alone, which then ends it in order.
    ///
    /// # Errors
    /// No shell can be started.
    pub fn start(&self) -> Result<Kept, Fault> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", KEEPER, "keeper"]).arg(self.log).arg(self.signal).arg(self.program).args(self.arguments);
        command.current_dir(self.folder).env_clear().envs(self.environment).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let keeper = command.spawn().map_err(|error| {
            Fault::new(Cause::ToolMissing, format!("`{}` cannot be started: {error}", self.program.display()))
        })?;
        Ok(Kept { keeper })
    }
}

impl Kept {
    /// Whether the server still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Asks until there is an answer; `None` when the server has ended, or says nothing in time.
    pub fn wait_for<T>(
        &mut self,
        clock: &dyn Clock,
        limit: Duration,
        mut answer: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let begin = clock.elapsed();
        loop {
            // First whether it runs: what answers after its end is another program on the same port.
            if !self.runs() {
                return None;
            }
            if let Some(answer) = answer() {
                return Some(answer);
            }
            if clock.elapsed().saturating_sub(begin) > limit {
                return None;
            }
            clock.sleep(EVERY);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // No clock is at hand here: so many looks are so much time.
        for _ in 0..END_LIMIT.as_millis() / EVERY.as_millis() {
            if !self.runs() {
                return;
            }
            std::thread::sleep(EVERY);
        }
        kill_group(self.keeper.id());
        let _ = self.keeper.wait();
    }
}
