//! The servers of `palier demo --apply`: real ones, on free ports of this machine, ended with the demo.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::error::CommandError;
use palier::client::kept::{Kept, ServerProgram};
use palier::client::postgres::{Address, Connection, Throwaway, find_binaries, unprivileged};
use palier::client::{Clock, Fault, tcp};
use palier::diagnostic::Diagnostic;
use palier::project::Project;

/// How long a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

const QUESTION_LIMIT: Duration = Duration::from_secs(20);

/// The programs of this machine that the demo needs.
pub(super) struct Tools {
    postgres: PathBuf,
    redis: PathBuf,
    path: OsString,
}

impl Tools {
    /// Finds them; what is missing is told together, with what installs it.
    pub(super) fn find() -> Result<Self, CommandError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let named = std::env::var_os("PALIER_PG_BIN").map(PathBuf::from);
        let postgres = find_binaries(Some(&path), named.as_deref());
        let redis = program(&path, "redis-server").or_else(|| program(&path, "valkey-server"));
        let mut missing = Vec::new();
        let mut lacks = |what: &str, help: &str| {
            let problem = Diagnostic::error("demo-tools", format!("there is no {what} on this machine"));
            missing.push(problem.why("nothing was started").help(help));
        };
        if postgres.is_none() {
            lacks(
                "Postgres",
                "`apt-get install postgresql`, or name the folder of initdb and postgres in PALIER_PG_BIN",
            );
        }
        if redis.is_none() {
            lacks("Redis", "`apt-get install redis-server`");
        }
        if program(&path, "gunicorn").is_none() {
            lacks("gunicorn", "`pip install gunicorn`, in an active virtual environment");
        }
        match (postgres, redis) {
            (Some(postgres), Some(redis)) if missing.is_empty() => Ok(Self { postgres, redis, path }),
            _ => Err(CommandError::input(missing)),
        }
    }
}

fn program(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// What runs. The web server comes first: it is ended before what it uses.
pub(super) struct Servers {
    web: Option<Kept>,
    _redis: Kept,
    database: Throwaway,
    tools: Tools,
    folder: PathBuf,
    web_port: u16,
    redis_port: u16,
    deploys: usize,
}

impl Servers {
    /// Starts Postgres and Redis below a folder.
    pub(super) fn start(tools: Tools, folder: &Path, clock: &dyn Clock) -> Result<Self, Fault> {
        let database = Throwaway::start(folder, &tools.postgres, unprivileged(), clock)?;
        let (web_port, redis_port) = (tcp::free_port()?, tcp::free_port()?);
        let words = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &redis_port.to_string()];
        let redis = ServerProgram {
            program: &tools.redis,
            arguments: &words.map(OsString::from),
            folder,
            environment: &BTreeMap::new(),
            log: &folder.join("redis.log"),
            signal: "TERM",
            user: None,
        };
        let redis = listening(redis.start()?, redis_port, clock, "Redis")?;
        let folder = folder.to_owned();
        Ok(Self { web: None, _redis: redis, database, tools, folder, web_port, redis_port, deploys: 0 })
    }

    /// What Render does after a push: it starts what the blueprint says.
    pub(super) fn deploy(&mut self, project: &Path, clock: &dyn Clock) -> Result<(), Fault> {
        self.deploys += 1;
        // The old version leaves its port to the new one.
        drop(self.web.take());
        let command = format!("exec {}", start_command(project).unwrap_or_default());
        let mut environment = self.environment();
        environment.insert("PORT".to_owned(), self.web_port.to_string());
        let server = ServerProgram {
            program: Path::new("/bin/sh"),
            arguments: &["-c".into(), command.into()],
            folder: project,
            environment: &environment,
            log: &self.folder.join("web.log"),
            signal: "TERM",
            user: None,
        };
        self.web = Some(listening(server.start()?, self.web_port, clock, "gunicorn")?);
        Ok(())
    }

    /// The commit that is live, or goes live next: one more with every deploy.
    fn commit(deploys: usize) -> String {
        format!("{deploys:040x}")
    }

    /// What palier and the application find around them; nothing of the user's own addresses is among it.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let web = format!("http://127.0.0.1:{}", self.web_port);
        let redis = format!("redis://127.0.0.1:{}", self.redis_port);
        [
            ("PATH", self.tools.path.to_string_lossy().into_owned()),
            ("USER", "you".to_owned()),
            ("DATABASE_URL", self.database.url("postgres").expose().to_owned()),
            ("REDIS_URL", redis),
            ("PALIER_WEB_URL", web),
            ("RENDER_GIT_COMMIT", Self::commit(self.deploys)),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The same, for a run that waits for the next deploy.
    pub(super) fn environment_of_next(&self) -> BTreeMap<String, String> {
        let mut environment = self.environment();
        environment.insert("RENDER_GIT_COMMIT".to_owned(), Self::commit(self.deploys + 1));
        environment
    }

    /// Runs statements on the database.
    pub(super) fn sql(&self, statements: &[&str]) -> Result<(), Fault> {
        let mut connection = Connection::open(&Address::parse(&self.database.url("postgres"))?, QUESTION_LIMIT)?;
        for statement in statements {
            connection.run(statement).map_err(|error| {
                Fault::new(palier::client::Cause::UnexpectedAnswer, format!("the example's database: {error}"))
            })?;
        }
        connection.close();
        Ok(())
    }
}

/// The start command that a project's blueprint names.
pub(super) fn start_command(project: &Path) -> Option<String> {
    Project::read(project, "render.yaml").blueprint?.services.into_iter().next()?.start_command
}

fn listening(mut server: Kept, port: u16, clock: &dyn Clock, name: &str) -> Result<Kept, Fault> {
    let answers = server.wait_for(clock, START_LIMIT, || tcp::connect("127.0.0.1", port, QUESTION_LIMIT).ok());
    match answers {
        Some(_) => Ok(server),
        None => Err(Fault::new(palier::client::Cause::Silent, format!("the example's {name} does not start"))
            .remedy("try again; another program may have taken its port")),
    }
}
