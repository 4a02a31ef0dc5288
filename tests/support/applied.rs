//! A project that palier applies on this machine: the demo's files, a real database, no provider.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::postgres::{Database, Server};

/// Longer than any command may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The instant of the demo's figures.
const NOW: &str = "2026-11-20T08:00:00Z";

const FILES: [(&str, &str); 4] = [
    ("render.yaml", include_str!("../../templates/demo/fastapi/render.yaml")),
    ("metrics.yaml", include_str!("../../templates/demo/fastapi/metrics.yaml")),
    ("requirements.txt", include_str!("../../templates/demo/fastapi/requirements.txt")),
    ("main.py", include_str!("../../templates/demo/fastapi/main.py")),
];

/// The demo's policy without its indexes, applied on this machine.
pub(crate) fn policy(more: &str) -> String {
    let demo = include_str!("../../templates/demo/fastapi/palier.toml");
    let before = demo.split("[[index]]").next().unwrap_or_default();
    format!("{before}[delivery]\nmode = \"local\"\n\n{more}")
}

/// An index of the policy.
pub(crate) fn index(table: &str, columns: &str, more: &str) -> String {
    format!("[[index]]\ntable = \"{table}\"\ncolumns = [\"{columns}\"]\n{more}\n")
}

/// Tables of the demo, with an index of the user's own and with values that are there twice (`students.name`).
pub(crate) const TABLES: &str = "CREATE TABLE students (id int PRIMARY KEY, email text, name text);
     CREATE TABLE enrollments (id int PRIMARY KEY, student_id int, course_id int);
     CREATE TABLE grades (id int PRIMARY KEY, student_id int, grade int, created_at timestamptz);
     INSERT INTO students SELECT n, 'user' || n || '@example.com', 'name ' || n / 2 FROM generate_series(1, 1000) AS n;
     INSERT INTO enrollments SELECT n, n % 100, n % 7 FROM generate_series(1, 1000) AS n;
     INSERT INTO grades SELECT n, n % 50, n % 6, now() FROM generate_series(1, 1000) AS n;
     CREATE INDEX of_the_user ON grades (grade);";

/// A project with its database.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) database: Database,
    variables: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// The same, after a look at the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Both streams.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

impl Site {
    /// The demo with a policy, and its tables.
    pub(crate) fn new(server: &'static Server, policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = server.database();
        database.run(TABLES);
        let variables = vec![("DATABASE_URL".to_owned(), database.url("postgresql"))];
        let mut files: Vec<(String, String)> =
            FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        files.push(("palier.toml".to_owned(), policy.to_owned()));
        let site = Self { folder, database, variables, files };
        std::fs::create_dir(site.folder.path().join("home")).expect("a folder");
        std::fs::create_dir(site.folder.path().join("tmp")).expect("a folder");
        site.renew();
        site
    }

    /// The files as they were first, with no journal.
    pub(crate) fn renew(&self) {
        let _ = std::fs::remove_dir_all(self.path());
        std::fs::create_dir(self.path()).expect("a folder");
        for (path, text) in &self.files {
            self.write(path, text);
        }
    }

    /// Sets an environment variable of all runs.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(one, _)| one != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The project's root.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Everything: the project, the home folder and the temporary files.
    pub(crate) fn whole(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().expect("a parent")).expect("a folder");
        std::fs::write(full, text).expect("a file");
    }

    /// Reads a file; empty when it is not there.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_default()
    }

    /// Every file and folder with its bytes, but for palier's own folder.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let root = self.path();
        walkdir::WalkDir::new(&root)
            .into_iter()
            .filter_entry(|entry| entry.file_name() != ".palier")
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                let path = entry.path().strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                (path, std::fs::read(entry.path()).unwrap_or_default())
            })
            .collect()
    }

    /// What is compared: files byte for byte, indexes by the catalog.
    pub(crate) fn state(&self) -> (BTreeMap<String, Vec<u8>>, String) {
        (self.files(), self.database.indexes())
    }

    /// The journal's text.
    pub(crate) fn journal(&self) -> String {
        self.read(".palier/journal.jsonl")
    }

    /// The names of the journal's events, in order.
    pub(crate) fn events(&self) -> Vec<String> {
        entries(&self.journal()).iter().map(event_name).collect()
    }

    /// palier with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_palier"));
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path().join("home")).env("TMPDIR", self.folder.path().join("tmp"));
        command.env("PALIER_NOW", NOW).env("USER", "alice");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts palier.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("palier starts")
    }

    /// Runs palier to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ended(self.start(arguments))
    }

    /// Applies without a question.
    pub(crate) fn apply(&self) -> Ran {
        self.run(&["apply", "--auto-approve"])
    }
}

/// The entries of a journal's text; a torn last line is left out.
pub(crate) fn entries(journal: &str) -> Vec<serde_json::Value> {
    journal.lines().filter_map(|line| serde_json::from_str(line.splitn(3, ' ').nth(2)?).ok()).collect()
}

/// The name of an entry's event.
pub(crate) fn event_name(entry: &serde_json::Value) -> String {
    match &entry["event"] {
        serde_json::Value::Object(event) => event.keys().next().cloned().unwrap_or_default(),
        event => event.as_str().unwrap_or_default().to_owned(),
    }
}

/// Waits for the end of a run, with a deadline. It tells little: its pipes do not fill.
pub(crate) fn ended(mut child: Child) -> Ran {
    let begin = Instant::now();
    while child.try_wait().expect("it can be asked").is_none() {
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            let output = child.wait_with_output().expect("its output");
            panic!("no end: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begin.elapsed();
    let output = child.wait_with_output().expect("its output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), took }
}

/// Asks again until it holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "still not: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
