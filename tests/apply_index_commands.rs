//! `sql-index` where Alembic or Django runs the migration: the project's own command, verified all the same.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/index_steps.rs"]
mod index_steps;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/steps.rs"]
mod steps;
#[path = "support/venv.rs"]
mod venv;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use index_steps::{TABLE, apply, around, failure, step, take_back, walk};
use palier::apply::steps::{Readiness, SQL_INDEX, StepCode, Trouble};
use palier::generate::migrations::{Index, MigrationFile, MigrationOptions, held, render};
use palier::plan::{IndexOfStep, Step};
use palier::policy::MigrationFormat;
use postgres::{Database, server};
use steps::Surroundings;
use venv::Venv;

const ALEMBIC: &[(&str, &str)] = &[
    ("alembic.ini", "[alembic]\nscript_location = alembic\n"),
    (
        "alembic/env.py",
        r#"
import os
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#,
    ),
    (
        "alembic/versions/0aaa_base.py",
        "revision = '0aaa'\ndown_revision = None\n\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n",
    ),
];

const DJANGO: &[(&str, &str)] = &[
    (
        "manage.py",
        "import os\nimport sys\nfrom django.core.management import execute_from_command_line\n\
         os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n",
    ),
    (
        "settings.py",
        r#"
import os
from urllib.parse import urlsplit
SECRET_KEY = "for tests alone"
INSTALLED_APPS = ["school"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
at = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": at.hostname, "PORT": at.port,
                         "NAME": at.path[1:], "USER": at.username}}
"#,
    ),
    ("school/__init__.py", ""),
    ("school/migrations/__init__.py", ""),
    (
        "school/migrations/0001_initial.py",
        "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = []\n    \
         operations = []\n",
    ),
];

const CREATES: [&str; 2] = [
    "CREATE INDEX CONCURRENTLY orders_customer ON public.orders (customer)",
    "CREATE UNIQUE INDEX CONCURRENTLY orders_email ON public.orders (lower(email)) WHERE paid",
];

/// A project with the migrations of both indexes, its database, and a step for each.
struct Project {
    folder: tempfile::TempDir,
    database: Database,
    surroundings: Surroundings,
    steps: Vec<Step>,
}

impl Project {
    fn alembic() -> Option<Self> {
        let packages = ["alembic>=1.20,<1.21", "SQLAlchemy>=2.0", "psycopg2-binary", "psycopg[binary]>=3.1,<4"];
        let venv = Venv::with("alembic-1.20", &packages)?;
        let options = MigrationOptions {
            format: MigrationFormat::Alembic,
            folder: "alembic/versions".to_owned(),
            django_app: None,
            existing: Vec::new(),
        };
        Self::new(&venv, ALEMBIC, options, "alembic upgrade head", "alembic downgrade")
    }

    fn django() -> Option<Self> {
        let venv = Venv::with("migrations-django-5.2", &["Django>=5.2,<5.3", "psycopg[binary]>=3.1,<4"])?;
        let options = MigrationOptions {
            format: MigrationFormat::Django,
            folder: "school/migrations".to_owned(),
            django_app: Some("school".to_owned()),
            existing: Vec::new(),
        };
        Self::new(&venv, DJANGO, options, "python manage.py migrate", "python manage.py migrate")
    }

    fn new(
        venv: &Venv,
        files: &[(&str, &str)],
        mut options: MigrationOptions,
        forward: &str,
        back: &str,
    ) -> Option<Self> {
        let database = server()?.database();
        database.run(TABLE);
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        for (path, text) in files {
            write(path, text);
            if path.starts_with(&options.folder) {
                options.existing.push(MigrationFile { path: (*path).to_owned(), content: (*text).to_owned() });
            }
        }
        let indexes = CREATES.map(|create| Index::from_statement(create, "palier.toml:3").expect("an index"));
        let made = render(&indexes, &options).expect("files");
        made.iter().for_each(|file| write(&file.path, &file.content));
        let mut all = options.existing.clone();
        all.extend(made);
        let steps = held(&indexes, &all, &options)
            .into_iter()
            .map(|held| {
                let of_step = IndexOfStep {
                    name: held.index.name().to_owned(),
                    table: held.index.table(),
                    create: held.index.create_new(),
                    path: held.path,
                    command: Some(forward.to_owned()),
                    undo_command: Some(format!("{back} {}", held.back_to.expect("what comes before shows"))),
                };
                step(of_step, false)
            })
            .collect();
        let mut surroundings = surroundings(&database, folder.path());
        surroundings.around.environment = environment(venv);
        Some(Self { folder, database, surroundings, steps })
    }

    fn again(&self) -> Surroundings {
        let mut again = surroundings(&self.database, self.folder.path());
        again.around.environment = self.surroundings.around.environment.clone();
        again
    }
}

fn surroundings(database: &Database, root: &Path) -> Surroundings {
    let mut surroundings = around(database);
    surroundings.around.root = root.to_owned();
    surroundings
}

fn environment(venv: &Venv) -> BTreeMap<String, String> {
    let path = venv.path().into_string().expect("a search path");
    [
        ("PATH", path.as_str()),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("DATABASE_URL", "postgresql://app:wrong@127.0.0.1:1/x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Both steps forward, the walk of the second one, then both back in turn.
fn whole_way(project: &Project) {
    let [first, second] = project.steps.as_slice() else { panic!("two steps") };
    let before = project.database.indexes();
    apply(first, &project.surroundings);
    // The framework's command runs all that is there: the second one is done already.
    assert_eq!(SQL_INDEX.check(second, &project.surroundings.context()), Ok(Readiness::Done));
    take_back(second, &project.surroundings);
    walk(second, &project.surroundings, &project.database);
    take_back(second, &project.surroundings);
    // Twice, and the first one stays: the way back names where it leads.
    take_back(second, &project.surroundings);
    assert!(project.database.indexes().contains("orders_customer valid"));
    take_back(first, &project.surroundings);
    assert_eq!(
        project.database.indexes().lines().filter(|line| line.contains("orders")).collect::<Vec<_>>(),
        before.lines().collect::<Vec<_>>()
    );
    apply(second, &project.surroundings);
}

/// A build that was cut short, and a transaction that is in the way for a while.
fn mends(project: &Project) {
    project.database.run("CREATE TABLE other (id int);");
    let hold = || project.database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other");
    let old = hold();
    project.database.try_run(&format!("SET lock_timeout = '200ms'; {};", CREATES[0])).expect_err("cut short");
    assert!(project.database.indexes().contains("orders_customer invalid"));
    thread::sleep(Duration::from_millis(300));
    thread::scope(|scope| {
        let run = scope.spawn(|| apply(&project.steps[0], &project.surroundings));
        thread::sleep(Duration::from_millis(1200));
        drop(old);
        run.join().expect("it is built then");
    });
    assert!(project.surroundings.told.text().contains("waiting for process"), "{}", project.surroundings.told.text());
}

/// An interrupt while the command waits for an old transaction: neither the command nor its build is left.
fn is_interrupted(project: &Project) {
    project.database.run("CREATE TABLE other (id int);");
    let old = project.database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other");
    let impatient = project.again().policy(|policy| policy.steps.oldest_transaction = "1 hours".parse().expect("one"));
    let ended = thread::scope(|scope| {
        let run = scope.spawn(|| SQL_INDEX.run(&project.steps[0], &impatient.context()));
        let phase = "SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database();";
        project.database.wait_for(phase, "waiting for old snapshots");
        thread::sleep(Duration::from_millis(700));
        let begin = Instant::now();
        impatient.interrupt.raise();
        let ended = run.join().expect("a thread");
        assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
        ended
    });
    assert_eq!(ended, Err(Trouble::Interrupted { clean: true }));
    assert!(!project.database.indexes().contains("orders_customer"), "{}", project.database.indexes());
    assert!(impatient.told.text().contains("waiting for old snapshots"), "{}", impatient.told.text());
    drop(old);
    apply(&project.steps[0], &project.surroundings);
}

#[test]
fn alembic_goes_the_whole_way() {
    let Some(project) = Project::alembic() else { return };
    whole_way(&project);
}

#[test]
fn django_goes_the_whole_way() {
    let Some(project) = Project::django() else { return };
    whole_way(&project);
}

#[test]
fn leftovers_and_old_transactions_are_looked_for_before_alembic_runs() {
    let Some(project) = Project::alembic() else { return };
    mends(&project);
}

#[test]
fn leftovers_and_old_transactions_are_looked_for_before_django_runs() {
    let Some(project) = Project::django() else { return };
    mends(&project);
}

#[test]
fn an_interrupt_ends_alembic_and_its_build() {
    let Some(project) = Project::alembic() else { return };
    is_interrupted(&project);
}

#[test]
fn an_interrupt_ends_django_and_its_build() {
    let Some(project) = Project::django() else { return };
    is_interrupted(&project);
}

#[test]
fn what_the_command_says_is_told_without_secrets() {
    let Some(project) = Project::django() else { return };
    let url = project.database.url("postgresql").replace(":none@", ":pass-word-1@");
    let mut surroundings = project.again();
    surroundings.around.addresses.insert("DATABASE_URL".to_owned(), palier::client::Secret::new(&url));
    fs::write(project.folder.path().join("settings.py"), "import os\nraise KeyError(os.environ['DATABASE_URL'])\n")
        .expect("a file");
    let said = failure(SQL_INDEX.run(&project.steps[0], &surroundings.context()).expect_err("broken settings"));
    assert!(said.contains("`python manage.py migrate` failed with exit code 1"), "{said}");
    assert!(said.contains("KeyError") && !said.contains("pass-word-1"), "{said}");
}

#[test]
fn a_command_that_builds_nothing_has_not_succeeded() {
    let Some(project) = Project::alembic() else { return };
    apply(&project.steps[0], &project.surroundings);
    // Somebody dropped it by hand: Alembic's own record still says that it is there.
    project.database.run("DROP INDEX orders_customer;");
    let said = failure(SQL_INDEX.run(&project.steps[0], &project.surroundings.context()).expect_err("no index"));
    assert!(said.contains("it succeeded and built no index `orders_customer`"), "{said}");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let Some(mut project) = Project::django() else { return };
    project.surroundings.around.environment.insert("PATH".to_owned(), "/nowhere".to_owned());
    let said = failure(SQL_INDEX.run(&project.steps[0], &project.surroundings.context()).expect_err("no python"));
    assert!(said.contains("`python` cannot be started"), "{said}");
}

#[test]
fn duplicates_end_the_command_with_the_key() {
    let Some(project) = Project::django() else { return };
    project.database.run("UPDATE orders SET email = 'twice@example.com', paid = true WHERE id IN (3, 4);");
    let said = failure(SQL_INDEX.run(&project.steps[1], &project.surroundings.context()).expect_err("duplicates"));
    assert!(said.contains("(twice@example.com) 2 times") && said.contains("delete or merge"), "{said}");
    assert!(!project.database.indexes().contains("orders_email"), "{}", project.database.indexes());
}

/// The revision before makes the table: it is not there yet when the step is checked.
#[test]
fn the_command_may_make_the_table_first() {
    let Some(project) = Project::alembic() else { return };
    project.database.run("DROP TABLE orders;");
    let (path, base) = ALEMBIC[2];
    let makes = format!("from alembic import op\n\ndef upgrade():\n    op.execute('''{TABLE}''')");
    fs::write(project.folder.path().join(path), base.replace("def upgrade():\n    pass", &makes)).expect("a file");
    assert_eq!(SQL_INDEX.check(&project.steps[0], &project.surroundings.context()), Ok(Readiness::Ready));
    apply(&project.steps[0], &project.surroundings);
}
