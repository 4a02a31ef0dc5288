//! Other programs, each with a time limit, in a process group of its own, so that none of its children outlives it.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Cause, Clock, Deadline, Fault, Secret};
use crate::diagnostic::mask;

/// How much of each output is kept.
const LONGEST_OUTPUT: u64 = 256 * 1024;

/// How often it is looked whether the program has ended.
const EVERY: Duration = Duration::from_millis(20);

/// What a program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed, without secrets.
    pub stdout: String,
    /// What it complained of, without secrets.
    pub stderr: String,
}

impl Finished {
    /// Whether it succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line that it complained with: of a Python traceback, the error itself.
    #[must_use]
    pub fn last_line(&self) -> &str {
        let last = |text: &'_ str| text.trim_end().rfind('\n').map_or(0, |at| at + 1);
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        text.trim_end().get(last(text)..).unwrap_or_default().trim()
    }
}

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// Its name or path.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: &'a [&'a str],
    /// Where it runs.
    pub folder: &'a Path,
    /// The whole of its environment.
    pub environment: &'a BTreeMap<String, String>,
    /// What must not be seen of its output.
    pub secrets: &'a BTreeMap<String, Secret>,
}

impl Program<'_> {
    /// Runs it to its end.
    ///
    /// # Errors
    /// There is no such program, or it does not end in time; then it and its children are killed.
    pub fn run(&self, clock: &dyn Clock, deadline: &Deadline) -> Result<Finished, Fault> {
        let finished = self.run_while(clock, &mut || !deadline.is_over())?;
        finished.ok_or_else(|| self.too_slow(deadline))
    }

    /// Runs it for as long as it may go on, which is asked many times a second; `None` when it may not: then it and its
    /// children are killed.
    ///
    /// # Errors
    /// There is no such program.
    pub fn run_while(&self, clock: &dyn Clock, may_go_on: &mut dyn FnMut() -> bool) -> Result<Option<Finished>, Fault> {
        let mut command = Command::new(self.name);
        command.args(self.arguments).current_dir(self.folder).env_clear().envs(self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|error| {
            Fault::new(Cause::ToolMissing, format!("`{}` cannot be started: {error}", self.name))
                .remedy("install it, or run palier where it is (a virtual environment counts once it is active)")
        })?;
        let (stdout, stderr) = (child.stdout.take().map(drained), child.stderr.take().map(drained));
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if may_go_on() => clock.sleep(EVERY),
                Ok(None) | Err(_) => {
                    kill_group(child.id());
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ok(None);
                }
            }
        };
        let text = |output: Option<Receiver<Vec<u8>>>| {
            // A child that it left behind may hold the pipe open.
            let bytes = output.and_then(|output| output.recv_timeout(Duration::from_secs(1)).ok());
            self.hidden(&String::from_utf8_lossy(&bytes.unwrap_or_default()))
        };
        Ok(Some(Finished { code: status.code(), stdout: text(stdout), stderr: text(stderr) }))
    }

    fn too_slow(&self, deadline: &Deadline) -> Fault {
        let seconds = deadline.limit().as_secs_f64();
        Fault::new(Cause::Slow, format!("`{}` did not end within {seconds:.1} s and was stopped", self.name))
            .remedy("what it waits for does not answer, or it needs more `timeout` in [verify]")
    }

    fn hidden(&self, text: &str) -> String {
        mask(&self.secrets.values().fold(text.to_owned(), |text, secret| secret.hide_in(&text)))
    }
}

/// Reads a pipe to its end on a thread of its own: a full pipe would stop the program.
fn drained(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = pipe.by_ref().take(LONGEST_OUTPUT).read_to_end(&mut kept);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        let _ = sender.send(kept);
    });
    output
}

/// The standard library signals one process; the shell's own `kill` signals the whole group.
pub(super) fn kill_group(id: u32) {
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -KILL -{id}")]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = kill.status();
}
