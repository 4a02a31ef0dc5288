//! `palier demo --apply`: on real servers where they are, and a word about what to install where they are not.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

#[path = "support/command.rs"]
mod command;
#[allow(dead_code, reason = "a support file")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/venv.rs"]
mod venv;

use command::{Project, palier};
use palier::client::postgres::find_binaries;
use venv::Venv;

#[test]
fn the_whole_way_on_real_servers_with_one_failure_and_its_rollback() {
    let Some(venv) = Venv::with("demo", &["gunicorn==27.0.1"]) else { return };
    let (path, has) =
        (venv.path(), |name: &str| std::env::split_paths(&venv.path()).any(|folder| folder.join(name).is_file()));
    let named = std::env::var_os("PALIER_PG_BIN");
    let binaries = find_binaries(Some(&path), named.as_deref().map(std::path::Path::new));
    let Some(binaries) = binaries.filter(|_| has("redis-server") || has("valkey-server")) else {
        return postgres::skip("there is no Postgres or no Redis");
    };
    let project = Project::new();
    // Addresses of the user's own are none of the demo's.
    let elsewhere = "postgresql://nobody:none@127.0.0.1:1/production";
    let run = || {
        palier(&project)
            .args(["demo", "--apply"])
            .env("PATH", &path.to_string_lossy())
            .env("PALIER_PG_BIN", &binaries.to_string_lossy())
            .env("TMPDIR", &temporary(&project))
            .env("DATABASE_URL", elsewhere)
            .run()
            .exits(0)
    };
    let first = run();
    println!("{}", first.stdout);
    for said in
        ["applied: flight 1", "gunicorn orders: 2 workers", "rolled back: flight 1", "(exit code 6)", "because: "]
    {
        assert!(first.stdout.contains(said), "{said}:\n{}", first.stdout);
    }
    assert_eq!(first.stdout, run().stdout, "the same every time");
    assert_eq!(std::fs::read_dir(temporary(&project)).expect("the folder").count(), 0, "nothing is left");
}

/// A folder for temporary files that every user can reach.
fn temporary(project: &Project) -> String {
    use std::os::unix::fs::PermissionsExt;
    let folder = project.path().with_file_name("temporary");
    std::fs::create_dir_all(&folder).expect("a folder");
    for folder in [folder.as_path(), folder.parent().expect("its parent")] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    folder.display().to_string()
}

#[test]
fn without_its_tools_it_says_what_to_install_and_starts_nothing() {
    let project = Project::new();
    let run = palier(&project).args(["demo", "--apply", "--dir", "example"]).env("PATH", "/nowhere").run().exits(1);
    assert!(run.stderr.contains("apt-get install redis-server"), "{}", run.stderr);
    assert!(run.stderr.contains("pip install gunicorn"), "{}", run.stderr);
    assert_eq!((run.stdout.as_str(), project.files().len()), ("", 0));
}
