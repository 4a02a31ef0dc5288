//! A Redis server of a test's own, on a free port of this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A Redis server that runs until this is dropped.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    tls: bool,
}

impl RedisServer {
    /// Starts a server. `None`, with a message, when there is no `redis-server` or `valkey-server` on the search path;
    /// with `PALIER_REQUIRE_TOOLS=1` that fails the test instead.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(false, &[])
    }

    /// Starts a server with more arguments.
    #[allow(dead_code, reason = "few tests need it")]
    pub(crate) fn start_with_arguments(arguments: &[&str]) -> Option<Self> {
        Self::start_with(false, arguments)
    }

    /// Starts a server that speaks TLS only, with a certificate of its own for `localhost`; needs `openssl` too.
    pub(crate) fn start_tls() -> Option<Self> {
        Self::start_with(true, &[])
    }

    fn start_with(tls: bool, arguments: &[&str]) -> Option<Self> {
        let program = program(&["redis-server", "valkey-server"])?;
        let folder = tempfile::tempdir().expect("a folder");
        if tls {
            certificate(folder.path())?;
        }
        // The port is free when it is asked for and may be taken a moment later; then there is another try.
        let started = (0..5).find_map(|_| Self::attempt(&program, folder.path(), tls, arguments));
        let (child, port) = started.expect("redis-server starts");
        Some(Self { child, port, folder, tls })
    }

    fn attempt(program: &Path, folder: &Path, tls: bool, arguments: &[&str]) -> Option<(Child, u16)> {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let mut child = spawn(program, folder, port, tls, arguments);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
            let answer = if tls { None } else { command(port, "PING") };
            if answer.as_deref() == Some("+PONG") || (tls && TcpStream::connect(("127.0.0.1", port)).is_ok()) {
                return Some((child, port));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        stop(&mut child);
        None
    }

    /// The server's address, without a password.
    pub(crate) fn url(&self) -> String {
        let (scheme, host) = if self.tls { ("rediss", "localhost") } else { ("redis", "127.0.0.1") };
        format!("{scheme}://{host}:{}", self.port)
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The server's process, to be paused by its test.
    #[allow(dead_code, reason = "few tests pause it")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The address of the server's socket in the file system.
    pub(crate) fn socket_url(&self) -> String {
        format!("unix://{}", self.folder.path().join("redis.sock").display())
    }

    /// The certificate that a client of a TLS server has to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    /// Sends one command and gives the first line of the answer; only to a server without TLS.
    pub(crate) fn command(&self, words: &str) -> Option<String> {
        command(self.port, words)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn command(port: u16, words: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("{words}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).ok()?;
    String::from_utf8_lossy(&answer[..length]).lines().next().map(str::to_owned)
}

fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn spawn(program: &Path, folder: &Path, port: u16, tls: bool, arguments: &[&str]) -> Child {
    let port = port.to_string();
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]).arg("--dir").arg(folder);
    command.arg("--unixsocket").arg(folder.join("redis.sock"));
    if tls {
        command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
        command.args(["--tls-cert-file", "server.crt", "--tls-key-file", "server.key"]);
        command.args(["--tls-ca-cert-file", "server.crt"]).current_dir(folder);
    } else {
        command.args(["--port", &port]);
    }
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server")
}

fn certificate(folder: &Path) -> Option<()> {
    let openssl = program(&["openssl"])?;
    let mut command = Command::new(openssl);
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    command.args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.crt"]);
    let made = command.current_dir(folder).stderr(Stdio::null()).status().expect("openssl");
    assert!(made.success(), "openssl makes no certificate");
    Some(())
}

/// The first of these programs that is on the search path.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var_os("PALIER_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "there is no {}", names.join(" or "));
        println!("skipped: there is no {}", names.join(" or "));
    }
    found
}
