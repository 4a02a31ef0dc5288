//! `.env.example` reads well, and every reader of env files reads it back.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/venv.rs"]
mod venv;

use palier::generate::env::{EnvEntry, env_example};
use venv::Venv;

fn entry(name: &str, purpose: &str, source: &str, example: Option<&str>) -> EnvEntry {
    EnvEntry {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        source: source.to_owned(),
        example: example.map(str::to_owned),
    }
}

fn entries() -> Vec<EnvEntry> {
    vec![
        entry(
            "DATABASE_URL",
            "The Postgres database.",
            "Render, the database students-db, Internal Database URL",
            None,
        ),
        entry(
            "REDIS_URL",
            "The Redis of the cache and the sessions. Upstash speaks TLS only, so the address begins with rediss://.",
            "Upstash, the database's page, TCP",
            None,
        ),
        entry(
            "UPSTASH_REDIS_REST_TOKEN",
            "Upstash's HTTP interface.",
            "Upstash, REST API",
            Some("AXyz0123456789abcdef"),
        ),
        entry("CACHE_TTL", "Seconds for which an answer is cached.", "your own choice", Some("300")),
        entry("APP_TITLE", "What the pages are called.", "your own choice", Some("Students & teachers # 1")),
        entry("ALLOWED_HOSTS", "Names that the application answers to.", "", Some("localhost,127.0.0.1")),
    ]
}

#[test]
fn the_file_says_of_each_variable_what_it_is_for_and_where_its_value_is_from() {
    insta::assert_snapshot!("env_example", env_example(&entries()).expect("writes"));
}

#[test]
fn readers_of_env_files_read_it_back() {
    let packages = ["python-dotenv==1.2.4", "django-environ==0.14.0", "python-decouple==3.8"];
    let Some(venv) = Venv::with("dotenv", &packages) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(".env.example"), env_example(&entries()).expect("writes")).expect("written");
    let expected = "{'DATABASE_URL': '', 'REDIS_URL': '', 'UPSTASH_REDIS_REST_TOKEN': '', 'CACHE_TTL': '300', \
                    'APP_TITLE': 'Students & teachers # 1', 'ALLOWED_HOSTS': 'localhost,127.0.0.1'}";
    let readers = [
        ("python-dotenv", "import dotenv\nprint(dict(dotenv.dotenv_values('.env.example')))"),
        (
            "django-environ",
            "import environ, os\nbefore = set(os.environ)\nenviron.Env.read_env('.env.example')\n\
             print({k: v for k, v in os.environ.items() if k not in before})",
        ),
        ("python-decouple", "from decouple import RepositoryEnv\nprint(RepositoryEnv('.env.example').data)"),
        (
            "a shell",
            "import subprocess\nnames = [line.split('=')[0] for line in open('.env.example') if line[0].isalpha()]\n\
             show = ''.join('printf %s\\\\\\\\0 \"$' + name + '\"\\n' for name in names)\n\
             out = subprocess.run(['sh', '-c', '. ./.env.example\\n' + show], capture_output=True, check=True).stdout\n\
             print(dict(zip(names, out.decode().split('\\0'))))",
        ),
    ];
    for (reader, code) in readers {
        let read = venv.python(folder.path(), &[], code).unwrap_or_else(|error| panic!("{reader}: {error}"));
        assert_eq!(read.trim(), expected, "{reader}");
    }
}
