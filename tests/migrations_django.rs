//! Django migrations: the file, and what Django does with it on a real Postgres.
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
use std::path::PathBuf;
use std::process::Command;

use indexes::{TABLES, every_kind, index, policy, with};
use palier::generate::migrations::{MigrationFile, MigrationOptions, render};
use palier::policy::{IndexPolicy, MigrationFormat};
use postgres::{Database, server};
use venv::Venv;

const SETTINGS: &str = r#"
import os
SECRET_KEY = "for tests alone"
INSTALLED_APPS = ["school"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if "PORT" in os.environ:
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": os.environ["PORT"],
        "NAME": os.environ["NAME"], "USER": "palier", "OPTIONS": {"options": "-c lock_timeout=1234ms"},
    }}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"#;

const MODELS: &str = r#"
from django.db import models

class Enrollment(models.Model):
    student_id = models.IntegerField()
    class Meta:
        db_table = "enrollments"
        managed = False
"#;

const INITIAL: &str = r#"
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Enrollment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("student_id", models.IntegerField()),
            ],
            options={"db_table": "enrollments", "managed": False},
        ),
    ]
"#;

/// A project with one application.
struct Project {
    folder: tempfile::TempDir,
    python: PathBuf,
}

impl Project {
    fn new(version: &str) -> Option<Self> {
        let django = match version {
            "4.2" => "Django>=4.2,<4.3",
            _ => "Django>=5.2,<5.3",
        };
        let python = Venv::with(&format!("migrations-django-{version}"), &[django, "psycopg[binary]>=3.1,<4"])?
            .program("python");
        let folder = tempfile::tempdir().expect("a folder");
        let project = Self { folder, python };
        fs::create_dir_all(project.folder.path().join("school/migrations")).expect("folders");
        for (path, text) in [
            ("settings.py", SETTINGS),
            ("school/__init__.py", ""),
            ("school/models.py", MODELS),
            ("school/migrations/__init__.py", ""),
            ("school/migrations/0001_initial.py", INITIAL),
        ] {
            fs::write(project.folder.path().join(path), text).expect("a file");
        }
        Some(project)
    }

    fn generate(&self, policies: &[IndexPolicy]) -> Vec<MigrationFile> {
        let mut existing: Vec<MigrationFile> = fs::read_dir(self.folder.path().join("school/migrations"))
            .expect("the folder")
            .flatten()
            .filter(|entry| entry.path().is_file())
            .map(|entry| MigrationFile {
                path: format!("school/migrations/{}", entry.file_name().to_string_lossy()),
                content: fs::read_to_string(entry.path()).expect("text"),
            })
            .collect();
        existing.sort_by(|a, b| a.path.cmp(&b.path));
        let indexes: Vec<_> = policies.iter().map(index).collect();
        let files = render(&indexes, &options(&existing)).expect("files");
        for file in &files {
            fs::write(self.folder.path().join(&file.path), &file.content).expect("a file");
        }
        files
    }

    fn django(&self, database: Option<&Database>, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "django"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PYTHONPATH", self.folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DJANGO_SETTINGS_MODULE", "settings")
            .env_remove("PORT");
        if let Some(database) = database {
            command.env("PORT", database.port().to_string()).env("NAME", database.name());
        }
        let output = command.output().expect("python runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(text) } else { Err(text + &errors) }
    }

    fn run(&self, database: Option<&Database>, arguments: &[&str]) -> String {
        self.django(database, arguments).unwrap_or_else(|errors| panic!("{errors}"))
    }
}

fn options(existing: &[MigrationFile]) -> MigrationOptions {
    MigrationOptions {
        format: MigrationFormat::Django,
        folder: "school/migrations".to_owned(),
        django_app: Some("school".to_owned()),
        existing: existing.to_vec(),
    }
}

fn file(name: &str, content: &str) -> MigrationFile {
    MigrationFile { path: format!("school/migrations/{name}"), content: content.to_owned() }
}

/// A migration that depends on others of its application.
fn after(name: &str, before: &[&str], replaces: &[&str]) -> MigrationFile {
    let pairs = |names: &[&str]| names.iter().map(|name| format!("('school', '{name}'), ")).collect::<String>();
    let content = format!(
        "class Migration(migrations.Migration):\n    replaces = [{}]\n    dependencies = [('auth', '0001_initial'), \
         migrations.swappable_dependency(settings.AUTH_USER_MODEL), {}]\n",
        pairs(replaces),
        pairs(before)
    );
    file(&format!("{name}.py"), &content)
}

#[test]
fn the_migration_of_an_index() {
    let files = render(&[index(&policy("enrollments", &["student_id"]))], &options(&[after("0001_initial", &[], &[])]))
        .expect("files");
    insta::assert_snapshot!(format!("{}\n\n{}", files[0].path, files[0].content));
}

fn forward_back_and_forward(version: &str) {
    let (Some(server), Some(project)) = (server(), Project::new(version)) else { return };
    let database = server.database();
    let policies = every_kind();
    assert_eq!(project.generate(&policies).len(), policies.len());
    assert_eq!(project.generate(&policies), [], "a second run writes nothing");
    database.run(TABLES);
    project.run(Some(&database), &["migrate", "school", "0001"]);
    let before = database.indexes();
    project.run(Some(&database), &["migrate"]);
    let built = database.indexes();
    assert!(!built.contains(" invalid "), "{built}");
    assert_eq!(built.lines().count(), before.lines().count() + policies.len(), "{built}");
    project.run(Some(&database), &["migrate", "school", "0001"]);
    assert_eq!(database.indexes(), before);
    project.run(Some(&database), &["migrate"]);
    assert_eq!(database.indexes(), built);
    project.run(Some(&database), &["makemigrations", "--check", "--dry-run"]);
    let shown = project.run(Some(&database), &["sqlmigrate", "school", "0002"]);
    assert!(shown.contains("CREATE INDEX CONCURRENTLY IF NOT EXISTS") && !shown.contains("BEGIN;"), "{shown}");
    project.run(None, &["migrate"]);
}

#[test]
fn django_4_2_builds_drops_and_builds_again() {
    forward_back_and_forward("4.2");
}

#[test]
fn django_5_2_builds_drops_and_builds_again() {
    forward_back_and_forward("5.2");
}

#[test]
fn a_failed_unique_build_is_replaced_by_the_next_migrate() {
    let (Some(server), Some(project)) = (server(), Project::new("5.2")) else { return };
    let database = server.database();
    database.run(TABLES);
    project.generate(&[with(policy("enrollments", &["student_id"]), |index| index.unique = true)]);
    for _ in 0..2 {
        let error = project.django(Some(&database), &["migrate"]).expect_err("duplicates");
        assert!(error.contains("Key (student_id)=("), "{error}");
        assert!(database.indexes().contains("uniq_enrollments_student_id invalid"), "{}", database.indexes());
    }
    database.run("DELETE FROM enrollments WHERE id > 50");
    project.run(Some(&database), &["migrate"]);
    assert!(database.indexes().contains("uniq_enrollments_student_id valid"), "{}", database.indexes());
    assert!(!database.indexes().contains("invalid"), "{}", database.indexes());
}

#[test]
fn migrations_continue_the_one_leaf_that_there_is() {
    let next = |existing: &[MigrationFile]| {
        render(&[index(&policy("a", &["b"])), index(&policy("a", &["c"]))], &options(existing))
    };
    let first = next(&[file("__init__.py", "")]).expect("files");
    assert!(first[0].path.ends_with("/0001_idx_a_b.py") && first[0].content.contains("dependencies = []"));
    assert!(first[1].content.contains("dependencies = [(\"school\", \"0001_idx_a_b\")]"), "{}", first[1].content);
    let squashed = next(&[
        after("0001_a", &[], &[]),
        after("0002_b", &["0001_a"], &[]),
        after("0001_squashed_0002_b", &[], &["0001_a", "0002_b"]),
        after("0003_c", &["0002_b"], &[]),
    ])
    .expect("files");
    assert!(squashed[0].path.ends_with("/0004_idx_a_b.py"), "{}", squashed[0].path);
    assert!(squashed[0].content.contains("(\"school\", \"0003_c\")"), "{}", squashed[0].content);
    let only = next(&[after("0001_a", &[], &[]), after("0001_squashed_0001_a", &[], &["0001_a"])]).expect("files");
    assert!(only[0].content.contains("(\"school\", \"0001_squashed_0001_a\")"), "{}", only[0].content);
    let error =
        next(&[after("0001_a", &[], &[]), after("0002_b", &["0001_a"], &[]), after("0002_c", &["0001_a"], &[])])
            .expect_err("two leaves");
    assert!(error.to_string().contains("several heads: 0002_b, 0002_c"), "{error}");
    assert!(error.diagnostic().help.contains("makemigrations --merge"));
    let unnamed = MigrationOptions { django_app: None, ..options(&[]) };
    assert!(render(&[index(&policy("a", &["b"]))], &unnamed).is_err());
}
