//! `palier demo --apply`: the whole way on real servers of this machine, and one failure with its rollback.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::mask::masked;
use super::servers::{Servers, Tools, start_command};
use super::{EXAMPLE_NOW, LIVE, chapter, folder_problem};
use crate::cli::arguments::DemoArguments;
use crate::cli::clock::SystemClock;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::load::now_or;
use crate::cli::output;
use palier::client::process::{Finished, Program};
use palier::client::{Clock, Deadline, Fault, Interrupt};
use palier::diagnostic::Diagnostic;
use palier::generate::write_file;

/// No command of the demo takes that long.
const COMMAND_LIMIT: Duration = Duration::from_secs(180);

const EVERY: Duration = Duration::from_millis(50);

/// Customers place several orders: an index that allows one each cannot be built.
const SECOND_CHANGE: &str = "
[[index]]
table = \"orders\"
columns = [\"placed_at\"]

[[index]]
table = \"orders\"
columns = [\"customer_id\"]
unique = true
";

const TABLE: &[&str] = &[
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int NOT NULL, placed_at timestamptz NOT NULL)",
    "INSERT INTO orders SELECT n, n % 5000, timestamptz '2024-01-01' + n * interval '1 minute'
     FROM generate_series(1, 50000) AS n",
];

struct Demo<'a> {
    clock: Arc<dyn Clock>,
    interrupt: Arc<Interrupt>,
    project: &'a Path,
}

/// Runs it.
pub(super) fn run(arguments: &DemoArguments) -> Result<Exit, CommandError> {
    let tools = Tools::find()?;
    let servers_folder = super::temporary()?;
    let project_folder = super::temporary()?;
    let project = match &arguments.dir {
        Some(_) => super::folder(arguments)?,
        None => project_folder.path().to_owned(),
    };
    open_to_all(servers_folder.path())?;
    let demo = Demo {
        clock: Arc::new(SystemClock::starting_at(now_or(EXAMPLE_NOW)?)),
        interrupt: interrupt::listen(),
        project: &project,
    };
    for (path, text) in LIVE {
        write_file(&project.join(path), text.as_bytes()).map_err(CommandError::one)?;
    }
    let mut servers = Servers::start(tools, servers_folder.path(), &*demo.clock).map_err(of_fault)?;
    demo.walk(&mut servers)
}

impl Demo<'_> {
    fn walk(&self, servers: &mut Servers) -> Result<Exit, CommandError> {
        servers.sql(TABLE).and_then(|()| servers.deploy(self.project, &*self.clock)).map_err(of_fault)?;
        chapter("What runs: gunicorn with 1 worker, Postgres with 50,000 orders, Redis; all on this machine");
        self.show(&["verify"], &servers.environment(), 0)?;
        chapter("The policy wants 2 workers and an index: files, a deploy, then the index");
        let first = self.first(servers)?;
        told(&["apply", "--auto-approve"], &first, 0)?;
        chapter("A second change: an index that the rows do not allow");
        let policy = LIVE.iter().find(|(path, _)| *path == "palier.toml").map_or("", |(_, text)| text);
        let policy = format!("{policy}{SECOND_CHANGE}");
        write_file(&self.project.join("palier.toml"), policy.as_bytes()).map_err(CommandError::one)?;
        self.show(&["apply", "--auto-approve"], &servers.environment(), 6)?;
        chapter("What the journal keeps");
        self.show(&["history"], &servers.environment(), 0)?;
        Ok(Exit::Done)
    }

    /// Applies the first change, and is Render meanwhile: what was written is pushed, so it is deployed.
    fn first(&self, servers: &mut Servers) -> Result<Finished, CommandError> {
        let before = start_command(self.project);
        let environment = servers.environment_of_next();
        std::thread::scope(|scope| {
            let apply = scope.spawn(|| self.palier(&["apply", "--auto-approve"], &environment));
            while !apply.is_finished() && start_command(self.project) == before {
                self.clock.sleep(EVERY);
            }
            let deployed = if apply.is_finished() { Ok(()) } else { servers.deploy(self.project, &*self.clock) };
            let applied = apply.join().unwrap_or_else(|_| Err(failed("apply", "it has ended by itself")));
            deployed.map_err(of_fault)?;
            applied
        })
    }

    fn show(&self, words: &[&str], environment: &BTreeMap<String, String>, code: i32) -> Result<(), CommandError> {
        told(words, &self.palier(words, environment)?, code)
    }

    /// palier itself, as a user runs it, with nothing around it but what belongs to the demo.
    fn palier(&self, words: &[&str], environment: &BTreeMap<String, String>) -> Result<Finished, CommandError> {
        if self.interrupt.is_raised() {
            let problem = Diagnostic::error("interrupted", "the demo was stopped; its servers are ended");
            return Err(CommandError { problems: vec![problem], exit: Exit::Interrupted });
        }
        let program = std::env::current_exe().map_err(|error| failed("demo", &error.to_string()))?;
        let mut environment = environment.clone();
        environment.insert("PALIER_NOW".to_owned(), EXAMPLE_NOW.to_owned());
        let program = Program {
            name: &program.to_string_lossy(),
            arguments: words,
            folder: self.project,
            environment: &environment,
            secrets: &BTreeMap::new(),
        };
        program.run(&*self.clock, &Deadline::after(&self.clock, COMMAND_LIMIT)).map_err(of_fault)
    }
}

/// Shows what a command said, without what differs from run to run; another exit code than the expected is an error.
fn told(words: &[&str], finished: &Finished, code: i32) -> Result<(), CommandError> {
    let command = words.join(" ");
    output::result(&format!("$ palier {command}\n{}", masked(&format!("{}{}", finished.stderr, finished.stdout))));
    if finished.code == Some(code) {
        output::result(&format!("(exit code {code})\n"));
        return Ok(());
    }
    let got = finished.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    Err(failed(&command, &format!("it ended with {got}, and {code} was expected")))
}

fn failed(command: &str, why: &str) -> CommandError {
    CommandError::one(Diagnostic::error(
        "demo-failed",
        format!("`palier {command}` did not do what the demo shows: {why}"),
    ))
}

fn of_fault(fault: Fault) -> CommandError {
    CommandError::one(Diagnostic::error("demo-failed", fault.message).help(fault.remedy))
}

/// Postgres runs as another user where palier is root, and has to reach its own folder.
fn open_to_all(folder: &Path) -> Result<(), CommandError> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, permissions)
        .map_err(|error| folder_problem(format!("the temporary folder cannot be opened: {error}"), "set TMPDIR"))
}
