//! Render's part: after a push it starts what `render.yaml` says beside the old version, and switches once it answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::venv::Venv;

const START_LIMIT: Duration = Duration::from_secs(60);

/// The provider: an address that stays, and a server behind it that changes.
pub(crate) struct Render {
    venv: Venv,
    folder: PathBuf,
    port: u16,
    target: Arc<AtomicU16>,
    live: Option<Child>,
    deploys: usize,
}

impl Render {
    pub(super) fn new(venv: Venv, folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let target = Arc::new(AtomicU16::new(0));
        let behind = Arc::clone(&target);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let port = behind.load(Ordering::SeqCst);
                std::thread::spawn(move || pass(stream, port));
            }
        });
        Self { venv, folder: folder.to_owned(), port, target, live: None, deploys: 0 }
    }

    /// The address of the web service.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Builds and starts what main holds; the old version is stopped once the new one answers.
    pub(super) fn deploy(&mut self, origin: &Path) {
        self.deploys += 1;
        let name = format!("deploy-{}", self.deploys);
        let run = |folder: &Path, arguments: &[&str]| {
            let output = Command::new("git").args(arguments).current_dir(folder).output().expect("git");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        run(&self.folder, &["clone", "--quiet", "--branch", "main", &origin.to_string_lossy(), &name]);
        let folder = self.folder.join(name);
        let commit = run(&folder, &["rev-parse", "HEAD"]);
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        // Nobody else has to reach it.
        let command = start_command(&folder).replace("0.0.0.0", "127.0.0.1");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]).current_dir(&folder).env_clear();
        shell.env("PATH", self.venv.path()).env("PORT", port.to_string()).env("RENDER_GIT_COMMIT", commit);
        shell.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = shell.spawn().expect("sh");
        let deadline = Instant::now() + START_LIMIT;
        while !answers(port) {
            assert!(matches!(child.try_wait(), Ok(None)), "the new version has ended: {command}");
            assert!(Instant::now() < deadline, "the new version does not answer: {command}");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.target.store(port, Ordering::SeqCst);
        if let Some(old) = self.live.replace(child) {
            stop(old);
        }
    }
}

impl Drop for Render {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            stop(live);
        }
    }
}

fn start_command(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("render.yaml")).expect("a blueprint");
    let blueprint: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    blueprint["services"][0]["startCommand"].as_str().expect("a start command").to_owned()
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Passes a connection on, in both directions.
fn pass(client: TcpStream, port: u16) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let _ = std::io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(std::net::Shutdown::Both);
}

fn stop(mut server: Child) {
    // A polite end first: the server then ends its workers itself.
    let _ = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline && matches!(server.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = server.kill();
    let _ = server.wait();
}
