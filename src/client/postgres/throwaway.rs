//! A Postgres of palier's own, made from the machine's programs, empty, and gone when it is not needed any more.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Address, Connection};
use crate::client::kept::{Kept, ServerProgram};
use crate::client::{Cause, Clock, Fault, Secret, tcp};

/// How long a new server may take to answer; a busy machine needs seconds.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to answer one question.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Another program may take a port between the choice and its use: then another one is tried.
const TRIES: usize = 5;

/// The user of the new server, and the database of that name that it begins with.
const USER: &str = "palier";

/// A server on a free port of the loopback address, behind a password, until this is dropped. It ends also when palier
/// is killed.
#[derive(Debug)]
pub struct Throwaway {
    // Ended before its folder is removed.
    server: Option<Kept>,
    folder: PathBuf,
    port: u16,
    password: Secret,
}

impl Throwaway {
    /// Makes and starts a server below `folder`, which the `user` (where palier runs as root: Postgres refuses to) must
    /// be able to reach. `binaries` is what [`find_binaries`] gave.
    ///
    /// # Errors
    /// The server's files cannot be made, or it does not start.
    pub fn start(folder: &Path, binaries: &Path, user: Option<(u32, u32)>, clock: &dyn Clock) -> Result<Self, Fault> {
        let folder = folder.join("postgres");
        let password = password()?;
        make_cluster(&folder, binaries, user, &password).inspect_err(|_| drop(fs::remove_dir_all(&folder)))?;
        let mut made = Self { server: None, folder, port: 0, password };
        for _ in 0..TRIES {
            made.port = tcp::free_port()?;
            let mut server = launch(&made.folder, binaries, user, made.port)?;
            let address = Address::parse(&made.url("postgres"))?;
            let answers = server.wait_for(clock, START_LIMIT, || {
                // Another server on this port does not know the password.
                Connection::open(&address, ANSWER_LIMIT).ok().map(Connection::close)
            });
            if answers.is_some() {
                made.server = Some(server);
                return Ok(made);
            }
        }
        let log = fs::read_to_string(made.folder.join("log")).unwrap_or_default();
        let last = log.trim_end().lines().next_back().unwrap_or("its log is empty");
        Err(Fault::new(Cause::Silent, format!("the new Postgres does not start: {last}")))
    }

    /// The address of one of its databases; `postgres` is there from the beginning.
    #[must_use]
    pub fn url(&self, database: &str) -> Secret {
        Secret::new(format!("postgresql://{USER}:{}@127.0.0.1:{}/{database}", self.password.expose(), self.port))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.server.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder with `initdb` and `postgres`: the named one, one of the search path, the newest that Debian has
/// installed. Links are followed: a distribution's `initdb` on the path may stand there without the others.
#[must_use]
pub fn find_binaries(path: Option<&OsStr>, named: Option<&Path>) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = named.map(Path::to_owned).into_iter().collect();
    let of_path = path.map(|path| path.as_bytes().split(|byte| *byte == b':').map(OsStr::from_bytes));
    folders.extend(of_path.into_iter().flatten().map(PathBuf::from));
    let mut packaged: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<f64>().ok());
    packaged.sort_by(|one, other| version(one).partial_cmp(&version(other)).unwrap_or(std::cmp::Ordering::Equal));
    folders.extend(packaged.into_iter().rev().map(|version| version.join("bin")));
    let complete = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    folders
        .into_iter()
        .filter_map(|folder| Some(fs::canonicalize(folder.join("initdb")).ok()?.parent()?.to_owned()))
        .find(complete)
}

/// Who is to run the server where palier runs as root: the user `postgres`, else `nobody`; user and group.
#[must_use]
pub fn unprivileged() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let ids = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

/// A password that nobody else on the machine knows: a superuser of Postgres may run programs.
fn password() -> Result<Secret, Fault> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Fault::new(Cause::Other, format!("the machine gives no random bytes: {error}")))?;
    Ok(Secret::new(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// The server's files, in a folder that only its user can read.
fn make_cluster(folder: &Path, binaries: &Path, user: Option<(u32, u32)>, password: &Secret) -> Result<(), Fault> {
    let file_fault = |error: std::io::Error| {
        Fault::new(Cause::NotPermitted, format!("the files of a Postgres cannot be made here: {error}"))
    };
    let secret = folder.join("password");
    fs::create_dir(folder).map_err(file_fault)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(file_fault)?;
    fs::write(&secret, password.expose()).map_err(file_fault)?;
    if let Some((user, group)) = user {
        chown(&secret, Some(user), Some(group))
            .and_then(|()| chown(folder, Some(user), Some(group)))
            .map_err(file_fault)?;
    }
    let mut command = Command::new(binaries.join("initdb"));
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
    command.arg(folder.join("data")).arg(format!("--username={USER}"));
    command.arg("--pwfile").arg(&secret).current_dir(folder).env_clear().envs(environment());
    command.stdin(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    let made = command.output();
    let _ = fs::remove_file(&secret);
    let output = made.map_err(|error| {
        Fault::new(Cause::ToolMissing, format!("`{}` cannot be started: {error}", binaries.join("initdb").display()))
            .remedy("the folder for temporary files must be one that every user can reach")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.trim_end().lines().find(|line| line.contains("error")).unwrap_or("it says nothing");
    Err(Fault::new(Cause::Other, format!("initdb fails: {}", password.hide_in(last))))
}

/// Starts the server; nothing in it has to outlive the machine's next halt, so it does not wait for the disk.
fn launch(folder: &Path, binaries: &Path, user: Option<(u32, u32)>, port: u16) -> Result<Kept, Fault> {
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=200".to_owned(),
    ];
    let mut arguments: Vec<OsString> = vec!["-D".into(), folder.join("data").into()];
    arguments.extend(settings.iter().flat_map(|setting| ["-c".into(), setting.into()]));
    let server = ServerProgram {
        program: &binaries.join("postgres"),
        arguments: &arguments,
        folder,
        environment: &environment(),
        log: &folder.join("log"),
        // A fast shutdown: it waits for no client.
        signal: "INT",
        user,
    };
    server.start()
}

/// Nothing of the user's own settings (`PGDATA`, `PGPORT`) reaches the server.
fn environment() -> BTreeMap<String, String> {
    [("PATH", "/usr/bin:/bin"), ("LC_ALL", "C")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
