//! A real Postgres for tests: one server for each test binary, one database for each test.
//!
//! The server lives in a temporary folder and listens on a free port of the loopback address. Without a Postgres on the
//! machine `server()` is `None` and says so; with `PALIER_REQUIRE_TOOLS=1` it fails instead.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const START_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(20);
const WAIT_DEADLINE: Duration = Duration::from_secs(20);

/// Starts the server as its own child and stops it, by its own process id, when the pipe from the test closes: a
/// static of a test binary is never dropped, and a test may be killed. SIGINT is Postgres' fast shutdown.
const KEEPER: &str = r#"
folder=$1
shift
"$@" 2>"$folder/log" &
server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A running server.
pub struct Server {
    keeper: Child,
    binaries: PathBuf,
    port: u16,
}

/// Whether a missing tool is a failure instead of a reason to skip.
pub fn tools_are_required() -> bool {
    std::env::var("PALIER_REQUIRE_TOOLS").is_ok_and(|value| value == "1")
}

/// Says why a test is skipped, or fails where tools are required.
pub fn skip(reason: &str) {
    assert!(!tools_are_required(), "PALIER_REQUIRE_TOOLS=1, and {reason}");
    eprintln!("skipped: {reason}");
}

/// The server of this test binary, started by the first test that asks.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(Server::start).as_ref();
    if server.is_none() {
        skip("no Postgres was found: PALIER_PG_BIN may name the folder that holds initdb, postgres and psql");
    }
    server
}

/// The folder with `initdb`, `postgres` and `psql`. Links are followed: a distribution's `initdb` on the path may
/// stand there without the others.
fn find_binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PALIER_PG_BIN").map(PathBuf::from).into_iter().collect();
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let versions: Vec<fs::DirEntry> =
        fs::read_dir("/usr/lib/postgresql").map(|entries| entries.flatten().collect()).unwrap_or_default();
    let mut packaged: Vec<PathBuf> = versions.iter().map(|version| version.path().join("bin")).collect();
    packaged.sort();
    folders.extend(packaged.into_iter().rev());
    let complete = |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    folders
        .into_iter()
        .filter_map(|folder| Some(fs::canonicalize(folder.join("initdb")).ok()?.parent()?.to_owned()))
        .find(complete)
}

/// The ids of the user `postgres`, when this process is root: the server refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let fields: Vec<&str> = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').collect();
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

fn as_unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group);
    }
    command
}

impl Server {
    /// Starts a server; `None` when the machine has no Postgres.
    pub fn start() -> Option<Self> {
        let binaries = find_binaries()?;
        // Between choosing a free port and listening on it another program may take it: then another one is tried.
        let server = (0..5).find_map(|_| {
            let folder = new_cluster(&binaries);
            Self::spawn(&binaries, &folder)
        });
        Some(server.expect("a server that listens"))
    }

    fn spawn(binaries: &Path, folder: &Path) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let keeper = as_unprivileged("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(folder)
            .arg(binaries.join("postgres"))
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(folder)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "fsync=off", "-c", "autovacuum=off", "-c", "max_connections=60"])
            .args(["-c", "max_prepared_transactions=9"])
            // A test that waits for a transaction which it holds open itself should fail, not hang.
            .args(["-c", "idle_in_transaction_session_timeout=20s"])
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server's keeper starts");
        let server = Self { keeper, binaries: binaries.to_owned(), port };
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            let shown = server.psql("postgres", &["-c", "SHOW data_directory"], "");
            if shown.status.success() {
                // Another server on the same port would be used without a word.
                let directory = String::from_utf8_lossy(&shown.stdout).trim().to_owned();
                return (Path::new(&directory) == folder.join("data")).then_some(server);
            }
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            if log.contains("could not bind") {
                return None;
            }
            assert!(Instant::now() < deadline, "the server does not answer: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A new, empty database.
    pub fn database(&'static self) -> Database {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let created = self.psql("postgres", &["-c", &format!("CREATE DATABASE {name}")], "");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        Database { server: self, name }
    }

    fn psql(&self, database: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = self.psql_command(database).args(arguments).spawn().expect("psql starts");
        // psql may stop at an error before it has read everything: its exit code tells, not the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("psql ends")
    }

    fn psql_command(&self, database: &str) -> Command {
        let mut command = Command::new(self.binaries.join("psql"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "palier", "-d", database])
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let deadline = Instant::now() + STOP_DEADLINE;
        while Instant::now() < deadline {
            if !matches!(self.keeper.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A new cluster in a temporary folder, which the keeper removes.
fn new_cluster(binaries: &Path) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("palier-pg-").tempdir().expect("a temporary folder").keep();
    if let Some((user, group)) = unprivileged() {
        chown(&folder, Some(user), Some(group)).expect("the folder changes hands");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
    let output = as_unprivileged(binaries.join("initdb"))
        .args(["--auth=trust", "--username=palier", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
        .arg(folder.join("data"))
        .current_dir(&folder)
        .output()
        .expect("initdb runs");
    assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// A database of the server.
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// Its address; the password is not one, the server trusts whoever reaches it.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://palier:none@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// Runs statements one by one, each in autocommit, as `psql -f` does; the error output when one fails.
    pub fn try_run(&self, sql: &str) -> Result<String, String> {
        let output = self.server.psql(&self.name, &["-f", "-"], sql);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(errors)
        }
    }

    /// As `try_run`, where nothing should fail.
    pub fn run(&self, sql: &str) -> String {
        self.try_run(sql).unwrap_or_else(|errors| panic!("{errors}\nin:\n{sql}"))
    }

    /// One statement alone, sent by itself on a connection of its own.
    pub fn alone(&self, sql: &str) -> Result<String, String> {
        let output = self.server.psql(&self.name, &["-c", sql], "");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(errors)
        }
    }

    /// A session that stays open, in a transaction of its own, after it ran some statements.
    pub fn hold(&self, sql: &str) -> Session {
        let mut child = self.server.psql_command(&self.name).args(["-f", "-"]).spawn().expect("psql starts");
        let mut input = child.stdin.take().expect("a pipe");
        let mark = format!("held {}", child.id());
        let statements =
            format!("SET application_name = '{mark}';\nBEGIN;\n{sql};\nSET LOCAL application_name = '{mark} now';\n");
        input.write_all(statements.as_bytes()).expect("psql reads");
        let session = Session { child, input: Some(input) };
        self.wait_for(&format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{mark} now'"), "1");
        session
    }

    /// Asks again until the answer is there.
    pub fn wait_for(&self, question: &str, answer: &str) {
        let deadline = Instant::now() + WAIT_DEADLINE;
        loop {
            let found = self.run(question);
            if found == answer {
                return;
            }
            assert!(Instant::now() < deadline, "still `{found}`, not `{answer}`: {question}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The indexes of the database's own tables: name, `valid` or `invalid`, and definition, by name.
    pub fn indexes(&self) -> String {
        self.run(
            "SELECT c.relname || CASE WHEN i.indisvalid AND i.indisready THEN ' valid ' ELSE ' invalid ' END ||
                 pg_get_indexdef(i.indexrelid)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast') ORDER BY c.relname;",
        )
    }
}

/// An open session; its transaction ends when it is dropped.
pub struct Session {
    child: Child,
    input: Option<std::process::ChildStdin>,
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
