//! Whatever a file holds, the reader ends, does not panic, and says what it could not read.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

mod project_folder;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use project_folder::Folder;

/// Every kind of file that is read.
const NAMES: &[&str] = &[
    "render.yaml",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "Pipfile.lock",
    "uv.lock",
    "poetry.lock",
    "Procfile",
    "Dockerfile",
    "start.sh",
    "gunicorn.conf.py",
    "manage.py",
    "shop/settings.py",
    "main.py",
    ".env",
];

/// Pieces that reach the inside of the readers.
const PIECES: &[&str] = &[
    "services:\n  - type: web\n    name: a\n    runtime: python\n    startCommand: ./start.sh\n",
    "    envVars:\n",
    "      - key: A\n",
    "        value: ",
    "gunicorn ",
    "main:app ",
    "-w ",
    "--workers=",
    "-k uvicorn.workers.UvicornWorker ",
    "-c ",
    "gunicorn.conf.py ",
    "exec ",
    "\"$@\" ",
    "${A:-",
    "${A",
    "}",
    "$(",
    "`",
    "\"",
    "'",
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "<<EOF\n",
    "EOF\n",
    "if ",
    "then ",
    "fi\n",
    "case $1 in\n",
    "esac\n",
    "a) ",
    ";; ",
    "{ ",
    "( ",
    ") ",
    "&& ",
    "|| ",
    "| ",
    "& ",
    "; ",
    "#",
    "cd x && ",
    "sh -c ",
    "./start.sh ",
    "-r requirements.txt\n",
    "-c x\n",
    "Django==5\n",
    "celery[redis]\n",
    "[project]\n",
    "dependencies = [\"a\"]\n",
    "[packages]\n",
    "a = \"*\"\n",
    "FROM python\n",
    "FROM a AS b\n",
    "CMD [\"gunicorn\", \"main:app\"]\n",
    "ENTRYPOINT ",
    "ENV A=1 B\n",
    "COPY . .\n",
    "RUN <<EOF\n",
    "WORKDIR /a/../..\n",
    "import redis\n",
    "from x import *\n",
    "from . import *\n",
    "workers = ",
    "min(",
    "max(",
    "cpu_count()",
    "os.environ['A']",
    "os.getenv('A', ",
    "not ",
    "- ",
    "* 99999999999999999999",
    "if A:\n    ",
    "else:\n    ",
    "raise X\n",
    "try:\n    ",
    "except X:\n    ",
    "DATABASES = ",
    "{'default': ",
    "f'{a}'",
    "((((((((",
    "web: gunicorn main:app\n",
    "export ",
    "A=",
    "KEY: value\n",
    "é",
    "\u{feff}",
    "\u{0}",
    "🦀",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..400), vec(select(PIECES), 0..60).prop_map(|pieces| pieces.concat().into_bytes()),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_file_are_survived(files in vec((select(NAMES), text()), 1..6)) {
        let folder = Folder::new(&[
            ("render.yaml", "services:\n  - {type: web, name: a, runtime: python, startCommand: ./start.sh}\n  - {type: web, name: b, runtime: docker}\n"),
            ("start.sh", "gunicorn main:app\n"),
            ("requirements.txt", "django\n"),
            ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
            ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ]);
        for (name, bytes) in &files {
            folder.write(name, bytes);
        }
        let project = folder.read();
        for problem in &project.problems {
            prop_assert!(!problem.message.is_empty());
        }
    }

    #[test]
    fn any_start_command_is_survived(pieces in vec(select(PIECES), 0..40)) {
        let command = serde_json::to_string(&pieces.concat()).expect("a JSON string");
        let folder = Folder::new(&[
            ("render.yaml", &format!("services:\n  - {{type: web, name: a, runtime: python, startCommand: {command}}}\n")),
            ("start.sh", "exec \"$@\"\n"),
        ]);
        folder.read();
    }
}

#[test]
fn large_and_repetitive_files_end_soon() {
    let big = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for (name, piece) in [
        ("start.sh", "if x; then y=\"$(z)\"; fi\n"),
        ("start.sh", "./start.sh && "),
        ("start.sh", "${A:-${B:-"),
        ("start.sh", "cat <<A\n"),
        ("gunicorn.conf.py", "if a:\n    b = c + 'd'\n"),
        ("gunicorn.conf.py", "a = a + 'x'\n"),
        ("gunicorn.conf.py", "("),
        ("gunicorn.conf.py", "a[b("),
        ("gunicorn.conf.py", "workers = 2\n"),
        ("gunicorn.conf.py", "f(a=[f(a=1)])\n"),
        (".env", "A='\n"),
        ("requirements.txt", "a \\\n"),
        ("Dockerfile", "RUN a \\\n"),
        ("shop/settings.py", "DATABASES['a'] = {'b': DATABASES}\n"),
        ("pyproject.toml", "[["),
    ] {
        nested(name, &big(piece));
    }
    let deep =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000));
    nested("gunicorn.conf.py", &format!("workers = getenv({})\n", deep("(", "'A'", ")")));
    nested("gunicorn.conf.py", &format!("workers = {}\n", deep("max(", "1", ")")));
    nested("gunicorn.conf.py", &format!("workers = {}1\n", "1 + ".repeat(100_000)));
    nested("gunicorn.conf.py", &format!("workers = a{}\n", "['b']".repeat(100_000)));
    nested("gunicorn.conf.py", &format!("workers = {}1\n", "a = ".repeat(100_000)));
    nested(
        "gunicorn.conf.py",
        &format!("workers = 1\n{}", (0..2_000).map(|n| format!("{}if a:\n", " ".repeat(n))).collect::<String>()),
    );
    nested("start.sh", &deep("${A:-", "x", "}"));
    nested("start.sh", &deep("$(", "x", ")"));
}

fn nested(name: &str, text: &str) {
    let start = "services:\n  - {type: web, name: a, runtime: python, startCommand: ./start.sh -c gunicorn.conf.py}\n";
    {
        let folder = Folder::new(&[
            ("render.yaml", start),
            ("start.sh", "gunicorn shop.wsgi:app\n"),
            ("requirements.txt", "django\n"),
            ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ]);
        folder.write(name, text.as_bytes());
        let started = std::time::Instant::now();
        folder.read();
        let begin: String = text.chars().take(40).collect();
        assert!(started.elapsed().as_secs() < 20, "{name} of `{begin}` took {:?}", started.elapsed());
        println!("{name} of {begin:?} took {:?}", started.elapsed());
    }
}
