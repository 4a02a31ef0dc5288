//! Alembic revisions: the file, and what Alembic does with it on a real Postgres.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/indexes.rs"]
mod indexes;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/venv.rs"]
mod venv;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use indexes::{TABLES, every_kind, index, policy, with};
use palier::generate::migrations::{MigrationFile, MigrationOptions, render};
use palier::policy::{IndexPolicy, MigrationFormat};
use postgres::{Database, server};
use venv::Venv;

const BASE: &str =
    "revision = '0aaa'\ndown_revision = None\n\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n";

/// Every session begins with a lock timeout of its own; what it is at the end is printed.
const ENVIRONMENT: &str = r#"
import os
from alembic import context
from sqlalchemy import create_engine, event, pool

if context.is_offline_mode():
    context.configure(url=os.environ["DATABASE_URL"], literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)

    @event.listens_for(engine, "connect")
    def set_timeout(connection, record):
        connection.cursor().execute("SET lock_timeout = '1234ms'")
        connection.commit()

    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
        print("lock_timeout is", connection.exec_driver_sql("SHOW lock_timeout").scalar())
"#;

/// A project with a database.
struct Project {
    folder: tempfile::TempDir,
    python: PathBuf,
}

impl Project {
    fn new() -> Option<Self> {
        let packages = ["alembic>=1.20,<1.21", "SQLAlchemy>=2.0", "psycopg2-binary", "psycopg[binary]>=3.1,<4"];
        let python = Venv::with("alembic-1.20", &packages)?.program("python");
        let folder = tempfile::tempdir().expect("a folder");
        let alembic = folder.path().join("alembic");
        fs::create_dir_all(alembic.join("versions")).expect("folders");
        fs::write(folder.path().join("alembic.ini"), "[alembic]\nscript_location = alembic\n").expect("a file");
        fs::write(alembic.join("env.py"), ENVIRONMENT).expect("a file");
        fs::write(alembic.join("versions/0aaa_base.py"), BASE).expect("a file");
        Some(Self { folder, python })
    }

    fn generate(&self, policies: &[IndexPolicy]) -> Vec<MigrationFile> {
        let indexes: Vec<_> = policies.iter().map(index).collect();
        let files = render(&indexes, &options(&existing(self.folder.path()))).expect("files");
        for file in &files {
            fs::write(self.folder.path().join(&file.path), &file.content).expect("a file");
        }
        files
    }

    fn alembic(&self, url: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.python)
            .args(["-W", "error::DeprecationWarning", "-m", "alembic"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DATABASE_URL", url)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("python runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(text) } else { Err(errors) }
    }

    fn run(&self, database: &Database, arguments: &[&str]) -> String {
        self.alembic(&database.url("postgresql+psycopg2"), arguments).unwrap_or_else(|errors| panic!("{errors}"))
    }
}

fn existing(root: &Path) -> Vec<MigrationFile> {
    let mut files: Vec<MigrationFile> = fs::read_dir(root.join("alembic/versions"))
        .expect("the folder")
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| MigrationFile {
            path: format!("alembic/versions/{}", entry.file_name().to_string_lossy()),
            content: fs::read_to_string(entry.path()).expect("text"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn options(existing: &[MigrationFile]) -> MigrationOptions {
    MigrationOptions {
        format: MigrationFormat::Alembic,
        folder: "alembic/versions".to_owned(),
        django_app: None,
        existing: existing.to_vec(),
    }
}

fn base() -> MigrationFile {
    MigrationFile { path: "alembic/versions/0aaa_base.py".to_owned(), content: BASE.to_owned() }
}

#[test]
fn the_revision_of_an_index() {
    let wanted = with(policy("app.\"Order \"\"Lines\"", &["user", "lower(note) desc"]), |index| {
        index.condition = Some("note <> 'a:b 100%' and \"Total\"::text like '%:x'".to_owned());
        index.include = vec!["Total".to_owned()];
        index.unique = true;
    });
    let files = render(&[index(&wanted)], &options(&[base()])).expect("files");
    insta::assert_snapshot!(format!("{}\n\n{}", files[0].path, files[0].content));
}

#[test]
fn indexes_are_built_dropped_and_built_again() {
    let (Some(server), Some(project)) = (server(), Project::new()) else { return };
    let database = server.database();
    database.run(TABLES);
    project.run(&database, &["upgrade", "head"]);
    let before = database.indexes();
    let policies = every_kind();
    assert_eq!(project.generate(&policies).len(), policies.len());
    assert_eq!(project.generate(&policies), [], "a second run writes nothing");
    let told = project.run(&database, &["upgrade", "head"]);
    assert!(told.contains("lock_timeout is 1234ms"), "the session's own timeout is back: {told}");
    let built = database.indexes();
    assert!(
        !built.contains(" invalid ") && built.lines().count() == before.lines().count() + policies.len(),
        "{built}"
    );
    project.run(&database, &["downgrade", "0aaa"]);
    assert_eq!(database.indexes(), before);
    project.run(&database, &["upgrade", "head"]);
    assert_eq!(database.indexes(), built);
    project.run(&database, &["stamp", "0aaa"]);
    project.run(&database, &["upgrade", "head"]);
    assert_eq!(database.indexes(), built, "where the indexes are there already, nothing changes");
    insta::assert_snapshot!(built);
}

#[test]
fn the_newer_driver_and_the_offline_script_do_the_same() {
    let (Some(server), Some(project)) = (server(), Project::new()) else { return };
    let (online, offline) = (server.database(), server.database());
    online.run(TABLES);
    offline.run(TABLES);
    project.generate(&every_kind());
    project
        .alembic(&online.url("postgresql+psycopg"), &["upgrade", "head"])
        .unwrap_or_else(|errors| panic!("{errors}"));
    let script = project.run(&offline, &["upgrade", "head", "--sql"]);
    offline.run(&script);
    assert_eq!(
        offline.indexes().replace("alembic_version_pkc", ""),
        online.indexes().replace("alembic_version_pkc", "")
    );
    project
        .alembic(&online.url("postgresql+psycopg"), &["downgrade", "base"])
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert!(!online.indexes().contains("idx_"), "{}", online.indexes());
}

#[test]
fn a_failed_unique_build_is_replaced_by_the_next_upgrade() {
    let (Some(server), Some(project)) = (server(), Project::new()) else { return };
    let database = server.database();
    database.run(TABLES);
    project.generate(&[with(policy("enrollments", &["student_id"]), |index| index.unique = true)]);
    for _ in 0..2 {
        let error =
            project.alembic(&database.url("postgresql+psycopg2"), &["upgrade", "head"]).expect_err("duplicates");
        assert!(error.contains("Key (student_id)=("), "{error}");
        assert!(database.indexes().contains("uniq_enrollments_student_id invalid"), "{}", database.indexes());
    }
    database.run("DELETE FROM enrollments WHERE id > 50");
    project.run(&database, &["upgrade", "head"]);
    assert!(database.indexes().contains("uniq_enrollments_student_id valid"), "{}", database.indexes());
    assert!(!database.indexes().contains("invalid"), "{}", database.indexes());
}

#[test]
fn revisions_continue_the_one_head_that_there_is() {
    let heads = |files: &[(&str, &str)]| {
        let existing: Vec<MigrationFile> = files
            .iter()
            .map(|(path, content)| MigrationFile { path: (*path).to_owned(), content: (*content).to_owned() })
            .collect();
        render(&[index(&policy("a", &["b"])), index(&policy("a", &["c"]))], &options(&existing))
    };
    let first = heads(&[]).expect("files");
    assert!(first[0].content.contains("\ndown_revision = None\n"), "{}", first[0].content);
    let id = first[0].path.rsplit('/').next().and_then(|name| name.split('_').next()).expect("an id");
    assert!(first[1].content.contains(&format!("\ndown_revision = \"{id}\"\n")), "{}", first[1].content);
    let merged = heads(&[
        ("1_a.py", "revision: str = 'a'\ndown_revision: str | None = None\n"),
        ("2_b.py", "revision = 'b'\ndown_revision = 'a'\n"),
        ("3_c.py", "revision = 'c'\ndown_revision = 'a'\n"),
        ("4_d.py", "revision = 'd'\ndown_revision = ('b', 'c')\n"),
        ("env.py", "import alembic\n"),
    ])
    .expect("files");
    assert!(merged[0].content.contains("\ndown_revision = \"d\"\n"), "{}", merged[0].content);
    let error =
        heads(&[("1.py", "revision = 'a'\ndown_revision = None"), ("2.py", "revision = 'b'\ndown_revision = None")])
            .expect_err("two heads");
    assert_eq!(error.to_string(), "the migrations in `alembic/versions` have several heads: a, b");
    assert!(error.diagnostic().help.contains("alembic merge heads"));
    let error = heads(&[("1.py", "revision = make()\ndown_revision = None")]).expect_err("no literal");
    assert!(error.to_string().contains("`1.py` has a `revision` that is not a literal"), "{error}");
    assert!(heads(&[("1.py", "revision = 'a'\ndown_revision = 'a'")]).is_err());
}

#[test]
fn an_index_that_a_revision_creates_by_hand_is_not_written_again() {
    let by_hand = MigrationFile {
        path: "alembic/versions/b.py".to_owned(),
        content: "from alembic import op\nrevision = 'b'\ndown_revision = '0aaa'\n\ndef upgrade():\n    \
                  op.create_index(op.f('ix_enrollments_student'), 'enrollments', ['student_id'], unique=False)\n"
            .to_owned(),
    };
    let wanted = [index(&policy("enrollments", &["student_id"]))];
    assert_eq!(render(&wanted, &options(&[base(), by_hand])).expect("nothing"), []);
}
