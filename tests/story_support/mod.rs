//! A team's repository with its CI and its provider, on this machine: a bare repository, clones for the jobs, and a
//! stand-in for Render that runs the real gunicorn from `render.yaml`, beside real Postgres, Redis and S3.
#![allow(dead_code, reason = "a support file")]

mod project;
mod render;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palier::client::Secret;
use palier::client::postgres::{Address, Connection, Throwaway, find_binaries, unprivileged};

use crate::redis::RedisServer;
use crate::s3::S3Server;
use crate::time::TestClock;
use crate::venv::Venv;
pub(crate) use project::{POLICY, TWO_FLIGHTS};
use render::Render;

/// Longer than anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that the story needs.
pub(crate) struct Story {
    pub(crate) render: Render,
    redis: RedisServer,
    s3: S3Server,
    database: Throwaway,
    folder: tempfile::TempDir,
    jobs: usize,
}

/// What a job left.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Job {
    /// The same, after a look at the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The same, after a look at what it says.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "not said: {text}\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Story {
    /// A repository with the project in it, deployed; `None`, with a message, where a tool is missing.
    pub(crate) fn begin(changes: &[(&str, &str)]) -> Option<Self> {
        let packages = ["gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.4.0", "fastapi==0.165.0"];
        let venv = Venv::with("fastapi", &packages)?;
        let named = std::env::var_os("PALIER_PG_BIN").map(PathBuf::from);
        let Some(binaries) = find_binaries(std::env::var_os("PATH").as_deref(), named.as_deref()) else {
            crate::postgres::skip("no Postgres was found");
            return None;
        };
        let (redis, s3) = (RedisServer::start()?, S3Server::start()?);
        let folder = tempfile::tempdir().expect("a folder");
        open_to_all(folder.path());
        let clock = TestClock::at("2026-11-20T08:00:00Z");
        let database = Throwaway::start(folder.path(), &binaries, unprivileged(), &clock).expect("a Postgres");
        let mut story = Self { render: Render::new(venv, folder.path()), redis, s3, database, folder, jobs: 0 };
        story.sql(
            "CREATE TABLE grades (id bigserial PRIMARY KEY, student_id int, created_at timestamptz DEFAULT now())",
        );
        story.sql("INSERT INTO grades (student_id) SELECT n % 100 FROM generate_series(1, 1000) AS n");
        story.git(story.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
        let work = story.work();
        story.git(story.folder.path(), &["clone", "--quiet", "origin.git", "work"]);
        story.git(&work, &["checkout", "--quiet", "-B", "main"]);
        project::write(&work, changes);
        story.commit("the application");
        story.git(&work, &["push", "--quiet", "origin", "main"]);
        story.deploy();
        Some(story)
    }

    /// Runs a statement and gives the first value.
    pub(crate) fn sql(&self, statement: &str) -> Option<String> {
        let address = Address::parse(&self.database_url()).expect("an address");
        let mut connection = Connection::open(&address, Duration::from_secs(10)).expect("a connection");
        let value = connection.value(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close();
        value
    }

    /// Whether an index is there and valid.
    pub(crate) fn has_index(&self, name: &str) -> bool {
        let question = format!("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND indisvalid");
        self.sql(&question).is_some()
    }

    fn database_url(&self) -> Secret {
        self.database.url("postgres")
    }

    /// The developer's own clone.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    /// Writes a file of the developer's clone.
    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::write(self.work().join(path), text).expect("written");
    }

    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git").args(arguments).current_dir(folder).envs(self.identity()).output();
        let output = output.expect("git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn identity(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("GIT_CONFIG_NOSYSTEM", "1".to_owned())];
        variables.push(("HOME", self.folder.path().display().to_string()));
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
            variables.push((name, "Ann".to_owned()));
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            variables.push((name, "ann@example.org".to_owned()));
        }
        variables
    }

    fn commit(&self, message: &str) {
        self.git(&self.work(), &["add", "--all"]);
        self.git(&self.work(), &["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// Commits what the developer has changed to a branch, and pushes it.
    pub(crate) fn push_branch(&self, name: &str) {
        self.git(&self.work(), &["checkout", "--quiet", "-B", name]);
        self.commit(name);
        self.git(&self.work(), &["push", "--quiet", "--force", "origin", name]);
    }

    /// Merges a branch into main and pushes that, as a click on the pull request does.
    pub(crate) fn merge(&self, name: &str) {
        self.git(&self.work(), &["checkout", "--quiet", "main"]);
        self.git(&self.work(), &["merge", "--quiet", "--no-ff", "-m", &format!("Merge {name}"), name]);
        self.git(&self.work(), &["push", "--quiet", "origin", "main"]);
    }

    /// Takes what is on main live, as a push makes the provider do.
    pub(crate) fn deploy(&mut self) {
        let origin = self.origin();
        self.render.deploy(&origin);
    }

    /// A fresh clone of a branch: a runner forgets its disk.
    pub(crate) fn clone(&mut self, branch: &str) -> PathBuf {
        self.jobs += 1;
        let name = format!("job-{}", self.jobs);
        let origin = self.origin();
        let origin = origin.to_string_lossy();
        self.git(self.folder.path(), &["clone", "--quiet", "--branch", branch, &origin, &name]);
        self.folder.path().join(name)
    }

    /// palier as a job or a person runs it.
    pub(crate) fn palier(&self, folder: &Path, arguments: &[&str]) -> Job {
        self.start(folder, arguments).end()
    }

    /// The first job: the plan of a pull request. Gives its clone, with `plan.json` in it.
    pub(crate) fn plan(&mut self, branch: &str) -> (PathBuf, Job) {
        let clone = self.clone(branch);
        let arguments = ["plan", "--base", "origin/main", "--out", "plan.json", "--format", "markdown"];
        let job = self.palier(&clone, &arguments);
        std::fs::copy(clone.join("plan.json"), self.folder.path().join("plan.json")).expect("the plan");
        (clone, job)
    }

    /// Starts the second job: a clone of main, and the plan of the pull request.
    pub(crate) fn start_apply(&mut self, more: &[&str]) -> Started {
        let clone = self.clone("main");
        let plan = self.folder.path().join("plan.json").display().to_string();
        let is_resumed = more.contains(&"--resume");
        let mut arguments = vec!["apply"];
        if !is_resumed {
            arguments.push(&plan);
        }
        arguments.push("--auto-approve");
        arguments.extend(more);
        self.start(&clone, &arguments)
    }

    /// The second job, to its end.
    pub(crate) fn apply(&mut self, more: &[&str]) -> Job {
        self.start_apply(more).end()
    }

    fn start(&self, folder: &Path, arguments: &[&str]) -> Started {
        let said = folder.with_extension("said");
        let stderr = std::fs::File::create(&said).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_palier"));
        command.args(arguments).current_dir(folder).env_clear().envs(self.identity());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("PALIER_NOW", "2026-11-20T08:00:00Z").env("CI", "true");
        command.env("DATABASE_URL", self.database_url().expose()).env("REDIS_URL", self.redis.url());
        command.env("PALIER_WEB_URL", self.render.url()).envs(self.s3.options());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        Started { child: command.spawn().expect("palier"), said }
    }
}

/// A job that runs.
pub(crate) struct Started {
    child: std::process::Child,
    said: PathBuf,
}

impl Started {
    /// Waits until it says something on stderr.
    pub(crate) fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = std::fs::read_to_string(&self.said).unwrap_or_default();
            if said.contains(text) {
                return;
            }
            assert!(matches!(self.child.try_wait(), Ok(None)), "it has ended: {said}");
            assert!(Instant::now() < deadline, "not said: {text}\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Job {
        let output = self.child.wait_with_output().expect("its end");
        let stderr = std::fs::read_to_string(&self.said).unwrap_or_default();
        Job {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        }
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}
